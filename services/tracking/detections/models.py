"""A displacement that figures tell of: as kept (Detection), as shown, and what it is told by."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Shape
from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Strict
from services.tracking.places.known import Area
from services.tracking.rounds.models import Population
from services.tracking.tables import Table

Kind = Literal["threshold", "change"]
Finding = Literal["displacement", "coverage", "method", "mistake"]
MOST_PEOPLE = 10_000_000


class ThresholdIn(Strict):
    """From how many individuals on somebody is to be told; null ends it."""

    population: Population
    pcode: Area
    individuals: Annotated[int, Shape(strict=True, ge=1, le=MOST_PEOPLE)] | None


class Threshold(Table, table=True):
    """A threshold as it stands; one for each population and place."""

    population: str = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    individuals: int
    set_by: str
    set_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ThresholdOut(BaseModel):
    population: Population
    pcode: str
    individuals: int | None


class ThresholdsOut(BaseModel):
    items: list[ThresholdOut]
    next_cursor: str | None


class Detection(Table, table=True):
    """
    A figure that went over a threshold, or changed as the rounds before it never did.

    `low` and `high` bound what was to be expected, the figure or the change, by its kind.
    """

    __table_args__ = (UniqueConstraint("population", "pcode", "round_number", "kind"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    population: str
    pcode: str
    round_number: int
    kind: str
    value: int
    change: int | None = None
    low: int | None = None
    high: int
    rounds_compared: int
    detected_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acknowledged_by: str | None = None
    finding: str | None = None


class DetectionOut(BaseModel):
    """
    A detection and the words for it.

    `change` is without what only changed coverage adds, where that is known; `rounds_compared` is
    how many earlier changes the bounds come from.
    """

    id: UUID
    population: Population
    pcode: str
    round_number: int
    kind: Kind
    value: int
    change: int | None
    low: int | None
    high: int
    rounds_compared: int
    explanation: str
    detected_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    finding: Finding | None


class DetectionsOut(BaseModel):
    items: list[DetectionOut]
    next_cursor: str | None


class AcknowledgementIn(Strict):
    """What an analyst found the detection to be."""

    finding: Finding
