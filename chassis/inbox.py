"""Events enter once, however often and in whatever order they are delivered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

import structlog
from pydantic import ValidationError
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import failpoint
from chassis.clock import now
from chassis.db import Database, apart
from chassis.passing import passes
from chassis.sifting import HANDLED, News, sifted
from chassis.telemetry import EVENTS_RECEIVED, follow
from chassis.together import Together
from contracts.event import Envelope, Event

log = structlog.get_logger()

# A handler takes the session and one class of event; the table pairs them, so the class is known.
Handler = Callable[[AsyncSession, Any], Awaitable[None]]


class Several(NamedTuple):
    """
    A handler that takes what came in the same moment at once, each about another subject.

    It waits for nothing but the database, and tells others nothing: their traces are several too.
    """

    handle: Callable[[AsyncSession, Sequence[Any]], Awaitable[None]]


Subscriptions = Mapping[type[Event], Handler | Several]

MOST_ATTEMPTS, MOST_WHILE_IT_PASSES = 5, 150
"""
After so many failures a message is kept as a dead letter and no longer tried.

What passes by itself may take a day: a database that is away, or has no connection to spare.
"""

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
        if event is None or type(event) not in self.subscriptions:
            self._count(envelope.type, "ignored")
            return
        news = News(envelope, event)
        handler = self.subscriptions[type(event)]
        if self.database.is_sqlite or isinstance(handler, Several):
            outcome = await self._together.take(news)
        else:
            async with self.database.write() as session:
                [outcome] = await self._take(session, [news])
        failpoint.reach("consumer.after_commit_before_ack")
        self._count(envelope.type, outcome)

    async def take_again(self, session: AsyncSession, body: bytes) -> str:
        """Let a message that was given up take effect in the caller's transaction, or raise."""
        envelope, event = _read(body)
        if event is None or type(event) not in self.subscriptions:
            return "ignored"
        [outcome] = await self._take(session, [News(envelope, event)])
        return outcome

    @cached_property
    def _together(self) -> Together[AsyncSession, News, str]:
        return Together(self.database.write, self._take)

    async def _take(self, session: AsyncSession, news: Sequence[News]) -> list[str]:
        """Let messages take effect in their order; return what became of each."""
        outcomes: list[str] = []
        # One of another type may change what the next are noted by: it may be an erasure.
        for _, same in groupby(news, lambda each: type(each.event)):
            outcomes += await self._take_in(session, list(same))
        return outcomes

    async def _take_in(self, session: AsyncSession, news: Sequence[News]) -> list[str]:
        """Let messages of one type take effect; they are noted all at once."""
        if len({each.place for each in news}) < len(news):
            # What is about one subject comes one after the other.
            return [outcome for each in news for outcome in await self._take_in(session, [each])]
        outcomes = await self._sifted(session, news)
        handled = [each for each, outcome in zip(news, outcomes, strict=True) if outcome == HANDLED]
        handler = self.subscriptions[type(news[0].event)]
        if isinstance(handler, Several):
            if handled:
                await apart(session, handler.handle(session, [each.event for each in handled]))
            return outcomes
        for each in handled:
            # The task may be that of another message, whose trace this one must not get.
            follow(each.envelope.traceparent)
            await apart(session, handler(session, each.event))
        return outcomes

    async def _sifted(self, session: AsyncSession, news: Sequence[News]) -> list[str]:
        return await sifted(session, news)

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


def is_given_up(error: Exception, attempts: int) -> bool:
    """Say whether a message that has failed so often, now by this, is tried no more."""
    return attempts >= (MOST_WHILE_IT_PASSES if passes(error) else MOST_ATTEMPTS)


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
