"""A share: as asked for (ShareIn), as staff see it (ShareOut), as its recipient does."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from chassis.strict import Strict
from contracts.sharing import PURPOSE, RECIPIENT

State = Literal["queued", "refused", "sent", "ended", "confirmed"]


class ShareIn(Strict):
    """
    To whom a record goes, for what, and what allows it.

    The person's consent does, or an exception in its place; the agreement is needed with either.
    """

    recipient: Annotated[str, StringConstraints(strict=True, pattern=RECIPIENT)]
    purpose: Annotated[str, StringConstraints(strict=True, pattern=PURPOSE)]
    agreement_id: UUID
    exception_id: UUID | None = None


class ShareOut(BaseModel):
    """`reason` is why it was refused or ended; then the recipient has until `confirm_until`."""

    id: UUID
    person_id: UUID
    about: UUID
    recipient: str
    purpose: str
    agreement_id: UUID
    exception_id: UUID | None
    state: State
    reason: str | None
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    confirm_until: datetime | None


class SharesOut(BaseModel):
    items: list[ShareOut]
    next_cursor: str | None


class StepOut(BaseModel):
    """One line of a transfer's log."""

    at: datetime
    what: str
    by: str
    reason: str | None
    consent_version: int | None


class ShareWithLogOut(ShareOut):
    log: list[StepOut]


class ReceivedOut(BaseModel):
    """What a recipient knows of a share: whose record it is, and whether they may keep it."""

    id: UUID
    person_id: UUID
    organisation: str
    purpose: str
    state: State
    sent_at: datetime | None
    ended_at: datetime | None
    confirm_until: datetime | None


class ReceivedListOut(BaseModel):
    items: list[ReceivedOut]
    next_cursor: str | None


class ContentOut(BaseModel):
    """What the record says, in the moment in which it is collected: ids and codes, never a name."""

    share_id: UUID
    content: dict[str, Any]
