"""An emergency that displaces people, the groups it displaced, and each estimate of their size."""

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

Cause = Literal[
    "armed_conflict",
    "storm",
    "flood",
    "earthquake",
    "drought",
    "fire",
    "eviction",
    "expulsion",
    "other",
]
Displaced = Literal["idp", "migrant", "returnee", "host_community"]
MOST_PEOPLE = 10_000_000
"""More than live in the country: a number above it is a slip of the pen."""
People = Annotated[int, Shape(strict=True, ge=0, le=MOST_PEOPLE)]


class IncidentIn(Strict):
    """What happened, when and where; `external_id` is the sender's own name for it."""

    external_id: Code
    name: Text
    cause: Cause
    occurred_on: PastDay
    place_pcode: Area


class EstimateIn(Strict):
    """
    How large a displaced group is, as one source said on one day.

    It takes the place of what the same source said of the group before, unless `replaces` names
    the estimates whose place it takes; an empty list lets it stand beside all of them.
    """

    population: Displaced
    from_pcode: Area | None = None
    to_pcode: Area
    area: Text | None = None
    """What the source counted, where it is no place of the gazetteer: "18 municipalities"."""
    individuals: People | None = None
    households: People | None = None
    published_on: PastDay
    source: Text
    source_url: Text | None = None
    reason: Text | None = None
    replaces: list[UUID] | None = Shape(default=None, max_length=100)

    @model_validator(mode="after")
    def _sizes_that_can_be(self) -> Self:
        if self.individuals is None and self.households is None:
            raise ValueError("tells neither individuals nor households")
        both = self.individuals is not None and self.households is not None
        if both and (self.households or 0) > (self.individuals or 0):
            raise ValueError("has more households than individuals")
        return self


class Incident(Table, table=True):
    __table_args__ = (UniqueConstraint("organisation", "external_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    external_id: str
    name: str
    cause: str
    occurred_on: date
    place_pcode: str
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Estimate(Table, table=True):
    """One vintage of the size of a group; a row is never changed, a later one takes its place."""

    __tablename__ = "displacement_estimate"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    incident_id: UUID = Field(foreign_key="incident.id", index=True)
    population: str
    from_pcode: str | None
    to_pcode: str
    area: str | None
    individuals: int | None
    households: int | None
    published_on: date
    source: str
    source_url: str | None
    reason: str | None
    replaces: str | None
    """Ids in a row, as in `EstimateIn`; null where it takes the place of its own source's."""
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Incident.organisation),
    created_by=col(Incident.created_by),
    created_at=col(Incident.created_at),
)


class EstimateOut(BaseModel):
    """An estimate; `replaced_on` is the day from which another one stood in its place."""

    id: UUID
    population: Displaced
    from_pcode: str | None
    to_pcode: str
    area: str | None
    individuals: int | None
    households: int | None
    published_on: date
    source: str
    source_url: str | None
    reason: str | None
    replaced_on: date | None = None


class EstimatesOut(BaseModel):
    items: list[EstimateOut]
    next_cursor: str | None


class GroupOut(BaseModel):
    """
    A group: whom an incident displaced from one place to another, and what is believed of it.

    `standing` are the estimates that nothing has taken the place of; several are not averaged.
    """

    population: Displaced
    from_pcode: str | None
    to_pcode: str
    area: str | None
    lowest: int | None
    highest: int | None
    standing: list[EstimateOut]
    estimates: int


class TotalOut(BaseModel):
    """Individuals of a population over the groups that lie in no other group of it."""

    population: Displaced
    lowest: int
    highest: int


class ContradictionOut(BaseModel):
    """Estimates that cannot all be true: they differ, or a part is larger than what it lies in."""

    code: Literal["sources_differ", "part_above_whole"]
    estimates: list[UUID]


class IncidentRow(BaseModel):
    id: UUID
    external_id: str
    name: str
    cause: Cause
    occurred_on: date
    place_pcode: str
    version: int


class IncidentOut(IncidentRow):
    """An incident as it was believed to be on a day (`as_of`)."""

    as_of: date
    groups: list[GroupOut]
    totals: list[TotalOut]
    contradictions: list[ContradictionOut]


class IncidentsOut(BaseModel):
    items: list[IncidentRow]
    next_cursor: str | None
