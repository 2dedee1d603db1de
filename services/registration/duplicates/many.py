"""
Looks for the doubles of many who wait at once, after an import, in the manner of a rescan.

Everybody is read once, and those who wait are found by their keys from then on. The pairs are found
in memory (matching/everybody.py), and kept for some of those who wait after the others, with the
note that they are done: whoever is not done when it is cut off is looked for again. Who comes
meanwhile is looked for by themselves wherever this lets others go first.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select

from chassis.db import Database
from services.registration.duplicates import candidates, keeping, settling
from services.registration.duplicates.comparing import compared
from services.registration.duplicates.reading import WAITS, Page, pages
from services.registration.duplicates.settling import Found, settle
from services.registration.persons.models import Person

if TYPE_CHECKING:
    from services.registration.duplicates.whole import Whole

MANY = 2000
"""Fewer are looked for one by one in seconds, and nobody is read for them who does not wait."""
ONE_IN = 16
"""
The least part of everybody that waits, below which reading everybody takes longer.

To read and compare one takes 0.16 ms of CPU, to keep the keys and pairs of one who waits 0.65 more,
and to look for one by themselves 3 to 7: it would be as long where one in 15 to 40 waits.
"""
MOST_READ = 1_000_000
"""So many take as much memory as a service may have beside its own: some 1 kB each."""
KEPT_AT_ONCE = 50
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""
PEOPLE_A_STEP = 500
"""Few of them are in a pair, so that this writes no more."""


class Waiting(NamedTuple):
    """Somebody who waits, and which version of their registration."""

    id: UUID
    version: int


async def wait(database: Database) -> bool:
    """Say whether so many wait that it takes less to look for them at once."""
    count = select(func.count()).select_from(Person)
    async with database.read() as session:
        waiting = (await session.exec(count.where(WAITS))).one()
        if waiting < MANY:
            return False
        return (await session.exec(count)).one() <= min(waiting * ONE_IN, MOST_READ)


async def look(database: Database, begun: UUID) -> AsyncGenerator[None]:
    """
    Look for the doubles of all who wait; it yields where others may go first.

    The caller has the turn to look for doubles, and may look meanwhile for people whose ids are
    greater than `begun`.
    """
    # Its arrays take a while to load, and no start needs them.
    from services.registration.duplicates.whole import Whole  # noqa: PLC0415 - The line above.

    whole = Whole()
    waiting: list[Waiting] = []
    async for page in pages(database):
        await asyncio.to_thread(whole.add, page.described)
        new = [
            Waiting(each.id, each.version)
            for each in page.people
            if each.matched_version < each.version
        ]
        async for _ in _keep_keys(database, page, new):
            yield
        waiting += new
    await _look_again(database, begun)
    async for _ in whole.look():
        yield
    for some in candidates.portions(waiting, PEOPLE_A_STEP):
        await _keep(database, whole, some)
        yield


async def _keep_keys(
    database: Database, page: Page, waiting: Sequence[Waiting]
) -> AsyncIterator[None]:
    for some in candidates.portions(waiting, KEPT_AT_ONCE):
        await keeping.keep(database, page, {each.id for each in some})
        yield
    yield


async def _look_again(database: Database, begun: UUID) -> None:
    """Let who was looked for meanwhile be looked for again: not all others had their keys yet."""
    async with database.write() as session:
        await session.exec(update(Person).where(col(Person.id) > begun).values(matched_version=0))


async def _keep(database: Database, whole: "Whole", people: Sequence[Waiting]) -> None:
    """Keep what was found for some who wait, drop what holds no more, and note that it is done."""
    ids = {each.id for each in people}
    pairs = whole.pairs_of(ids)
    async with database.read() as session:
        known = await settling.known_of(session, ids)
        involved = set().union(*pairs, *known)
        described = whole.as_read(await candidates.describe(session, involved))
    found = await asyncio.to_thread(compared, pairs, described)
    async with database.write() as session:
        if involved:
            await settle(session, Found(ids & involved, found, described))
        await settling.note_done(session, people)
