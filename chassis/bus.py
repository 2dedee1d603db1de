"""What carries events between services, and the bus of a system that is one process."""

import asyncio
from typing import Protocol

from chassis.inbox import Consumer, Malformed, is_given_up
from chassis.outbox import BusDown, Publisher, Undelivered
from chassis.together import MOST_TOGETHER


class EventBus(Publisher, Protocol):
    """Takes messages from outboxes and brings each to the inbox of every subscribed service."""

    async def subscribe(self, consumer: Consumer) -> None:
        """Begin to bring messages to a consumer; return at once."""

    def missing(self) -> str | None:
        """Say what keeps the bus from working, or None when it works."""

    async def close(self) -> None: ...


class InProcessBus:
    """
    Brings messages to consumers in the same process.

    It keeps nothing itself: a message counts as sent only when every consumer's own database
    holds its effect (or its dead letter), so a crash at any point only means sending again.
    Messages wait until it is opened, because one that is brought before its consumers have
    subscribed would count as sent and be lost.
    """

    # What arrives together takes effect in one transaction of SQLite.
    at_once = MOST_TOGETHER

    def __init__(self) -> None:
        self._consumers: list[Consumer] = []
        self._opened = asyncio.Event()
        self._closed = False
        self._in_hand = 0
        self._idle = asyncio.Event()

    async def subscribe(self, consumer: Consumer) -> None:
        self._consumers.append(consumer)

    def open(self) -> None:
        """Begin to bring messages; everybody who listens has subscribed."""
        self._opened.set()

    async def publish(self, type: str, body: bytes, attempt: int) -> None:  # noqa: A002 - CloudEvents calls it type.
        await self._opened.wait()
        if self._closed:
            raise BusDown("the system is stopping")
        self._in_hand += 1
        try:
            await self._bring(type, body, attempt)
        finally:
            self._in_hand -= 1
            self._idle.set()

    async def _bring(self, type: str, body: bytes, attempt: int) -> None:  # noqa: A002 - CloudEvents calls it type.
        failed: list[str] = []
        for consumer in self._consumers:
            if type not in consumer.types:
                continue
            try:
                await consumer.receive(body)
            except Malformed as error:
                await consumer.bury(body, str(error))
            except Exception as error:  # noqa: BLE001 - Any failure of a handler means: try again.
                reason = _name(error)
                if is_given_up(error, attempt + 1):
                    await consumer.bury(body, reason)
                else:
                    failed.append(f"{consumer.name}: {reason}")
        if failed:
            raise Undelivered("; ".join(failed))

    def missing(self) -> str | None:
        return None

    async def close(self) -> None:
        """Bring no more, and return when nothing is being brought: databases may close now."""
        self._closed = True
        self._opened.set()
        while self._in_hand:
            self._idle.clear()
            await self._idle.wait()


def _name(error: Exception) -> str:
    # The text of an exception may hold values of a person's record; its class does not.
    return type(error).__name__
