"""Whether a person is registered, and how long returns waits to hear of it."""

from uuid import UUID

from chassis import patience
from chassis.db import Database
from services.returns.people.models import Person


async def is_registered(database: Database, person_id: UUID, seconds: float) -> bool:
    """Say whether a person is registered; the news of it may be a moment behind the caller."""

    async def known() -> bool:
        async with database.read() as session:
            return await session.get(Person, person_id) is not None

    return await patience.until(known, seconds)
