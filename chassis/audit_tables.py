"""The tables of the record of who saw and changed what; entries and seals are only ever added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

from chassis.clock import UtcDateTime, new_id, now


class AuditEntryColumns(SQLModel):
    """
    Somebody saw, changed or was refused something; never a value of what they saw.

    `subjects` are keyed hashes of 16 bytes, one after the other: the entry can stay as it is when
    the person is erased. `roles` and `fields` are words with a space between them.
    """

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    actor: str = Field(index=True)
    organisation: str
    roles: str
    purpose: str | None = None
    action: str
    resource: str
    subjects: bytes = Field(sa_type=LargeBinary)
    fields: str
    decision: str
    reason: str | None = None
    request_id: str | None = None


class AuditWaitingColumns(SQLModel):
    """An entry that has committed and waits for its seal; `subjects` are the ids in clear."""

    entry_id: UUID = Field(primary_key=True)
    subjects: list[str] = Field(sa_type=JSON)


class AuditSealColumns(SQLModel):
    """An entry's place in the chain: `hash` covers the entry and `prev`, the hash before it."""

    seq: int = Field(sa_type=BigInteger, primary_key=True)
    entry_id: UUID = Field(unique=True)
    prev: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


class AuditAboutColumns(SQLModel):
    """Which entries are about a subject: an index, made from the entries as they are sealed."""

    subject: bytes = Field(sa_type=LargeBinary, primary_key=True)
    entry_id: UUID = Field(primary_key=True)


class AuditSubjectColumns(SQLModel):
    """Whose hash this is; erasing a person empties `subject`, for good."""

    hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    subject: str | None = None
