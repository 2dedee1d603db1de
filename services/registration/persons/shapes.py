"""A person as shown (PersonOut)."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from chassis.fields import Maskable, Shown
from services.registration.persons.birth_models import BornBetween
from services.registration.persons.births import Calendar, Precision
from services.registration.persons.disability import DisabilityOut
from services.registration.persons.names import NoName
from services.registration.persons.papers import DocumentOut
from services.registration.persons.parts import Category, ConsentIn, Sex, Status, Untold
from services.registration.vulnerability.instruments import Level


class PersonOut(Shown, shape="person"):
    """
    A person as the register knows them; `departed_on` is set when they left in a return.

    The date of birth is as it was told: `1990` stays `1990`, `born_between` says in the Gregorian
    calendar what a Hijri date may mean, and `minor` is null where nobody can know it.
    `with_disability` follows from the six answers, and is null where they cannot tell it.
    The `status` of who has only rung the hotline is `enquiry` until somebody completes it.
    A registration that was found to be somebody's second is `merged_into` the one that goes on, and
    that one says who was `merged`: what is written of each stays with each.
    What the caller may not see is {"masked": true}, whether there is something or not.
    """

    id: UUID
    case_number: str
    external_id: Maskable[str]
    no_name_because: Maskable[NoName | None]
    given_name: Maskable[str | None]
    father_name: Maskable[str | None]
    grandfather_name: Maskable[str | None]
    family_name: Maskable[str | None]
    given_name_latin: Maskable[str | None]
    father_name_latin: Maskable[str | None]
    grandfather_name_latin: Maskable[str | None]
    family_name_latin: Maskable[str | None]
    other_names: Maskable[list[str]]
    sex: Maskable[Sex]
    birth_date: Maskable[str | None]
    birth_date_precision: Maskable[Precision]
    birth_date_calendar: Maskable[Calendar]
    born_between: Maskable[BornBetween | None]
    age: Maskable[int | None]
    age_to: Maskable[int | None]
    age_as_of: Maskable[date | None]
    minor: Maskable[bool | None]
    nationality: Maskable[str]
    stateless: Maskable[bool | None]
    languages: Maskable[list[str]]
    population_category: Maskable[Category | Untold]
    phone: Maskable[str | None]
    other_phones: Maskable[list[str]]
    documents: Maskable[list[DocumentOut]]
    location_pcode: Maskable[str]
    place_before: Maskable[str | None]
    place_of_origin: Maskable[str | None]
    disability: Maskable[DisabilityOut | None]
    with_disability: Maskable[bool | None]
    household_ref: Maskable[str | None]
    relationship_to_head: Maskable[str | None]
    registration_event_id: Maskable[UUID | None]
    registered_on: date
    enquired_on: Maskable[date | None]
    consent: Maskable[ConsentIn | None]
    departed_on: Maskable[date | None]
    vulnerability_level: Maskable[Level | None]
    vulnerability_review_on: Maskable[date | None]
    status: Status
    merged_into: UUID | None
    merged: list[UUID]
    version: int


class PersonsOut(BaseModel):
    items: list[PersonOut]
    next_cursor: str | None
