"""Events leave through the service's own database: said in the transaction, sent by the relay."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, func, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import failpoint
from chassis.among import among
from chassis.clock import new_id, now
from chassis.db import Database, Where, before_commit, leave_events, tables_of
from chassis.rows import insert_all
from chassis.tables import OutboxColumns, core_table
from chassis.telemetry import EVENTS_SENT, OUTBOX_UNSENT, current_traceparent
from chassis.wake import rest
from contracts.event import Envelope, Event

log = structlog.get_logger()

EVENTS = "events"
BATCH = 200
POLL_SECONDS, COUNT_SECONDS = 1.0, 5.0
GATHER_SECONDS = 0.1
"""So long the relay rests after a round, so that under load a round takes several along."""
LONGEST_PAUSE = 5.0
BACK_OFF = (
    timedelta(seconds=1),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
)
KEEP_SENT = timedelta(days=7)
"""How long a sent event stays, so that a lost queue can be filled again."""


class BusDown(Exception):  # noqa: N818 - It is a state, and the relay waits for its end.
    """The bus cannot be reached at the moment; nothing is wrong with the message."""


class Undelivered(Exception):  # noqa: N818 - It is a state, and the relay waits for its end.
    """The bus was reached, but nobody has taken this message yet; others may go ahead."""


class Publisher(Protocol):
    at_once: int
    """How many messages, of different subjects, the relay publishes at the same time."""

    async def publish(self, type: str, body: bytes, attempt: int) -> None:  # noqa: A002 - CloudEvents calls it type.
        """Return when the message is safe with the bus; raise BusDown or Undelivered."""


def publish(session: AsyncSession, event: Event, *, subject: str, sequence: int) -> UUID:
    """Say what happened, in the transaction in which it happened; return the event's id."""
    row = row_of(session, event, subject=subject, sequence=sequence)
    publish_all(session, [row])
    id_: UUID = row["id"]
    return id_


def row_of(where: Where, event: Event, *, subject: str, sequence: int) -> dict[str, Any]:
    """Return an event as the outbox keeps it, to be published when it happens."""
    envelope = Envelope(
        id=new_id(),
        source=f"/{tables_of(where).source}",
        type=event.type,
        subject=subject,
        time=now(),
        dataschema=f"/contracts/{event.type}.json",
        sequence=sequence,
        traceparent=current_traceparent(),
        data=event.model_dump(mode="json"),
    )
    return {
        "id": envelope.id,
        "type": envelope.type,
        "subject": subject,
        "body": envelope.model_dump_json(exclude_none=True),
        "created_at": envelope.time,
        "attempts": 0,
    }


def publish_all(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Publish events in the transaction in which they happen, in their order."""
    if not rows:
        return
    if EVENTS not in session.info:
        session.info[EVENTS] = []
        before_commit(session, _write_events)
    session.info[EVENTS].extend(rows)
    leave_events(session)


async def _write_events(session: AsyncSession) -> None:
    await insert_all(session, tables_of(session).outbox, session.info.pop(EVENTS))


async def relay(
    database: Database, bus: Publisher, back_off: Sequence[timedelta] = BACK_OFF
) -> int:
    """
    Send one batch of waiting events and return how many left.

    A crash between sending and marking sends again, which the reader's inbox absorbs; so
    nothing is lost and nothing takes effect twice.
    """
    if database.is_sqlite:
        # SQLite has one relay, and its write lock must not be held while readers take effect.
        async with database.glance() as session:
            rows = await _waiting(session)
        outcome = await _send(rows, bus)
        if rows:
            async with database.write() as session:
                await _mark(session, outcome, back_off)
    else:
        async with database.write(aside=True) as session:
            rows = await _waiting(session)
            outcome = await _send(rows, bus)
            await _mark(session, outcome, back_off)
    for row in outcome.sent:
        EVENTS_SENT.labels(database.tables.source, row.type).inc()
    if outcome.bus_down:
        raise outcome.bus_down
    return len(outcome.sent)


class Waiting(NamedTuple):
    """Of an event that waits, what the relay needs."""

    id: UUID
    type: str
    subject: str
    body: str
    attempts: int


class _Outcome:
    def __init__(self) -> None:
        self.sent: list[Waiting] = []
        self.undelivered: list[Waiting] = []
        self.bus_down: BusDown | None = None


async def _waiting(session: AsyncSession) -> Sequence[Waiting]:
    found = await session.exec(_to_send(tables_of(session).outbox), params={"now": now()})
    return [Waiting(*row) for row in found.all()]


@cache
def _to_send(outbox: type[OutboxColumns]) -> Any:
    table = core_table(outbox)
    now = bindparam("now", type_=table.c.not_before.type)
    # Waiting rows are found by not being sent, never by id: rows commit out of id order.
    return (
        select(*(table.c[name] for name in Waiting._fields))
        .where(
            table.c.sent_at.is_(None),
            or_(table.c.not_before.is_(None), table.c.not_before <= now),
        )
        .order_by(table.c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )


async def _send(rows: Sequence[Waiting], bus: Publisher) -> _Outcome:
    outcome = _Outcome()
    held: set[str] = set()
    for begin in range(0, len(rows), bus.at_once):
        subjects: dict[str, list[Waiting]] = {}
        for row in rows[begin : begin + bus.at_once]:
            subjects.setdefault(row.subject, []).append(row)
        async with asyncio.TaskGroup() as group:
            for of_one in subjects.values():
                group.create_task(_send_in_order(of_one, bus, outcome, held))
        if outcome.bus_down:
            break
    return outcome


async def _send_in_order(
    rows: Sequence[Waiting], bus: Publisher, outcome: _Outcome, held: set[str]
) -> None:
    for row in rows:
        if row.subject in held or outcome.bus_down:
            return
        try:
            await bus.publish(row.type, row.body.encode(), row.attempts)
        except Undelivered as error:
            log.warning("event_undelivered", type=row.type, id=str(row.id), reason=str(error))
            outcome.undelivered.append(row)
            # Later facts about the same subject wait, so that they stay in order.
            held.add(row.subject)
        except BusDown as error:
            outcome.bus_down = error
        else:
            failpoint.reach("relay.after_confirm_before_mark")
            outcome.sent.append(row)


async def _mark(session: AsyncSession, outcome: _Outcome, back_off: Sequence[timedelta]) -> None:
    outbox = tables_of(session).outbox
    if outcome.sent:
        sent = [row.id for row in outcome.sent]
        table = core_table(outbox)
        done = update(table).where(among(session, table.c.id, sent)).values(sent_at=now())
        await session.exec(done)
    for row in outcome.undelivered:
        wait = back_off[min(row.attempts, len(back_off) - 1)]
        await session.exec(
            update(outbox)
            .where(col(outbox.id) == row.id)
            .values(attempts=row.attempts + 1, not_before=now() + wait)
        )


async def run_relay(
    database: Database,
    bus: Publisher,
    stopping: asyncio.Event,
    back_off: Sequence[timedelta] = BACK_OFF,
) -> None:
    """Send until told to stop: at once after a commit here, and each second for other processes."""
    bell = database.events_left.bell()
    pause, counted = POLL_SECONDS, 0.0
    # Who asks first does not wait beside a look at what an earlier process may have left.
    await bell.wait(pause)
    mark: int | None = None
    while not stopping.is_set():
        try:
            if not database.is_still(mark):
                before, mark = database.mark(), None
                sent = await relay(database, bus, back_off)
                pause = POLL_SECONDS
                if sent == BATCH:
                    continue
                if sent:
                    await rest(stopping, GATHER_SECONDS)
                # The bell rings with each write; a gauge that is read each few seconds need not.
                if time.monotonic() >= counted + COUNT_SECONDS:
                    counted = time.monotonic()
                    # What was not taken is tried again in a while, whether anything is written.
                    mark = None if await _count_unsent(database) else before
        except BusDown as error:
            log.warning("bus_down", service=database.tables.source, reason=str(error))
            # The bell rings with each write; a bus that is down must not be tried at each.
            await rest(stopping, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        except Exception as error:  # noqa: BLE001 - The relay must outlive any failure of the database.
            log.error("relay_failed", service=database.tables.source, error=type(error).__name__)
        await bell.wait(pause)


async def _count_unsent(database: Database) -> int:
    left = await unsent(database)
    OUTBOX_UNSENT.labels(database.tables.source).set(left)
    return left


async def unsent(database: Database) -> int:
    outbox = database.tables.outbox
    async with database.glance() as session:
        statement = select(func.count()).select_from(outbox).where(col(outbox.sent_at).is_(None))
        return (await session.exec(statement)).one()


async def forget(database: Database) -> None:
    """Drop the events that were sent longer ago than KEEP_SENT."""
    outbox = database.tables.outbox
    async with database.write() as session:
        await session.exec(delete(outbox).where(col(outbox.sent_at) < now() - KEEP_SENT))
