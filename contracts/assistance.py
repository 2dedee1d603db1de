"""What assistance tells the others."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from contracts.event import Event


class EntitlementDelivered(Event):
    """An item was handed over, and cannot be handed over again. Subject: the entitlement's id."""

    type: ClassVar[str] = "assistance.entitlement_delivered.v1"

    entitlement_id: UUID
    programme_id: UUID
    person_id: UUID
    delivered_on: date


class RecordShared(Event):
    """What an entitlement says of a person was given to a recipient. Subject: the share's id."""

    type: ClassVar[str] = "assistance.record_shared.v1"

    share_id: UUID
    person_id: UUID
    recipient: str
    purpose: str


class SharingEnded(Event):
    """
    A recipient may no longer keep what it was given of a person. Subject: the share's id.

    It is due to delete it and to confirm that by `confirm_until`.
    """

    type: ClassVar[str] = "assistance.sharing_ended.v1"

    share_id: UUID
    person_id: UUID
    recipient: str
    purpose: str
    confirm_until: datetime


class PersonErased(Event):
    """A person was forgotten here; counts by table, and no person. Subject: the erasure's id."""

    type: ClassVar[str] = "assistance.person_erased.v1"

    erasure_id: UUID
    rows: dict[str, int]


class ReadsDenied(Event):
    """
    An account asked assistance for records that are not there, or not for it. Subject: the account.

    `records` are ids as they were asked for, some fifty at most; `denied_at` is when it last was.
    """

    type: ClassVar[str] = "assistance.reads_denied.v1"
    subjects: ClassVar[tuple[str, ...]] = ()

    account: str
    records: list[UUID]
    denied_at: datetime
