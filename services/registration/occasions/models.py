"""
Registration events: as told (EventIn), as kept (RegistrationEvent), as shown (EventOut).

The field calls it an event when people are registered somewhere on a day; the folder has another
name, because events are what services tell each other.
"""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, model_validator
from sqlalchemy import Index, exists, false
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from chassis.scoping import Clause, Scoping, Who
from chassis.strict import Code, PastDay, Pcode, Strict, Text, refuse_emptied
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.persons.models import Person
from services.registration.persons.parts import Language
from services.registration.tables import Table

DETENTION = "detention_centre"
Context = Literal[
    "disembarkation_point",
    "detention_centre",
    "transit",
    "settlement",
    "urban",
    "hotline",
    "office",
]
NEVER_EMPTY = ("context", "place_pcode", "held_on", "enumerator")


class EventIn(Strict):
    """
    Where, when and by whom people are registered; `enumerator` is the caller unless one is named.

    `interpreter` is an account or a number of the staff, and no name.
    """

    context: Context
    place_pcode: Pcode
    site_name: Text | None = None
    held_on: PastDay
    enumerator: Code | None = None
    interpreter: Code | None = None
    language: Language | None = None
    device: Code | None = None
    form_version: Code | None = None


class EventCorrectionIn(Strict):
    """What is right instead; only the fields that are sent change."""

    context: Context | None = None
    place_pcode: Pcode | None = None
    site_name: Text | None = None
    held_on: PastDay | None = None
    enumerator: Code | None = None
    interpreter: Code | None = None
    language: Language | None = None
    device: Code | None = None
    form_version: Code | None = None

    @model_validator(mode="after")
    def _something_that_can_be(self) -> "EventCorrectionIn":
        sent = self.changes()
        if not sent:
            raise ValueError("corrects nothing")
        refuse_emptied(self, NEVER_EMPTY)
        return self

    def changes(self) -> dict[str, Any]:
        """Return what is sent, as it is kept."""
        return self.model_dump(include=self.model_fields_set)


class RegistrationEvent(Table, table=True):
    """
    A day on which one enumerator registers people at one site.

    `client_id` is the id that a device had given it, and by `fingerprint` the same is known when it
    is sent again.
    """

    __tablename__ = "registration_event"
    __table_args__ = (
        Index(None, "organisation", "id"),
        Index(None, "created_by", "id"),
        Index(None, "organisation", "client_id", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str
    context: str
    place_pcode: str
    site_name: str | None = None
    held_on: date
    enumerator: str
    interpreter: str | None = None
    language: str | None = None
    device: str | None = None
    form_version: str | None = None
    version: int = 1
    client_id: UUID | None = None
    fingerprint: str | None = None
    created_by: str
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def _of_somebody_assigned(caller: Who) -> Clause:
    theirs = PERSONS.assigned(caller) if PERSONS.assigned else false()
    return exists().where(col(Person.registration_event_id) == col(RegistrationEvent.id), theirs)


SCOPING = Scoping(
    organisation=col(RegistrationEvent.organisation),
    place=col(RegistrationEvent.place_pcode),
    created_by=col(RegistrationEvent.created_by),
    created_at=col(RegistrationEvent.created_at),
    assigned=_of_somebody_assigned,
    conditions={"free": lambda _caller: col(RegistrationEvent.context) != DETENTION},
)


class EventOut(Shown, shape="registration_event"):
    id: UUID
    context: Maskable[Context]
    place_pcode: Maskable[str]
    site_name: Maskable[str | None]
    held_on: date
    enumerator: str
    interpreter: str | None
    language: str | None
    device: str | None
    form_version: str | None
    version: int
    created_by: str
    created_at: datetime


class EventsOut(BaseModel):
    items: list[EventOut]
    next_cursor: str | None
