"""Closing the files of a user's own people to that user. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from services.registration.ownfiles.models import SCOPING, OwnFile, OwnFileIn
from services.registration.persons import service as persons


async def flag(session: AsyncSession, form: OwnFileIn, access: Access) -> OwnFile:
    """Close a file to a user; flagged again it stays as it is."""
    person = await persons.get(session, form.person_id, access)
    own_file = OwnFile(
        **form.model_dump(),
        organisation=person.organisation,
        location_pcode=person.location_pcode,
        flagged_by=access.caller.id,
    )
    audit.note(session, access.caller, "create", "own_file", person.id)
    if await insert_new(session, own_file):
        return own_file
    known = select(OwnFile).where(
        col(OwnFile.user_id) == form.user_id, col(OwnFile.person_id) == form.person_id
    )
    return (await session.exec(known)).one()


async def find(
    session: AsyncSession, access: Access, *, after: UUID | None, limit: int
) -> Sequence[OwnFile]:
    """Return the closed files, but for those that are closed to the caller."""
    statement = select(OwnFile).where(
        access.rows(SCOPING), col(OwnFile.user_id) != access.caller.id
    )
    if after:
        statement = statement.where(col(OwnFile.id) > after)
    found = (await session.exec(statement.order_by(col(OwnFile.id)).limit(limit))).all()
    audit.read("own_file", [each.person_id for each in found])
    return found


async def reopen(session: AsyncSession, own_file_id: UUID, access: Access) -> None:
    """Open a file to a user again, which nobody does for themselves."""
    statement = select(OwnFile).where(col(OwnFile.id) == own_file_id, access.rows(SCOPING))
    own_file = (await session.exec(statement)).one_or_none()
    if own_file is None:
        raise not_found("closed file")
    if own_file.user_id == access.caller.id:
        raise Problem(403, "not-by-oneself", "Somebody else has to open your own files to you.")
    audit.note(session, access.caller, "delete", "own_file", own_file.person_id)
    await session.exec(delete(OwnFile).where(col(OwnFile.id) == own_file_id))
