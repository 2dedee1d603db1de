"""Totals of people returned from the sea as they were published, with every later correction."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import PastDay, Strict, Text
from services.tracking.maritime.models import Word
from services.tracking.tables import Table

MOST_RETURNED = 1_000_000
Told = Annotated[int, Shape(strict=True, ge=0, le=MOST_RETURNED)]


class PublishedTotalIn(Strict):
    """
    What was published for a period, both days within it; what was not told is left out.

    The parts may tell of some only, but not of more than all. `reason` is needed where there is a
    figure for the period.
    """

    starts_on: PastDay
    ends_on: PastDay
    word: Word = "returned"
    total: Told
    men: Told | None = None
    women: Told | None = None
    children: Told | None = None
    no_data: Told | None = None
    dead: Told | None = None
    missing: Told | None = None
    operations: Told | None = None
    by_place: dict[Text, Told] = Shape(default={}, max_length=50)
    """People by place of disembarkation, in the source's words; they sum to the total."""
    is_rounded: bool = False
    published_on: PastDay | None = None
    source_url: Text | None = None
    note: Text | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        parts = (self.men, self.women, self.children, self.no_data)
        told = [each for each in parts if each is not None]
        if sum(told) > self.total or (len(told) == len(parts) and sum(told) != self.total):
            raise ValueError("has parts that do not sum to the total")
        if self.by_place and sum(self.by_place.values()) != self.total:
            raise ValueError("has places that do not sum to the total")
        return self


class PublishedTotal(Table, table=True):
    """One vintage of a period; a row is never changed, a correction is another vintage."""

    __tablename__ = "published_sea_total"
    __table_args__ = (UniqueConstraint("starts_on", "ends_on", "word", "vintage"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    starts_on: date
    ends_on: date
    word: str
    vintage: int
    total: int
    men: int | None
    women: int | None
    children: int | None
    no_data: int | None
    dead: int | None
    missing: int | None
    operations: int | None
    by_place: dict[str, int] = Field(sa_type=JSON)
    is_rounded: bool
    published_on: date | None
    source_url: str | None
    note: str | None
    reason: str | None
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PublishedTotalOut(BaseModel):
    """One vintage; without `published_on` nobody has told when it was published."""

    starts_on: date
    ends_on: date
    word: Word
    vintage: int
    total: int
    men: int | None
    women: int | None
    children: int | None
    no_data: int | None
    dead: int | None
    missing: int | None
    operations: int | None
    by_place: dict[str, int]
    is_rounded: bool
    published_on: date | None
    source_url: str | None
    note: str | None
    reason: str | None


class PublishedTotalsOut(BaseModel):
    items: list[PublishedTotalOut]
    next_cursor: str | None
