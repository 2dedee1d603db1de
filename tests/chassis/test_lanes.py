"""Work on different subjects goes on side by side; work on one keeps its order."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chassis.lanes import Lanes


class Workshop:
    """Notes when each piece of work begins and ends; each lasts until it is let go."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.failures = 0

    def work(self, name: str) -> Callable[[], Awaitable[None]]:
        gate = self.gates.setdefault(name, asyncio.Event())

        async def work() -> None:
            self.notes.append(f"{name} begins")
            await gate.wait()
            self.notes.append(f"{name} ends")

        return work

    async def fail(self) -> None:
        self.notes.append("failure")
        raise ConnectionResetError

    def count_failure(self) -> None:
        self.failures += 1


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_different_subjects_go_on_side_by_side(workshop: Workshop) -> None:
    lanes = Lanes(10, workshop.count_failure)

    lanes.take("Ghat", workshop.work("one"))
    lanes.take("Sabha", workshop.work("two"))
    await settle()

    assert workshop.notes == ["one begins", "two begins"]
    workshop.gates["one"].set()
    workshop.gates["two"].set()
    await lanes.finish(5)


async def test_one_subject_is_done_in_the_order_it_came(workshop: Workshop) -> None:
    lanes = Lanes(10, workshop.count_failure)

    for name in ("one", "two", "three"):
        lanes.take("Ghat", workshop.work(name))
        workshop.gates[name].set()
    await settle()

    assert workshop.notes == [
        *("one begins", "one ends", "two begins", "two ends", "three begins", "three ends")
    ]
    await lanes.finish(5)


async def test_no_more_is_in_hand_than_there_is_room_for(workshop: Workshop) -> None:
    lanes = Lanes(2, workshop.count_failure)

    for name in ("one", "two", "three"):
        lanes.take(name, workshop.work(name))
    await settle()
    before = list(workshop.notes)
    workshop.gates["one"].set()
    await settle()

    assert before == ["one begins", "two begins"]
    assert workshop.notes == [*before, "one ends", "three begins"]
    for gate in workshop.gates.values():
        gate.set()
    await lanes.finish(5)


async def test_the_end_finishes_what_is_in_hand_and_begins_nothing(workshop: Workshop) -> None:
    lanes = Lanes(2, workshop.count_failure)
    lanes.take("Ghat", workshop.work("one"))
    lanes.take("Ghat", workshop.work("after it"))
    await settle()

    ending = asyncio.create_task(lanes.finish(5))
    await settle()
    assert not ending.done()
    workshop.gates["one"].set()
    await ending

    assert workshop.notes == ["one begins", "one ends"]


async def test_what_does_not_end_in_time_is_cut_off(workshop: Workshop) -> None:
    lanes = Lanes(2, workshop.count_failure)
    lanes.take("Ghat", workshop.work("for ever"))
    await settle()

    await asyncio.wait_for(lanes.finish(0.05), 5)

    assert workshop.notes == ["for ever begins"]


async def test_a_failure_lets_the_others_finish_and_is_told(workshop: Workshop) -> None:
    lanes = Lanes(10, workshop.count_failure)
    lanes.take("Ghat", workshop.work("one"))
    lanes.take("Sabha", workshop.fail)
    lanes.take("Sabha", workshop.work("after the failure"))
    await settle()
    workshop.gates["one"].set()

    with pytest.raises(ConnectionResetError):
        await lanes.finish(5)

    assert workshop.failures == 1
    assert workshop.notes == ["one begins", "failure", "one ends"]
