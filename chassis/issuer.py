"""What the issuer of tokens shows to all: its public keys, and what it ended before its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.caller import Caller
from chassis.problems import Problem
from chassis.wake import rest

log = structlog.get_logger()

REFETCH_SECONDS = 10
KEYS_KEPT_SECONDS = 600
"""A key that the issuer shows no more is trusted no longer than this."""
FOLLOW_SECONDS = 15.0
STALE_SECONDS = 60.0
PAUSE_SECONDS, FIRST_PAUSE_SECONDS = 1.0, 0.1
"""How long an issuer that did not answer is left alone; one that may be starting, not as long."""

NEVER = float("-inf")

Ended = Mapping[str, float]
"""The id of a session or of a caller -> the instant up to which its tokens are void."""


class Revocations:
    """
    The tokens that count no more although their time is not over.

    The list is fetched in the background, so that asking it costs a request nothing. One that is
    older than `stale` seconds may lack an end that should have bitten, so nobody is let in by it.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Ended]],
        every: float = FOLLOW_SECONDS,
        stale: float = STALE_SECONDS,
    ) -> None:
        self._fetch = fetch
        self._every = every
        self._stale = stale
        self._ended: dict[str, float] = {}
        self._noted: dict[str, float] = {}
        self._fetched = NEVER
        self._tried = NEVER
        self._fetching = asyncio.Lock()

    def note(self, name: str, before: float) -> None:
        """Let an end bite in this process at once, before it is in a fetched list."""
        self._noted[name] = before
        self._ended[name] = max(before, self._ended.get(name, before))

    async def refuses(self, caller: Caller) -> bool:
        """Say whether the caller's token was ended; 503 when that cannot be known."""
        if time.monotonic() - self._fetched > self._stale:
            await self._renew()
        ended = self._ended
        return any(
            caller.issued_at <= ended.get(name, NEVER) for name in (caller.session, caller.id)
        )

    async def ended(self, name: str, issued_at: float) -> bool:
        """
        Say whether a caller's tokens were ended since one was issued, by the last list there is.

        For work that goes on after its token: it was let in, and an issuer that is away for a
        while ends nobody's right.
        """
        if self._fetched == NEVER:
            with suppress(Problem):
                await self._renew()
        return issued_at <= self._ended.get(name, NEVER)

    async def follow(self, stopping: asyncio.Event) -> None:
        """Keep the list fresh until the process stops."""
        while not stopping.is_set():
            with suppress(Problem):
                await self._renew(needed=False)
            await rest(stopping, self._every)

    async def _renew(self, *, needed: bool = True) -> None:
        async with self._fetching:
            fresh = time.monotonic() - self._fetched < self._stale
            if needed and fresh:
                return
            # While the issuer is away, not every request may wait for it to time out.
            pause = FIRST_PAUSE_SECONDS if self._fetched == NEVER else PAUSE_SECONDS
            if not needed or time.monotonic() - self._tried > pause:
                await self._renew_now()
                fresh = time.monotonic() - self._fetched < self._stale
            if not fresh:
                raise _unavailable("It cannot be read which tokens were ended; try again.")

    async def _renew_now(self) -> None:
        started = time.monotonic()
        begun = time.time()
        try:
            fetched = dict(await self._fetch())
        except Exception as error:  # noqa: BLE001 - Whatever it is, the list grows old and is refused.
            log.warning("revocations_not_fetched", error=type(error).__name__)
            self._tried = time.monotonic()
            return
        # What was noted while the list was on its way is not in it yet.
        self._noted = {k: v for k, v in self._noted.items() if v > begun - self._every}
        noted = {name: max(at, fetched.get(name, at)) for name, at in self._noted.items()}
        self._ended = fetched | noted
        self._fetched = self._tried = started


async def _nothing_ended() -> Ended:
    return {}


class KeySource:
    """The issuer's public keys, fetched when first needed and again when an unknown one appears."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[dict[str, Any]]],
        revocations: Revocations | None = None,
    ) -> None:
        self.revocations = revocations or Revocations(_nothing_ended)
        self._fetch = fetch
        self._keys: KeySet | None = None
        self._fetched = NEVER
        self._tried = NEVER
        self._fetching = asyncio.Lock()

    async def get(self, kid: str | None) -> KeySet:
        async with self._fetching:
            age = time.monotonic() - self._fetched
            known = self._keys and any(key.kid == kid for key in self._keys.keys)
            # Whoever sends made-up kids makes nobody fetch more often than this.
            pause = REFETCH_SECONDS if self._keys else FIRST_PAUSE_SECONDS
            may_try = time.monotonic() - self._tried > pause
            if may_try and (not known or age > KEYS_KEPT_SECONDS):
                await self._renew()
            if self._keys is None:
                raise _unavailable("The keys that prove tokens cannot be read; try again.")
            return self._keys

    async def _renew(self) -> None:
        self._tried = time.monotonic()
        try:
            self._keys = KeySet.import_key_set(await self._fetch())  # type: ignore[arg-type]  # A JWKS is a plain dictionary.
            self._fetched = time.monotonic()
        except (httpx.HTTPError, OSError, ValueError, TypeError, KeyError, JoseError) as error:
            log.warning("keys_not_fetched", error=type(error).__name__)


def _unavailable(detail: str) -> Problem:
    return Problem(503, "unavailable", detail, headers={"Retry-After": "2"})


def issuer_at(
    jwks_url: str,
    revocations_url: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    every: float = FOLLOW_SECONDS,
) -> KeySource:
    """Return what an issuer shows by HTTP; its list of ends is beside its keys unless told."""
    where = revocations_url or urljoin(jwks_url, "revocations")

    async def ended() -> Ended:
        told = await fetched(where, transport)
        return {str(each["id"]): float(each["before"]) for each in told["ended"]}

    async def keys() -> dict[str, Any]:
        return await fetched(jwks_url, transport)

    return KeySource(keys, Revocations(ended, every))


async def fetched(url: str, transport: httpx.AsyncBaseTransport | None = None) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=3, trust_env=False, transport=transport) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        told = answer.json()
        if not isinstance(told, dict):
            raise TypeError("the issuer shows no JSON object")
        return told
