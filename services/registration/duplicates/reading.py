"""Everybody in the register, read page by page to be compared with each other."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chassis.db import Database
from services.registration.duplicates import candidates, search
from services.registration.duplicates.candidates import Described
from services.registration.persons import describing

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
            real = await search.who_exist(session, people)
            yield Page(people, await candidates.described(session, real))
