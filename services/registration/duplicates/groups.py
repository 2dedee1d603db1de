"""Which pairs belong to one person each (matching/clusters.py), decided anew around some people."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.rows import insert_all_unless_there
from services.registration.duplicates.candidates import Described, Pair, describe, portions
from services.registration.duplicates.comparing import Comparison, comparison, pair_row
from services.registration.duplicates.models import DuplicatePair
from services.registration.matching import clusters
from services.registration.matching.evidence import weights

LARGEST_GROUP = 60
"""More registrations than this are not one person's; who is in such a group is left as found."""


class Banded(NamedTuple):
    """What a look at one group found: the pairs that are probable, and what all pairs weigh."""

    joined: set[Pair]
    compared: dict[Pair, Comparison]


async def regroup(
    session: AsyncSession,
    people: Collection[UUID],
    described: Mapping[UUID, Described],
    weighed: Mapping[Pair, Comparison],
    ids: Mapping[Pair, UUID],
) -> None:
    """
    Decide which pairs around these people are probable; a pair that has an id keeps it.

    `weighed` has what is known already of pairs of those who are `described`.
    """
    groups = await _around(session, people)
    members = set().union(*groups)
    known = {each: described[each] for each in members & described.keys()}
    known |= await describe(session, members - known.keys())
    rows = await _between(session, members)
    await _keep(session, await asyncio.to_thread(_all_banded, groups, rows, known, weighed), ids)


def _all_banded(
    groups: Iterable[set[UUID]],
    rows: Mapping[Pair, DuplicatePair],
    known: Mapping[UUID, Described],
    weighed: Mapping[Pair, Comparison],
) -> Sequence[tuple[Mapping[Pair, DuplicatePair], Banded]]:
    found = []
    for group in groups:
        theirs = {pair: rows[pair] for pair in combinations(sorted(group), 2) if pair in rows}
        found.append((theirs, banded(group & known.keys(), theirs, known, weighed)))
    return found


async def _around(session: AsyncSession, people: Collection[UUID]) -> list[set[UUID]]:
    """Return whom links connect with these people, directly and by others, group by group."""
    links: set[Pair] = set()
    groups: list[set[UUID]] = []
    new, seen = set(people), set(people)
    while new:
        links |= await _links(session, new)
        groups = [group for group in connected(links) if len(group) <= LARGEST_GROUP]
        reached = set().union(*groups)
        new, seen = reached - seen, reached | seen
    return groups


async def _links(session: AsyncSession, people: Collection[UUID]) -> set[Pair]:
    strong = or_(
        col(DuplicatePair.score) >= weights().probable, col(DuplicatePair.band) == "probable"
    )
    found: set[Pair] = set()
    for some in portions(people):
        theirs = or_(
            among(session, col(DuplicatePair.left_id), some),
            among(session, col(DuplicatePair.right_id), some),
        )
        statement = select(DuplicatePair.left_id, DuplicatePair.right_id).where(theirs, strong)
        found.update((await session.exec(statement)).all())
    return found


def connected(links: Iterable[Pair]) -> list[set[UUID]]:
    groups: dict[UUID, set[UUID]] = {}
    for pair in links:
        one, other = (groups.setdefault(person, {person}) for person in pair)
        if one is not other:
            one, other = sorted((one, other), key=len, reverse=True)
            one |= other
            groups.update(dict.fromkeys(other, one))
    return list({id(group): group for group in groups.values()}.values())


async def _between(session: AsyncSession, people: Collection[UUID]) -> dict[Pair, DuplicatePair]:
    """Return the rows of which both sides are among these people, by their pair."""
    members = set(people)
    found: dict[Pair, DuplicatePair] = {}
    for some in portions(members):
        statement = select(DuplicatePair).where(among(session, col(DuplicatePair.left_id), some))
        rows = (await session.exec(statement)).all()
        found |= {(row.left_id, row.right_id): row for row in rows if row.right_id in members}
    return found


def banded(
    group: Collection[UUID],
    rows: Mapping[Pair, DuplicatePair],
    described: Mapping[UUID, Described],
    weighed: Mapping[Pair, Comparison],
) -> Banded:
    compared = {
        pair: weighed.get(pair) or comparison(pair, described)
        for pair in combinations(sorted(group), 2)
    }
    by = weights()
    scores = {}
    for pair, (score, reasons) in compared.items():
        decided = rows[pair].status if pair in rows else "open"
        sure = by.band(score, reasons) == "probable" or decided == "same"
        # What one name alone says joins nobody, and what was decided stays decided.
        scores[pair] = score if sure else min(score, by.probable - 1)
        if decided == "different":
            scores[pair] = 2 * clusters.LEAST
    households = {person: described[person].description.household for person in group}
    told = {person: repr(described[person].description) for person in group}
    joined = clusters.pairs_of_one_person(scores, households, by.probable, told)
    return Banded(joined, compared)


async def _keep(
    session: AsyncSession,
    groups: Iterable[tuple[Mapping[Pair, DuplicatePair], Banded]],
    ids: Mapping[Pair, UUID],
) -> None:
    made = []
    for rows, found in groups:
        for pair, row in rows.items():
            row.band = "probable" if pair in found.joined else "possible"
            if row.band == "possible" and row.status == "open" and row.score < weights().possible:
                # Only a group that is no more had brought these two together.
                await session.delete(row)
            else:
                session.add(row)
        new = [(pair, *found.compared[pair]) for pair in sorted(found.joined - rows.keys())]
        made += [pair_row(*each, band="probable", ids=ids) for each in new]
    await session.flush()
    await insert_all_unless_there(session, DuplicatePair, made)
