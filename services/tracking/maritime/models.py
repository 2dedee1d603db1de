"""Operations at sea: who was brought ashore, who died, as each source said it and corrected it."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlalchemy import UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Code, PastDay, Strict, Text
from services.tracking.places.known import Area
from services.tracking.tables import Table

Authority = Literal["coast_guard", "gacs", "ssa", "navy", "other", "unknown"]
"""Coast guard; general administration for coastal security; stability support apparatus; navy."""
Word = Literal["rescued", "intercepted", "returned"]
"""The word that the source used; the three are no synonyms, and none is put for another."""
MOST_ABOARD = 5_000
"""More than any boat carried: a number above it is a slip of the pen."""
Aboard = Annotated[int, Shape(strict=True, ge=0, le=MOST_ABOARD)]
By = Literal["month", "year", "authority", "word", "place"]


class CountIn(Strict):
    """
    How many, as one source says: men, women, children, and those of whom nothing is known.

    Without any of the four, all of `total` are such. `bodies` and `missing` are left out where the
    source says nothing of them, which is not none. `reason` is needed from the second count on.
    """

    word: Word
    men: Aboard | None = None
    women: Aboard | None = None
    children: Aboard | None = None
    no_data: Aboard | None = None
    total: Aboard
    bodies: Aboard | None = None
    missing: Aboard | None = None
    published_on: PastDay
    source: Text
    source_url: Text | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _parts_sum_to_the_total(self) -> Self:
        told = [each for each in self._parts() if each is not None]
        if told and sum(told) != self.total:
            raise ValueError("has parts that do not sum to the total")
        return self

    def _parts(self) -> tuple[int | None, ...]:
        return self.men, self.women, self.children, self.no_data

    def people(self) -> dict[str, int]:
        """Return the four parts, which sum to the total."""
        names = ("men", "women", "children", "no_data")
        if all(each is None for each in self._parts()):
            return dict.fromkeys(names, 0) | {"no_data": self.total}
        return {name: each or 0 for name, each in zip(names, self._parts(), strict=True)}


class OperationIn(Strict):
    """An operation, and the first count of it; `external_id` is the sender's own name for it."""

    external_id: Code
    occurred_on: PastDay
    zone: Text | None = None
    authority: Authority
    place_pcode: Area | None = None
    point: Text | None = None
    """Where people went ashore, in the source's words; `place_pcode` is the place around it."""
    site_id: UUID | None = None
    """The disembarkation point among the sites, where it is known."""
    count: CountIn


class Operation(Table, table=True):
    __tablename__ = "maritime_operation"
    __table_args__ = (UniqueConstraint("organisation", "external_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    external_id: str
    occurred_on: date = Field(index=True)
    zone: str | None
    authority: str
    place_pcode: str | None
    point: str | None
    site_id: UUID | None = Field(foreign_key="site.id")
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Count(Table, table=True):
    """One vintage of an operation's figures; a row is never changed, a later one follows it."""

    __tablename__ = "maritime_count"
    __table_args__ = (UniqueConstraint("operation_id", "vintage"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    operation_id: UUID = Field(foreign_key="maritime_operation.id")
    vintage: int
    word: str
    men: int
    women: int
    children: int
    no_data: int
    total: int
    bodies: int | None
    missing: int | None
    published_on: date
    source: str
    source_url: str | None
    reason: str | None
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Operation.organisation),
    created_by=col(Operation.created_by),
    created_at=col(Operation.created_at),
)


class CountOut(BaseModel):
    """One vintage; the newest by its day is what counts."""

    vintage: int
    word: Word
    men: int
    women: int
    children: int
    no_data: int
    total: int
    bodies: int | None
    missing: int | None
    published_on: date
    source: str
    source_url: str | None
    reason: str | None


class OperationRow(BaseModel):
    id: UUID
    external_id: str
    occurred_on: date
    zone: str | None
    authority: Authority
    place_pcode: str | None
    point: str | None
    site_id: UUID | None
    version: int


class OperationOut(OperationRow):
    """An operation, with every vintage of its figures, the one that counts first."""

    vintages: list[CountOut]


class OperationsOut(BaseModel):
    items: list[OperationRow]
    next_cursor: str | None


class SumOut(BaseModel):
    """
    Operations and people of a month, year, authority, word or place of disembarkation.

    `bodies` and `missing` are of the operations whose source says something of them.
    """

    key: str
    operations: int
    total: int
    men: int
    women: int
    children: int
    no_data: int
    bodies: int
    missing: int


class SumsOut(BaseModel):
    """Totals as they were told on a day (`as_of`), of operations between two days, both within."""

    by: By
    since: date | None
    until: date | None
    as_of: date
    items: list[SumOut]
