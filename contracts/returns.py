"""What returns tells the others."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class CaseOpened(Event):
    """A person asked for a Voluntary Humanitarian Return. Subject: the case's id."""

    type: ClassVar[str] = "returns.case_opened.v1"

    case_id: UUID
    person_id: UUID


class CaseWithdrawn(Event):
    """A person changed their mind, which needs no reason. Subject: the case's id."""

    type: ClassVar[str] = "returns.case_withdrawn.v1"

    case_id: UUID
    person_id: UUID


class PersonDeparted(Event):
    """A person left the country in a return. Subject: the case's id."""

    type: ClassVar[str] = "returns.person_departed.v1"

    case_id: UUID
    person_id: UUID
    departed_on: date
