"""What becomes of messages that come: new ones take effect, and others are only noted."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import tombstones
from chassis.clock import now
from chassis.db import tables_of
from chassis.rows import note_new, put_newer
from chassis.tables import InboxColumns, PositionColumns, TombstoneColumns, core_table
from chassis.turns import take_all_turns
from contracts.event import Envelope, Event

HANDLED, COUNTER = "handled", "sequence"


class News(NamedTuple):
    """A message that was read."""

    envelope: Envelope
    event: Event

    @property
    def key(self) -> tuple[UUID]:
        return (self.envelope.id,)

    @property
    def place(self) -> tuple[str, str]:
        return self.envelope.type, self.envelope.subject

    @property
    def note(self) -> dict[str, Any]:
        return {"event_id": self.envelope.id, "received_at": now()}

    @property
    def position(self) -> dict[str, Any]:
        told = self.envelope
        return {"type": told.type, "subject": told.subject, COUNTER: told.sequence}


async def sifted(session: AsyncSession, news: Sequence[News]) -> list[str]:
    """
    Note that messages of one type about different subjects came, and say what becomes of each.

    "handled": it takes effect; "duplicate": it came before; "passed": a later one did; "erased": it
    is about somebody who is forgotten. Nobody of the others will be, and no other message about
    them takes effect, until the transaction ends.
    """
    if session.get_bind().dialect.name == "postgresql":
        return await _sifted_at_once(session, news)
    tables = tables_of(session)
    new = await note_new(session, tables.inbox, [each.note for each in news])
    positions = [each.position for each in news if each.key in new]
    ahead = await put_newer(session, tables.position, positions, COUNTER)
    people = [each.event.people() for each in news if each.place in ahead]
    erased = await tombstones.erased(session, set().union(*people))
    return [
        _outcome(each.key in new, each.place in ahead, bool(erased & each.event.people()))
        for each in news
    ]


def _outcome(new: bool, ahead: bool, erased: bool) -> str:
    if not new:
        return "duplicate"
    if not ahead:
        return "passed"
    return "erased" if erased else HANDLED


async def _sifted_at_once(session: AsyncSession, news: Sequence[News]) -> list[str]:
    """Sift messages in two statements: on PostgreSQL each is a trip away."""
    people: set[UUID] = set().union(*(each.event.people() for each in news))
    if people:
        # Handlers read what is known of a person before they write it. Two that do so in the same
        # moment, in whatever process, would each miss what the other one writes.
        alone = [f"event about {each}" for each in people]
        await take_all_turns(session, alone, shared=tombstones.ERASING)
    marks = {tombstones.mark(session, tombstones.SUBJECT, str(each)): each for each in people}
    tables = tables_of(session)
    statement = _at_once(tables.inbox, tables.position, tables.tombstone)
    told = {name: [each.position[name] for each in news] for name in news[0].position}
    told |= {"event_id": [each.envelope.id for each in news], "mark": list(marks)}
    found = (await session.exec(statement, params={**told, "received_at": now()})).one()
    noted, ahead, raised = (set(each or ()) for each in found)
    erased = {marks[each] for each in raised}
    return [
        _outcome(
            each.envelope.id in noted,
            each.envelope.subject in ahead,
            bool(erased & each.event.people()),
        )
        for each in news
    ]


@cache
def _at_once(
    inbox: type[InboxColumns], position: type[PositionColumns], tombstone: type[TombstoneColumns]
) -> Any:
    note, place, mark = core_table(inbox), core_table(position), core_table(tombstone).c.mark
    names = ["type", "subject", COUNTER]
    columns = [note.c.event_id, *(place.c[each] for each in names)]
    arrays = func.unnest(*map(_all_told, columns))
    listed = arrays.table_valued(*(column(each.name, each.type) for each in columns), name="told")
    told = listed.render_derived()
    received = bindparam("received_at", type_=note.c.received_at.type)
    added = insert(note).from_select(["event_id", "received_at"], select(told.c.event_id, received))
    noted = added.on_conflict_do_nothing().returning(note.c.event_id).cte("noted")
    new = told.join(noted, noted.c.event_id == told.c.event_id)
    put = insert(place).from_select(
        names, select(*(told.c[each] for each in names)).select_from(new)
    )
    newer = put.on_conflict_do_update(
        index_elements=["type", "subject"],
        set_={COUNTER: put.excluded[COUNTER]},
        where=place.c[COUNTER] < put.excluded[COUNTER],
    )
    ahead = newer.returning(place.c.subject).cte("ahead")
    raised = select(mark).where(mark == any_(_all_told(mark)))
    return select(
        *(func.array(each.scalar_subquery()) for each in (select(noted), select(ahead), raised))
    )


def _all_told(column: Any) -> Any:
    return bindparam(column.name, type_=ARRAY(column.type))
