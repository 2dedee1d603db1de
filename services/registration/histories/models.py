"""What somebody was and where they were from when until when, as it is shown."""

from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from chassis.fields import Maskable, Shown
from services.registration.households.models import Came, Kind, Left
from services.registration.persons.parts import Category, Untold

Value = TypeVar("Value")


class PeriodOut(BaseModel, Generic[Value]):
    """`until` is null for what is so now; `registration_id` says as which of the two, if merged."""

    registration_id: Maskable[UUID]
    value: Maskable[Value]
    since: Maskable[date]
    until: Maskable[date | None]


class MembershipOut(BaseModel):
    """That somebody belonged to a household, as who to its head, and why they came and left."""

    registration_id: Maskable[UUID]
    household_id: Maskable[UUID]
    kind: Maskable[Kind]
    relationship_to_head: Maskable[str | None]
    since: Maskable[date]
    until: Maskable[date | None]
    came_because: Maskable[Came]
    left_because: Maskable[Left | None]


class HistoryOut(Shown, shape="person_history"):
    """
    What was true of a person and when, the first time first.

    A value that was recorded wrongly is in the corrections, and not here: it never was true. Of
    somebody merged it tells of each registration that the caller may read: what one of them says at
    a time, the other need not.
    """

    person_id: UUID
    population_category: Maskable[list[PeriodOut[Category | Untold]]]
    location_pcode: Maskable[list[PeriodOut[str]]]
    place_before: Maskable[list[PeriodOut[str | None]]]
    place_of_origin: Maskable[list[PeriodOut[str | None]]]
    households: Maskable[list[MembershipOut]]
