"""Everybody in the register, read page by page to be compared with each other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import Database
from services.registration.duplicates import candidates
from services.registration.duplicates.candidates import Described
from services.registration.honey.models import HoneyRecord
from services.registration.persons import describing
from services.registration.persons.models import Person

WAITS = col(Person.matched_version) < col(Person.version)
"""Who was not looked for yet, or not since they were corrected."""
READ_AT_ONCE = 500
"""So few that nobody who waits for an answer notices how long it takes to read them."""


class Page(NamedTuple):
    """Some people who follow each other in the register, and by what they are compared."""

    people: Sequence[Any]
    described: Mapping[UUID, Described]


async def pages(database: Database) -> AsyncIterator[Page]:
    """Yield all people in the order of their ids, those who come meanwhile as well."""
    last: UUID | None = None
    while True:
        async with database.read() as session:
            people = await describing.after(session, last, READ_AT_ONCE)
            if not people:
                return
            last = people[-1].id
            real = await who_exist(session, people)
            page = Page(people, await candidates.described(session, real))
        # While SQLite is read, all that is written meanwhile stays beside its file.
        yield page


async def who_exist(session: AsyncSession, people: Sequence[Any]) -> list[Any]:
    """Leave out who was planted: as somebody's double, a reviewer had a reason to open them."""
    ids = [person.id for person in people]
    statement = select(HoneyRecord.person_id).where(col(HoneyRecord.person_id).in_(ids))
    planted = set((await session.exec(statement)).all())
    return [person for person in people if person.id not in planted]
