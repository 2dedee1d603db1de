"""
What devices that were offline send (BatchIn, ItemIn) and are answered (OutcomesOut, ChangesOut).

A feed is what one device has been told so far; it holds a copy of each person it was sent.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.problems import Fault
from chassis.strict import Strict
from services.registration.corrections.models import CorrectionIn
from services.registration.persons.models import PersonIn, PersonOut
from services.registration.tables import Table

MOST_ITEMS = 100
MOST_CHANGES = 200
NEWEST = 2_000_000_000

Outcome = Literal["created", "updated", "unchanged", "conflict", "rejected"]
FeedCursor = Annotated[
    str,
    StringConstraints(
        strict=True, pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,9}$"
    ),
]


class ItemIn(Strict):
    """
    What was done on the device with one person.

    `id` is the one that the device has made, or `person_id` of an answer. Without `base_version`
    somebody is registered; with it, the version that the device has seen is corrected.
    """

    id: UUID
    base_version: Annotated[int, Shape(strict=True, ge=1, le=NEWEST)] | None = None
    registration: PersonIn | None = None
    correction: CorrectionIn | None = None

    @model_validator(mode="after")
    def _is_one_of_the_two(self) -> "ItemIn":
        is_new = self.base_version is None
        if is_new != bool(self.registration) or is_new == bool(self.correction):
            raise ValueError("is a registration, or a correction of the version that was seen")
        return self

    def sent(self) -> dict[str, Any]:
        """Return what the item says of the person, as it would be kept."""
        told = self.registration or self.correction
        return told.model_dump(mode="json", exclude_unset=True) if told else {}


class BatchIn(Strict):
    """
    What was done offline, in its order; each item is read, and taken or not, by itself.

    `cursor` is that of the device's feed: whom it sends is then among those it is told of.
    """

    items: list[dict[str, Any]] = Shape(min_length=1, max_length=MOST_ITEMS)
    cursor: FeedCursor | None = None


class ReasonOut(BaseModel):
    """Why an item was not taken: a problem's type, as the same request alone would be answered."""

    type: str
    status: int
    detail: str
    errors: list[Fault]


class OutcomeOut(BaseModel):
    """
    What became of one item, the one at `position` of the batch, from 0.

    `person` is what the register says now, as much as the caller may see. In a conflict `sent` is
    beside it, and the device decides anew; a rejected item has its `reason`.
    """

    position: int
    id: UUID | None
    outcome: Outcome
    person_id: UUID | None = None
    version: int | None = None
    base_version: int | None = None
    person: PersonOut | None = None
    sent: dict[str, Any] | None = None
    reason: ReasonOut | None = None


class OutcomesOut(BaseModel):
    items: list[OutcomeOut]


class ChangeOut(BaseModel):
    """
    A person as they are now, or, where `person` is null, one who is to be deleted on the device.

    `client_id` is the id that a device of the organisation had made for them.
    """

    id: UUID
    client_id: UUID | None
    person: PersonOut | None


class ChangesOut(BaseModel):
    """Send `next_cursor` once all of this is safe on the device; `more` waits already, or not."""

    items: list[ChangeOut]
    next_cursor: str
    more: bool


class DeviceFeed(Table, table=True):
    """
    What one device of one user has been told.

    `page` counts the answers, `acknowledged` is the last that the device has confirmed by asking
    on from it.
    """

    __tablename__ = "device_feed"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    caller: str = Field(index=True)
    organisation: str
    page: int = 0
    acknowledged: int = 0
    asked_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class DeviceCopy(Table, table=True):
    """
    That a device holds, or may hold, a copy of a person, and which.

    `version` and `standing` are the record's and how the caller saw it; a version of 0 is a copy
    that may be any. `page` is the answer it went out with; when `gone`, that told of its end.
    """

    __tablename__ = "device_copy"

    feed_id: UUID = Field(primary_key=True, foreign_key="device_feed.id", ondelete="CASCADE")
    person_id: UUID = Field(primary_key=True)
    version: int = 0
    standing: int = 0
    page: int = 0
    gone: bool = False
