"""A visit to a detention centre: who went, whether they were let in, whom and what they found."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.strict import Code, PastDay, Strict, Text
from services.tracking.tables import Table

Entry = Literal["given", "partly_given", "refused"]
Refusal = Literal["no_permit", "security", "authority_absent", "centre_empty", "no_reason_given"]
Found = Literal["yes", "partly", "no", "not_observed"]
Water = Literal["enough", "not_enough", "none", "not_observed"]
Illness = Literal[
    "diarrhoea", "respiratory", "scabies", "other_skin", "tuberculosis", "malnutrition", "injury"
]
MOST_HELD = 20_000
"""More than any centre has held: a number above it is a slip of the pen."""
Held = Annotated[int, Shape(strict=True, ge=0, le=MOST_HELD)]


class PopulationIn(Strict):
    """
    Who was seen in the centre on that day; not a list, and not who is there now.

    The five groups sum to the total, and so do the nationalities where they are told.
    """

    total: Held
    men: Held = 0
    women: Held = 0
    boys: Held = 0
    girls: Held = 0
    no_data: Held = 0
    by_nationality: dict[Text, Held] = Shape(default={}, max_length=100)

    @model_validator(mode="after")
    def _parts_sum_to_the_total(self) -> Self:
        if self.men + self.women + self.boys + self.girls + self.no_data != self.total:
            raise ValueError("has groups that do not sum to the total")
        if self.by_nationality and sum(self.by_nationality.values()) != self.total:
            raise ValueError("has nationalities that do not sum to the total")
        return self


class HealthIn(Strict):
    """What bears on the health of the people held."""

    latrines: Annotated[int, Shape(strict=True, ge=0, le=1_000)] | None = None
    drinking_water: Water = "not_observed"
    meals_a_day: Annotated[int, Shape(strict=True, ge=0, le=5)] | None = None
    ventilation: Found = "not_observed"
    laundry: Found = "not_observed"
    outdoor_access: Found = "not_observed"
    health_services: Found = "not_observed"
    health_referral: Found = "not_observed"
    illnesses: list[Illness] = Shape(default=[], max_length=10)


class ConditionsIn(Strict):
    """The other indicators of the detention centre profiles, launched by IOM Libya in 2017."""

    electricity: Found = "not_observed"
    lighting: Found = "not_observed"
    legal_aid: Found = "not_observed"
    psychosocial_support: Found = "not_observed"
    family_tracing: Found = "not_observed"


class VisitIn(Strict):
    """
    What a team reports of one visit; organisations are named, and nobody who works for them.

    A visit that was recorded wrongly is recorded anew: `corrects` names it, `reason` says why.
    """

    visited_on: PastDay
    organisations: list[Code] = Shape(min_length=1, max_length=10)
    entry: Entry
    refusal: Refusal | None = None
    population: PopulationIn | None = None
    health: HealthIn | None = None
    conditions: ConditionsIn | None = None
    corrects: UUID | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _tells_only_what_was_seen(self) -> Self:
        seen = self.population or self.health or self.conditions
        if self.entry == "refused" and seen:
            raise ValueError("tells what nobody was let in to see")
        if (self.entry == "refused") is (self.refusal is None):
            raise ValueError("has a refusal if entry was refused, and only then")
        if (self.corrects is None) is not (self.reason is None):
            raise ValueError("corrects a visit for a reason, or neither")
        return self


class Visit(Table, table=True):
    """
    A visit as recorded; a row is never changed, a correction is another row.

    What was found is sealed, so that a copy of the database tells no more than that somebody went.
    """

    __tablename__ = "detention_visit"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(foreign_key="site.id", index=True)
    visited_on: date
    entry: str
    content: bytes
    corrects: UUID | None = Field(unique=True)
    organisation: str
    recorded_by: str
    recorded_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PopulationOut(BaseModel):
    """`by_nationality` is by ISO 3166-1 alpha-3, or `unknown`."""

    total: int
    men: int
    women: int
    boys: int
    girls: int
    no_data: int
    by_nationality: dict[str, int]


class VisitOut(BaseModel):
    """A visit; one that was corrected has the id of what took its place (`corrected_by`)."""

    id: UUID
    site_id: UUID
    visited_on: date
    organisations: list[str]
    entry: Entry
    refusal: Refusal | None
    population: PopulationOut | None
    health: HealthIn | None
    conditions: ConditionsIn | None
    corrects: UUID | None
    reason: str | None
    corrected_by: UUID | None
    warnings: list[str] = []


class VisitsOut(BaseModel):
    items: list[VisitOut]
    next_cursor: str | None


class HealthOut(BaseModel):
    """What a visit tells those who treat: how many people, and what bears on their health."""

    visited_on: date
    total: int | None
    health: HealthIn | None


class HealthsOut(BaseModel):
    items: list[HealthOut]
    next_cursor: str | None = None


class RegionOut(BaseModel):
    """
    What was last seen in the centres of a region, rounded to tens.

    It is hidden with fewer than three centres or ten people: it could tell of one of them.
    """

    pcode: str
    centres_visited: int | None
    individuals: int | None


class SummaryOut(BaseModel):
    """Regions as they were seen by the end of a quarter; no figure is of a centre."""

    until: date
    items: list[RegionOut]
