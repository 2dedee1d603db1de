"""Events enter once, however often and in whatever order they are delivered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import failpoint, tombstones
from chassis.clock import now
from chassis.db import Database, insert_unless_there, put_newer, take_turns
from chassis.telemetry import EVENTS_RECEIVED, follow
from contracts.event import Envelope, Event

log = structlog.get_logger()

# A handler takes the session and one class of event; the table pairs them, so the class is known.
Handler = Callable[[AsyncSession, Any], Awaitable[None]]
Subscriptions = Mapping[type[Event], Handler]

MOST_ATTEMPTS = 5
"""After so many failures a message is kept as a dead letter and no longer tried."""


REMEMBERED = timedelta(days=30)
"""Four times as long as an outbox keeps what it sent: nothing is delivered again so late."""


class Malformed(Exception):  # noqa: N818 - It names the message, not a mishap of ours.
    """The message is not an envelope, or its data do not fit its contract; it never will."""


@dataclass(frozen=True)
class Consumer:
    """One service's reading side: where its events take effect, and which function does it."""

    name: str
    database: Database
    subscriptions: Subscriptions

    @property
    def types(self) -> set[str]:
        return {event.type for event in self.subscriptions}

    async def receive(self, body: bytes) -> None:
        """Let a message take effect, in one transaction with the note that it did."""
        envelope, event = _read(body)
        handler = self.subscriptions.get(type(event)) if event else None
        if event is None or handler is None:
            self._count(envelope.type, "ignored")
            return

        async def effect(session: AsyncSession) -> str:
            # The task may be that of another message, whose trace this one must not get.
            follow(envelope.traceparent)
            outcome = await self._take(session, envelope)
            if outcome == "handled" and await tombstones.concerns_erased(session, event.people()):
                outcome = "erased"
            if outcome == "handled":
                await _alone(session, event)
                await handler(session, event)
            return outcome

        outcome = await self.database.write_together(effect)
        failpoint.reach("consumer.after_commit_before_ack")
        self._count(envelope.type, outcome)

    async def _take(self, session: AsyncSession, envelope: Envelope) -> str:
        tables = self.database.tables
        note = {"event_id": envelope.id, "received_at": now()}
        if not await insert_unless_there(session, tables.inbox, note):
            return "duplicate"
        position = {
            "type": envelope.type,
            "subject": envelope.subject,
            "sequence": envelope.sequence,
        }
        if not await put_newer(session, tables.position, position, "sequence"):
            return "passed"
        return "handled"

    async def bury(self, body: bytes, reason: str) -> None:
        """Keep a message that cannot take effect, for somebody to look at and replay."""
        log.error("dead_letter", service=self.name, reason=reason)
        async with self.database.write() as session:
            session.add(self.database.tables.dead_letter(body=body, reason=reason))
        self._count("any", "dead")

    def _count(self, type: str, outcome: str) -> None:  # noqa: A002 - CloudEvents calls it type.
        if outcome in {"duplicate", "passed", "erased"}:
            log.info("event_absorbed", service=self.name, type=type, outcome=outcome)
        EVENTS_RECEIVED.labels(self.name, type, outcome).inc()


async def _alone(session: AsyncSession, event: Event) -> None:
    """
    Let events about the same people, of whatever type and in whatever process, take turns.

    Handlers read what is known of a person before they write it. Two that do so in the same
    moment would each miss what the other one writes.
    """
    for each in sorted(event.people()):
        await take_turns(session, f"event about {each}")


def subject_of(body: bytes) -> str | None:
    """Say what a message is about; None when it is not an envelope."""
    try:
        return Envelope.model_validate_json(body).subject
    except ValidationError:
        return None


def _read(body: bytes) -> tuple[Envelope, Event | None]:
    try:
        envelope = Envelope.model_validate_json(body)
    except ValidationError as error:
        raise Malformed(f"not an envelope: {error.error_count()} faults") from None
    try:
        return envelope, envelope.event()
    except KeyError:
        # A newer release may speak of things this one does not know.
        return envelope, None
    except ValidationError as error:
        raise Malformed(f"not a {envelope.type}: {error.error_count()} faults") from None


async def forget(database: Database) -> None:
    """Drop the ids of the events that took effect longer ago than REMEMBERED."""
    table = database.tables.inbox
    async with database.write() as session:
        await session.exec(delete(table).where(col(table.received_at) < now() - REMEMBERED))
