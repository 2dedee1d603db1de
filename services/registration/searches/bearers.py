"""
Who bears the words that are searched for, read from the index of the rarest word alone.

Nearly everybody bears one of a few very common words. Who bears a rare word and the common ones is
read from the rows of the rare one, which show by their marks what else its bearer is called; and
who bears common words only is read until there are enough, those first who are meant the most.

The conditions are those of a shape, and the words are their parameters: searches of one shape are
one statement, which is made and planned once.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    func,
    literal,
    not_,
    or_,
    true,
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
from services.registration.searches.ranking import YEARS_AROUND, needed

COUNTED = 2000
"""Of words that more rows have than this, it matters little which is the rarest."""
MOST_WORDS = 8
"""By so many people are found, the rarest; by all of them they are ranked."""
LARGEST = (1 << 63) - 1
SOUNDS = range(2)
"""A word sounds in one way or in two."""
OFF = [off for off in range(-YEARS_AROUND, YEARS_AROUND + 1) if off]

YEAR = bindparam("year", type_=Integer)
AROUND = [bindparam(f"around_{number}", type_=Integer) for number in range(len(OFF) + 1)]

Condition = ColumnElement[bool]
Conditions = list[Condition]
Parameters = dict[str, Any]


class Shape(NamedTuple):
    """What is asked for, but for the words and values themselves."""

    words: int
    year: bool
    place: Literal["none", "mantika", "larger"]
    nationality: bool

    @property
    def may_lack_one(self) -> bool:
        return needed(self.words) < self.words


class Word(NamedTuple):
    """A word that is searched for: the keys of how it may sound, and that of its consonants."""

    sounds: tuple[int, int]
    spelling: int


class Sought(NamedTuple):
    """What finds people: the shape of the statements, and their parameters."""

    shape: Shape
    parameters: Parameters


async def sought(
    session: AsyncSession,
    asked: Collection[str],
    *,
    born_in: int | None,
    place: str | None,
    nationality: str | None,
) -> Sought:
    """Return what finds who bears the words, of which the rarest comes first."""
    told = {names.sound_keys(session, word): word for word in reversed(list(asked))}
    words = [
        Word((min(sounds), max(sounds)), names.spelling_key(session, word))
        for sounds, word in told.items()
    ]
    where: Parameters = {}
    if born_in is not None:
        where["year"] = born_in
        around = [names.UNKNOWN_YEAR, *(born_in + off for off in OFF)]
        where |= {f"around_{number}": year for number, year in enumerate(around)}
    if place is not None:
        where["mantika"] = place[:MANTIKA_LENGTH]
    if nationality is not None:
        where["key_nationality"] = nationality
    shape = Shape(len(words), born_in is not None, _size(place), nationality is not None)
    if len(words) > 1:
        order = await _rarest_first(session, shape, _of_words(words) | where)
        words = [words[number] for number in order[:MOST_WORDS]]
    return Sought(shape._replace(words=len(words)), _of_words(words) | _spellings(words) | where)


def _size(place: str | None) -> Literal["none", "mantika", "larger"]:
    if place is None:
        return "none"
    return "mantika" if len(place) >= MANTIKA_LENGTH else "larger"


def _of_words(words: Sequence[Word]) -> Parameters:
    found = {}
    for number, word in enumerate(words):
        for sound in SOUNDS:
            found[f"key_{number}_{sound}"] = word.sounds[sound]
            found[f"sounding_{number}_{sound}"] = _mask([word.sounds[sound]])
    return found


def _spellings(words: Sequence[Word]) -> Parameters:
    spellings = [word.spelling for word in words]
    found = {
        f"spelt_without_{number}": _mask([*spellings[:number], *spellings[number + 1 :]])
        for number in range(len(words))
    }
    return found | {"spelt": _mask(spellings)}


def _mask(keys: Sequence[int]) -> int:
    """Return the marks that are looked for: all but the sign, without which numbers are ordered."""
    return marks(keys) & LARGEST


async def _rarest_first(session: AsyncSession, shape: Shape, parameters: Parameters) -> list[int]:
    counted = await (await session.connection()).execute(_counts(shape), parameters)
    return [row.number for row in sorted(counted, key=lambda row: (row.rows, row.number))]


@lru_cache
def _counts(shape: Shape) -> Any:
    """Return what counts the rows of each word, as far as they matter."""
    where = [
        *_narrowed(shape),
        *([col(NameKey.born_in).in_([YEAR, *AROUND])] if shape.year else []),
    ]
    bearing = [
        sql_select(col(NameKey.key)).where(_key(word), *where).limit(COUNTED).subquery()
        for word in range(shape.words)
    ]
    return union_all(
        *(
            sql_select(literal(number).label("number"), func.count().label("rows")).select_from(
                each
            )
            for number, each in enumerate(bearing)
        )
    )


def with_all(shape: Shape) -> list[Conditions]:
    """
    Return who bears all words: first with the same consonants, then others.

    Of each first who is born in that very year. Somebody may be found more than once, and very few
    are found who do not bear the words.
    """
    rarest, *others = range(shape.words)
    spelt = _marked(col(NameKey.spelt), "spelt")
    return [
        [_key(rarest), *map(_bears, others), like, born, *_narrowed(shape)]
        for like in (spelt, not_(spelt))
        for born in _years(shape)
    ]


def with_all_but_one(shape: Shape) -> list[Conditions]:
    """Return who bears the rarest word and all others but one, and who may lack the rarest."""
    return [[*found, *_narrowed(shape)] for found in _with_all_but_one(shape)]


def _with_all_but_one(shape: Shape) -> Iterator[Conditions]:
    rarest, second, *rest = range(shape.words)
    others = [second, *rest]
    bears, spelt = [], []
    for left_out in others:
        borne = [_bears(each) for each in others if each != left_out]
        bears.append(and_(*borne))
        spelt.append(and_(_marked(col(NameKey.spelt), f"spelt_without_{left_out}"), *borne))
    lacks_rarest = _marked(col(NameKey.spelt), f"spelt_without_{rarest}")
    for like_rarest, like_others in (
        (or_(*spelt), lacks_rarest),
        (not_(or_(*spelt)), not_(lacks_rarest)),
    ):
        for born in _years(shape):
            yield [_key(rarest), or_(*bears), like_rarest, born]
            yield [_key(second), *map(_bears, rest), like_others, born]


def _key(word: int) -> Condition:
    return col(NameKey.key).in_([_number(f"key_{word}_{sound}") for sound in SOUNDS])


def _bears(word: int) -> Condition:
    return or_(*(_marked(col(NameKey.sounding), f"sounding_{word}_{sound}") for sound in SOUNDS))


def _marked(column: Mapped[int], name: str) -> Condition:
    # Not `==`, of which PostgreSQL expects so few rows that it would rather read the whole table.
    return column.bitwise_and(_number(name)) >= _number(name)


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _years(shape: Shape) -> Conditions:
    if not shape.year:
        return [true()]
    return [col(NameKey.born_in) == YEAR, col(NameKey.born_in).in_(AROUND)]


def _narrowed(shape: Shape) -> Conditions:
    found: Conditions = []
    mantika = bindparam("mantika", type_=String)
    if shape.place == "mantika":
        found.append(col(NameKey.mantika) == mantika)
    if shape.place == "larger":
        # A p-code has letters and digits only.
        found.append(col(NameKey.mantika).startswith(mantika))
    if shape.nationality:
        found.append(col(NameKey.nationality) == bindparam("key_nationality", type_=String))
    return found
