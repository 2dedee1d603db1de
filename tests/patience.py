"""How long tests wait for what happens in the background, at one place."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")

# What takes a tenth of a second on an idle machine has taken half a minute on a busy one, and a
# slow machine is no defect. Nothing waits so long but a test that fails.
SECONDS = 90.0


def ended(job: dict[str, Any]) -> bool:
    """Say whether a job is as it will stay."""
    return job["status"] in {"done", "failed"}


async def until(
    ask: Callable[[], Awaitable[Answer | None]], wanted: Callable[[Any], object] = bool
) -> Answer:
    """Ask again and again until the answer is as wanted, and return it."""
    deadline = time.monotonic() + SECONDS
    while not wanted(answer := await ask()):
        assert time.monotonic() < deadline, f"after {SECONDS:.0f} seconds still: {answer}"
        await asyncio.sleep(0.05)
    return cast("Answer", answer)


def waited(ask: Callable[[], Answer | None], wanted: Callable[[Any], object] = bool) -> Answer:
    """Do what `until` does where nothing else runs in this thread."""
    deadline = time.monotonic() + SECONDS
    while not wanted(answer := ask()):
        assert time.monotonic() < deadline, f"after {SECONDS:.0f} seconds still: {answer}"
        time.sleep(0.1)
    return cast("Answer", answer)
