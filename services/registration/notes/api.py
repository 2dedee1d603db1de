"""HTTP in and out for notes; no decisions. Both kinds have the same operations."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.versions import ExpectedVersion
from services.registration.notes import service
from services.registration.notes.models import (
    NoteFlagsOut,
    NoteIn,
    NoteOut,
    NotesOut,
    NoteVersionsOut,
    NoteWritten,
)
from services.registration.referrals.rules import Service

PATH = "/v1/registration/persons/{person_id}"

router = Router(prefix=PATH, tags=["notes"], route_class=Once)


@router.get("/note-flags")
async def get_note_flags(person_id: UUID, access: AccessDep, session: ReadSession) -> NoteFlagsOut:
    """Say whether there are notes, without a word of them."""
    return await service.flags(session, person_id, access)


def _offer(kind: Service) -> None:
    path, note = f"/{kind}-notes", f"/{kind}-notes/{{note_id}}"

    @router.post(path, status_code=201, name=f"add_{kind}_note")
    async def add(
        person_id: UUID, form: NoteIn, response: Response, access: AccessDep, session: WriteSession
    ) -> NoteWritten:
        """Write a note on a person to whom you have an open link."""
        added = await service.add(session, person_id, kind, form, access)
        response.headers["Location"] = f"{PATH.format(person_id=person_id)}/{kind}-notes/{added.id}"
        response.headers["ETag"] = f'"{added.version}"'
        return added

    @router.get(path, name=f"list_{kind}_notes")
    async def list_notes(
        person_id: UUID,
        access: AccessDep,
        session: ReadSession,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> NotesOut:
        """Read a person's notes of this kind; a closed link opens them 14 days more."""
        reader = service.Reader(session, person_id, kind, access)
        found = await reader.notes(after=cursor, limit=limit + 1)
        page, following = next_cursor(found, limit)
        return NotesOut(items=list(page), next_cursor=following)

    @router.get(note, name=f"get_{kind}_note")
    async def get(
        person_id: UUID, note_id: UUID, response: Response, access: AccessDep, session: ReadSession
    ) -> NoteOut:
        found = await service.Reader(session, person_id, kind, access).note(note_id)
        response.headers["ETag"] = f'"{found.version}"'
        return found

    @router.put(note, name=f"change_{kind}_note")
    async def change(
        person_id: UUID,
        note_id: UUID,
        form: NoteIn,
        response: Response,
        access: AccessDep,
        session: WriteSession,
        version: ExpectedVersion,
    ) -> NoteWritten:
        """Write a new version of a note; the older ones stay."""
        changed = await service.change(session, person_id, kind, note_id, form, access, version)
        response.headers["ETag"] = f'"{changed.version}"'
        return changed

    @router.get(f"{note}/versions", name=f"list_{kind}_note_versions")
    async def list_versions(
        person_id: UUID, note_id: UUID, access: AccessDep, session: ReadSession
    ) -> NoteVersionsOut:
        """Read what a note said from its first version to now."""
        found = await service.Reader(session, person_id, kind, access).versions(note_id)
        return NoteVersionsOut(items=list(found))


_offer("medical")
_offer("protection")
