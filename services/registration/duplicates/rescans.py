"""
A look at the whole register again, as a job: the same keys, weights and groups as for who is new.

For when the weights, the keys or the lists of names have changed, or pairs were lost. The register
is read once and looked through in memory; then what was found is kept, step by step, by the ids of
the people who were there when it was asked for. Who comes later is looked for anyway.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import jobs
from chassis.caller import Caller
from chassis.db import tables_of
from chassis.tables import JobColumns
from chassis.turns import take_turns
from chassis.wake import quiet
from chassis.worker import Work
from services.registration.duplicates import candidates, settling
from services.registration.duplicates.comparing import compared
from services.registration.duplicates.keeping import put_right
from services.registration.duplicates.reading import pages
from services.registration.duplicates.settling import Found, settle
from services.registration.duplicates.turns import MOST_PATIENCE, own_turn
from services.registration.persons.models import Person

if TYPE_CHECKING:
    from services.registration.duplicates.whole import Whole

KIND = "rescan_duplicates"
PEOPLE_A_STEP = 500
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""
BYTES_OF_AN_ID = 16


async def submit(session: AsyncSession, caller: Caller) -> JobColumns:
    """Accept a rescan, or return the one that is waiting or under way: two would find the same."""
    await take_turns(session, KIND)
    job = tables_of(session).job
    under_way = select(job).where(col(job.kind) == KIND, col(job.status).in_(("queued", "running")))
    if found := (await session.exec(under_way)).first():
        return found
    total = (await session.exec(select(func.count()).select_from(Person))).one()
    ends = await _ends_of_steps(session, total)
    payload = b"".join(end.bytes for end in ends)
    return jobs.submit(session, KIND, payload, total=total, caller=caller)


async def _ends_of_steps(session: AsyncSession, total: int) -> Sequence[UUID]:
    """Return the last id of each step, so that who is erased meanwhile moves nobody out of one."""
    number = func.row_number().over(order_by=col(Person.id)).label("number")
    numbered = select(Person.id, number).subquery()
    is_last = or_(numbered.c.number % PEOPLE_A_STEP == 0, numbered.c.number == total)
    statement = select(numbered.c.id).where(is_last).order_by(numbered.c.id)
    return (await session.exec(statement)).all()


async def rescan(work: Work) -> None:
    """
    Look for the doubles of everybody; a resumed job reads the register again and repeats no step.

    `accepted` counts whose step found a pair that nobody knew, `unchanged` all others.
    """
    payload = work.payload
    ends = [
        UUID(bytes=payload[start : start + BYTES_OF_AN_ID])
        for start in range(0, len(payload), BYTES_OF_AN_ID)
    ]
    if work.job.position == len(ends):
        return
    whole = await _read(work) or await _read(work, thorough=True)
    assert whole  # noqa: S101 - What is read thoroughly is read.
    async for _ in whole.look():
        await _go_on(work)
    while work.job.position < len(ends):
        at = work.job.position
        async with own_turn(work):
            await _step(work, whole, ends[at - 1] if at else None, ends[at])
        await _go_on(work)


async def _go_on(work: Work) -> None:
    await work.hold()
    # Nobody waits for a rescan, and others may wait for their answers.
    await quiet(MOST_PATIENCE)


async def _read(work: Work, *, thorough: bool = False) -> "Whole | None":
    """Read the register; None if keys are made otherwise now, and so must be looked at by all."""
    # Its arrays take a while to load, and no start needs them.
    from services.registration.duplicates.whole import Whole  # noqa: PLC0415 - The line above.

    whole = Whole()
    async for page in pages(work.database):
        keys = await asyncio.to_thread(whole.add, page.described)
        changed = await put_right(work, page, keys, thorough=thorough)
        if changed and not thorough:
            return None
        await _go_on(work)
    return whole


async def _step(work: Work, whole: "Whole", after: UUID | None, until: UUID) -> None:
    """Keep what was found for a stretch of ids, among themselves and before, and drop the rest."""
    pairs = whole.pairs(after, until)
    async with work.database.read() as session:
        known = await settling.known(session, after, until)
        involved = set().union(*pairs, *known)
        described = whole.as_read(await candidates.describe(session, involved))
    found = await asyncio.to_thread(compared, pairs, described)
    people = {right for _, right in (*pairs, *known)}
    async with work.step(work.job.position + 1) as (session, tally):
        if people:
            new = await settle(session, Found(people, found, described), only_earlier=True)
            tally.accepted = sum(each <= until and (after is None or each > after) for each in new)
        tally.unchanged = whole.count(after, until) - tally.accepted
