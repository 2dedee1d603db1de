"""What can be done with notes; the link that opens them is part of every query."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import not_found
from chassis.scoping import Clause
from chassis.versions import changed
from chassis.views import View
from services.registration.notes.models import (
    SCOPINGS,
    MedicalNoteOut,
    Note,
    NoteFlagsOut,
    NoteIn,
    NoteOut,
    NoteVersion,
    NoteWritten,
    ProtectionNoteOut,
)
from services.registration.persons import service as persons
from services.registration.persons.models import Person
from services.registration.referrals.rules import Service

TABLE = "note_version"


async def add(
    session: AsyncSession, person_id: UUID, kind: Service, form: NoteIn, access: Access
) -> NoteWritten:
    await Reader(session, person_id, kind, access).reach()
    persons.refuse_merged(await session.get_one(Person, person_id))
    note = Note(person_id=person_id, kind=kind, written_by=access.caller.id)
    session.add(note)
    await session.flush()
    await _keep(session, note, form)
    audit.note(session, access.caller, "create", f"{kind}_note", [person_id, note.id])
    return _written(note)


async def change(
    session: AsyncSession,
    person_id: UUID,
    kind: Service,
    note_id: UUID,
    form: NoteIn,
    access: Access,
    version: int,
) -> NoteWritten:
    """Write a new version; what the note said before stays."""
    await Reader(session, person_id, kind, access).reach()
    persons.refuse_merged(await session.get_one(Person, person_id))
    statement = select(Note).where(
        col(Note.id) == note_id, col(Note.person_id) == person_id, col(Note.kind) == kind
    )
    note = (await session.exec(statement.with_for_update())).one_or_none()
    if note is None:
        raise not_found("note")
    if note.version != version:
        raise changed("note")
    note.version += 1
    note.written_by, note.written_at = access.caller.id, now()
    session.add(note)
    await _keep(session, note, form)
    audit.note(session, access.caller, "update", f"{kind}_note", [person_id, note.id])
    return _written(note)


async def delete_all(
    session: AsyncSession, person_id: UUID, by: audit.Actor, *, reason: str
) -> None:
    """Delete what was ever written of a person's health and protection; the rest stays."""
    of_person = select(Note.kind).where(col(Note.person_id) == person_id).distinct()
    for kind in (await session.exec(of_person)).all():
        audit.note(session, by, "delete", f"{kind}_note", person_id, reason=reason)
    await session.exec(delete(NoteVersion).where(col(NoteVersion.person_id) == person_id))
    await session.exec(delete(Note).where(col(Note.person_id) == person_id))


async def flags(session: AsyncSession, person_id: UUID, access: Access) -> NoteFlagsOut:
    """Say whether there are notes, to whoever may know that much."""
    await persons.get(session, person_id, access)
    statement = select(Note.kind).where(col(Note.person_id) == person_id).distinct()
    audit.read("note_flag", person_id)
    kinds = set((await session.exec(statement)).all())
    return NoteFlagsOut(medical_notes="medical" in kinds, protection_notes="protection" in kinds)


class Reader:
    """One caller who reads one person's notes of one kind."""

    def __init__(
        self, session: AsyncSession, person_id: UUID, kind: Service, access: Access
    ) -> None:
        self._session = session
        self._person_id = person_id
        self._kind = kind
        self._access = access
        self._view = View(access, f"{kind}_note", SCOPINGS[kind])

    async def reach(self) -> int:
        """Return how the caller stands to the person; to whom there is no link, nobody is there."""
        statement = select(Person.id, self._view.standing).where(
            col(Person.id) == self._person_id, self._access.rows(SCOPINGS[self._kind])
        )
        found = (await self._session.exec(statement)).one_or_none()
        if found is None:
            raise not_found("person")
        return found[1]

    async def notes(self, *, after: UUID | None, limit: int) -> Sequence[NoteOut]:
        """Return the notes as they stand, oldest first."""
        current = col(NoteVersion.version) == col(Note.version)
        later = [col(Note.id) > after] if after else []
        return await self._read(current, *later, limit=limit)

    async def note(self, note_id: UUID) -> NoteOut:
        current = col(NoteVersion.version) == col(Note.version)
        found = await self._read(current, col(Note.id) == note_id)
        if not found:
            raise not_found("note")
        return found[0]

    async def versions(self, note_id: UUID) -> Sequence[NoteOut]:
        """Return what a note said from its first version on."""
        found = await self._read(col(Note.id) == note_id)
        if not found:
            raise not_found("note")
        return found

    async def _read(self, *conditions: Clause, limit: int | None = None) -> list[NoteOut]:
        standing = await self.reach()
        statement = (
            select(NoteVersion)
            .join(Note, col(Note.id) == col(NoteVersion.note_id))
            .where(
                col(Note.person_id) == self._person_id, col(Note.kind) == self._kind, *conditions
            )
            .order_by(col(Note.id), col(NoteVersion.version))
            .limit(limit)
        )
        found = (await self._session.exec(statement)).all()
        if not found:
            audit.read(f"{self._kind}_note", self._person_id)
        keys = await crypto.subject_keys(self._session, [self._person_id])
        return [self._shown(each, keys[self._person_id], standing) for each in found]

    def _shown(self, version: NoteVersion, key: crypto.DataKey, standing: int) -> NoteOut:
        values = {
            **version.model_dump(),
            "id": version.note_id,
            "person_id": self._person_id,
            "text": _opened(version, key),
        }
        if self._kind == "medical":
            return self._view.shown(MedicalNoteOut, values, standing)
        return self._view.shown(ProtectionNoteOut, values, standing)


async def _keep(session: AsyncSession, note: Note, form: NoteIn) -> None:
    keys = await crypto.subject_keys(session, [note.person_id], create=True)
    row = f"{note.id}/{note.version}"
    session.add(
        NoteVersion(
            note_id=note.id,
            version=note.version,
            person_id=note.person_id,
            text=keys[note.person_id].seal(TABLE, "text", form.text, row=row),
            written_by=note.written_by,
            written_at=note.written_at,
        )
    )


def _opened(version: NoteVersion, key: crypto.DataKey) -> str | None:
    row = f"{version.note_id}/{version.version}"
    try:
        return key.open(TABLE, "text", version.text, row=row)
    except crypto.UnreadableError:
        return None


def _written(note: Note) -> NoteWritten:
    return NoteWritten.model_validate(note, from_attributes=True)
