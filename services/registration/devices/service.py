"""
What becomes of what a device sends: each item as if it had come alone.

Registrations that follow each other are one transaction, for speed; else each item is one of its
own. If one of several breaks, each is taken by itself, so that it leaves the others. A batch that
is cut short goes on where it was when it is sent again: nothing that was done is done twice.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.db import Database
from chassis.gazetteer import PATIENCE_SECONDS
from chassis.problems import Problem, unavailable
from services.registration.devices import answers, feeds, households, occasions, people, rules
from services.registration.devices.models import BatchIn, ItemIn, OutcomeOut
from services.registration.devices.rules import Placed
from services.registration.devices.sender import Device, Done
from services.registration.places.models import GAZETTEER

log = structlog.get_logger()


async def take_in(database: Database, batch: BatchIn, access: Access) -> list[OutcomeOut]:
    """Take a batch in, in its order; 410 when the cursor is none of the caller's."""
    # A batch of which nothing is taken is on record too.
    audit.looking()
    feed_id = None
    if batch.cursor:
        async with database.write() as session:
            feed_id = (await feeds.open_feed(session, access, batch.cursor)).id
    outcomes: list[OutcomeOut] = []
    items: list[Placed] = []
    for position, told in enumerate(batch.items):
        item = rules.read(told)
        if isinstance(item, Problem):
            outcomes.append(rules.rejected(position, rules.id_of(told), item))
        else:
            items.append((position, item))
    pcodes = {place for _, each in items if (place := each.place)}
    nowhere = await GAZETTEER.unknown(database, pcodes, PATIENCE_SECONDS) if pcodes else set()
    device = Device(database, access, feed_id, nowhere)
    for run in rules.runs(items):
        outcomes += await _taken(device, run)
    return sorted(outcomes, key=lambda each: each.position)


async def _taken(device: Device, run: Sequence[Placed]) -> list[OutcomeOut]:
    if len(run) > 1:
        try:
            return await _take(device, run)
        except Exception as error:  # noqa: BLE001 - Which of them broke shows when each is alone.
            log.warning("items_apart", error=type(error).__name__)
    return [await _alone(device, each) for each in run]


async def _alone(device: Device, placed: Placed) -> OutcomeOut:
    position, item = placed
    try:
        try:
            [outcome] = await _take(device, [placed])
        except IntegrityError:
            # Somebody has registered the same in the same moment: now it is known.
            [outcome] = await _take(device, [placed])
    except Problem as problem:
        return rules.rejected(position, item.id, problem)
    except Exception as error:  # noqa: BLE001 - One item that breaks does not stop the others.
        log.error("item_failed", error=type(error).__name__)
        broken = Problem(500, "internal", "Something failed here; it has been logged.")
        if isinstance(error, DBAPIError):
            broken = unavailable("This was not taken; send it again later.")
        return rules.rejected(position, item.id, broken)
    return outcome


async def _take(device: Device, run: Sequence[Placed]) -> list[OutcomeOut]:
    """Take items in one transaction; a problem with one that is alone is raised."""
    async with device.database.write() as session:
        done = await _done(session, device, [item for _, item in run])
        await session.flush()
        outcomes = await answers.to(session, device, run, done)
        if device.feed_id:
            # Whatever the register answered, the device has it; what was rejected says nothing.
            told = zip(done, outcomes, strict=True)
            held = [each for each, outcome in told if outcome.outcome != "rejected"]
            known = [each for each in held if isinstance(each, Done)]
            await feeds.note_answered(session, device.feed_id, known)
        return outcomes


async def _done(
    session: AsyncSession, device: Device, items: Sequence[ItemIn]
) -> list[Done | Problem]:
    first = items[0]
    if first.about == "registration_event":
        return [await occasions.take(session, device, first)]
    items = await occasions.by_our_ids(session, device, items)
    first = items[0]
    if first.registration:
        return await people.register(session, device, items)
    if first.about == "household":
        return [await households.take(session, device, first)]
    return [await people.take(session, device, first)]
