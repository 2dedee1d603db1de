"""
What devices that were offline send (BatchIn, ItemIn) and are answered (OutcomesOut, ChangesOut).

A feed is what one device has been told so far; it holds a copy of whom and what it was sent.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, StringConstraints, model_validator
from pydantic import Field as Shape
from sqlalchemy import Index, text
from sqlmodel import Field

from chassis.clock import UtcDateTime, new_id, now
from chassis.problems import Fault
from chassis.strict import Strict
from services.registration.corrections.models import CorrectionIn
from services.registration.devices.shapes import HouseholdChangeIn
from services.registration.enquiries.models import CompletionIn, EnquiryIn
from services.registration.households.shapes import HouseholdIn, HouseholdOut
from services.registration.occasions.models import EventCorrectionIn, EventIn, EventOut
from services.registration.persons.models import PersonIn
from services.registration.persons.shapes import PersonOut
from services.registration.tables import Table

MOST_ITEMS = 100
MOST_CHANGES = 200
NEWEST = 2_000_000_000
LAST_ID = (1 << 128) - 1

Outcome = Literal["created", "updated", "unchanged", "conflict", "rejected"]
ToCarry = Literal["person", "household"]
About = ToCarry | Literal["registration_event"]
OfPeople = PersonIn | CorrectionIn | EnquiryIn | CompletionIn
Told = OfPeople | HouseholdIn | HouseholdChangeIn | EventIn | EventCorrectionIn
OF_WHAT_IS_NEW = ("registration", "enquiry", "household", "registration_event")
OF_WHAT_CHANGES = ("correction", "completion", "household_correction", "event_correction")
TOLD = (*OF_WHAT_IS_NEW, *OF_WHAT_CHANGES)
FeedCursor = Annotated[
    str,
    StringConstraints(
        strict=True, pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,9}$"
    ),
]


def _made_by_a_device(id_: UUID) -> UUID:
    # Two devices that make no ids would both say these, and each have what the other told.
    if id_.int in {0, LAST_ID}:
        raise ValueError("is the id of nothing: a device makes one of its own for each")
    return id_


class ItemIn(Strict):
    """
    What was done on the device with one person, household or registration event: one of the eight.

    `id` is the one that the device has made, or the register's own of an answer. What is new has no
    `base_version`; what is corrected or completed has the version that the device has seen.
    """

    id: Annotated[UUID, AfterValidator(_made_by_a_device)]
    base_version: Annotated[int, Shape(strict=True, ge=1, le=NEWEST)] | None = None
    registration: PersonIn | None = None
    correction: CorrectionIn | None = None
    enquiry: EnquiryIn | None = None
    completion: CompletionIn | None = None
    household: HouseholdIn | None = None
    household_correction: HouseholdChangeIn | None = None
    registration_event: EventIn | None = None
    event_correction: EventCorrectionIn | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "ItemIn":
        told = [name for name in TOLD if getattr(self, name) is not None]
        if len(told) != 1:
            raise ValueError(f"is one of {', '.join(TOLD)}")
        if (self.base_version is None) != (told[0] in OF_WHAT_IS_NEW):
            raise ValueError("has a base version where something is changed, and only there")
        return self

    @property
    def told(self) -> Told:
        """What is told of whom or of what the item is about."""
        found = next(each for name in TOLD if (each := getattr(self, name)) is not None)
        return cast("Told", found)

    @property
    def about(self) -> About:
        if self.registration_event or self.event_correction:
            return "registration_event"
        return "household" if self.household or self.household_correction else "person"

    @property
    def place(self) -> str | None:
        """Where that is, if it is told."""
        if isinstance(self.told, EventIn | EventCorrectionIn):
            return self.told.place_pcode
        return self.told.location_pcode

    def sent(self) -> dict[str, Any]:
        """Return what the item says, as it would be kept."""
        return self.told.model_dump(mode="json", exclude_unset=True)


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

    `person`, `household` or `registration_event` is what the register says now, as much as the
    caller may see. In a conflict `sent` is beside it, and the device decides anew; a rejected item
    has its `reason`.
    """

    position: int
    id: UUID | None
    outcome: Outcome
    person_id: UUID | None = None
    household_id: UUID | None = None
    registration_event_id: UUID | None = None
    version: int | None = None
    base_version: int | None = None
    person: PersonOut | None = None
    household: HouseholdOut | None = None
    registration_event: EventOut | None = None
    sent: dict[str, Any] | None = None
    reason: ReasonOut | None = None


class OutcomesOut(BaseModel):
    items: list[OutcomeOut]


class ChangeOut(BaseModel):
    """
    A person or a household as they are now, or, where neither is told, one to be deleted.

    `client_id` is the id that a device of the organisation had made for them.
    """

    kind: ToCarry
    id: UUID
    client_id: UUID | None
    person: PersonOut | None = None
    household: HouseholdOut | None = None


class ChangesOut(BaseModel):
    """Send `next_cursor` once all of this is safe on the device; `more` waits already, or not."""

    items: list[ChangeOut]
    next_cursor: str
    more: bool


class DeviceFeed(Table, table=True):
    """
    What one device of one user has been told.

    `page` counts the answers, `acknowledged` is the last that the device has confirmed by asking
    on from it. Where one answer had no room for all, the next goes on after `person_reached` and
    `household_reached`, in the order of ids.
    """

    __tablename__ = "device_feed"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    caller: str = Field(index=True)
    organisation: str
    page: int = 0
    acknowledged: int = 0
    person_reached: UUID | None = None
    household_reached: UUID | None = None
    asked_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class Copied(Table):
    """
    That a device holds, or may hold, a copy of something, and which.

    `version` and `standing` are the record's and how the caller saw it; a version of 0 is a copy
    that may be any. `page` is the answer it went out with; when `gone`, that told of its end.
    """

    feed_id: UUID = Field(primary_key=True, foreign_key="device_feed.id", ondelete="CASCADE")
    version: int = 0
    standing: int = 0
    page: int = 0
    gone: bool = False


def _gone() -> Index:
    """Return an index of the copies whose end a device was told of, until it says that it was."""
    return Index(None, "feed_id", postgresql_where=text("gone"), sqlite_where=text("gone = 1"))


class DeviceCopy(Copied, table=True):
    """That a device holds a copy of a person."""

    __tablename__ = "device_copy"
    __table_args__ = (_gone(),)

    person_id: UUID = Field(primary_key=True)


class DeviceHousehold(Copied, table=True):
    """That a device holds a copy of a household."""

    __tablename__ = "device_household"
    __table_args__ = (_gone(),)

    household_id: UUID = Field(primary_key=True)
