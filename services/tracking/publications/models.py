"""A publication of a round: as kept, with what it tells and what it withholds; as shown."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

from annotated_types import Len
from pydantic import BaseModel
from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict, Text
from services.tracking.disclosure.rules import Reason
from services.tracking.rounds.models import Dimension, Population
from services.tracking.tables import Table

Status = Literal["draft", "published", "refused"]
DIMENSIONS: tuple[Dimension, ...] = tuple(sorted(get_args(Dimension)))


class Publication(Table, table=True):
    """
    One set of tables of a round; from its approval on nothing of it changes any more.

    `vintage` counts the publications of a round, from 1; `round_version` is that of the figures
    that it was drafted from, and `beside` names the publications that its hiding looked at.
    """

    __table_args__ = (UniqueConstraint("round_number", "population", "vintage"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_number: int
    population: str
    vintage: int | None = None
    status: str = "draft"
    round_version: int
    period: str | None = None
    individuals: int
    k: int
    dimensions: list[str] = Field(sa_type=JSON)
    beside: list[str] = Field(sa_type=JSON)
    cells: int
    suppressed: int
    reason: str | None = None
    drafted_by: str
    drafted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PublicCell(Table, table=True):
    """A cell as the public sees it; without a value, it is hidden. Only ever added."""

    __tablename__ = "public_cell"
    __table_args__ = (Index(None, "publication_id", "level", "dimension", "pcode", "category"),)

    publication_id: UUID = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    level: int
    value: int | None = None


class WithheldCell(Table, table=True):
    """What a hidden cell holds, for the control of later publications; never shown."""

    __tablename__ = "withheld_cell"

    publication_id: UUID = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    value: int
    reason: str


class DraftIn(Strict):
    """What to publish of a round; a round that is public already needs a reason."""

    population: Population = "migrant"
    dimensions: Annotated[tuple[Dimension, ...], Len(1, len(DIMENSIONS))] = DIMENSIONS
    reason: Text | None = None


class PublicationOut(BaseModel):
    """A publication as analysts see it; `suppressed` of its `cells` are hidden."""

    id: UUID
    round_number: int
    population: Population
    vintage: int | None
    status: Status
    round_version: int
    period: str | None
    individuals: int
    k: int
    dimensions: list[Dimension]
    cells: int
    suppressed: int
    reason: str | None
    drafted_by: str
    drafted_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class PublicationsOut(BaseModel):
    items: list[PublicationOut]
    next_cursor: str | None


class VintageOut(BaseModel):
    """A published round as anybody sees it; who drafted and approved it is not told."""

    round_number: int
    population: Population
    vintage: int
    period: str | None
    individuals: int
    published_at: datetime
    dimensions: list[Dimension]
    k: int
    cells: int
    suppressed: int
    reason: str | None


class VintagesOut(BaseModel):
    items: list[VintageOut]
    next_cursor: str | None


class CellOut(BaseModel):
    """
    Individuals in a place, in all or in one category; null where it is hidden.

    What is not listed is zero. Level 0 is the country.
    """

    pcode: str
    name: str
    name_ar: str
    level: int
    by: Dimension | None
    category: str | None
    value: int | None
    suppressed: bool


class CellsOut(BaseModel):
    round_number: int
    population: Population
    vintage: int | None
    items: list[CellOut]
    next_cursor: str | None


class ReviewedCellOut(CellOut):
    """A cell as analysts see it before and after approval: `why` it is hidden is told to them."""

    why: Reason | None = None


class ReviewedCellsOut(BaseModel):
    items: list[ReviewedCellOut]
    next_cursor: str | None


class WhyHiddenOut(BaseModel):
    """
    The rule by which a cell is hidden; not which part of it, since that would tell its size.

    No computation from public tables leaves the hidden figure a range of less than `narrowest`.
    """

    suppressed: bool
    rule: str
    reasons: list[Reason]
    k: int
    narrowest: int

    @classmethod
    def of(cls, value: int | None, rule: str, k: int, **more: Any) -> Self:
        """Return the answer for a cell as it is public: each hidden one has the same reasons."""
        hidden = value is None
        reasons = ["primary", "complementary"] if hidden else []
        told = {"suppressed": hidden, "rule": rule, "reasons": reasons, "k": k}
        return cls.model_validate(told | {"narrowest": k + 1} | more)


class SuppressionOut(WhyHiddenOut):
    sensitive: bool
