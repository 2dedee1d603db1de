"""
Looks for doubles of whoever is new or changed, after the answer to the registration has left.

The same step keeps the words by which a search finds them (searches/names.py).

The caller of a registration learns nothing of it: neither that somebody was found, nor by the time
it took. Keys are kept, then people are read and compared outside of any transaction that writes,
then what was found is kept; a person is looked for again until their version is done, so a search
that is cut off is simply done again.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import jobs
from chassis.background import LEFT
from chassis.clock import new_id
from chassis.db import Database
from chassis.passing import passes
from chassis.wake import quiet
from services.registration.duplicates import candidates, many, reading
from services.registration.duplicates.candidates import Described
from services.registration.duplicates.comparing import compared, worth_opening
from services.registration.duplicates.settling import Found, note_done, settle
from services.registration.duplicates.turns import MOST_PATIENCE, hold, turn
from services.registration.imports.service import KIND
from services.registration.persons.models import Person
from services.registration.searches import names

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""How often doubles are looked for: those who came meanwhile are compared in one go."""
PEOPLE_A_STEP = 20
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""


async def look_for_new(database: Database) -> object:
    """Look for doubles of everybody who was registered or corrected since the last time."""
    if not await _may_look(database):
        return None
    if await many.wait(database):
        await _look_for_many(database)
    while await _look_for_some(database):
        pass
    # Whoever has the turn just now may leave somebody.
    return LEFT


async def _may_look(database: Database) -> bool:
    async with database.read() as session:
        # Looking first keeps an idle search from holding a turn.
        if not await _waiting(session, 1):
            return False
        # A register that comes in is through sooner if its doubles are looked for afterwards.
        return not await jobs.under_way(session, KIND)


async def _look_for_many(database: Database) -> None:
    """Look for all who wait at once; if that fails, they still wait."""
    begun, looked = new_id(), time.monotonic()
    async with turn(database) as taken, aclosing(many.look(database, begun)) as steps:
        if not taken:
            return
        try:
            async for _ in steps:
                await quiet(MOST_PATIENCE)
                if time.monotonic() - looked < LOOK_SECONDS:
                    continue
                await hold(taken)
                await _look(database, begun)
                if not await _may_look(database):
                    return
                looked = time.monotonic()
        except Exception as error:
            if passes(error):
                raise
            log.warning("one_by_one", error=type(error).__name__)


async def _look_for_some(database: Database) -> int:
    if not await _may_look(database):
        return 0
    # Nobody waits for doubles: while people come faster than they can be answered, few are sought.
    await quiet(MOST_PATIENCE)
    async with turn(database) as taken:
        return await _look(database) if taken else 0


async def _look(database: Database, after: UUID | None = None) -> int:
    async with database.read() as session:
        people = await _waiting(session, PEOPLE_A_STEP, after)
    if not people:
        return 0
    try:
        await _look_for(database, people)
    except Exception as error:
        if passes(error):
            raise
        log.warning("people_apart", error=type(error).__name__)
        for person in people:
            await _look_for_one(database, person)
    return len(people)


async def _look_for_one(database: Database, person: Person) -> None:
    """Look for one person's doubles; if that fails, the others have theirs all the same."""
    try:
        await _look_for(database, [person])
    except Exception as error:
        if passes(error):
            raise
        # A rescan, once the cause is mended, looks for them again.
        log.error("not_looked_for", error=type(error).__name__)
        async with database.write() as session:
            await note_done(session, [person])


async def _look_for(database: Database, people: Sequence[Person]) -> None:
    async with database.read() as session:
        real = await reading.who_exist(session, people)
        described = await candidates.described(session, real)
    async with database.write() as session:
        # Of whom is erased meanwhile no key may be left behind.
        there = await candidates.unchanged(session, {person.id for person in people}, {})
        await names.keep(session, [person for person in people if person.id in there])
        described = {each: described[each] for each in there & described.keys()}
        await candidates.keep_keys(session, described)
    found = await find(database, described)
    async with database.write() as session:
        await settle(session, found)
        await note_done(session, people)


async def _waiting(session: AsyncSession, most: int, after: UUID | None = None) -> Sequence[Person]:
    statement = select(Person).where(reading.WAITS).order_by(col(Person.id)).limit(most)
    if after:
        statement = statement.where(col(Person.id) > after)
    return (await session.exec(statement)).all()


async def find(database: Database, people: Mapping[UUID, Described]) -> Found:
    """Compare people with whom their keys find."""
    async with database.read() as session:
        pairs = await candidates.find(session, people)
        outlines = {each: known.description for each, known in people.items()}
        others = set().union(*pairs.found) - people.keys()
        outlines |= await candidates.outline(session, others)
    promising = await asyncio.to_thread(worth_opening, pairs, outlines)
    if not promising:
        return Found(set(people), {}, dict(people))
    async with database.read() as session:
        others = set().union(*promising) - people.keys()
        described = {**people, **await candidates.describe(session, others)}
    found = await asyncio.to_thread(compared, promising, described)
    return Found(set(people), found, described)
