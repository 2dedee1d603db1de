"""All registrations of one person, in whichever copy of the people a service has."""

from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession


async def registrations_of(session: AsyncSession, people: Any, person_id: UUID) -> set[UUID]:
    """
    Return the ids of the registration that goes on, of those merged into it, and so on.

    `people` is the table, with `id` and `merged_into`. Nobody merged has but their own id, known by
    one query.
    """
    known: set[UUID] = {person_id}
    new = {person_id}
    while new:
        ids, into = col(people.id), col(people.merged_into)
        linked = select(ids, into).where(or_(ids.in_(new), into.in_(new)))
        found = {one for row in await session.exec(linked) for one in row if one}
        new = found - known
        known |= new
    return known
