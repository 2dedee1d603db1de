"""
A look at the whole register again, as a job: the same keys, weights and groups as for who is new.

For when the weights, the keys or the lists of names have changed, or pairs were lost. It goes by
the ids of the people who were there when it was asked for; who comes later is looked for anyway.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import jobs
from chassis.caller import Caller
from chassis.db import Database, tables_of
from chassis.tables import JobColumns
from chassis.turns import take_turns
from chassis.worker import Work
from services.registration.duplicates import candidates, search
from services.registration.duplicates.settling import settle
from services.registration.persons.models import Person
from services.registration.searches import names

KIND = "rescan_duplicates"
PEOPLE_A_STEP = 100
"""So few that a step and those whom their keys find are a small part of any memory."""
WAIT_SECONDS = 0.01
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
    Look for the doubles of everybody, a step after the other; a resumed job repeats none.

    `accepted` counts whose step found a pair that nobody knew, `unchanged` all others.
    """
    payload = work.payload
    ends = [
        UUID(bytes=payload[start : start + BYTES_OF_AN_ID])
        for start in range(0, len(payload), BYTES_OF_AN_ID)
    ]
    while work.job.position < len(ends):
        at = work.job.position
        async with _own_turn(work.database):
            await _step(work, ends[at - 1] if at else None, ends[at])


@asynccontextmanager
async def _own_turn(database: Database) -> AsyncIterator[None]:
    while True:
        async with search.turn(database) as taken:
            if taken:
                yield
                return
        await asyncio.sleep(WAIT_SECONDS)


async def _step(work: Work, after: UUID | None, until: UUID) -> None:
    """Look for doubles of a stretch of ids, among themselves and before: those keys are new."""
    statement = select(Person).where(col(Person.id) <= until)
    if after:
        statement = statement.where(col(Person.id) > after)
    async with work.database.read() as session:
        everybody = (await session.exec(statement)).all()
        people = await search.who_exist(session, everybody)
        described = await candidates.described(session, people)
    async with work.database.write() as session:
        there = await candidates.unchanged(session, {each.id for each in everybody}, described)
        # How names sound may have changed as well, by which a search finds people.
        await names.keep(session, [each for each in everybody if each.id in there])
        described = {each: described[each] for each in there & described.keys()}
        await candidates.keep_keys(session, described)
    found = await search.find(work.database, described, only_earlier=True)
    async with work.step(work.job.position + 1) as (session, tally):
        new = await settle(session, found, only_earlier=True)
        tally.accepted = len(new & described.keys())
        tally.unchanged = len(people) - tally.accepted
