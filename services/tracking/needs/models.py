"""Needs that a round found, with the reasons for them: as kept and as shown."""

from typing import Literal

from pydantic import BaseModel
from sqlmodel import Field

from services.tracking.formats.columns import About
from services.tracking.rounds.models import Population
from services.tracking.tables import Table

By = Literal["need", "reason", "need_and_reason"]


class RoundNeed(Table, table=True):
    """What informants of a place said is needed first, second or third, and why."""

    __tablename__ = "round_need"

    round_number: int = Field(primary_key=True)
    population: str = Field(primary_key=True)
    pcode: str = Field(primary_key=True)
    priority: int = Field(primary_key=True)
    need: str
    reason: str = ""


class NeedOut(BaseModel):
    """
    In how many assessed places below this one a need was named, and how many people are there.

    `individuals` are all who were counted in those places, not those who have the need.
    `places_assessed` is how many places answered at all. Without `priority` asked for, a place
    counts once for a need that it names in any.
    """

    pcode: str
    name: str
    name_ar: str
    level: int
    population: Population
    need: str | None
    reason: str | None
    priority: int | None
    places: int
    places_assessed: int
    individuals: int


class NeedsOut(BaseModel):
    items: list[NeedOut]
    next_cursor: str | None
    about: About
