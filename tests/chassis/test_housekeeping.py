"""What a service keeps for a while only is dropped when its time is over, and not before."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import select

from chassis import inbox
from chassis.clock import new_id, now
from services.registration.main import SERVICE
from tests.conftest import Start


async def test_ids_of_events_are_remembered_for_thirty_days(start: Start) -> None:
    running = await start(SERVICE)
    table = SERVICE.tables.inbox
    past = {days: new_id() for days in (29, 31)}
    async with running.database.write() as session:
        session.add_all(
            table(event_id=event, received_at=now() - timedelta(days=days))
            for days, event in past.items()
        )

    await inbox.forget(running.database)

    async with running.database.read() as session:
        kept: list[UUID] = [row.event_id for row in (await session.exec(select(table))).all()]
    assert kept == [past[29]]
