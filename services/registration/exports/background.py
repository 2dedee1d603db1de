"""What is done for exports beside the requests: files are made, and ended when they are over."""

from uuid import UUID

from sqlalchemy import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, worker
from chassis.authz import Access
from chassis.caller import Caller, claimed
from chassis.clock import now
from chassis.db import Database
from chassis.fields import fields
from chassis.problems import Problem
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from chassis.worker import Tally, Work
from services.registration.consents import service as consents
from services.registration.exports import service
from services.registration.exports.keeping import empty, end
from services.registration.exports.models import Export, ExportedPerson
from services.registration.exports.rules import OVER
from services.registration.exports.selection import Selection

PEOPLE_A_STEP = 500
SECONDS = 60.0
"""How often it is looked whether a kept file is over."""


async def make(work: Work) -> None:
    """Make a file, some people a transaction, each asked anew whether they may be taken out."""
    export_id = UUID(work.payload.decode())
    try:
        going = True
        while going:
            async with work.step(work.job.position + 1) as (session, tally):
                going = await _step(session, work, export_id, tally)
    except worker.OvertakenError:
        raise
    except Exception:
        if work.job.failures + 1 >= worker.MOST_FAILURES:
            async with work.database.write() as session:
                await _fail(session, export_id)
        raise


async def _step(session: AsyncSession, work: Work, export_id: UUID, tally: Tally) -> bool:
    """Add the next people to a file; say whether there may be more."""
    # Nobody is erased while this step looks at people that it writes down.
    await take_turns(session, ERASING, shared=True)
    export = await session.get(Export, export_id, with_for_update=True)
    if export is None or export.status != "making":
        return False
    caller = claimed(export.behalf)
    selection = await _selection(session, export, caller)
    if selection is None or caller.id in work.database.frozen:
        await end(session, export, "right_lost")
        return False
    if export.parts == 0 and not await _fits(session, export, selection):
        return False
    found = await selection.following(await _last(session, export_id), PEOPLE_A_STEP)
    if found is None:
        await end(session, export, "right_lost")
        return False
    done = work.job.accepted
    if done + len(found) > export.most_rows:
        await _wait_again(session, export, (await selection.count())[0])
        return False
    if found:
        await service.keep_part(session, export, await selection.values(found))
        ids = [person.id for person in found]
        held = [{"export_id": export_id, "person_id": each} for each in ids]
        await session.exec(insert(ExportedPerson), params=held)
        by = audit.Actor(caller.id, caller.organisation, tuple(sorted(caller.roles)))
        audit.note(
            session,
            by,
            "export",
            "person",
            ids,
            fields=export.columns,
            purpose=export.purpose,
            reason="exported",
        )
        tally.accepted = len(found)
    if len(found) < PEOPLE_A_STEP:
        export.status, export.made_at, export.rows = "ready", now(), done + len(found)
    session.add(export)
    return export.status == "making"


async def _selection(session: AsyncSession, export: Export, caller: Caller) -> Selection | None:
    """Return what the asker may take out by the rights they had then, as far as these last."""
    access = Access(caller, "person", "X", fields().purposes[export.purpose])
    key = (await crypto.subject_keys(session, [export.id]))[export.id]
    try:
        return Selection(session, access, export.columns, service.filter_of(key, export))
    except Problem:
        return None


async def _fits(session: AsyncSession, export: Export, selection: Selection) -> bool:
    """Count anew; say whether the file may be made, or end it, or let it wait for somebody."""
    rows, masked = await selection.count()
    if masked:
        await end(session, export, "right_lost")
    elif rows > export.most_rows:
        await _wait_again(session, export, rows)
    else:
        return True
    return False


async def _wait_again(session: AsyncSession, export: Export, rows: int) -> None:
    await empty(session, export)
    export.status, export.rows = "waiting", rows
    export.decided_by = export.decided_at = None


async def _last(session: AsyncSession, export_id: UUID) -> UUID | None:
    people = select(ExportedPerson.person_id).where(col(ExportedPerson.export_id) == export_id)
    latest = people.order_by(col(ExportedPerson.person_id).desc()).limit(1)
    return (await session.exec(latest)).first()


async def _fail(session: AsyncSession, export_id: UUID) -> None:
    export = await session.get(Export, export_id, with_for_update=True)
    if export and export.status == "making":
        await empty(session, export)
        await crypto.destroy(session, export_id)
        export.status, export.filter = "failed", b""


async def end_overdue(database: Database) -> None:
    """Destroy files whose time is over, and those with somebody in them who said no since."""
    withdrew = (
        select(ExportedPerson.export_id)
        .where(consents.said_no(col(ExportedPerson.person_id)))
        .distinct()
    )
    async with database.read() as session:
        # Looking first keeps an idle service from taking SQLite's one write lock.
        over = select(Export.id).where(
            col(Export.status).not_in(OVER), col(Export.kept_until) <= now()
        )
        expired = set((await session.exec(over)).all())
        due = expired | set((await session.exec(withdrew)).all())
    for export_id in sorted(due):
        async with database.write() as session:
            export = await session.get(Export, export_id, with_for_update=True)
            if export and export.status not in OVER:
                await end(session, export, "expired" if export_id in expired else "person_withdrew")
