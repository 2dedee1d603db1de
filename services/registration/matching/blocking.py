"""
By which keys likely pairs are found, so that nobody is compared with the whole register.

Any two names in any order with sex and year of birth; any three names, and these with sex and year
as well; the birth date, day and month in either order; a phone; a document number. A person is
looked for under the keys of the years around theirs as well; whoever's age is hardly known is kept
under all the years it may mean. In a large register two common names with a year find too many to
look at, and three names with a year still few.
Who has no name is found by a phone or a document number alone.
Somebody of unknown age shares the keys with years with others of unknown age only.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations

from services.registration.matching.births import WIDE_DAYS
from services.registration.matching.description import Description
from services.registration.matching.sounding import coarse, sounds

YEARS_AROUND = 2
LAST_MONTH = 12

Parts = tuple[str | None, ...]


def kept_under(person: Description) -> set[str]:
    """Return the keys under which a person is kept."""
    return _under(person, years(person))


def looked_for_under(person: Description) -> set[str]:
    """Return the keys under which those are kept who may be this person."""
    born = years(person)
    return _under(person, born and range(born.start - YEARS_AROUND, born.stop + YEARS_AROUND))


def _under(person: Description, born: range | None) -> set[str]:
    within = born or [None]
    yearly = {f"{names} {year}" for names in names_of_year(person) for year in within}
    return yearly.union(timeless(person))


def years(person: Description) -> range | None:
    """Return the years under which a person is kept; None whose age is unknown."""
    if person.born is None:
        return None
    off = timedelta(days=person.days_off if person.days_off > WIDE_DAYS else 0)
    return range((person.born - off).year, (person.born + off).year + 1)


def numbers(person: Description) -> Iterator[str]:
    """Yield the keys of a person's phones and papers, which few others share."""
    for phone in person.phones:
        yield f"phone {phone}"
    for _, number in person.documents:
        yield f"document {number}"


def timeless(person: Description) -> Iterator[str]:
    """Yield the keys that are the same for all years."""
    yield from numbers(person)
    # Of whom no name is known a birth date says too little: many infants are born on one day.
    if person.precision == "day" and person.born and _names(person):
        for days in range(-person.days_off, person.days_off + 1):
            yield _born(person.born + timedelta(days=days))
    for three in combinations(sorted(_names(person)), 3):
        yield f"names {' '.join(three)}"


def _born(born: date) -> str:
    month, day = born.month, born.day
    if day <= LAST_MONTH:
        # Which of the two is the month is what people mix up.
        month, day = sorted((month, day))
    return f"born {born.year}-{month}-{day}"


def names_of_year(person: Description) -> Iterator[str]:
    """Yield the keys under which a person is kept with each of their years."""
    for one, other in _pairs_of_names(*_parts(person)):
        yield f"names {one} {other} {person.sex}"
    # Of many years each would say little beside three names, which find somebody without it.
    if person.days_off <= WIDE_DAYS:
        for some in combinations(sorted(_names(person)), 3):
            yield f"names {' '.join(some)} {person.sex}"


def _names(person: Description) -> Sequence[str]:
    return _keys_of_names(*_parts(person))


def _parts(person: Description) -> tuple[Parts, Parts]:
    parts = (person.given, person.father, person.grandfather, person.family)
    latin = (
        person.given_latin,
        person.father_latin,
        person.grandfather_latin,
        person.family_latin,
    )
    return parts, latin


# Each kind of key of somebody asks for them, one kind after the other.
@lru_cache(maxsize=1 << 8)
def _keys_of_names(parts: Parts, latin: Parts) -> tuple[str, ...]:
    keys = [key for key in (coarse(part or "") for part in parts) if key]
    # Most Latin spellings sound as the name does, and find nobody more.
    return *keys, *sorted({coarse(each) for each in latin if each} - {*keys, ""})


@lru_cache(maxsize=1 << 8)
def _pairs_of_names(parts: Parts, latin: Parts) -> frozenset[tuple[str, str]]:
    """
    Return any two names, the lesser first, each in any way in which it may be said.

    Whoever told more names than two is found by others of them too, so that three names are kept in
    one way only.
    """
    found: set[tuple[str, str]] = set()
    before: list[str] = []
    for names in zip(parts, latin, strict=True):
        heard = {sound for name in names if name for sound in sounds(name)}
        for one in heard:
            found.update([(one, other) if one < other else (other, one) for other in before])
        before += heard
    return frozenset(found)
