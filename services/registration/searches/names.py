"""
By which words of their name people are found, in any script and order.

A word is looked up by how it sounds, together with a year or a place (bearers.py), and whoever is
found is ranked (ranking.py).
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy import select as sql_select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.among import among
from chassis.gazetteer import MANTIKA_LENGTH
from chassis.rows import insert_all
from chassis.tables import core_table
from services.registration.matching.sounding import sounds
from services.registration.matching.spelling import skeleton, words
from services.registration.persons.births import Birth
from services.registration.persons.models import Person
from services.registration.persons.names import LATIN, NAMES
from services.registration.searches.marks import marks
from services.registration.searches.models import NameKey

ROWS = core_table(NameKey).c
COLUMNS = ("person_id", "key", "born_in", "mantika", "nationality", "sounding", "spelt")
KEPT = sql_select(*(ROWS[name] for name in COLUMNS))
UNKNOWN_YEAR = 0
WIDEST_SPAN = 20
"""Of whom it is only known that they may be born within more years than this, no year is known."""


async def keep(session: AsyncSession, people: Sequence[Person]) -> None:
    """Keep the words by which people are found now, instead of those from before."""
    theirs = [person.id for person in people]
    await session.exec(delete(NameKey).where(col(NameKey.person_id).in_(theirs)))
    found = [row for person in people for row in rows(session, person)]
    if found:
        await insert_all(session, NameKey, found)


async def found_otherwise(session: AsyncSession, people: Sequence[Any]) -> set[UUID]:
    """Return who is not found by the words of today, or by others as well."""
    connection = await session.connection()
    theirs = [person.id for person in people]
    kept: dict[UUID, set[Any]] = {}
    for row in await connection.execute(KEPT.where(among(session, ROWS.person_id, theirs))):
        kept.setdefault(row.person_id, set()).add(tuple(row))
    wanted = await asyncio.to_thread(
        lambda: {
            person.id: {tuple(map(row.__getitem__, COLUMNS)) for row in rows(session, person)}
            for person in people
        }
    )
    return {each for each in theirs if kept.get(each, set()) != wanted[each]}


def rows(session: AsyncSession, person: Any) -> list[dict[str, Any]]:
    """Return the rows by which somebody is found, by their columns."""
    names = set(borne(person))
    keys = {key for name in names for key in sound_keys(session, name)}
    spelt = marks(spelling_key(session, name) for name in names)
    return [
        {
            "key": key,
            "born_in": year,
            "mantika": person.location_pcode[:MANTIKA_LENGTH],
            "nationality": person.nationality,
            "person_id": person.id,
            "sounding": marks(keys),
            "spelt": spelt,
        }
        for key in keys
        for year in _years(person)
    ]


def count(person: Any) -> int:
    """Return how many rows somebody has, which is told without the keys themselves."""
    parts = [getattr(person, name) for name in (*NAMES, *LATIN.values())]
    sounding = [_sounds_within(part) for part in (*parts, *person.other_names) if part]
    return len(frozenset().union(*sounding)) * len(_years(person))


@lru_cache(maxsize=1 << 17)
def _sounds_within(part: str) -> frozenset[str]:
    return frozenset().union(*map(sounds, words(part)))


def borne(person: Any) -> list[str]:
    """Return the words of a person's names, of their Latin spellings and of their other names."""
    parts = [getattr(person, name) for name in (*NAMES, *LATIN.values())]
    return [word for part in (*parts, *person.other_names) if part for word in words(part)]


def _years(person: Any) -> Sequence[int]:
    earliest, latest = Birth.of(person).span()
    if not earliest or not latest or latest.year - earliest.year > WIDEST_SPAN:
        return [UNKNOWN_YEAR]
    return range(earliest.year, latest.year + 1)


def sound_keys(session: AsyncSession, word: str) -> frozenset[int]:
    """Return the keys of how a word may sound; a word may sound like another in one way only."""
    return frozenset(_hashed(session, sound) for sound in sounds(word))


def spelling_key(session: AsyncSession, word: str) -> int:
    return _hashed(session, skeleton(word))


def _hashed(session: AsyncSession, key: str) -> int:
    index = crypto.blind_index(session, "name_key.key", key)
    return int.from_bytes(index[:8], signed=True)
