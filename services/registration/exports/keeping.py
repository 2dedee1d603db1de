"""The end of a kept file: its key is destroyed and its rows are deleted, for whatever reason."""

from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from services.registration.exports.models import Export, ExportedPerson, ExportPart
from services.registration.exports.rules import OVER, Ending

BY = audit.system("exports")


async def end(session: AsyncSession, export: Export, because: Ending) -> None:
    """Leave of an export that it was asked for, and why it ended."""
    await empty(session, export)
    await crypto.destroy(session, export.id)
    export.status, export.ended_because = "gone", because
    export.filter = b""
    session.add(export)
    audit.note(session, BY, "destroy", "export", export.id, reason=because)


async def empty(session: AsyncSession, export: Export) -> None:
    """Drop what was made of a file so far."""
    await session.exec(delete(ExportPart).where(col(ExportPart.export_id) == export.id))
    await session.exec(delete(ExportedPerson).where(col(ExportedPerson.export_id) == export.id))
    export.parts, export.made_at = 0, None
    session.add(export)


async def end_those_with(session: AsyncSession, person_id: UUID) -> None:
    """Destroy every kept file that somebody is in, also one that is only half made."""
    # Whoever makes a file shares this turn: a file made meanwhile is seen here.
    await take_turns(session, ERASING)
    holding = select(ExportedPerson.export_id).where(col(ExportedPerson.person_id) == person_id)
    kept = select(Export).where(col(Export.id).in_(holding), col(Export.status).not_in(OVER))
    for export in (await session.exec(kept.order_by(col(Export.id)).with_for_update())).all():
        await end(session, export, "person_erased")
