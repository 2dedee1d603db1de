"""A correction: as told (CorrectionIn), as kept (Correction), as shown (CorrectionOut)."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, model_validator
from pydantic import Field as Shape
from sqlalchemy import LargeBinary
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Shown
from chassis.strict import Code, PastDay, Pcode, Strict, Text, refuse_emptied
from services.registration.persons.birth_models import Age, BirthDate
from services.registration.persons.births import Calendar, Precision
from services.registration.persons.disability import Disability
from services.registration.persons.names import Latin, NoName, OtherNames
from services.registration.persons.parts import (
    MOST_DOCUMENTS,
    MOST_LANGUAGES,
    Category,
    Document,
    Flag,
    Language,
    Nationality,
    OtherPhones,
    Phone,
    PlaceOrCountry,
    Sex,
)
from services.registration.tables import Table

COMPLETED = "enquiry_completed"
"""Why a record changed that was an enquiry only: nobody gives this reason themselves."""
Reason = Literal["recorded_wrongly", "document_shown", "has_changed", "asked_by_person"]
ALWAYS_KNOWN = (
    "given_name",
    "other_names",
    "languages",
    "sex",
    "birth_date",
    "birth_date_precision",
    "birth_date_calendar",
    "nationality",
    "population_category",
    "other_phones",
    "documents",
    "location_pcode",
)


class FieldsIn(Strict):
    """What may be told of a person after the first time: only the fields that are sent."""

    no_name_because: NoName | None = None
    given_name: Text | None = None
    father_name: Text | None = None
    grandfather_name: Text | None = None
    family_name: Text | None = None
    given_name_latin: Latin | None = None
    father_name_latin: Latin | None = None
    grandfather_name_latin: Latin | None = None
    family_name_latin: Latin | None = None
    other_names: OtherNames | None = None
    sex: Sex | None = None
    birth_date: BirthDate | None = None
    birth_date_precision: Precision | None = None
    birth_date_calendar: Calendar | None = None
    age: Age | None = None
    age_to: Age | None = None
    age_as_of: PastDay | None = None
    nationality: Nationality | None = None
    stateless: Flag | None = None
    languages: list[Language] | None = Shape(default=None, max_length=MOST_LANGUAGES)
    population_category: Category | None = None
    phone: Phone | None = None
    other_phones: OtherPhones | None = None
    documents: list[Document] | None = Shape(default=None, max_length=MOST_DOCUMENTS)
    location_pcode: Pcode | None = None
    place_before: PlaceOrCountry | None = None
    place_of_origin: PlaceOrCountry | None = None
    disability: Disability | None = None
    household_ref: Code | None = None
    relationship_to_head: Code | None = None


class CorrectionIn(FieldsIn):
    """
    What is right instead, and why it was not.

    Only the fields that are sent change; null empties a field that may be empty. A date of birth
    takes the place of an age and the other way round; the precision `unknown` takes that of both.
    A name takes the place of the reason why there was none, and the Latin spelling of a name goes
    with the name unless it is sent; so does `stateless` with the nationality `XXA`, which says it.
    A number that becomes the `phone` is none of the `other_phones` any more. `changed_on` is the
    day since which something has changed.
    """

    reason: Reason
    changed_on: PastDay | None = None

    @model_validator(mode="after")
    def _something_that_can_be(self) -> "CorrectionIn":
        if not self.changes():
            raise ValueError("corrects nothing")
        refuse_emptied(self, ALWAYS_KNOWN)
        if self.changed_on and self.reason != "has_changed":
            raise ValueError("has a day of change, and nothing has changed")
        return self

    def changes(self) -> dict[str, Any]:
        """Return what is sent, as it is kept."""
        return self.model_dump(include=self.model_fields_set - {"reason", "changed_on"})


class Correction(Table, table=True):
    """What a record said before one correction of it, sealed under the person's key."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(index=True)
    version: int
    reason: str
    changed_on: date | None = None
    before: bytes = Field(sa_type=LargeBinary)
    corrected_by: str
    corrected_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class CorrectionOut(Shown, shape="correction"):
    """
    One step in the history of a record.

    `version` is the one that the correction made, `before` what its fields had said until then.
    Of somebody merged `registration_id` says which record it was.
    """

    registration_id: UUID
    version: int
    reason: Reason | Literal["enquiry_completed"]
    changed_on: date | None
    before: dict[str, Any]
    corrected_by: str
    corrected_at: datetime


class CorrectionsOut(BaseModel):
    items: list[CorrectionOut]
