"""Notes: as told (NoteIn), as kept (Note and its versions, sealed), as shown (NoteOut)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import LargeBinary, SQLColumnExpression, exists
from sqlmodel import Field, col

from chassis.clock import UtcDateTime, new_id, now
from chassis.fields import Maskable, Shown
from chassis.scoping import Clause, Condition, Scoping, Who
from chassis.strict import Prose, Strict
from services.registration.assignments.models import Assignment
from services.registration.breakglass.models import broken
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.persons.models import Person
from services.registration.referrals.models import referred, still_counts
from services.registration.referrals.rules import Service
from services.registration.tables import Table


class NoteIn(Strict):
    text: Prose


class Note(Table, table=True):
    """A note on one person; what it says is in its versions."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    kind: str
    version: int = 1
    written_by: str
    written_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class NoteVersion(Table, table=True):
    """What a note said from one change to the next, sealed under the person's key."""

    __tablename__ = "note_version"

    note_id: UUID = Field(foreign_key="note.id", primary_key=True)
    version: int = Field(primary_key=True)
    person_id: UUID = Field(index=True)
    text: bytes = Field(sa_type=LargeBinary)
    written_by: str
    written_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


def on_case_team(*, lingering: bool) -> Condition:
    """Return whether the person's case is, or was until a short time ago, in the caller's hands."""

    def holds(caller: Who) -> Clause:
        handed_over = exists().where(
            col(Assignment.person_id) == col(Person.id),
            col(Assignment.worker_id) == caller.id,
            still_counts(col(Assignment.ended_at), lingering=lingering),
        )
        return (col(Person.case_owner) == caller.id) | handed_over

    return holds


def _link(kind: Service, *, lingering: bool) -> Condition:
    team = on_case_team(lingering=lingering)
    person_id: SQLColumnExpression[UUID] = col(Person.id)
    referral = referred(person_id, kind, lingering=lingering)
    return lambda caller: team(caller) | referral(caller)


def _scoping(kind: Service) -> Scoping:
    # Without a place: who is referred to a facility may be registered elsewhere.
    return Scoping(
        organisation=col(Person.organisation),
        conditions={
            "link": _link(kind, lingering=False),
            "linked": _link(kind, lingering=True),
            "bg": broken(col(Person.id)),
            "bgcosigned": broken(col(Person.id), cosigned=True),
        },
        closed=PERSONS.closed,
    )


SCOPINGS: dict[str, Scoping] = {kind: _scoping(kind) for kind in ("medical", "protection")}


class NoteWritten(Shown, shape="note_written"):
    """That a note was written; what it says is not repeated, so that no answer has to be kept."""

    id: UUID
    person_id: UUID
    version: int
    written_by: str
    written_at: datetime


class MedicalNoteOut(NoteWritten, shape="medical_note"):
    """A note as it stands or stood; `text` is null when the person's key is gone."""

    text: Maskable[str | None]


class ProtectionNoteOut(NoteWritten, shape="protection_note"):
    """A note as it stands or stood; `text` is null when the person's key is gone."""

    text: Maskable[str | None]


NoteOut = MedicalNoteOut | ProtectionNoteOut


class NotesOut(BaseModel):
    items: list[NoteOut]
    next_cursor: str | None


class NoteVersionsOut(BaseModel):
    items: list[NoteOut]


class NoteFlagsOut(BaseModel):
    """Whether notes exist, for those who may know no more."""

    medical_notes: bool
    protection_notes: bool
