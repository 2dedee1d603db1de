"""How often somebody may try to prove who they are, by their real address and by the account."""

import hashlib
import math
import time

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from chassis.problems import Problem

FROM_ADDRESS = RateLimitItemPerMinute(10, 1, "address")
TO_ACCOUNT = RateLimitItemPerMinute(10, 5, "account")
WRONG_SECRETS = RateLimitItemPerMinute(60, 1, "secrets")


class Attempts:
    """Counts what failed, and what is being tried: a success is given back."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)

    async def spend(self, limit: RateLimitItem, who: str) -> None:
        """Count one; 429 when there were too many, whoever it was and however it would end."""
        if not await self._limiter.hit(limit, _key(who)):
            raise await self._refusal(limit, who)

    async def count(self, limit: RateLimitItem, who: str) -> None:
        """Count what failed, without refusing."""
        await self._limiter.hit(limit, _key(who))

    async def give_back(self, limit: RateLimitItem, who: str) -> None:
        await self._storage.decr(limit.key_for(_key(who)))

    async def refuse_more(self, limit: RateLimitItem, who: str) -> None:
        """Refuse like `spend`, without counting."""
        if not await self._limiter.test(limit, _key(who)):
            raise await self._refusal(limit, who)

    async def _refusal(self, limit: RateLimitItem, who: str) -> Problem:
        window = await self._limiter.get_window_stats(limit, _key(who))
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        return Problem(
            429,
            "rate-limited",
            "Too many from here or for this account; wait as long as Retry-After says.",
            headers={"Retry-After": str(seconds)},
        )


def _key(who: str) -> str:
    # A name that somebody tried may be a password typed into the wrong field.
    return hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()


def peer(request: Request) -> str:
    """Return the address of the socket's other end; what headers say of it is not believed."""
    return request.client.host if request.client else "nowhere"
