"""Who is compared with whom: those who share a key (matching/blocking.py) that few others have."""

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Select, bindparam, case, column, delete, func, tuple_
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.among import among
from chassis.rows import insert_all
from chassis.tables import core_table
from services.registration.duplicates.models import MatchingKey
from services.registration.matching import blocking
from services.registration.matching.description import Description
from services.registration.matching.likeliest import LARGEST_BLOCK, likeliest
from services.registration.persons import describing
from services.registration.persons.models import Person

KEYS = core_table(MatchingKey)
IN_ONE_QUERY = 5000

Pair = tuple[UUID, UUID]
Element = TypeVar("Element")


class Described(NamedTuple):
    """What somebody is compared by, and of which version of their registration that is."""

    description: Description
    version: int


async def describe(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Described]:
    """Return by what people are compared; who is not there any more is left out."""
    found: dict[UUID, Described] = {}
    for some in portions(ids):
        found |= await described(session, await describing.those(session, some))
    return found


async def outline(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Description]:
    """Return by what people are compared but for their numbers."""
    found: dict[UUID, Description] = {}
    for some in portions(ids):
        found |= await describing.outline(session, some)
    return found


async def described(session: AsyncSession, people: Sequence[Any]) -> dict[UUID, Described]:
    descriptions = await describing.describe(session, people)
    return {each.id: Described(descriptions[each.id], each.version) for each in people}


async def unchanged(
    session: AsyncSession, ids: Collection[UUID], people: Mapping[UUID, Described]
) -> set[UUID]:
    """Return who is still there, as they were described; they stay until this has committed."""
    found: set[UUID] = set()
    for some in portions(ids):
        statement = select(Person.id, Person.version).where(among(session, col(Person.id), some))
        locked = statement.order_by(col(Person.id)).with_for_update(read=True, key_share=True)
        for person_id, version in await session.exec(locked):
            if person_id not in people or people[person_id].version == version:
                found.add(person_id)
    return found


def portions(all_: Iterable[Element], most: int = IN_ONE_QUERY) -> Iterator[list[Element]]:
    """Yield so many at a time; as many as a statement may name, if nothing else is told."""
    ordered = sorted(all_)  # type: ignore[type-var]  # Ids and numbers sort.
    for start in range(0, len(ordered), most):
        yield ordered[start : start + most]


async def keep_keys(session: AsyncSession, people: Mapping[UUID, Described]) -> None:
    """Keep the keys by which people are found now; those that are there already stay untouched."""
    wanted = {
        (key, person_id)
        for person_id, person in people.items()
        for key in hashed(session, blocking.kept_under(person.description))
    }
    row = col(MatchingKey.key), col(MatchingKey.person_id)
    statement = select(MatchingKey.key, MatchingKey.person_id).where(among(session, row[1], people))
    there = {(key, person_id) for key, person_id in await session.exec(statement)}
    for some in portions(there - wanted):
        await session.exec(delete(MatchingKey).where(tuple_(*row).in_(some)))
    new = [{"key": key, "person_id": person_id} for key, person_id in sorted(wanted - there)]
    if new:
        await insert_all(session, MatchingKey, new)


async def found_otherwise(session: AsyncSession, people: Mapping[UUID, Described]) -> set[UUID]:
    """Return who is not kept under the keys of today, or under others as well."""
    kept = await _kept(session, people)
    return await asyncio.to_thread(
        lambda: {
            person_id
            for person_id, person in people.items()
            if kept.get(person_id, set())
            != hashed(session, blocking.kept_under(person.description))
        }
    )


async def _kept(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, set[int]]:
    """Return the keys of people, those of one in one value."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    together = func.array_agg if is_postgresql else func.json_group_array
    statement = sql_select(KEYS.c.person_id, together(KEYS.c.key)).group_by(KEYS.c.person_id)
    connection = await session.connection()
    rows = await connection.execute(statement.where(among(session, KEYS.c.person_id, people)))
    return {person_id: set(keys if is_postgresql else json.loads(keys)) for person_id, keys in rows}


def hashed(session: AsyncSession, keys: Iterable[str]) -> set[int]:
    return {
        int.from_bytes(crypto.blind_index(session, "matching_key.key", key)[:8], signed=True)
        for key in keys
    }


class Pairs(NamedTuple):
    """Who is compared with whom, the lesser id first, and of whom a phone or a paper is equal."""

    found: set[Pair]
    by_number: set[Pair]


async def find(session: AsyncSession, people: Mapping[UUID, Described]) -> Pairs:
    """Return the pairs of these people with whomever a key of theirs finds."""
    keys = {
        person_id: hashed(session, blocking.looked_for_under(person.description))
        for person_id, person in people.items()
    }
    blocks = await _blocks(session, set().union(*keys.values()))
    pairs = Pairs(set(), set())
    for person_id, theirs in keys.items():
        numbers = hashed(session, blocking.numbers(people[person_id].description))
        equal = {other for key in numbers for other in blocks.get(key, ())} - {person_id}
        others = likeliest(person_id, [blocks[key] for key in theirs if key in blocks])
        pairs.by_number.update(pair(person_id, other) for other in equal)
        pairs.found.update(pair(person_id, other) for other in others | equal)
    return pairs


def pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)


async def _blocks(session: AsyncSession, keys: Collection[int]) -> dict[int, list[UUID]]:
    """Return who is kept under each of the keys that not too many people share."""
    connection = await session.connection()
    sharing = _sharing(connection.dialect.name, LARGEST_BLOCK)
    blocks: dict[int, list[UUID]] = {}
    for some in portions(keys):
        rows = await connection.execute(sharing, {"keys": some})
        blocks |= {key: people for key, block in rows if (people := _people(block))}
    return blocks


# To make the statement takes as long as to read some hundred people by it.
@lru_cache
def _sharing(dialect: str, largest: int) -> Select[tuple[int, Any]]:
    """Select whom each key finds, in one value; nobody, and no more than that read, if too many."""
    if dialect == "postgresql":
        array = bindparam("keys", type_=ARRAY(BigInteger))
        named = func.unnest(array).table_valued(column("key", BigInteger), name="asked")
        asked = named.render_derived()
        key, together = asked.c.key, "array_agg"
    else:
        listed = func.json_each(bindparam("keys", type_=JSON))
        asked = listed.table_valued(column("value", BigInteger), name="asked")
        key, together = asked.c.value, "json_group_array"
    # One more than is looked at tells that there are too many.
    block = sql_select(KEYS.c.person_id).where(KEYS.c.key == key).limit(largest + 1)
    people = block.correlate(asked).subquery()
    shared = sql_select(
        case((func.count() <= largest, getattr(func, together)(people.c.person_id)))
    ).select_from(people)
    return sql_select(key, shared.correlate(asked).scalar_subquery())


def _people(block: list[UUID] | str | None) -> list[UUID]:
    # SQLite has no arrays, and tells a list as JSON.
    return [UUID(each) for each in json.loads(block)] if isinstance(block, str) else block or []
