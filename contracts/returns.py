"""What returns tells the others."""

from datetime import date, datetime
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


class RecordShared(Event):
    """What a return case says of a person was given to a recipient. Subject: the share's id."""

    type: ClassVar[str] = "returns.record_shared.v1"

    share_id: UUID
    person_id: UUID
    recipient: str
    purpose: str


class SharingEnded(Event):
    """
    A recipient may no longer keep what it was given of a person. Subject: the share's id.

    It is due to delete it and to confirm that by `confirm_until`.
    """

    type: ClassVar[str] = "returns.sharing_ended.v1"

    share_id: UUID
    person_id: UUID
    recipient: str
    purpose: str
    confirm_until: datetime


class PersonErased(Event):
    """A person was forgotten here; counts by table, and no person. Subject: the erasure's id."""

    type: ClassVar[str] = "returns.person_erased.v1"

    erasure_id: UUID
    rows: dict[str, int]


class ReadsDenied(Event):
    """
    An account asked returns for records that are not there, or not for it. Subject: the account.

    `records` are ids as they were asked for, some fifty at most; `denied_at` is when it last was.
    """

    type: ClassVar[str] = "returns.reads_denied.v1"
    subjects: ClassVar[tuple[str, ...]] = ()

    account: str
    records: list[UUID]
    denied_at: datetime
