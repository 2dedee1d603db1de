"""
Looks for doubles of whoever is new or changed, after the answer to the registration has left.

The same step keeps the words by which a search finds them (searches/names.py).

The caller of a registration learns nothing of it: neither that somebody was found, nor by the time
it took. A step is a transaction, and a person is looked for again until their version is done, so
a search that is cut off is simply done again.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from uuid import UUID

from sqlalchemy import bindparam, delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chassis import crypto
from chassis.db import Database, insert_all, insert_new, try_turn
from chassis.tables import core_table
from services.registration.duplicates.models import DuplicatePair, MatchingKey
from services.registration.honey.models import HoneyRecord
from services.registration.matching import blocking, clusters
from services.registration.matching.evidence import Description, Reason, compare, weights
from services.registration.persons import service as persons
from services.registration.persons.models import Person
from services.registration.searches import names

TURN = "looking for doubles"
PEOPLE_A_STEP = 20
"""So few that who waits for the one writer of SQLite does not wait noticeably longer."""
LARGEST_BLOCK = 400
"""A key that more people share than this tells nobody apart, and is passed over."""
MOST_PAIRS = 30
"""Nobody reviews more for one person. Many registrations alike are kept from making n² pairs."""
LARGEST_GROUP = 60
"""More registrations than this are not one person's; who is in such a group is left as found."""
IN_ONE_QUERY = 5000
PERSONS = core_table(Person)
MATCHED = (
    update(PERSONS)
    .where(PERSONS.c.id == bindparam("of"))
    .values(matched_version=bindparam("matched_version"))
)

Pair = tuple[UUID, UUID]
Comparison = tuple[float, list[Reason]]


async def look_for_new(database: Database) -> None:
    """Look for doubles of everybody who was registered or corrected since the last time."""
    while await _look_for_some(database):
        pass


async def _look_for_some(database: Database) -> int:
    async with database.read() as session:
        # Looking first keeps an idle search from taking SQLite's one write lock.
        if not await _waiting(session, 1):
            return 0
    async with database.write() as session:
        if not await try_turn(session, TURN):
            return 0
        people = await _waiting(session, PEOPLE_A_STEP)
        await _look(session, people)
        return len(people)


async def _waiting(session: AsyncSession, most: int) -> Sequence[Person]:
    statement = (
        select(Person)
        .where(col(Person.matched_version) < col(Person.version))
        .order_by(col(Person.id))
        .limit(most)
    )
    return (await session.exec(statement)).all()


async def _look(session: AsyncSession, people: Sequence[Person]) -> None:
    await names.keep(session, people)
    planted = await _planted(session, [person.id for person in people])
    if real := [person for person in people if person.id not in planted]:
        await _look_for(session, real)
    # A person who has changed meanwhile has a higher version, and is looked for again.
    done = [{"of": person.id, "matched_version": person.version} for person in people]
    if done:
        await session.exec(MATCHED, params=done)


async def _planted(session: AsyncSession, people: Collection[UUID]) -> set[UUID]:
    """Return those who do not exist: as somebody's double, a reviewer had a reason to open them."""
    statement = select(HoneyRecord.person_id).where(col(HoneyRecord.person_id).in_(people))
    return set((await session.exec(statement)).all())


async def _look_for(session: AsyncSession, people: Sequence[Person]) -> None:
    described = await persons.describe(session, people)
    await _keep_keys(session, described)
    pairs = await _candidates(session, described)
    described |= await _described(session, {one for pair in pairs for one in pair} - set(described))
    compared = await asyncio.to_thread(_compared, pairs, described)
    await _forget_open(session, [person.id for person in people])
    await _keep(session, best(compared, {person.id for person in people}))
    await _group(session, {person.id for person in people}, described)


async def _keep_keys(session: AsyncSession, described: Mapping[UUID, Description]) -> None:
    await session.exec(delete(MatchingKey).where(col(MatchingKey.person_id).in_(described)))
    rows = [
        {"key": key, "person_id": person_id}
        for person_id, person in described.items()
        for key in _hashed(session, blocking.kept_under(person))
    ]
    if rows:
        await insert_all(session, MatchingKey, rows)


def _hashed(session: AsyncSession, keys: Iterable[str]) -> set[int]:
    return {
        int.from_bytes(crypto.blind_index(session, "matching_key.key", key)[:8], signed=True)
        for key in keys
    }


async def _candidates(session: AsyncSession, described: Mapping[UUID, Description]) -> set[Pair]:
    """Return the pairs of these people with whomever a key of theirs finds."""
    seekers: dict[int, set[UUID]] = defaultdict(set)
    for person_id, person in described.items():
        for key in _hashed(session, blocking.looked_for_under(person)):
            seekers[key].add(person_id)
    found: set[Pair] = set()
    keys = sorted(seekers)
    for start in range(0, len(keys), IN_ONE_QUERY):
        some = keys[start : start + IN_ONE_QUERY]
        rows = await session.exec(select(MatchingKey).where(col(MatchingKey.key).in_(some)))
        blocks: dict[int, list[UUID]] = defaultdict(list)
        for row in rows:
            blocks[row.key].append(row.person_id)
        for key, block in blocks.items():
            if len(block) <= LARGEST_BLOCK:
                found.update(_pair(a, b) for a in seekers[key] for b in block if a != b)
    return found


def _pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


async def _described(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Description]:
    wanted = sorted(ids)
    found: dict[UUID, Description] = {}
    for start in range(0, len(wanted), IN_ONE_QUERY):
        some = wanted[start : start + IN_ONE_QUERY]
        people = await session.exec(select(Person).where(col(Person.id).in_(some)))
        found |= await persons.describe(session, people.all())
    return found


def _compared(
    pairs: Iterable[Pair], described: Mapping[UUID, Description]
) -> dict[Pair, Comparison]:
    """Return the score and the reasons of each pair that a reviewer should ever see."""
    by = weights()
    found = {}
    for pair in pairs:
        score, reasons = _comparison(pair, described)
        if by.band(score, reasons):
            found[pair] = (score, reasons)
    return found


def best(compared: Mapping[Pair, Comparison], people: set[UUID]) -> dict[Pair, Comparison]:
    """Return what is kept: of the pairs of each of these people, those that say most."""
    ranked = sorted(compared.items(), key=lambda each: (-each[1][0], each[0]))
    counted: Counter[UUID] = Counter()
    kept = {}
    for pair, comparison in ranked:
        own = [one for one in pair if one in people]
        if any(counted[one] < MOST_PAIRS for one in own):
            kept[pair] = comparison
            counted.update(own)
    return kept


def _comparison(pair: Pair, described: Mapping[UUID, Description]) -> Comparison:
    by = weights()
    reasons = compare(described[pair[0]], described[pair[1]], by)
    return by.score(reasons), reasons


async def _forget_open(session: AsyncSession, people: Sequence[UUID]) -> None:
    """Drop what was found of them before and nobody has decided; it is found again if it holds."""
    theirs = or_(col(DuplicatePair.left_id).in_(people), col(DuplicatePair.right_id).in_(people))
    await session.exec(delete(DuplicatePair).where(theirs, col(DuplicatePair.status) == "open"))


async def _keep(session: AsyncSession, compared: Mapping[Pair, Comparison]) -> None:
    for pair, (score, reasons) in compared.items():
        # Joining groups decides below which of them are probable.
        await insert_new(session, _row(pair, score, reasons, "possible"))


def _row(pair: Pair, score: float, reasons: Sequence[Reason], band: str) -> DuplicatePair:
    return DuplicatePair(
        left_id=pair[0],
        right_id=pair[1],
        score=round(score, 3),
        band=band,
        reasons=[reason._asdict() for reason in reasons],
        weights=weights().version,
    )


async def _group(
    session: AsyncSession, people: Collection[UUID], described: Mapping[UUID, Description]
) -> None:
    """Decide anew which pairs around these people belong to one person each."""
    done: set[UUID] = set()
    for person in await _linked(session, people):
        if person not in done:
            rows = await _around(session, person)
            members = {one for row in rows for one in (row.left_id, row.right_id)}
            done |= members
            if rows and len(members) <= LARGEST_GROUP:
                known = {i: each for i, each in described.items() if i in members}
                known |= await _described(session, members - set(known))
                await _band(session, rows, known)


async def _linked(session: AsyncSession, people: Collection[UUID]) -> set[UUID]:
    """Return those of these people who are in a probable pair; most are in none."""
    rows = await session.exec(_links(people))
    return {one for row in rows for one in (row.left_id, row.right_id)}.intersection(people)


def _links(people: Collection[UUID]) -> SelectOfScalar[DuplicatePair]:
    links = or_(col(DuplicatePair.left_id).in_(people), col(DuplicatePair.right_id).in_(people))
    return select(DuplicatePair).where(links, col(DuplicatePair.score) >= weights().probable)


async def _around(session: AsyncSession, person: UUID) -> list[DuplicatePair]:
    """Return the pairs that link a person to others, these to more, and so on."""
    found: dict[UUID, DuplicatePair] = {}
    new, seen = {person}, {person}
    while new and len(seen) <= LARGEST_GROUP:
        rows = await session.exec(_links(new))
        found |= {row.id: row for row in rows}
        reached = {one for row in found.values() for one in (row.left_id, row.right_id)}
        new, seen = reached - seen, reached | seen
    return list(found.values())


async def _band(
    session: AsyncSession, rows: Sequence[DuplicatePair], described: Mapping[UUID, Description]
) -> None:
    kept = {(row.left_id, row.right_id): row for row in rows}
    compared = {pair: _comparison(pair, described) for pair in combinations(sorted(described), 2)}
    by = weights()
    scores = {}
    for pair, (score, reasons) in compared.items():
        decided = kept[pair].status if pair in kept else "open"
        sure = by.band(score, reasons) == "probable" or decided == "same"
        # What one name alone says joins nobody, and what was decided stays decided.
        scores[pair] = score if sure else min(score, by.probable - 1)
        if decided == "different":
            scores[pair] = 2 * clusters.LEAST
    households = {person: each.household for person, each in described.items()}
    joined = clusters.pairs_of_one_person(scores, households, by.probable)
    for pair, row in kept.items():
        row.band = "probable" if pair in joined else "possible"
        session.add(row)
    await session.flush()
    for pair in joined - set(kept):
        score, reasons = compared[pair]
        if not await insert_new(session, _row(pair, score, reasons, "probable")):
            await session.exec(
                update(DuplicatePair)
                .where(
                    col(DuplicatePair.left_id) == pair[0], col(DuplicatePair.right_id) == pair[1]
                )
                .values(band="probable")
            )
