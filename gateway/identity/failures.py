"""
Who tried in vain to get in, on record: never what they sent, and never more than a bounded number.

The first failures of an address and at an account are an entry each, in the transaction that
counts them. What comes beyond, within the same minute, is counted and becomes one entry when the
minute is over: a flood must not grow the record without limit.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.audit import Actor
from chassis.db import Database
from chassis.wake import rest

log = structlog.get_logger()

MOST_ENTRIES = 10
"""Of one address, and at one account, within a minute; this many are entries of their own."""
MOST_ENTRIES_IN_ALL = 120
"""A process's own within a minute, from however many addresses."""
MOST_COUNTS = 30
"""Addresses whose further failures are told apart; those of all others are counted together."""
MINUTE = 60.0
LOOK_SECONDS = 1.0
REASON_HASH = 16
NOBODY = Actor("nobody")
ELSEWHERE = "other addresses"


@dataclass(frozen=True)
class Failure:
    """
    A try that failed: what it tried to do, and the address of the socket that it came from.

    `account` is who it pretended to be, if there is such an account or client. Otherwise `named`
    is what was sent as the name, of which only a keyed hash is put on record: somebody may have
    typed their password there.
    """

    action: str
    address: str
    account: Actor | None = None
    named: str = ""

    @property
    def at(self) -> str:
        return self.account.id if self.account else f"unknown {self.named}"


@dataclass
class Minute:
    """What failed within a minute: by address and account, and what had no entry of its own."""

    ends_at: float
    seen: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)


class Failures:
    """The failures of one process of the gateway."""

    def __init__(self) -> None:
        self._minute = Minute(time.monotonic() + MINUTE)
        self._over: list[Minute] = []

    def note(self, session: AsyncSession, failure: Failure) -> None:
        """Put a failure on record in this transaction, or count it when there were many."""
        minute = self._now()
        keys = [f"from {failure.address}"]
        if failure.account or failure.named:
            keys.append(f"at {failure.at}")
        for key in keys:
            # Nothing is remembered of keys beyond what entries can be made for.
            if key in minute.seen or minute.entries < MOST_ENTRIES_IN_ALL:
                minute.seen[key] += 1
        many = any(minute.seen[key] > MOST_ENTRIES for key in keys)
        if many or minute.entries >= MOST_ENTRIES_IN_ALL:
            self.count(failure.action, failure.address)
            return
        minute.entries += 1
        reason = f"from {failure.address}"
        if failure.named and not failure.account:
            hashed = crypto.keyed_hash(session, "failure.name", failure.named)[:REASON_HASH]
            reason += f", for the unknown name {hashed}"
        by = failure.account or NOBODY
        audit.note(session, by, failure.action, "session", reason=reason, decision="refused")

    def count(self, action: str, address: str) -> None:
        """Count what is refused before anybody looks at it; the database is not asked."""
        counted = self._now().counted
        known = (action, address) in counted or len(counted) < MOST_COUNTS
        counted[action, address if known else ELSEWHERE] += 1

    def _now(self) -> Minute:
        if self._minute.ends_at <= time.monotonic():
            self._turn()
        return self._minute

    def _turn(self) -> None:
        if self._minute.counted:
            self._over.append(self._minute)
        self._minute = Minute(time.monotonic() + MINUTE)

    async def follow(self, database: Database, stopping: asyncio.Event) -> None:
        """Put on record what was counted, when its minute is over and as the process stops."""
        while not stopping.is_set():
            if await rest(stopping, LOOK_SECONDS):
                self._turn()
            try:
                await self.keep(database)
            except Exception as error:  # noqa: BLE001 - What cannot be kept now is kept later.
                log.warning("failures_not_kept", error=type(error).__name__)

    async def keep(self, database: Database) -> None:
        """Put on record what the minutes that are over have counted, one entry for each address."""
        self._now()
        counted: Counter[tuple[str, str]] = Counter()
        over = list(self._over)
        for minute in over:
            counted.update(minute.counted)
        if not counted:
            return
        async with database.write() as session:
            for (action, address), times in counted.items():
                reason = f"{times} more from {address} within a minute"
                audit.note(session, NOBODY, action, "session", reason=reason, decision="refused")
        del self._over[: len(over)]
