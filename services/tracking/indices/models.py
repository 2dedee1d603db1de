"""A place's score by an index: as told (ScoreIn), as kept (IndexScore), as explained (ScoreOut)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel
from pydantic import Field as Shape
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, Strict, Text
from services.tracking.indices.definitions import Definition
from services.tracking.places.known import Area
from services.tracking.tables import Table

Index = Literal["return_index", "severity_score"]
Answers = Annotated[dict[Code, Code], Shape(max_length=50)]


class ScoreIn(Strict):
    """
    What was answered about a place in a round.

    `version` is that of the index, the newest when it is not told. Other answers than those that
    are known take their place with a reason, as a further vintage.
    """

    index: Index
    version: Annotated[int, Shape(strict=True, ge=1, le=999)] | None = None
    pcode: Area
    round_number: Annotated[int, Shape(strict=True, ge=1, le=9999)]
    answers: Answers
    source_count: Annotated[int, Shape(strict=True, ge=0, le=100_000)] | None = None
    restated_because: Text | None = None


class IndexScore(Table, table=True):
    """The answers of a place in a round, and what a version of the index makes of them."""

    __tablename__ = "index_score"
    __table_args__ = (
        UniqueConstraint("index", "pcode", "round_number", "vintage", name="uq_score_vintage"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    index: str
    version: int
    pcode: str
    round_number: int
    vintage: int
    answers: dict[str, str] = Field(sa_type=JSON)
    score: float
    band: str
    source_count: int | None = None
    restated_because: str | None = None
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PartOut(BaseModel):
    """What one answer adds: `points` times `share` of the whole is `adds`."""

    indicator: str
    scale: str
    answer: str
    points: float
    share: float
    adds: float


class ScoreOut(BaseModel):
    """A score, how it came about, and which indicators nobody answered."""

    id: UUID
    index: Index
    version: int
    pcode: str
    round_number: int
    vintage: int
    score: float
    band: str
    scales: dict[str, float]
    explanation: str
    parts: list[PartOut]
    missing: list[str]
    source_count: int | None
    restated_because: str | None
    recorded_at: datetime


class ScoresOut(BaseModel):
    items: list[ScoreOut]
    next_cursor: str | None


class DefinitionsOut(BaseModel):
    items: list[Definition]
    next_cursor: str | None


class InNeed(BaseModel):
    """
    People in need of a sector in a place, for planning: a share of those who are there.

    The share goes by the severity that was answered for the sector: of the place itself, else of
    the places within it, whose people in need are summed, else of the place that it lies in.
    `individuals_scored` live where somebody has answered; `in_need` is null, and not none, where
    nobody has. `explanation` says from what the number was made.

    `places_named` of the `places_asked` below name a need of the sector, and `individuals_there`
    are in those: what informants said, beside the severity; null where the round asked nobody.
    """

    pcode: str
    name: str
    population: str
    round_number: int
    sector: str
    individuals: int
    severity: str | None
    percent: int | None
    in_need: int | None
    individuals_scored: int
    figure_vintage: int | None
    score_vintage: int | None
    index_version: int | None
    explanation: str
    places_named: int | None = None
    places_asked: int | None = None
    individuals_there: int | None = None


class PlanningOut(BaseModel):
    items: list[InNeed]
    next_cursor: str | None
    assumptions: str
