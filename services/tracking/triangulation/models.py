"""Estimates of one figure by several sources, and the value that was chosen from them."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, StringConstraints, model_validator
from pydantic import Field as Bounded
from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Code, PastDay, Pcode, Strict, Text
from services.tracking.rounds.models import Population
from services.tracking.tables import Table

Source = Literal[
    "key_informant", "direct_observation", "secondary_data", "previous_round", "assessment"
]
Method = Literal["median", "most_reliable", "source", "by_hand"]
MOST = 10_000_000
Number = Annotated[int, Bounded(strict=True, ge=1, le=9999)]
People = Annotated[int, Bounded(strict=True, ge=0, le=MOST)]


class FigureKey(Strict):
    """Which figure of a round; without a dimension, the whole population of the place."""

    round_number: Number
    population: Population
    place_pcode: Pcode
    dimension: Code = "total"
    category: Annotated[str, StringConstraints(strict=True, max_length=64)] = ""


class EstimateIn(FigureKey):
    source: Literal["key_informant", "direct_observation", "secondary_data", "previous_round"]
    value: People
    told_on: PastDay
    informant_id: UUID | None = None

    @model_validator(mode="after")
    def _has_its_informant(self) -> Self:
        if (self.source == "key_informant") is (self.informant_id is None):
            raise ValueError("An estimate of a key informant, and no other, names the informant.")
        return self


class ChoiceIn(FigureKey):
    value: People
    method: Method
    reason: Text


class KeyColumns(SQLModel):
    round_number: int
    population: str
    place_pcode: str
    dimension: str
    category: str


class Estimate(KeyColumns, Table, table=True):
    """What one source says of one figure; who an informant is, is told with no estimate."""

    __table_args__ = (Index(None, "round_number", "population", "place_pcode"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    value: int
    source: str
    reliability: str
    told_on: date | None = None
    informant_id: UUID | None = Field(default=None, index=True)
    submission_id: UUID | None = Field(default=None, index=True)
    organisation: str
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ChosenFigure(KeyColumns, Table, table=True):
    """The value chosen for a figure, by whom and why; another choice is another version."""

    __tablename__ = "chosen_figure"
    __table_args__ = (
        UniqueConstraint(
            "round_number",
            "population",
            "place_pcode",
            "dimension",
            "category",
            "version",
            name="uq_chosen_figure",
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    version: int
    value: int
    method: str
    reason: str
    estimates: int
    lowest: int
    highest: int
    chosen_by: str
    chosen_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Estimate.organisation),
    place=col(Estimate.place_pcode),
    created_by=col(Estimate.created_by),
    created_at=col(Estimate.created_at),
)


class EstimateOut(BaseModel):
    id: UUID
    round_number: int
    population: Population
    place_pcode: str
    dimension: str
    category: str
    value: int
    source: Source
    reliability: str
    told_on: date | None
    organisation: str
    created_at: datetime


class EstimatesOut(BaseModel):
    items: list[EstimateOut]
    next_cursor: str | None


class Said(BaseModel):
    """One estimate within a figure."""

    value: int
    source: Source
    reliability: str
    told_on: date | None


class Chosen(BaseModel):
    version: int
    value: int
    method: Method
    reason: str
    chosen_by: str
    chosen_at: datetime


class Triangulated(BaseModel):
    """
    A figure with all that sources say of it.

    `spread` is the distance from the lowest to the highest in parts of the median.
    """

    place_pcode: str
    dimension: str
    category: str
    estimates: list[Said]
    lowest: int
    median: float
    highest: int
    spread: float | None
    chosen: Chosen | None


class TriangulatedOut(BaseModel):
    items: list[Triangulated]
    next_cursor: str | None
