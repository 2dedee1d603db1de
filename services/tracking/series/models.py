"""A published figure: as kept (PublishedFigure), as shown (FigureVintage), and in a trend."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from services.tracking.formats.columns import About
from services.tracking.rounds.models import Dimension, Population
from services.tracking.tables import Table

Component = Literal[
    "mobility_tracking", "event_tracking", "flow_monitoring", "registration", "survey"
]
Basis = Literal[
    "direct", "dataset", "previous_round", "quoted_later", "round_inferred", "typo_in_source"
]
Confidence = Literal["high", "medium", "low"]


class PublishedFigure(Table, table=True):
    """
    Individuals of a population in a place and round, as a source published them.

    A figure that is restated gets a further vintage, with the reason; the earlier ones stay.
    `known_since` is the day from which a vintage counts: of its publication, else the last day of
    its period, else the day it came in.
    """

    __tablename__ = "published_figure"
    __table_args__ = (
        UniqueConstraint(
            "population", "pcode", "round_number", "component", "vintage", name="uq_figure_vintage"
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    component: str
    population: str
    pcode: str
    round_number: int
    vintage: int
    value: int
    period_start: str | None = None
    period_end: str | None = None
    source: str
    basis: str
    source_count: int | None = None
    confidence: str
    note: str | None = None
    restated_because: str | None = None
    known_since: date
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class FigureVintage(BaseModel):
    """
    One vintage of a published figure.

    `period_start` and `period_end` are months or days; `source_count` is how many key informants
    the source names, none where it names no number.
    """

    id: UUID
    component: Component
    population: Population
    pcode: str
    round_number: int
    vintage: int
    value: int
    period_start: str | None
    period_end: str | None
    source: str
    basis: Basis
    source_count: int | None
    confidence: Confidence
    note: str | None
    restated_because: str | None
    known_since: date


class SeriesOut(BaseModel):
    items: list[FigureVintage]
    next_cursor: str | None


@dataclass(slots=True, kw_only=True)
class TrendPoint:
    """
    A figure in one round, or the gap that stands for it: `value` is null, and nothing fills it.

    `change` is since `previous_round`, the last one with a figure. Where both are counted by
    muhalla it is told apart: `change_same_places` in muhallas of both rounds, `change_coverage`
    by those that only one of them assessed. `places` are the muhallas assessed.
    """

    component: Component
    population: Population
    pcode: str
    by: Dimension | Literal["place"] | None = None
    category: str | None = None
    round_number: int
    period_start: str | None = None
    period_end: str | None = None
    value: int | None = None
    basis: Basis | None = None
    source: str | None = None
    source_count: int | None = None
    confidence: Confidence | None = None
    vintage: int | None = None
    known_since: date | None = None
    places: int | None = None
    previous_round: int | None = None
    change: int | None = None
    change_same_places: int | None = None
    change_coverage: int | None = None


class TrendsOut(BaseModel):
    items: list[TrendPoint]
    next_cursor: str | None
    about: About
