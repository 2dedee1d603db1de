"""
What a device is told next: how its copies differ from what its user may carry now.

Nothing is read from a log of changes: whoever is not on the device as they are in the register is
sent, whenever their transaction was committed. So nobody is missed, and who leaves the scope by no
change of their record, because a day is over or a role ended, is told of like all others.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, false, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access, Clause, ground
from chassis.clock import now
from chassis.db import Database, insert_unless_there, put_all
from chassis.policy import LIST
from chassis.problems import Problem
from chassis.views import View
from services.registration.consents import service as consents
from services.registration.devices.models import ChangeOut, ChangesOut, DeviceCopy, DeviceFeed
from services.registration.persons import service as persons
from services.registration.persons.models import SCOPING, Person

CARRIED = frozenset({"own", "mine", "asg"})
"""Whom a device carries: its user's own, and never all that they could look up at the office."""
KEPT_FOR = timedelta(days=30)
SECONDS = 3600.0
"""How often it is looked whether a feed has not been asked for since."""


async def open_feed(session: AsyncSession, access: Access, cursor: str | None) -> DeviceFeed:
    """Return a new feed, or the one of the cursor, locked; 410 when it is none of the caller's."""
    if cursor is None:
        feed = DeviceFeed(caller=access.caller.id, organisation=access.caller.organisation)
        session.add(feed)
        await session.flush()
        return feed
    feed_id, _, page = cursor.partition(".")
    statement = select(DeviceFeed).where(
        col(DeviceFeed.id) == UUID(feed_id),
        col(DeviceFeed.caller) == access.caller.id,
        col(DeviceFeed.organisation) == access.caller.organisation,
    )
    known = (await session.exec(statement.with_for_update())).one_or_none()
    if known is None or int(page) not in {known.page, known.acknowledged}:
        detail = "Delete what the device holds, and ask again without a cursor."
        raise Problem(410, "cursor-expired", detail)
    return known


async def next_page(
    session: AsyncSession, access: Access, cursor: str | None, limit: int
) -> ChangesOut:
    """Return what the device of a cursor lacks, and remember that it was told."""
    feed = await open_feed(session, access, cursor)
    if cursor:
        await _acknowledge(session, feed, int(cursor.partition(".")[2]))
    feed.page += 1
    feed.asked_at = now()
    session.add(feed)
    carried = _carried(access)
    gone = await _gone(session, feed, carried, limit + 1)
    view = View(access, persons.SHAPE, SCOPING)
    found = await _changed(session, feed, view, carried, limit + 1 - len(gone))
    more = len(gone) + len(found) > limit
    gone, found = gone[:limit], found[: max(limit - len(gone), 0)]
    copies = [_copy(feed, person_id, 0, 0, gone=True) for person_id in gone]
    copies += [_copy(feed, person.id, person.version, bits) for person, bits in found]
    await put_all(session, DeviceCopy, copies)
    if gone:
        audit.note(session, access.caller, "end", "device", gone)
    shown = await persons.shown(session, view, found)
    items = [ChangeOut(id=person_id, client_id=None, person=None) for person_id in gone]
    items += [
        ChangeOut(id=person.id, client_id=person.client_id, person=out)
        for (person, _), out in zip(found, shown, strict=True)
    ]
    return ChangesOut(items=items, next_cursor=f"{feed.id}.{feed.page}", more=more)


async def _acknowledge(session: AsyncSession, feed: DeviceFeed, page: int) -> None:
    """
    Take it that the device has all until a page, and may or may not have what came after.

    What it has deleted is forgotten. What it may have missed counts as any copy: it is sent again,
    or told to be deleted.
    """
    feed.acknowledged = page
    mine = col(DeviceCopy.feed_id) == feed.id
    await session.exec(
        delete(DeviceCopy).where(mine, col(DeviceCopy.gone), col(DeviceCopy.page) <= page)
    )
    await session.exec(
        update(DeviceCopy)
        .where(mine, col(DeviceCopy.page) > page)
        .values(version=0, gone=False, page=page)
    )


def _carried(access: Access) -> Clause:
    """
    Return whom the caller's device carries: theirs by reasons that mask nothing.

    Nobody who said no to the mission, whose registration goes on as another, or of another
    organisation.
    """
    reasons = [
        ground(each)
        for each in access.allowances("person", "R")
        if each.qualifier.scope in CARRIED and not each.qualifier.limit
    ]
    return and_(
        or_(false(), *(access.holds(each, SCOPING) for each in dict.fromkeys(reasons))),
        # What is closed to the caller is closed here too.
        access.rows(SCOPING, "person", LIST),
        col(Person.organisation) == access.caller.organisation,
        col(Person.merged_into).is_(None),
        ~consents.said_no(col(Person.id)),
    )


async def _gone(session: AsyncSession, feed: DeviceFeed, carried: Clause, most: int) -> list[UUID]:
    statement = select(DeviceCopy.person_id).where(
        col(DeviceCopy.feed_id) == feed.id,
        ~col(DeviceCopy.gone),
        ~exists().where(col(Person.id) == col(DeviceCopy.person_id), carried),
    )
    found = await session.exec(statement.order_by(col(DeviceCopy.person_id)).limit(most))
    return list(found.all())


async def _changed(
    session: AsyncSession, feed: DeviceFeed, view: View, carried: Clause, most: int
) -> Sequence[tuple[Person, int]]:
    is_there = exists().where(
        col(DeviceCopy.feed_id) == feed.id,
        col(DeviceCopy.person_id) == col(Person.id),
        col(DeviceCopy.version) == col(Person.version),
        col(DeviceCopy.standing) == view.standing.element,
        ~col(DeviceCopy.gone),
    )
    statement = select(Person, view.standing).where(carried, ~is_there)
    return (await session.exec(statement.order_by(col(Person.id)).limit(max(most, 0)))).all()


def _copy(
    feed: DeviceFeed, person_id: UUID, version: int, standing: int, *, gone: bool = False
) -> dict[str, Any]:
    return DeviceCopy(
        feed_id=feed.id,
        person_id=person_id,
        version=version,
        standing=standing,
        page=feed.page,
        gone=gone,
    ).model_dump()


async def note_sent(session: AsyncSession, feed_id: UUID, person_id: UUID) -> None:
    """Know that a device holds a person because it was the one that sent them."""
    copy = DeviceCopy(feed_id=feed_id, person_id=person_id)
    await insert_unless_there(session, DeviceCopy, copy.model_dump())


async def forget(database: Database) -> None:
    """Drop the feeds that no device has asked for since KEPT_FOR; it begins anew then."""
    idle = select(DeviceFeed.id).where(col(DeviceFeed.asked_at) < now() - KEPT_FOR)
    async with database.write() as session:
        await session.exec(delete(DeviceCopy).where(col(DeviceCopy.feed_id).in_(idle)))
        await session.exec(delete(DeviceFeed).where(col(DeviceFeed.asked_at) < now() - KEPT_FOR))
