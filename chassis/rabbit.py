"""The only file that speaks to RabbitMQ."""

import asyncio
import random
from contextlib import suppress
from functools import partial

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
    AbstractIncomingMessage,
)
from aio_pika.exceptions import DeliveryError, PublishError

from chassis.inbox import Consumer, Malformed, is_given_up, subject_of
from chassis.lanes import Lanes
from chassis.outbox import BusDown, Undelivered
from chassis.topology import EVENTS, RETRY, RETRY_SECONDS, queue

log = structlog.get_logger()

TIMEOUT = 5.0
"""Seconds until a publish or a connect is given up; without it a blocked broker hangs us."""
PREFETCH = 40
"""Messages that the broker hands out ahead: twice what is in hand, so that none is waited for."""
FINISH_SECONDS = 5.0
"""Until a message in hand is cut off when the reading ends; it then comes again."""
ATTEMPT_HEADER = "x-masar-attempt"


class RabbitBus:
    """
    Messages through RabbitMQ: confirmed when published, acknowledged when committed.

    It never repairs a connection that failed: it drops it and makes another, because a
    half-restored channel has lost messages elsewhere.
    """

    at_once = 20

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AbstractConnection | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._connecting = asyncio.Lock()
        self._readers: list[asyncio.Task[None]] = []
        self._reading: set[str] = set()
        self._in_hand: set[Lanes] = set()
        self._publishing = True

    async def publish(self, type: str, body: bytes, attempt: int) -> None:  # noqa: A002, ARG002 - The protocol names them.
        await self._publish(EVENTS, type, body, headers={})

    async def _publish(self, exchange: str, key: str, body: bytes, headers: dict[str, int]) -> None:
        message = aio_pika.Message(
            body,
            headers=dict(headers),
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        connection = None
        try:
            async with asyncio.timeout(TIMEOUT):
                connection, target = await self._exchange(exchange)
                await target.publish(message, key, mandatory=True, timeout=TIMEOUT)
        except (PublishError, DeliveryError) as error:
            # Returned as unroutable, or refused because a queue is full: the message stays ours.
            raise Undelivered(f"{key}: {type_name(error)}") from error
        except Exception as error:
            await self._drop(connection)
            raise BusDown(type_name(error)) from error
        self._publishing = True

    async def _exchange(self, name: str) -> tuple[AbstractConnection, AbstractExchange]:
        async with self._connecting:
            if self._connection is None or self._connection.is_closed:
                connection = await _connect(self._url)
                try:
                    # Without on_return_raises an unroutable message would count as published.
                    channel = await connection.channel(on_return_raises=True)
                    for each in (EVENTS, RETRY):
                        self._exchanges[each] = await channel.get_exchange(each, ensure=False)
                except BaseException:
                    await _close(connection)
                    raise
                self._connection = connection
            return self._connection, self._exchanges[name]

    async def _drop(self, connection: AbstractConnection | None) -> None:
        self._publishing = False
        # Several publish at once and fail together; the first to come again has a new one.
        if connection and connection is self._connection:
            self._connection = None
            await _close(connection)

    async def subscribe(self, consumer: Consumer) -> None:
        self._readers.append(asyncio.create_task(self._read_for_ever(consumer)))

    async def _read_for_ever(self, consumer: Consumer) -> None:
        while True:
            connection = None
            try:
                connection = await _connect(self._url)
                await self._read(consumer, connection)
            except Exception as error:  # noqa: BLE001 - Whatever ended the connection, make another.
                log.warning("consumer_lost", service=consumer.name, error=type_name(error))
            finally:
                self._reading.discard(consumer.name)
                if connection:
                    await _close(connection)
            await asyncio.sleep(random.uniform(0.2, 2))  # noqa: S311 - Jitter is no secret.

    async def _read(self, consumer: Consumer, connection: AbstractConnection) -> None:
        channel: AbstractChannel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        incoming = await channel.get_queue(queue(consumer.name), ensure=False)
        arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        ended = lambda *_: arrived.put_nowait(None)  # noqa: E731 - One line, used twice.
        channel.close_callbacks.add(ended)
        connection.close_callbacks.add(ended)
        lanes = Lanes(min(consumer.database.pool, PREFETCH // 2), on_failure=ended)
        self._in_hand.add(lanes)
        try:
            await incoming.consume(arrived.put, timeout=TIMEOUT)
            self._reading.add(consumer.name)
            while (message := await arrived.get()) and not lanes.closed:
                # A subject's events stay in order; one that names none is in nobody's way.
                subject = subject_of(message.body) or f"delivery {message.delivery_tag}"
                lanes.take(subject, partial(self._take, consumer, message))
        finally:
            # A message that is cut off, or not begun, was not acknowledged: it comes again.
            await lanes.finish(FINISH_SECONDS)
            self._in_hand.discard(lanes)

    async def _take(self, consumer: Consumer, message: AbstractIncomingMessage) -> None:
        try:
            await consumer.receive(message.body)
        except Malformed as error:
            await consumer.bury(message.body, str(error))
        except Exception as error:  # noqa: BLE001 - Any failure of a handler means: try again later.
            await self._try_later(consumer, message, error)
        # An ack that fails means only that the message comes again, which the inbox absorbs.
        await message.ack()

    async def _try_later(
        self, consumer: Consumer, message: AbstractIncomingMessage, error: Exception
    ) -> None:
        reason = type_name(error)
        attempt = int(str(message.headers.get(ATTEMPT_HEADER, 0))) + 1
        log.warning("event_failed", service=consumer.name, attempt=attempt, reason=reason)
        if is_given_up(error, attempt):
            await consumer.bury(message.body, reason)
            return
        step = min(attempt - 1, len(RETRY_SECONDS) - 1)
        await self._publish(
            RETRY, f"{consumer.name}.{step}", message.body, {ATTEMPT_HEADER: attempt}
        )

    def missing(self) -> str | None:
        if not self._publishing:
            return "RabbitMQ does not take messages"
        if len(self._reading) < len(self._readers):
            return "RabbitMQ does not bring messages"
        return None

    async def close(self) -> None:
        """Finish and acknowledge what is in hand; what was only handed out is another reader's."""
        await asyncio.gather(
            *(lanes.finish(FINISH_SECONDS) for lanes in self._in_hand), return_exceptions=True
        )
        for task in self._readers:
            while not task.done():
                # Python 3.11's wait_for, on which the client stands, may swallow one of these.
                task.cancel()
                await asyncio.wait({task}, timeout=2)
        await self._drop(self._connection)


async def _connect(url: str) -> AbstractConnection:
    return await aio_pika.connect(url, timeout=TIMEOUT)


async def _close(connection: AbstractConnection) -> None:
    # Closing waits for a broker that may be blocked, so it is given a second.
    with suppress(Exception):
        await asyncio.wait_for(connection.close(), 1)


def type_name(error: BaseException) -> str:
    return type(error).__name__
