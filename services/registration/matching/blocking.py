"""
By which keys likely pairs are found, so that nobody is compared with the whole register.

Any two names in any order with sex and year of birth; any three names; the birth date, day and
month in either order; a phone; a document number. A person is looked for under the keys of the
years around theirs as well.
"""

from collections.abc import Iterator
from itertools import combinations

from services.registration.matching.evidence import Description
from services.registration.matching.spelling import coarse

YEARS_AROUND = 2
LAST_MONTH = 12


def kept_under(person: Description) -> set[str]:
    """Return the keys under which a person is kept."""
    return set(_always(person)) | set(_names_in(person, person.born.year))


def looked_for_under(person: Description) -> set[str]:
    """Return the keys under which those are kept who may be this person."""
    around = range(person.born.year - YEARS_AROUND, person.born.year + YEARS_AROUND + 1)
    return set(_always(person)).union(*(_names_in(person, year) for year in around))


def _always(person: Description) -> Iterator[str]:
    if person.phone:
        yield f"phone {person.phone}"
    for _, number in person.documents:
        yield f"document {number}"
    if person.precision == "day":
        month, day = person.born.month, person.born.day
        if day <= LAST_MONTH:
            # Which of the two is the month is what people mix up.
            month, day = sorted((month, day))
        yield f"born {person.born.year}-{month}-{day}"
    for three in combinations(sorted(_names(person)), 3):
        yield f"names {' '.join(three)}"


def _names_in(person: Description, year: int) -> Iterator[str]:
    for two in combinations(sorted(_names(person)), 2):
        yield f"names {' '.join(two)} {person.sex} {year}"


def _names(person: Description) -> list[str]:
    parts = (person.given, person.father, person.grandfather, person.family)
    return [key for key in (coarse(part or "") for part in parts) if key]
