"""Whoever waits for a connection is served in turn, and no connection is lost on the way."""

import asyncio
from typing import Any

import pytest

from chassis.pool import InLine

CONNECTION: Any = object()


@pytest.mark.parametrize(
    ("kind", "served"),
    [(InLine, ["who waited", "who came"]), (asyncio.LifoQueue, ["who came", "who waited"])],
)
async def test_who_waits_is_served_before_who_comes_when_it_is_their_turn(
    kind: type[asyncio.Queue[Any]], served: list[str]
) -> None:
    stack, in_order = kind(1), list[str]()

    async def take(name: str) -> None:
        taken = await stack.get()
        in_order.append(name)
        stack.put_nowait(taken)

    waiting = asyncio.create_task(take("who waited"))
    await asyncio.sleep(0)
    # The connection comes back, and somebody comes before who waited for it has run.
    stack.put_nowait(CONNECTION)
    await take("who came")
    await waiting

    assert in_order == served
    assert stack.get_nowait() is CONNECTION


async def test_a_connection_that_comes_as_patience_ends_is_there_for_the_next() -> None:
    stack = InLine(1)
    impatient = asyncio.create_task(stack.get())
    await asyncio.sleep(0)

    stack.put_nowait(CONNECTION)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient

    assert stack.get_nowait() is CONNECTION


async def test_who_has_gone_away_is_passed_over() -> None:
    stack = InLine(1)
    gone, waiting = (asyncio.create_task(stack.get()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()

    stack.put_nowait(CONNECTION)

    assert await waiting is CONNECTION
