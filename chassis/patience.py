"""Waiting, with an end, for what another service has just told and is on its way here."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LOOK_AGAIN_SECONDS = 0.1


async def until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Ask again and again whether something holds; say at last whether it does."""
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return True
