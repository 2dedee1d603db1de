"""Searches are counted and written down before they are answered."""

import math
from collections.abc import Mapping

from sqlmodel import col, select

from chassis import crypto
from chassis.caller import Caller
from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem
from chassis.turns import take_turns
from services.registration.searches import rules
from services.registration.searches.models import Search


async def note(database: Database, caller: Caller, terms: Mapping[str, str]) -> None:
    """
    Write a search down, in a transaction of its own; without terms it is no search.

    422 when it is too broad to be one person's; 429 when the caller has searched MOST_SEARCHES
    times within the hour, on whatever replica.
    """
    if not terms:
        return
    if faults := rules.faults(terms):
        raise Problem(422, "search-too-broad", "The search is too broad.", errors=faults)
    async with database.write() as session:
        # Without turns, searches made at once would each see room for one more.
        await take_turns(session, f"search {caller.id}")
        begins = now() - rules.PERIOD
        statement = (
            select(Search.searched_at)
            .where(col(Search.searched_by) == caller.id, col(Search.searched_at) > begins)
            .order_by(col(Search.searched_at))
        )
        earlier = (await session.exec(statement)).all()
        if len(earlier) >= rules.MOST_SEARCHES:
            seconds = math.ceil((earlier[-rules.MOST_SEARCHES] - begins).total_seconds())
            raise Problem(
                429,
                "rate-limited",
                f"At most {rules.MOST_SEARCHES} searches an hour; Retry-After says when.",
                headers={"Retry-After": str(max(1, seconds))},
            )
        hashed = crypto.keyed_hash(session, "search", rules.canonical(terms))
        session.add(
            Search(
                searched_by=caller.id,
                organisation=caller.organisation,
                attributes=" ".join(sorted(terms)),
                terms_hash=hashed,
            )
        )
