"""Flow monitoring: the hours in which a point was watched, and the groups seen at it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlalchemy import Index
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, now
from chassis.jobs import Remark
from chassis.scoping import Scoping
from chassis.strict import Code, PastDay, Strict, Text
from services.tracking.tables import Table

Mode = Literal["foot", "animal", "bicycle", "motorcycle", "car", "bus", "lorry", "boat", "air"]
By = Literal[
    "nationality",
    "sex_age",
    "mode",
    "vehicle",
    "origin",
    "transit",
    "next",
    "destination",
    "site",
    "day",
    "month",
]
GROUPS = ("men", "women", "boys", "girls", "no_data")
MOST_ENTRIES = 5_000
MOST_DAYS = 366
MOST_IN_A_GROUP = 2_000
"""More than any convoy that an enumerator counts in an hour: a number above it is a slip."""

Where = Annotated[
    str, StringConstraints(strict=True, pattern=r"^([A-Z]{3}|LY([0-9]{2}){1,4}|unknown)$")
]
"""A country by its alpha-3 code, a place of the gazetteer, or `unknown`."""
Hour = Annotated[int, Shape(strict=True, ge=0, le=23)]
People = Annotated[int, Shape(strict=True, ge=0, le=MOST_IN_A_GROUP)]


class EntryIn(Strict):
    """
    A group seen at a point within a band of hours, from `from_hour` until before `to_hour`.

    `id` is made by whoever counts, so that a batch that is sent again counts once.
    """

    # Thousands come in one request, so the shape is as cheap as it can be.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: UUID
    day: PastDay
    from_hour: Hour
    to_hour: Annotated[int, Shape(strict=True, ge=1, le=24)]
    nationality: Text
    men: People = 0
    women: People = 0
    boys: People = 0
    girls: People = 0
    no_data: People = 0
    total: Annotated[int, Shape(strict=True, ge=1, le=5 * MOST_IN_A_GROUP)] | None = None
    origin: Where = "unknown"
    transit: Where = "unknown"
    next: Where = "unknown"
    destination: Where = "unknown"
    mode: Mode
    vehicle: Code | None = None

    @model_validator(mode="after")
    def _counts_somebody_within_hours(self) -> Self:
        if self.to_hour <= self.from_hour:
            raise ValueError("ends before it begins")
        counted = self.men + self.women + self.boys + self.girls + self.no_data
        if not counted:
            raise ValueError("counts nobody")
        if self.total is not None and self.total != counted:
            raise ValueError("has parts that do not sum to the total")
        return self


class BatchIn(Strict):
    """Entries of one point; each is taken or refused by itself, so they are read one by one."""

    site_id: UUID
    entries: list[dict[str, Any]] = Shape(min_length=1, max_length=MOST_ENTRIES)


class WatchedIn(Strict):
    """A band of hours of a day in which somebody watched the point."""

    day: PastDay
    from_hour: Hour
    to_hour: Annotated[int, Shape(strict=True, ge=1, le=24)]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to_hour <= self.from_hour:
            raise ValueError("ends before it begins")
        return self


class HoursIn(Strict):
    """When a point was watched; what is told of a day takes the place of what was told before."""

    site_id: UUID
    watched: list[WatchedIn] = Shape(min_length=1, max_length=MOST_DAYS)


class FlowHours(Table, table=True):
    """The hours of a day in which a point was watched: bit 0 is the hour after midnight."""

    __tablename__ = "flow_hours"

    site_id: UUID = Field(primary_key=True, foreign_key="site.id")
    day: date = Field(primary_key=True)
    hours: int
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class FlowEntry(Table, table=True):
    """A group that was seen; it is nobody in particular, and nobody is looked for by it."""

    __tablename__ = "flow_entry"
    __table_args__ = (Index("ix_flow_entry_day_site_id", "day", "site_id"),)

    id: UUID = Field(primary_key=True)
    site_id: UUID = Field(foreign_key="site.id")
    day: date
    from_hour: int
    to_hour: int
    nationality: str
    men: int
    women: int
    boys: int
    girls: int
    no_data: int
    total: int
    origin: str
    transit: str
    next: str
    destination: str
    mode: str
    vehicle: str | None
    organisation: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(FlowEntry.organisation),
    created_by=col(FlowEntry.created_by),
    created_at=col(FlowEntry.created_at),
)


class IntakeOut(BaseModel):
    """What became of each row: new, known already, or refused; `row` counts from 1."""

    accepted: int
    unchanged: int
    rejected: int
    rejected_rows: list[Remark]
    warnings: list[Remark]


class HoursOut(BaseModel):
    days: int
    hours: int


class WatchOut(BaseModel):
    """
    How much of the time somebody watched: what passed in the other hours was not seen.

    `hours` are all hours of the period at the points that were watched or have entries; of
    `days_without_hours` (days of a point with entries) nobody has told the hours yet.
    """

    sites: int
    observed_hours: int
    hours: int
    observed_share: float | None
    days_without_hours: int


class FlowOut(BaseModel):
    """People seen, as counted: nothing is put in for hours in which nobody watched."""

    category: str
    individuals: int


class FlowsOut(BaseModel):
    by: By
    since: date
    until: date
    watch: WatchOut
    individuals: int
    items: list[FlowOut]


class PairOut(BaseModel):
    origin: str
    destination: str
    individuals: int


class MatrixOut(BaseModel):
    """From where to where the people seen were going; Libya's places at one level."""

    level: int
    since: date
    until: date
    watch: WatchOut
    individuals: int
    items: list[PairOut]
