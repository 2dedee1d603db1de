"""
By which words of their name people are found, in any script and order, and who is meant most.

A word is looked up by how it sounds, together with a year or a place, and whoever is found is
ranked by how likely their words are spellings of the words that were asked for.
"""

import functools
import operator
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, case, delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.gazetteer import MANTIKA_LENGTH
from chassis.rows import insert_all
from services.registration.matching.evidence import CLOSENESS, UNLIKE, likeness
from services.registration.matching.spelling import skeleton, sounds, words
from services.registration.persons.births import Birth
from services.registration.persons.models import Person
from services.registration.persons.names import LATIN, NAMES
from services.registration.searches.models import NameKey

UNKNOWN_YEAR = 0
WIDEST_SPAN = 20
"""Of whom it is only known that they may be born within more years than this, no year is known."""
MANY = 2
"""Of more words than this one may be missing: not everybody tells all their names each time."""
FARTHEST = CLOSENESS[-1][0]
"""A word that is less like another, in bits, is not searched for by it, and weighs so much."""
YEARS_AROUND = 2
"""Years of birth are often guessed: so far from the year that is asked for somebody is found."""


async def keep(session: AsyncSession, people: Sequence[Person]) -> None:
    """Keep the words by which people are found now, instead of those from before."""
    theirs = [person.id for person in people]
    await session.exec(delete(NameKey).where(col(NameKey.person_id).in_(theirs)))
    found = [row for person in people for row in rows(session, person)]
    if found:
        await insert_all(session, NameKey, found)


def rows(session: AsyncSession, person: Person) -> list[dict[str, Any]]:
    """Return the rows by which somebody is found, by their columns."""
    return [
        {
            "key": _hashed(session, sound),
            "skeleton": _hashed(session, consonants),
            "born_in": year,
            "mantika": person.location_pcode[:MANTIKA_LENGTH],
            "person_id": person.id,
        }
        for sound, consonants in _told_apart(borne(person))
        for year in _years(person)
    ]


def borne(person: Any) -> list[str]:
    """Return the words of a person's names, of their Latin spellings and of their other names."""
    parts = [getattr(person, name) for name in (*NAMES, *LATIN.values())]
    return [word for part in (*parts, *person.other_names) if part for word in words(part)]


def _told_apart(names: Iterable[str]) -> set[tuple[str, str]]:
    return {(sound, skeleton(name)) for name in names for sound in sounds(name)}


def _years(person: Person) -> Iterable[int]:
    earliest, latest = Birth.of(person).span()
    if not earliest or not latest or latest.year - earliest.year > WIDEST_SPAN:
        return [UNKNOWN_YEAR]
    return range(earliest.year, latest.year + 1)


def _hashed(session: AsyncSession, key: str) -> int:
    index = crypto.blind_index(session, "name_key.key", key)
    return int.from_bytes(index[:8], signed=True)


def found_by(
    session: AsyncSession, asked: Collection[str], born_in: int | None, place: str | None
) -> CTE:
    """Return who bears the words, as `person_id`, and how many of theirs sound so, as `likely`."""
    sounding: dict[int, int] = {}
    for number, word in enumerate(asked):
        sounding |= {_hashed(session, sound): number for sound in sounds(word)}
    skeletons = {_hashed(session, skeleton(word)) for word in asked}
    # A maximum is kept while rows come in any order; counting what is distinct would sort them.
    bears = [
        _one_if(col(NameKey.key).in_([key for key in sounding if sounding[key] == number]))
        for number in sorted(set(sounding.values()))
    ]
    likely = [_one_if(col(NameKey.skeleton) == each) for each in sorted(skeletons)]
    statement = select(col(NameKey.person_id), _sum(likely).label("likely")).where(
        col(NameKey.key).in_(sounding)
    )
    if born_in is not None:
        around = range(born_in - YEARS_AROUND, born_in + YEARS_AROUND + 1)
        statement = statement.where(col(NameKey.born_in).in_([UNKNOWN_YEAR, *around]))
    if place is not None:
        statement = statement.where(_in_mantika(place))
    grouped = statement.group_by(col(NameKey.person_id))
    return grouped.having(_sum(bears) >= _needed(len(bears))).cte()


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return 1 for a person of whom a row fulfils the condition, otherwise 0."""
    return func.max(case((condition, 1), else_=0))


def _sum(ones: Sequence[ColumnElement[int]]) -> ColumnElement[int]:
    return functools.reduce(operator.add, ones)


def _in_mantika(place: str) -> ColumnElement[bool]:
    mantika = place[:MANTIKA_LENGTH]
    if len(mantika) == MANTIKA_LENGTH:
        return col(NameKey.mantika) == mantika
    return col(NameKey.mantika).startswith(mantika, autoescape=True)


def fit(person: Any, asked: Collection[str], born_in: int | None) -> float | None:
    """
    Return how well a person fits what was asked for, in bits, 0 the best; None if they do not.

    A year off is weighed as one bit: it says less than most differences in spelling.
    """
    theirs = borne(person)
    likest = [max((likeness(word, each) for each in theirs), default=UNLIKE) for word in asked]
    if sum(each >= FARTHEST for each in likest) < _needed(len(likest)):
        return None
    spelt = sum(max(each, FARTHEST) for each in likest)
    return spelt - (_years_off(person, born_in) if born_in is not None else 0)


def _years_off(person: Any, born_in: int) -> int:
    earliest, latest = Birth.of(person).span()
    if not earliest or not latest:
        return YEARS_AROUND
    return max(earliest.year - born_in, born_in - latest.year, 0)


def _needed(number: int) -> int:
    return number - (number > MANY)
