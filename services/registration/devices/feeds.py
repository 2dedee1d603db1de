"""
What a device is told next: how its copies differ from what its user may carry now.

Nothing is read from a log of changes: whoever is not on the device as they are in the register is
sent, whenever their transaction was committed. So nobody is missed, and who leaves the scope by no
change of their record, because a day is over or a role ended, is told of like all others.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem
from chassis.rows import insert_unless_there, new_row, put_all
from services.registration.devices import carrying
from services.registration.devices.carrying import Carried
from services.registration.devices.models import ChangeOut, ChangesOut, DeviceFeed
from services.registration.devices.sender import Done

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
    """
    Return what the device of a cursor lacks, and remember that it was told.

    First what it has to delete, then people, then the households that they are in.
    """
    feed = await open_feed(session, access, cursor)
    kinds = carrying.kinds(access)
    if cursor:
        await _acknowledge(session, feed, int(cursor.partition(".")[2]), kinds)
    feed.page += 1
    feed.asked_at = now()
    session.add(feed)
    items: list[ChangeOut] = []
    more = False
    for tell in (_tell_of_ends, _tell_of_changes):
        for kind in kinds:
            told, waits = await tell(session, feed, kind, access, limit - len(items))
            items += told
            more |= waits
    return ChangesOut(items=items, next_cursor=f"{feed.id}.{feed.page}", more=more)


async def _acknowledge(
    session: AsyncSession, feed: DeviceFeed, page: int, kinds: Sequence[Carried]
) -> None:
    """
    Take it that the device has all until a page, and may or may not have what came after.

    What it has deleted is forgotten. What it may have missed counts as any copy: it is sent again,
    or told to be deleted.
    """
    feed.acknowledged = page
    for table in (kind.copies for kind in kinds):
        mine = col(table.feed_id) == feed.id
        done = delete(table).where(mine, col(table.gone), col(table.page) <= page)
        await session.exec(done)
        missed = update(table).where(mine, col(table.page) > page)
        await session.exec(missed.values(version=0, gone=False, page=page))


async def _tell_of_ends(
    session: AsyncSession, feed: DeviceFeed, kind: Carried, access: Access, most: int
) -> tuple[list[ChangeOut], bool]:
    """Return what a device has to delete, at most so many, and whether there is more."""
    row = col(kind.table.id)
    statement = select(kind.held).where(
        col(kind.copies.feed_id) == feed.id,
        ~col(kind.copies.gone),
        ~exists().where(row == kind.held, kind.clause),
    )
    found = (await session.exec(statement.order_by(kind.held).limit(most + 1))).all()
    gone = found[:most]
    await _keep(session, feed, kind, [(id_, 0, 0) for id_ in gone], gone=True)
    if gone:
        audit.note(session, access.caller, "end", "device", gone)
    items = [ChangeOut(kind=kind.about, id=id_, client_id=None) for id_ in gone]
    return items, len(found) > most


async def _tell_of_changes(
    session: AsyncSession, feed: DeviceFeed, kind: Carried, access: Access, most: int
) -> tuple[list[ChangeOut], bool]:
    """Return what a device lacks, at most so much, and whether there is more."""
    row = col(kind.table.id)
    standing = kind.view.standing
    is_there = exists().where(
        col(kind.copies.feed_id) == feed.id,
        kind.held == row,
        col(kind.copies.version) == col(kind.table.version),
        col(kind.copies.standing) == standing.element,
        ~col(kind.copies.gone),
    )
    statement = select(kind.table, standing).where(kind.clause, ~is_there)
    found = (await session.exec(statement.order_by(row).limit(most + 1))).all()
    sent = found[:most]
    await _keep(session, feed, kind, [(each.id, each.version, bits) for each, bits in sent])
    shown = await kind.show(session, kind.view, sent, access)
    items = [
        ChangeOut.model_validate(
            {"kind": kind.about, "id": each.id, "client_id": each.client_id, kind.about: out}
        )
        for (each, _), out in zip(sent, shown, strict=True)
    ]
    return items, len(found) > most


async def _keep(
    session: AsyncSession,
    feed: DeviceFeed,
    kind: Carried,
    told: Sequence[tuple[UUID, int, int]],
    *,
    gone: bool = False,
) -> None:
    """Remember what a device was told: of what, which version, and how its user stood to it."""
    copies = [
        new_row(
            kind.copies,
            feed_id=feed.id,
            **{kind.held.key: id_, "version": version, "standing": standing},
            page=feed.page,
            gone=gone,
        )
        for id_, version, standing in told
    ]
    await put_all(session, kind.copies, copies)


async def note_sent(session: AsyncSession, feed_id: UUID, done: Sequence[Done]) -> None:
    """Know that a device holds what it was the one to send."""
    for each in done:
        if each.about == "registration_event":
            # What a device was used at, it keeps; it is not told of others'.
            continue
        table, name = carrying.COPIES[each.about]
        copy = new_row(table, feed_id=feed_id, **{name: each.id})
        await insert_unless_there(session, table, copy)


async def forget(database: Database) -> None:
    """Drop the feeds that no device has asked for since KEPT_FOR; it begins anew then."""
    is_idle = col(DeviceFeed.asked_at) < now() - KEPT_FOR
    idle = select(DeviceFeed.id).where(is_idle)
    async with database.write() as session:
        for table, _ in carrying.COPIES.values():
            await session.exec(delete(table).where(col(table.feed_id).in_(idle)))
        await session.exec(delete(DeviceFeed).where(is_idle))
