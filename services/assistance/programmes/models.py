"""A programme: as planned (ProgrammeIn), as kept (Programme), as shown (ProgrammeOut)."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.scoping import Scoping
from chassis.strict import Day, Pcode, Strict, Text
from services.assistance.tables import Table

Category = Literal["migrant", "idp", "returnee", "host_community"]
Per = Literal["person", "household"]
MOST_PLACES = 800


class Period(Strict):
    """From the first to the last day of a programme, both within it."""

    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        return self


class Item(Strict):
    """
    What one person receives, once; or, `per` household, what all who live together do.

    Somebody who lives alone is a household if the register has one of them alone.
    """

    name: Text
    quantity: Annotated[int, Shape(strict=True, ge=1, le=10_000)] = 1
    unit: Text = "piece"
    per: Per = "person"


class ProgrammeIn(Strict):
    """What a donor pays for: which item, for which categories of people, where and when."""

    name: Text
    donor: Text
    period: Period
    population_categories: list[Category] = Shape(min_length=1, max_length=4)
    places: list[Pcode] = Shape(min_length=1, max_length=MOST_PLACES)
    item: Item


class Programme(Table, table=True):
    __table_args__ = (UniqueConstraint("organisation", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    name: str
    donor: str
    starts_on: date
    ends_on: date = Field(index=True)
    population_categories: list[str] = Field(sa_type=JSON)
    places: list[str] = Field(sa_type=JSON)
    item_name: str
    item_quantity: int
    item_unit: str
    item_per: str = Field(default="person", sa_column_kwargs={"server_default": "person"})
    version: int = 1
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


SCOPING = Scoping(
    organisation=col(Programme.organisation),
    programme=col(Programme.id),
    created_by=col(Programme.created_by),
    created_at=col(Programme.created_at),
)


class ProgrammeOut(BaseModel):
    id: UUID
    name: str
    donor: str
    period: Period
    population_categories: list[Category]
    places: list[str]
    item: Item
    version: int


class ProgrammesOut(BaseModel):
    items: list[ProgrammeOut]
    next_cursor: str | None
