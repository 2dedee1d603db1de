"""
Whether people are kept under the keys of today, by which doubles and searches find them.

To make all keys of everybody again takes longer than to compare everybody. So only how many there
are is looked at, which tells what was lost, and of some people what they are, which tells that keys
are made otherwise now: then everybody's are.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.db import Database
from chassis.worker import Work
from services.registration.duplicates import candidates, reading
from services.registration.duplicates.models import MatchingKey
from services.registration.duplicates.reading import Page
from services.registration.duplicates.turns import own_turn
from services.registration.searches import names
from services.registration.searches.models import NameKey

ONE_IN = 50
"""Of so many people who follow each other one's keys are made again."""


async def put_right(work: Work, page: Page, keys: Mapping[UUID, int], *, thorough: bool) -> bool:
    """
    Keep the keys of today where others are kept; `keys` is how many there should be of each.

    Returns whether keys are made otherwise now, so that everybody must be looked at thoroughly.
    """
    # The last page is looked at whole: a small register has no other.
    is_last = len(page.people) < reading.READ_AT_ONCE
    some = page.people if thorough or is_last else page.people[::ONE_IN]
    described = {each.id: page.described[each.id] for each in some if each.id in page.described}
    async with work.database.read() as session:
        lost = await _lost(session, page, keys)
        changed = await candidates.found_otherwise(session, described)
        changed |= await names.found_otherwise(session, some)
    if lost or changed:
        async with own_turn(work):
            await keep(work.database, page, lost | changed)
    return bool(changed - lost)


async def _lost(session: AsyncSession, page: Page, keys: Mapping[UUID, int]) -> set[UUID]:
    people = [each.id for each in page.people]
    kept = await _count(session, MatchingKey, people)
    words = await _count(session, NameKey, people)
    return {
        each.id
        for each in page.people
        if kept.get(each.id, 0) != keys.get(each.id, 0)
        or words.get(each.id, 0) != names.count(each)
    }


async def _count(
    session: AsyncSession, table: type[MatchingKey | NameKey], people: Collection[UUID]
) -> dict[UUID, int]:
    person = col(table.person_id)
    statement = select(person, func.count()).where(among(session, person, people))
    return dict((await session.exec(statement.group_by(person))).all())


async def keep(database: Database, page: Page, people: Collection[UUID]) -> None:
    """Keep the keys of today of some people of a page, but of none who is erased meanwhile."""
    async with database.write() as session:
        there = await candidates.unchanged(session, people, page.described)
        await names.keep(session, [each for each in page.people if each.id in there])
        described = {each: page.described[each] for each in there & page.described.keys()}
        await candidates.keep_keys(session, described)
