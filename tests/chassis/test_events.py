"""
Events are not lost and take effect once, on both buses, whatever dies in between.

Each promise is tried with a targeted fault, and then with its broken twin: the same road with
the mechanism taken out, which must fail. Source of the faults: the failure modes R1 to R10 that
are known of RabbitMQ and aio-pika, and the duplicates that every at-least-once system promises.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.bus import InProcessBus
from chassis.inbox import MOST_ATTEMPTS, Consumer, Several, is_given_up
from chassis.outbox import BusDown, Undelivered
from chassis.rabbit import RabbitBus
from chassis.sifting import HANDLED, News
from tests.chassis.road import POISON, BoatArrived, Outbox, Road, note_arrival, refuse_thirteen
from tests.patience import SECONDS, until
from tests.servers.rabbitmq import RabbitServer

DOWN_SECONDS = 30


class ForgetfulConsumer(Consumer):
    """The broken twin without an inbox."""

    async def _sifted(self, session: AsyncSession, news: Sequence[News]) -> list[str]:
        return [HANDLED for _ in news]


class InterruptedConsumer(Consumer):
    """Dies once after the commit and before the acknowledgement."""

    async def receive(self, body: bytes) -> None:
        await super().receive(body)
        if body not in _interrupted:
            _interrupted.append(body)
            raise ConnectionResetError


class ForgetfulInterruptedConsumer(InterruptedConsumer, ForgetfulConsumer):
    """The broken twin of the interrupted one."""


class CarelessConsumer(Consumer):
    """The broken twin that acknowledges whatever happened."""

    async def receive(self, body: bytes) -> None:
        try:
            await super().receive(body)
        except Exception:  # noqa: BLE001 - That is what is broken about it.
            return


_interrupted: list[bytes] = []


async def test_an_event_arrives(road: Road) -> None:
    async with road.open(road.consumer()):
        await road.arrive(1, 2, 3)

        await road.until([1, 2, 3])


async def test_what_was_rolled_back_is_never_told(road: Road) -> None:
    with pytest.raises(ZeroDivisionError):
        await _fail_after_publishing(road)

    assert await road.bodies() == []


async def _fail_after_publishing(road: Road) -> None:
    async with road.writer.write() as session:
        outbox.publish(session, BoatArrived(boat=1), subject="1", sequence=1)
        raise ZeroDivisionError


async def test_a_crash_after_commit_and_before_the_relay_loses_nothing(road: Road) -> None:
    await road.arrive(1, 2)
    assert await road.arrivals() == []

    async with road.open(road.consumer()):
        await road.until([1, 2])


@pytest.mark.parametrize(("kind", "effects"), [(Consumer, 1), (ForgetfulConsumer, 2)])
async def test_a_crash_after_the_confirm_and_before_the_mark_sends_again(
    road: Road, kind: type[Consumer], effects: int
) -> None:
    await road.arrive(1)
    async with road.open(road.consumer(kind=kind)):
        await road.until([1])

        await road.sent_again()

        await road.until([1] * effects)


@pytest.mark.parametrize(
    ("kind", "effects"), [(InterruptedConsumer, 1), (ForgetfulInterruptedConsumer, 2)]
)
async def test_a_crash_after_the_handlers_commit_and_before_the_ack_delivers_again(
    road: Road, kind: type[Consumer], effects: int
) -> None:
    _interrupted.clear()
    async with road.open(road.consumer(kind=kind)):
        await road.arrive(1)

        await road.until([1] * effects)

    assert len(_interrupted) == 1


async def test_a_poison_message_stops_nobody_else_and_is_kept(road: Road) -> None:
    boats = [boat for boat in range(1, 21) if boat != POISON]

    async with road.open(road.consumer(refuse_thirteen)):
        await road.arrive(*range(1, 21))
        await _until_dead(road, 1)
        await road.until(boats)

    [letter] = await road.dead_letters()
    assert letter.reason == "PoisonError"
    assert f'"boat":{POISON}'.encode() in letter.body


async def test_what_was_given_up_takes_effect_when_its_writer_sends_it_again(road: Road) -> None:
    """What docs/operations.md says of what died with its reader, once the cause is gone."""
    mended = asyncio.Event()

    async def note_once_mended(session: AsyncSession, event: BoatArrived) -> None:
        await (note_arrival if mended.is_set() else refuse_thirteen)(session, event)

    async with road.open(road.consumer(note_once_mended)):
        await road.arrive(7, POISON)
        await _until_dead(road, 1)
        await road.until([7])
        mended.set()
        await road.sent_again()
        await road.until([7, POISON])

    assert await road.arrivals() == [7, POISON]


async def test_a_failure_that_passes_by_itself_is_outlasted(road: Road) -> None:
    failures = [PoolTimeout() for _ in range(MOST_ATTEMPTS)]

    async def take(session: AsyncSession, event: BoatArrived) -> None:
        if failures:
            raise failures.pop()
        await refuse_thirteen(session, event)

    async with road.open(road.consumer(take)):
        await road.arrive(1)
        await road.until([1])

    assert list(await road.dead_letters()) == []


def test_what_passes_by_itself_is_not_waited_for_without_an_end() -> None:
    attempts = range(1, 200)

    assert [is_given_up(ValueError(), each) for each in attempts].index(True) == MOST_ATTEMPTS - 1
    assert MOST_ATTEMPTS < [is_given_up(PoolTimeout(), each) for each in attempts].index(True) < 199


async def test_what_is_taken_together_takes_effect_once_and_fails_alone(road: Road) -> None:
    parties: list[int] = []

    async def take(session: AsyncSession, events: Sequence[BoatArrived]) -> None:
        parties.append(len(events))
        for event in events:
            await refuse_thirteen(session, event)

    boats = [boat for boat in range(1, 21) if boat != POISON]
    await road.arrive(*range(1, 21))
    async with road.open(road.consumer(Several(take))):
        await _until_dead(road, 1)
        await road.until(boats)
        await road.sent_again()
        await road.arrive(21)
        await road.until([*boats, 21])

    assert max(parties) > 1


async def test_the_twin_that_acknowledges_a_failure_loses_the_message(road: Road) -> None:
    async with road.open(road.consumer(refuse_thirteen, CarelessConsumer)):
        await road.arrive(1, POISON)
        await road.until([1])

    assert list(await road.dead_letters()) == []


async def test_a_message_that_is_no_event_is_kept_at_once(road: Road) -> None:
    async with road.reading(road.consumer()) as bus:
        await bus.publish("writer.boat_arrived.v1", b'{"specversion": "1.0"}', 0)

        await _until_dead(road, 1)


async def test_an_event_whose_sequence_was_passed_changes_nothing(road: Road) -> None:
    async with road.open(road.consumer()):
        await road.arrive(2, subject="Elhiblu", sequence=2)
        await road.until([2])

        await road.arrive(1, subject="Elhiblu", sequence=1)
        await road.arrive(3, subject="Elhiblu", sequence=3)

        await road.until([2, 3])


async def test_an_unroutable_message_stays_with_its_writer(
    long_road: Road, rabbitmq: RabbitServer
) -> None:
    bindings = rabbitmq.manage("GET", f"exchanges/{long_road.vhost}/masar.events/bindings/source")
    for each in bindings:
        where = f"bindings/{long_road.vhost}/e/masar.events/q/{each['destination']}"
        rabbitmq.manage("DELETE", f"{where}/{each['properties_key']}")
    await long_road.arrive(1)

    async with long_road.reading(long_road.consumer()) as bus:
        sent = await outbox.relay(long_road.writer, bus)

    assert sent == 0
    assert await outbox.unsent(long_road.writer) == 1


async def test_the_twin_that_does_not_ask_for_returns_loses_the_unroutable_message(
    long_road: Road, rabbitmq: RabbitServer
) -> None:
    import aio_pika  # noqa: PLC0415 - Only the broken twin speaks AMQP by itself.

    url = rabbitmq.amqp_url("writer", "writer-secret", long_road.vhost)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("masar.retry", ensure=False)

        confirmed = await exchange.publish(aio_pika.Message(b"lost"), "nobody.listens", timeout=5)

    assert confirmed is not None


async def test_writes_go_on_while_the_broker_is_down(
    mortal_road: Road, mortal_rabbitmq: RabbitServer
) -> None:
    async with mortal_road.open(mortal_road.consumer()):
        await mortal_road.arrive(0)
        await mortal_road.until([0])

        await asyncio.to_thread(mortal_rabbitmq.kill)
        for boat in range(1, DOWN_SECONDS * 5 + 1):
            await mortal_road.arrive(boat)
            await asyncio.sleep(0.2)
        assert await outbox.unsent(mortal_road.writer) >= DOWN_SECONDS * 5 - 1
        await asyncio.to_thread(mortal_rabbitmq.start)

        await mortal_road.until(range(DOWN_SECONDS * 5 + 1))


async def test_a_service_opens_only_its_own_doors(long_road: Road, rabbitmq: RabbitServer) -> None:
    import aio_pika  # noqa: PLC0415 - The intruder speaks AMQP by itself.

    url = rabbitmq.amqp_url("reader", "reader-secret", long_road.vhost)

    async def attempt(what: str) -> Any:
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel(on_return_raises=True)
            if what == "read another's queue":
                queue = await channel.get_queue("masar.writer", ensure=False)
                return await queue.get(timeout=5)
            if what == "make a queue":
                return await channel.declare_queue("mine", durable=True)
            exchange = await channel.get_exchange("masar.events", ensure=False)
            message = aio_pika.Message(b"forged")
            return await exchange.publish(message, "writer.boat_arrived.v1", timeout=5)

    for what in ("read another's queue", "make a queue", "speak for another"):
        with pytest.raises(aio_pika.exceptions.AMQPError):
            await attempt(what)


async def test_a_bus_in_this_process_brings_nothing_before_everybody_listens(
    short_road: Road,
) -> None:
    await short_road.arrive(1)
    bus = InProcessBus()
    relay = asyncio.create_task(outbox.relay(short_road.writer, bus))
    await asyncio.sleep(0.3)
    assert await outbox.unsent(short_road.writer) == 1

    await bus.subscribe(short_road.consumer())
    bus.open()

    assert await relay == 1
    assert await short_road.arrivals() == [1]


async def test_a_bus_in_this_process_that_has_closed_leaves_events_in_their_outbox(
    short_road: Road,
) -> None:
    bus = InProcessBus()
    await bus.subscribe(short_road.consumer())
    bus.open()
    await bus.close()
    await short_road.arrive(1)

    with pytest.raises(BusDown):
        await outbox.relay(short_road.writer, bus)

    assert await outbox.unsent(short_road.writer) == 1
    assert await short_road.arrivals() == []


async def test_a_bus_closes_though_its_reader_swallows_a_cancellation() -> None:
    async def deaf() -> None:
        """Sleep on after the first cancellation, as Python 3.11's wait_for may."""
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    bus = RabbitBus("amqp://127.0.0.1:1/")
    bus._readers.append(asyncio.create_task(deaf()))
    await asyncio.sleep(0)

    async with asyncio.timeout(SECONDS):
        await bus.close()


async def test_a_relay_waits_for_a_bus_that_is_down(short_road: Road) -> None:
    class DownBus:
        at_once = 1

        async def publish(self, type: str, body: bytes, attempt: int) -> None:  # noqa: A002
            raise BusDown("down")

    await short_road.arrive(1)

    with pytest.raises(BusDown):
        await outbox.relay(short_road.writer, DownBus())

    async with short_road.writer.read() as session:
        [row] = (await session.exec(select(Outbox))).all()
    assert (row.sent_at, row.attempts) == (None, 0)


async def test_what_a_bus_did_not_take_is_sent_in_its_time_though_nothing_is_written(
    short_road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    class BusyBus:
        at_once = 1

        async def publish(self, type: str, body: bytes, attempt: int) -> None:  # noqa: A002
            tried.append(attempt)
            if attempt == 0:
                raise Undelivered("busy")

    for pause in ("POLL_SECONDS", "COUNT_SECONDS"):
        monkeypatch.setattr(outbox, pause, 0.01)
    await short_road.arrive(1)
    stopping = asyncio.Event()
    later = [timedelta(seconds=0.3)]
    relay = asyncio.create_task(
        outbox.run_relay(short_road.writer, BusyBus(), stopping, back_off=later)
    )

    left = await until(lambda: outbox.unsent(short_road.writer), lambda now: now == 0)
    stopping.set()
    await relay

    assert (left, tried) == (0, [0, 1])


async def _until_dead(road: Road, letters: int) -> None:
    for _ in range(400):
        if len(await road.dead_letters()) == letters:
            return
        await asyncio.sleep(0.05)
    assert len(await road.dead_letters()) == letters
