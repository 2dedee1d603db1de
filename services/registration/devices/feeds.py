"""
What a device is told next: how its copies differ from what its user may carry now.

Nothing is read from a log of changes: whoever is not on the device as they are in the register is
sent, whenever their transaction was committed. So nobody is missed, and who leaves the scope by no
change of their record, because a day is over or a role ended, is told of like all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, true, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem
from chassis.rows import insert_unless_there, new_row, put_all
from chassis.scoping import Clause
from services.registration.devices import carrying
from services.registration.devices.carrying import Carried
from services.registration.devices.models import ChangeOut, ChangesOut, DeviceFeed
from services.registration.devices.sender import Done

KEPT_FOR = timedelta(days=30)
AS_TOLD = {"synchronize_session": False}
"""No object of these rows is at hand that would have to be told of a change."""
FEW = 2000
"""So many copies a device may hold for which it is looked each time whether their end is due."""
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

    First what it has to delete, then people, then the households that they are in. Where there is
    more than one answer has room for, the next goes on where it ended. All is looked at with the
    last one: who was passed by has perhaps changed since.
    """
    feed = await open_feed(session, access, cursor)
    kinds = carrying.kinds(access)
    if cursor:
        await _acknowledge(session, feed, int(cursor.partition(".")[2]), kinds)
    feed.page += 1
    feed.asked_at = now()
    session.add(feed)
    answer = Answer(session, feed, access, limit)
    passed = {kind: _reached(feed, kind) for kind in kinds}
    goes_on = any(passed.values())
    ends_first = not goes_on or await _holds_few(session, feed, kinds)
    if ends_first:
        await answer.tell_of_ends(kinds)
    for kind in kinds:
        await answer.tell_of_those_after(passed[kind], kind)
    if goes_on and not answer.more:
        if not ends_first:
            await answer.tell_of_ends(kinds)
        for kind in kinds:
            await answer.tell_of_those_until(passed[kind], kind)
        _begin_anew(feed, kinds)
    if not answer.more:
        _begin_anew(feed, kinds)
    next_cursor = f"{feed.id}.{feed.page}"
    return ChangesOut(items=answer.items, next_cursor=next_cursor, more=answer.more)


def _reached(feed: DeviceFeed, kind: Carried) -> UUID | None:
    reached: UUID | None = getattr(feed, f"{kind.about}_reached")
    return reached


def _begin_anew(feed: DeviceFeed, kinds: Sequence[Carried]) -> None:
    for kind in kinds:
        setattr(feed, f"{kind.about}_reached", None)


async def _holds_few(session: AsyncSession, feed: DeviceFeed, kinds: Sequence[Carried]) -> bool:
    """Say whether it takes no time to look with each answer for what a device has to delete."""
    for kind in kinds:
        held = select(kind.held).where(col(kind.copies.feed_id) == feed.id).order_by(kind.held)
        if (await session.exec(held.offset(FEW).limit(1))).first():
            return False
    return True


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
        await session.exec(done, execution_options=AS_TOLD)
        if page < feed.page:
            missed = update(table).where(mine, col(table.page) > page)
            again = missed.values(version=0, gone=False, page=page)
            await session.exec(again, execution_options=AS_TOLD)
    if page < feed.page:
        _begin_anew(feed, kinds)


@dataclass
class Answer:
    """What a device is told at once, and whether there is more than it has room for."""

    session: AsyncSession
    feed: DeviceFeed
    access: Access
    limit: int
    items: list[ChangeOut] = field(default_factory=list)
    more: bool = False

    @property
    def _room(self) -> int:
        return self.limit - len(self.items)

    @property
    def _is_full(self) -> bool:
        """Whether nothing that is found can change it."""
        return self.more and not self._room

    async def tell_of_ends(self, kinds: Sequence[Carried]) -> None:
        """Tell what the device has to delete."""
        for kind in kinds:
            if not self._is_full:
                await self._tell_of_ends(kind)

    async def _tell_of_ends(self, kind: Carried) -> None:
        row = col(kind.table.id)
        statement = select(kind.held).where(
            col(kind.copies.feed_id) == self.feed.id,
            ~col(kind.copies.gone),
            ~exists().where(row == kind.held, kind.clause),
        )
        room = self._room
        found = (await self.session.exec(statement.order_by(kind.held).limit(room + 1))).all()
        gone = found[:room]
        await _keep(self.session, self.feed, kind, [(id_, 0, 0) for id_ in gone], gone=True)
        if gone:
            audit.note(self.session, self.access.caller, "end", "device", gone)
        self.items += [ChangeOut(kind=kind.about, id=id_, client_id=None) for id_ in gone]
        self.more |= len(found) > room

    async def tell_of_those_after(self, passed: UUID | None, kind: Carried) -> None:
        """Tell what the device lacks, of whom comes after those who were passed already."""
        if self._is_full:
            return
        row = col(kind.table.id)
        sent = await self._tell_of_changes(kind, row > passed if passed else true())
        if sent:
            setattr(self.feed, f"{kind.about}_reached", sent[-1])

    async def tell_of_those_until(self, passed: UUID | None, kind: Carried) -> None:
        """Tell what the device lacks of those who were passed: what has changed since."""
        if passed and not self._is_full:
            await self._tell_of_changes(kind, col(kind.table.id) <= passed)

    async def _tell_of_changes(self, kind: Carried, those: Clause) -> list[UUID]:
        row = col(kind.table.id)
        standing = kind.view.standing
        is_there = exists().where(
            col(kind.copies.feed_id) == self.feed.id,
            kind.held == row,
            col(kind.copies.version) == col(kind.table.version),
            col(kind.copies.standing) == standing.element,
            ~col(kind.copies.gone),
        )
        statement = select(kind.table, standing).where(those, kind.clause, ~is_there)
        room = self._room
        found = (await self.session.exec(statement.order_by(row).limit(room + 1))).all()
        sent = found[:room]
        told = [(each.id, each.version, bits) for each, bits in sent]
        await _keep(self.session, self.feed, kind, told)
        shown = await kind.show(self.session, kind.view, sent, self.access)
        self.items += [
            ChangeOut.model_validate(
                {"kind": kind.about, "id": each.id, "client_id": each.client_id, kind.about: out}
            )
            for (each, _), out in zip(sent, shown, strict=True)
        ]
        self.more |= len(found) > room
        return [each.id for each, _ in sent]


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


async def note_answered(session: AsyncSession, feed_id: UUID, done: Sequence[Done]) -> None:
    """Know that a device holds what it was answered, though it had to delete that before."""
    for each in done:
        if each.about == "registration_event":
            # What a device was used at, it keeps; it is not told of others'.
            continue
        table, name = carrying.COPIES[each.about]
        copy = new_row(table, feed_id=feed_id, **{name: each.id})
        await insert_unless_there(session, table, copy)
        deleted = update(table).where(
            col(table.feed_id) == feed_id, col(getattr(table, name)) == each.id, col(table.gone)
        )
        await session.exec(deleted.values(version=0, gone=False), execution_options=AS_TOLD)


async def forget(database: Database) -> None:
    """Drop the feeds that no device has asked for since KEPT_FOR; it begins anew then."""
    is_idle = col(DeviceFeed.asked_at) < now() - KEPT_FOR
    idle = select(DeviceFeed.id).where(is_idle)
    async with database.write() as session:
        for table, _ in carrying.COPIES.values():
            await session.exec(delete(table).where(col(table.feed_id).in_(idle)))
        await session.exec(delete(DeviceFeed).where(is_idle))
