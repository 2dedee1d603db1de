"""
Looks for doubles of whoever is new or changed, after the answer to the registration has left.

The same step keeps the words by which a search finds them (searches/names.py).

The caller of a registration learns nothing of it: neither that somebody was found, nor by the time
it took. Keys are kept, then people are read and compared outside of any transaction that writes,
then what was found is kept; a person is looked for again until their version is done, so a search
that is cut off is simply done again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import bindparam, func, true, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import jobs
from chassis.db import Database
from chassis.passing import passes
from chassis.tables import core_table
from chassis.turns import try_turn
from chassis.wake import quiet
from services.registration.duplicates import candidates
from services.registration.duplicates.candidates import Described
from services.registration.duplicates.comparing import compared, worth_opening
from services.registration.duplicates.settling import Found, settle
from services.registration.honey.models import HoneyRecord
from services.registration.imports.service import KIND
from services.registration.persons.models import Person
from services.registration.searches import names

log = structlog.get_logger()

TURN = "looking for doubles"
PEOPLE_A_STEP = 20
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""
MOST_PATIENCE = 5.0
"""Seconds that a step waits for a moment in which no answer and no entitlement waits for it."""
WAIT_SECONDS = 0.01
MOST_HELD = "300000"
"""Milliseconds after which PostgreSQL takes a turn from whoever is stuck."""
PERSONS = core_table(Person)
MATCHED = (
    update(PERSONS)
    .where(PERSONS.c.id == bindparam("of"))
    .values(matched_version=bindparam("matched_version"))
)


async def look_for_new(database: Database) -> None:
    """Look for doubles of everybody who was registered or corrected since the last time."""
    while await _look_for_some(database):
        pass


async def _look_for_some(database: Database) -> int:
    async with database.read() as session:
        # Looking first keeps an idle search from holding a turn.
        if not await _waiting(session, 1):
            return 0
        # A register that comes in is through sooner if its doubles are looked for afterwards.
        if await jobs.under_way(session, KIND):
            return 0
    # Nobody waits for doubles: while people come faster than they can be answered, few are sought.
    await quiet(MOST_PATIENCE)
    async with turn(database) as taken:
        return await _look(database) if taken else 0


@asynccontextmanager
async def turn(database: Database) -> AsyncIterator[bool]:
    """
    Take the turn to look for doubles, or say at once that another one has it.

    Of two who look at once neither would see what the other has found.
    """
    async with database.write() as session:
        taken = await try_turn(session, TURN)
        if taken and not database.is_sqlite:
            # Whoever has the turn holds it without a statement for as long as comparing takes.
            patient = func.set_config("idle_in_transaction_session_timeout", MOST_HELD, true())
            await session.exec(select(patient))
        yield taken


@asynccontextmanager
async def own_turn(database: Database) -> AsyncIterator[None]:
    """Wait for the turn, and take it."""
    while True:
        async with turn(database) as taken:
            if taken:
                yield
                return
        await asyncio.sleep(WAIT_SECONDS)


async def _look(database: Database) -> int:
    async with database.read() as session:
        people = await _waiting(session, PEOPLE_A_STEP)
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
            await _note_done(session, [person])


async def _look_for(database: Database, people: Sequence[Person]) -> None:
    async with database.read() as session:
        real = await who_exist(session, people)
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
        await _note_done(session, people)


async def _note_done(session: AsyncSession, people: Sequence[Person]) -> None:
    # A person who has changed meanwhile has a higher version, and is looked for again.
    done = [{"of": person.id, "matched_version": person.version} for person in people]
    if done:
        await session.exec(MATCHED, params=done)


async def _waiting(session: AsyncSession, most: int) -> Sequence[Person]:
    statement = (
        select(Person)
        .where(col(Person.matched_version) < col(Person.version))
        .order_by(col(Person.id))
        .limit(most)
    )
    return (await session.exec(statement)).all()


async def who_exist(session: AsyncSession, people: Sequence[Any]) -> list[Any]:
    """Leave out who was planted: as somebody's double, a reviewer had a reason to open them."""
    ids = [person.id for person in people]
    statement = select(HoneyRecord.person_id).where(col(HoneyRecord.person_id).in_(ids))
    planted = set((await session.exec(statement)).all())
    return [person for person in people if person.id not in planted]


async def find(database: Database, people: Mapping[UUID, Described]) -> Found:
    """Compare people with whom their keys find."""
    async with database.read() as session:
        pairs = await candidates.find(session, people)
        outlines = {each: known.description for each, known in people.items()}
        others = set().union(*pairs.found) - people.keys()
        outlines |= await candidates.outline(session, others)
    promising = await asyncio.to_thread(worth_opening, pairs, outlines)
    async with database.read() as session:
        others = set().union(*promising) - people.keys()
        described = {**people, **await candidates.describe(session, others)}
    found = await asyncio.to_thread(compared, promising, described)
    return Found(set(people), found, described)
