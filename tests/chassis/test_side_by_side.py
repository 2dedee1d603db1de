"""Many messages are in hand at once, and each keeps every promise that one alone had."""

import asyncio

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from tests.chassis.road import BoatArrived, Road, note_arrival
from tests.patience import SECONDS
from tests.servers.rabbitmq import RabbitServer


class Harbour:
    """Knows how many are in hand, and lets none of these boats go before it is told to."""

    def __init__(self, *held: int) -> None:
        self.held = set(held)
        self.let_go = asyncio.Event()
        self.in_hand: set[int] = set()
        self.most = 0
        self.changed = asyncio.Event()

    async def take(self, session: AsyncSession, event: BoatArrived) -> None:
        self.in_hand.add(event.boat)
        self.most = max(self.most, len(self.in_hand))
        self.changed.set()
        try:
            await note_arrival(session, event)
            await session.flush()
            if event.boat in self.held:
                await self.let_go.wait()
        finally:
            self.in_hand.discard(event.boat)

    async def until_in_hand(self, boats: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.in_hand) < boats:
                self.changed.clear()
                await self.changed.wait()


async def test_messages_are_in_hand_together_and_leave_connections_to_requests(
    long_road: Road,
) -> None:
    boats = range(1, 61)
    harbour = Harbour(*boats)

    async with long_road.open(long_road.consumer(harbour.take)):
        await long_road.arrive(*boats)
        await harbour.until_in_hand(long_road.reader.pool)
        # More than the pool keeps open would wait for a connection, and fail after a while.
        async with asyncio.timeout(SECONDS):
            assert await long_road.arrivals() == []
        harbour.let_go.set()
        await long_road.until(boats)

    assert harbour.most == long_road.reader.pool


async def test_a_subjects_events_take_effect_in_their_order_and_none_is_passed_over(
    long_road: Road,
) -> None:
    order: list[int] = []

    async def slower_at_first(session: AsyncSession, event: BoatArrived) -> None:
        await asyncio.sleep(0.2 / event.boat)
        order.append(event.boat)
        await note_arrival(session, event)

    for number in range(1, 21):
        await long_road.arrive(number, subject="Elhiblu", sequence=number)
    async with long_road.open(long_road.consumer(slower_at_first)):
        await long_road.until(range(1, 21))

    assert order == list(range(1, 21))


async def test_a_message_that_hangs_keeps_no_other_subject_waiting(long_road: Road) -> None:
    harbour = Harbour(13)

    async with long_road.open(long_road.consumer(harbour.take)):
        await long_road.arrive(13)
        await harbour.until_in_hand(1)
        await long_road.arrive(*range(20, 40))

        await long_road.until(range(20, 40))

        harbour.let_go.set()
        await long_road.until([13, *range(20, 40)])


async def test_a_message_is_acknowledged_by_itself_and_only_after_its_commit(
    long_road: Road, rabbitmq: RabbitServer
) -> None:
    harbour = Harbour(1)

    async with long_road.open(long_road.consumer(harbour.take)):
        await long_road.arrive(1, 2, 3)
        await harbour.until_in_hand(1)
        await long_road.until([2, 3])
        in_hand = await _in_the_queue(long_road, rabbitmq, 1)
        harbour.let_go.set()
        await long_road.until([1, 2, 3])
        after = await _in_the_queue(long_road, rabbitmq, 0)

    assert (in_hand, after) == (1, 0)


async def test_a_stop_waits_for_what_is_in_hand_and_leaves_the_rest_to_the_next_reader(
    long_road: Road, rabbitmq: RabbitServer
) -> None:
    boats = set(range(1, 41))
    harbour = Harbour(*boats)
    async with long_road.open(long_road.consumer(harbour.take)):
        await long_road.arrive(*boats)
        await harbour.until_in_hand(long_road.reader.pool)
        begun = sorted(harbour.in_hand)
        asyncio.get_running_loop().call_later(0.5, harbour.let_go.set)

    assert await long_road.arrivals() == begun
    # Some may not even have left the writer when the relay ended.
    waiting = len(boats) - len(begun) - await outbox.unsent(long_road.writer)
    assert await _in_the_queue(long_road, rabbitmq, waiting) == waiting
    async with long_road.open(long_road.consumer()):
        await long_road.until(sorted(boats))


async def test_the_same_message_twice_at_once_takes_effect_once(long_road: Road) -> None:
    await long_road.arrive(1)
    [body] = await long_road.bodies()
    consumer = long_road.consumer()

    await asyncio.gather(*(consumer.receive(body) for _ in range(8)))

    assert await long_road.arrivals() == [1]


async def _in_the_queue(road: Road, rabbitmq: RabbitServer, wanted: int) -> int:
    """Count what the reader has not acknowledged; the broker tells a moment later."""
    found = -1
    for _ in range(200):
        queue = await asyncio.to_thread(rabbitmq.manage, "GET", f"queues/{road.vhost}/masar.reader")
        found = queue.get("messages", -1)
        if found == wanted:
            break
        await asyncio.sleep(0.1)
    return found
