"""The tables every service keeps for itself: outbox, inbox, jobs, answers, keys, audit."""

import re
from dataclasses import dataclass
from datetime import datetime
from types import new_class
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, LargeBinary, MetaData, Text
from sqlmodel import Field, SQLModel

from chassis.audit_tables import (
    AuditAboutColumns,
    AuditEntryColumns,
    AuditSealColumns,
    AuditSubjectColumns,
    AuditWaitingColumns,
)
from chassis.clock import UtcDateTime, new_id, now

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def named_metadata() -> MetaData:
    """Return metadata whose constraints have names, which SQLite migrations need."""
    return MetaData(naming_convention=NAMING)


Columns = TypeVar("Columns", bound=SQLModel)


class OutboxColumns(SQLModel):
    """An event that happened here and waits to leave, or has left (`sent_at`)."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    type: str
    subject: str
    body: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0


class InboxColumns(SQLModel):
    """An event that took effect here; its id is remembered so that it never does so twice."""

    event_id: UUID = Field(primary_key=True)
    received_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PositionColumns(SQLModel):
    """How far a subject's events of one type have been read."""

    type: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)


class DeadLetterColumns(SQLModel):
    """A message that could not take effect here; kept whole until somebody has seen to it."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)
    reason: str
    received_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class JobColumns(SQLModel):
    """A long piece of work that survives the process which does it."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str
    status: str = Field(default="queued", index=True)
    payload: bytes = Field(sa_type=LargeBinary)
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    total: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    position: int = 0
    failures: int = 0
    detail: str | None = None
    organisation: str = ""
    created_by: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class GivenAnswerColumns(SQLModel):
    """What a request under an idempotency key was answered, to be given again."""

    caller: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    headers: dict[str, str] = Field(sa_type=JSON)
    body: bytes = Field(sa_type=LargeBinary)
    given_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class RemarkColumns(SQLModel):
    """What a job has to say about one row of its input: why it was rejected, or a warning."""

    job_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    rejected: bool
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    code: str
    detail: str


class SubjectKeyColumns(SQLModel):
    """The key with which all that is sealed of one subject opens, itself wrapped."""

    subject: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    version: int = Field(index=True)
    made_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class TombstoneColumns(SQLModel):
    """That somebody was erased who would be known again by this keyed hash."""

    mark: str = Field(primary_key=True)
    erased_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ErasedColumns(SQLModel):
    """An erasure done here; `kept_at` is when the ledger had it and the answer was given."""

    erasure_id: UUID = Field(primary_key=True)
    marks: list[str] = Field(sa_type=JSON)
    rows: dict[str, int] = Field(sa_type=JSON)
    erased_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    answers: int = 0
    kept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True)
class ServiceTables:
    """Which of a service's own classes play the chassis' parts."""

    source: str
    metadata: MetaData
    outbox: type[OutboxColumns]
    inbox: type[InboxColumns]
    position: type[PositionColumns]
    dead_letter: type[DeadLetterColumns]
    job: type[JobColumns]
    remark: type[RemarkColumns]
    given_answer: type[GivenAnswerColumns]
    subject_key: type[SubjectKeyColumns]
    audit_entry: type[AuditEntryColumns]
    audit_waiting: type[AuditWaitingColumns]
    audit_seal: type[AuditSealColumns]
    audit_about: type[AuditAboutColumns]
    audit_subject: type[AuditSubjectColumns]
    tombstone: type[TombstoneColumns]
    erased: type[ErasedColumns]


def core_table(of: type[SQLModel]) -> Any:
    """Return the table behind a class, for statements that need nothing of its mapper."""
    return of.__table__  # type: ignore[attr-defined]  # SQLModel gives it to classes that are tables.


def table_on(base: type[SQLModel], name: str, columns: type[Columns]) -> type[Columns]:
    """Make a table of these columns on a service's own base."""
    return new_class(
        name,
        (base, columns),
        {"table": True},
        lambda body: body.update(__module__=base.__module__, __tablename__=_snake(name)),
    )


def service_tables(source: str, base: type[SQLModel]) -> ServiceTables:
    """Make the chassis' tables for a service on its own base: no two services share one."""

    def made(name: str, columns: type[Columns]) -> type[Columns]:
        return table_on(base, name, columns)

    return ServiceTables(
        source=source,
        metadata=base.metadata,
        outbox=made("Outbox", OutboxColumns),
        inbox=made("Inbox", InboxColumns),
        position=made("Position", PositionColumns),
        dead_letter=made("DeadLetter", DeadLetterColumns),
        job=made("Job", JobColumns),
        remark=made("Remark", RemarkColumns),
        given_answer=made("GivenAnswer", GivenAnswerColumns),
        subject_key=made("SubjectKey", SubjectKeyColumns),
        audit_entry=made("AuditEntry", AuditEntryColumns),
        audit_waiting=made("AuditWaiting", AuditWaitingColumns),
        audit_seal=made("AuditSeal", AuditSealColumns),
        audit_about=made("AuditAbout", AuditAboutColumns),
        audit_subject=made("AuditSubject", AuditSubjectColumns),
        tombstone=made("Tombstone", TombstoneColumns),
        erased=made("Erased", ErasedColumns),
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
