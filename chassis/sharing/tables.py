"""The tables of a service that shares: its copies of what allows it, and what it has shared."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from chassis.clock import UtcDateTime, new_id, now
from chassis.tables import table_on


class ConsentCopyColumns(SQLModel):
    """What a person has answered last about a recipient and purpose."""

    person_id: UUID = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    state: str
    version: int
    expires_on: date | None = None


class AgreementCopyColumns(SQLModel):
    """With whom our organisation may share at all, for what, and when."""

    id: UUID = Field(primary_key=True)
    organisation: str
    recipient: str
    purposes: list[str] = Field(sa_type=JSON)
    starts_on: date
    ends_on: date
    version: int


class ExceptionCopyColumns(SQLModel):
    """What two people have allowed without the person's consent, for a time."""

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(index=True)
    recipient: str
    purpose: str
    state: str
    ends_on: date
    version: int


class ConsentStreamColumns(SQLModel):
    """One row: up to when every change of a consent is known here."""

    id: int = Field(default=1, primary_key=True)
    told_until: datetime = Field(sa_type=UtcDateTime)


class ShareColumns(SQLModel):
    """
    One person's record on its way to one recipient; `about` is the case or entitlement it is of.

    It holds no content: what the recipient is given is read from the record when they collect it.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation: str = Field(index=True)
    person_id: UUID = Field(index=True)
    about: UUID
    recipient: str = Field(index=True)
    purpose: str
    agreement_id: UUID
    exception_id: UUID | None = None
    state: str = Field(default="queued", index=True)
    reason: str | None = None
    requested_by: str
    requested_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    confirm_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ShareStepColumns(SQLModel):
    """The log of a transfer: what happened, when, by whom, on which version of the consent."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    share_id: UUID = Field(index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    what: str
    by: str
    reason: str | None = None
    consent_version: int | None = None


@dataclass(frozen=True)
class SharingTables:
    """Which of a service's own classes play these parts."""

    consent: type[ConsentCopyColumns]
    agreement: type[AgreementCopyColumns]
    exception: type[ExceptionCopyColumns]
    stream: type[ConsentStreamColumns]
    share: type[ShareColumns]
    step: type[ShareStepColumns]


def sharing_tables(base: type[SQLModel]) -> SharingTables:
    return SharingTables(
        consent=table_on(base, "ConsentCopy", ConsentCopyColumns),
        agreement=table_on(base, "AgreementCopy", AgreementCopyColumns),
        exception=table_on(base, "ExceptionCopy", ExceptionCopyColumns),
        stream=table_on(base, "ConsentStream", ConsentStreamColumns),
        share=table_on(base, "Share", ShareColumns),
        step=table_on(base, "ShareStep", ShareStepColumns),
    )
