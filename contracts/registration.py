"""What registration tells the others."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class PersonRegistered(Event):
    """A person was registered, once, and may be assisted. Subject: the person's id."""

    type: ClassVar[str] = "registration.person_registered.v1"

    person_id: UUID
    population_category: str
    location_pcode: str
    registered_on: date
    organisation: str | None = None
    registered_by: str | None = None
    case_owner: str | None = None


class PersonCorrected(Event):
    """
    What the register says of a person was corrected. Subject: the person's id.

    `fields` names what changed; category and place are as they are at `version`, which is 1 when
    a person is registered and grows by one with each change of the record.
    """

    type: ClassVar[str] = "registration.person_corrected.v1"

    person_id: UUID
    version: int
    population_category: str
    location_pcode: str
    fields: list[str]
