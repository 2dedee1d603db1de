"""How often somebody may try to prove who they are, by their real address and by the account."""

import math
from datetime import datetime, timedelta

from fastapi import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem
from gateway.identity.limits import service
from gateway.identity.limits.service import Limit, Spent

FROM_ADDRESS = Limit("address", 10, 60)
TO_ACCOUNT = Limit("account", 10, 300)
WRONG_SECRETS = Limit("secrets", 60, 60)
ASK_AGAIN = timedelta(seconds=1)
"""So long a process that was told "too many" repeats it without asking: a success gives back."""
MOST_KNOWN = 1000

Try = tuple[Limit, str]
"""What is being tried, and by whom or at whose account."""


class Attempts:
    """
    Counts what failed, and what is being tried: a success is given back.

    All processes of the gateway count in one place, their database, each try before it is looked
    at. Who has tried too often costs it one question a second, however many requests they send.
    """

    def __init__(self) -> None:
        self._database: Database | None = None
        self._full: dict[Try, tuple[datetime, datetime]] = {}

    def open(self, database: Database) -> None:
        self._database = database

    async def spend(self, *tries: Try) -> None:
        """Count one of each; 429 when there were too many, whoever it was and however it ends."""
        for each in tries:
            self.refuse_more(*each)
        async with self._opened().write() as session:
            for limit, who in tries:
                spent = await service.count(session, limit, who)
                if spent.tries > limit.most:
                    # What is refused counts for nothing: raising leaves the tally as it was.
                    raise self._refusal(limit, who, spent, now() + ASK_AGAIN)

    async def give_back(self, session: AsyncSession, *tries: Try) -> None:
        """Count no more, in the transaction of the success, what `spend` has counted."""
        for limit, who in tries:
            await service.give_back(session, limit, who)
            self._full.pop((limit, who), None)

    async def count(self, limit: Limit, who: str) -> None:
        """Count what failed, without refusing it; `refuse_more` will."""
        async with self._opened().write() as session:
            spent = await service.count(session, limit, who)
        if spent.tries >= limit.most:
            self._refusal(limit, who, spent, spent.ends_at)

    def refuse_more(self, limit: Limit, who: str) -> None:
        """Refuse whom this process knows to have tried too often; the database is not asked."""
        until, ends_at = self._full.get((limit, who), (None, None))
        if until and ends_at and until > now():
            raise refusal(ends_at)

    def _refusal(self, limit: Limit, who: str, spent: Spent, until: datetime) -> Problem:
        moment = now()
        if len(self._full) >= MOST_KNOWN:
            self._full = {each: row for each, row in self._full.items() if row[0] > moment}
        if len(self._full) < MOST_KNOWN:
            self._full[limit, who] = (min(until, spent.ends_at), spent.ends_at)
        return refusal(spent.ends_at)

    def _opened(self) -> Database:
        assert self._database  # noqa: S101 - It was opened before the first request.
        return self._database


def refusal(
    ends_at: datetime,
    detail: str = "Too many from here or for this account; wait as long as Retry-After says.",
) -> Problem:
    seconds = max(1, math.ceil((ends_at - now()).total_seconds()))
    return Problem(429, "rate-limited", detail, headers={"Retry-After": str(seconds)})


def peer(request: Request) -> str:
    """Return the address of the socket's other end; what headers say of it is not believed."""
    return request.client.host if request.client else "nowhere"
