"""An enquiry: as told (EnquiryIn), and as it is completed to a registration (CompletionIn)."""

from uuid import UUID

from pydantic import Field as Shape

from chassis.clock import today
from chassis.strict import Code, PastDay, Pcode
from services.registration.corrections.models import FieldsIn
from services.registration.persons import canonical
from services.registration.persons.names import NamesIn
from services.registration.persons.parts import (
    MOST_LANGUAGES,
    ConsentTold,
    Language,
    Nationality,
    OtherPhones,
    Phone,
    Sex,
)


class EnquiryIn(NamesIn):
    """
    Who has rung the hotline: a name, a nationality and a phone are enough.

    Without `external_id` the case number stands for it. Without `location_pcode` the enquiry is
    where its registration event is held, or else anywhere that the caller's own role counts, which
    may be the whole country (`LY`).
    """

    nationality: Nationality
    phone: Phone
    other_phones: OtherPhones = Shape(default=[])
    external_id: Code | None = None
    sex: Sex | None = None
    languages: list[Language] = Shape(default=[], max_length=MOST_LANGUAGES)
    location_pcode: Pcode | None = None
    registration_event_id: UUID | None = None
    enquired_on: PastDay = Shape(default_factory=today)

    def canonical(self) -> str:
        """What the enquiry says, in one form, whoever sends it and whenever."""
        return canonical.told_of(self.model_dump(mode="json", exclude={"enquired_on"}))


class CompletionIn(FieldsIn):
    """
    The rest of a registration; what the enquiry has told needs not be told again.

    With it, it must be all that a registration needs. Names that are sent take the place of all
    that were known, and so does what is sent of the birth.
    """

    external_id: Code | None = None
    registration_event_id: UUID | None = None
    registered_on: PastDay = Shape(default_factory=today)
    consent: ConsentTold | None = None
