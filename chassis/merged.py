"""All registrations of one person, in whichever copy of the people a service has."""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession


async def registrations_of(session: AsyncSession, people: Any, person_id: UUID) -> set[UUID]:
    """
    Return the ids of the registration that goes on, of those merged into it, and so on.

    `people` is the table, with `id` and `merged_into`. Nobody merged has but their own id, known by
    one query.
    """
    return await registrations_of_all(session, people, {person_id})


async def registrations_of_all(
    session: AsyncSession, people: Any, ids: Collection[UUID]
) -> set[UUID]:
    """Return the same of several, all together."""
    known, new = set(ids), set(ids)
    while new:
        linked = await session.exec(_linked(people), params={"ids": list(new)})
        found = {one for row in linked for one in row if one}
        new = found - known
        known |= new
    return known


@cache
def _linked(people: Any) -> Any:
    # Every new entitlement asks it: it is put together once.
    ids, into = col(people.id), col(people.merged_into)
    these: Any = bindparam("ids", expanding=True)
    return select(ids, into).where(or_(ids.in_(these), into.in_(these)))


async def merged_into(session: AsyncSession, people: Any, ids: Collection[UUID]) -> set[UUID]:
    """Return those of these registrations into which another one is merged."""
    found = await session.exec(_into(people), params={"ids": list(ids)})
    return set(found.all())


@cache
def _into(people: Any) -> Any:
    # Every new entitlement asks it: it is put together once.
    into = col(people.merged_into)
    return select(into).where(into.in_(bindparam("ids", expanding=True)))


async def registrations_here(session: AsyncSession, people: Any, person_id: UUID) -> set[UUID]:
    """
    Return those of them that the same organisation keeps.

    What another one keeps of the person is not this one's to show, to change or to erase. `people`
    has `organisation` too.
    """
    found = await registrations_of(session, people, person_id)
    if len(found) == 1:
        return found
    own = aliased(people)
    same = select(col(people.id)).join(own, col(own.organisation) == col(people.organisation))
    theirs = same.where(col(own.id) == person_id, col(people.id).in_(found))
    return {person_id, *(await session.exec(theirs)).all()}
