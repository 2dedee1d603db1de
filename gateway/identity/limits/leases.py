"""
How many requests a client may still make, over all processes of the gateway.

A process takes from what is left in blocks, and counts these down by itself: a request costs no
question as long as there is something in hand. What is in hand counts as used for all others, so
together they never let in more than the bound. Blocks shrink with what is left, and what lies
unused is given back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import now
from chassis.db import Database
from gateway.identity.limits.attempts import ASK_AGAIN, refusal
from gateway.identity.limits.service import Spent

MOST_IN_HAND = 200
SHARE = 4
"""Of what is left, one part in so many is taken in hand."""
IDLE = timedelta(seconds=10)
PAST = datetime.min.replace(tzinfo=UTC)

Take = Callable[[AsyncSession, int], Awaitable[Spent]]
"""Counts so many requests as used; a negative number of them is given back."""


@dataclass(frozen=True)
class Bound:
    """A client's most requests in a window, how they are counted, and what is said when over."""

    name: str
    most: int
    take: Take
    detail: str


@dataclass
class Lease:
    """What a process has in hand of one bound, until the window ends."""

    bound: Bound
    in_hand: int = 0
    ends_at: datetime = PAST
    ask_again_at: datetime = PAST
    used_at: datetime = PAST
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def use(self) -> bool:
        """Use one of those in hand; say whether there was one."""
        self.used_at = now()
        if self.in_hand == 0 or self.ends_at <= self.used_at:
            return False
        self.in_hand -= 1
        return True


class Leases:
    """The leases of a process, by what they are of."""

    def __init__(self) -> None:
        self._held: dict[str, Lease] = {}

    async def use(self, database: Database, bound: Bound) -> None:
        """Let one more request in, or raise 429."""
        lease = self._held.setdefault(bound.name, Lease(bound))
        lease.bound = bound
        if lease.use():
            return
        async with lease.turn:
            # Another request may have taken some in hand meanwhile.
            if not lease.use():
                await _renew(database, lease)

    async def give_back(self, database: Database, *, idle: timedelta = IDLE) -> None:
        """Give back what nobody has used for a while; drop what is over."""
        moment = now()
        for name, lease in list(self._held.items()):
            if lease.used_at + idle > moment or lease.turn.locked():
                continue
            del self._held[name]
            if lease.in_hand and lease.ends_at > moment:
                async with database.write() as session:
                    await lease.bound.take(session, -lease.in_hand)


async def _renew(database: Database, lease: Lease) -> None:
    if lease.ask_again_at > now():
        raise refusal(lease.ends_at, lease.bound.detail)
    bound = lease.bound
    async with database.write() as session:
        spent = await bound.take(session, 1)
        lease.ends_at = spent.ends_at
        left = bound.most - spent.tries
        if left < 0:
            # What is refused counts for nothing: raising leaves the count as it was.
            lease.ask_again_at = now() + ASK_AGAIN
            raise refusal(spent.ends_at, bound.detail)
        more = min(left // SHARE, MOST_IN_HAND)
        if more:
            await bound.take(session, more)
    lease.in_hand = more
