"""
Who bears the words that are searched for, read from the index of the rarest word alone.

Nearly everybody bears one of a few very common words. Who bears a rare word and the common ones is
read from the rows of the rare one, which show by their marks what else its bearer is called; and
who bears common words only is read until there are enough, those first who are meant the most.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    and_,
    func,
    literal,
    not_,
    or_,
    union_all,
)
from sqlalchemy import select as sql_select
from sqlalchemy.orm import Mapped
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.gazetteer import MANTIKA_LENGTH
from services.registration.searches import names
from services.registration.searches.marks import marks
from services.registration.searches.models import NameKey

COUNTED = 2000
"""Of words that more rows have than this, it matters little which is the rarest."""

Condition = ColumnElement[bool]
Conditions = list[Condition]


class Word(NamedTuple):
    """A word that is searched for: the keys of how it may sound, and that of its consonants."""

    sounds: frozenset[int]
    spelling: int


class Ways(NamedTuple):
    """Statements that find people, as `person_id`; those are meant the most whom the first find."""

    with_all: list[Subquery]
    with_all_but_one: list[Subquery]
    """None where no word may be missing."""


async def ways(
    session: AsyncSession,
    asked: Collection[str],
    *,
    born_in: int | None,
    place: str | None,
    nationality: str | None,
) -> Ways:
    """
    Return in which ways to find who bears the words: first with the same consonants, then others.

    Of each first who is born in that very year. Somebody may be found more than once, and very few
    are found who do not bear the words.
    """
    told = {names.sound_keys(session, word): word for word in reversed(list(asked))}
    words = [Word(sounds, names.spelling_key(session, word)) for sounds, word in told.items()]
    where = [_in_mantika(place)] if place is not None else []
    if nationality is not None:
        where.append(col(NameKey.nationality) == nationality)
    if len(words) > 1:
        words = await _rarest_first(session, words, [*where, *_born(born_in)])
    years = _in_year_and_around(born_in)
    may_lack_one = names.needed(len(words)) < len(words)
    with_all_but_one = _with_all_but_one(words, years) if may_lack_one else ()
    return Ways(
        [_found([*way, *where]) for way in _with_all(words, years)],
        [_found([*way, *where]) for way in with_all_but_one],
    )


def _found(conditions: Conditions) -> Subquery:
    return sql_select(col(NameKey.person_id)).where(*conditions).subquery("found")


async def _rarest_first(
    session: AsyncSession, words: Sequence[Word], narrowed: Sequence[Condition]
) -> list[Word]:
    bearing = [
        sql_select(col(NameKey.key)).where(_key(word), *narrowed).limit(COUNTED) for word in words
    ]
    counts = union_all(
        *(
            sql_select(literal(number).label("number"), func.count().label("rows")).select_from(
                each.subquery()
            )
            for number, each in enumerate(bearing)
        )
    )
    counted = await (await session.connection()).execute(counts)
    return [words[row.number] for row in sorted(counted, key=lambda row: (row.rows, row.number))]


def _with_all(words: Sequence[Word], years: Sequence[Conditions]) -> Iterator[Conditions]:
    rarest, *others = words
    for spelt in (_spelt(words), not_(_spelt(words))):
        for born in years:
            yield [_key(rarest), *map(_bears, others), spelt, *born]


def _with_all_but_one(words: Sequence[Word], years: Sequence[Conditions]) -> Iterator[Conditions]:
    """Yield who bears the rarest word and all others but one, then who may lack the rarest."""
    rarest, second, *rest = words
    others = [second, *rest]
    some = [[each for each in others if each is not left_out] for left_out in others]
    bears_rarest = or_(*(and_(*map(_bears, borne)) for borne in some))
    rarest_spelt = or_(*(and_(_spelt([rarest, *borne]), *map(_bears, borne)) for borne in some))
    for like_rarest, like_others in (
        (rarest_spelt, _spelt(others)),
        (not_(rarest_spelt), not_(_spelt(others))),
    ):
        for born in years:
            yield [_key(rarest), bears_rarest, like_rarest, *born]
            yield [_key(second), *map(_bears, rest), like_others, *born]


def _spelt(words: Sequence[Word]) -> Condition:
    return _marked(col(NameKey.spelt), [word.spelling for word in words])


def _key(word: Word) -> Condition:
    return col(NameKey.key).in_(word.sounds)


def _bears(word: Word) -> Condition:
    return or_(*(_marked(col(NameKey.sounding), [key]) for key in sorted(word.sounds)))


def _marked(column: Mapped[int], keys: Collection[int]) -> Condition:
    mask = literal(marks(keys), BigInteger)
    return column.bitwise_and(mask) == mask


def _in_year_and_around(born_in: int | None) -> list[Conditions]:
    if born_in is None:
        return [[]]
    others = sorted({*_around(born_in)} - {born_in})
    return [[col(NameKey.born_in) == born_in], [col(NameKey.born_in).in_(others)]]


def _born(born_in: int | None) -> Conditions:
    return [col(NameKey.born_in).in_(_around(born_in))] if born_in is not None else []


def _around(born_in: int) -> list[int]:
    first, last = born_in - names.YEARS_AROUND, born_in + names.YEARS_AROUND
    return [names.UNKNOWN_YEAR, *range(first, last + 1)]


def _in_mantika(place: str) -> Condition:
    mantika = place[:MANTIKA_LENGTH]
    if len(mantika) == MANTIKA_LENGTH:
        return col(NameKey.mantika) == mantika
    return col(NameKey.mantika).startswith(mantika, autoescape=True)
