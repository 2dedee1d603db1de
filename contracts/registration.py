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
