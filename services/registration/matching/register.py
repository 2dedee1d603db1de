"""
A whole register as it is compared: each attribute of all people in one array.

A person takes some hundred bytes, so that a million fit where as many descriptions would not.
What is long or personal is kept as a number: names by the number of their spelling, and phones,
papers and households by a hash that differs in each process.
"""

from array import array
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching.description import (
    PARTS,
    UNKNOWN_SEX,
    UNSPECIFIED_NATIONALITY,
    Description,
)

NOT_TOLD = 0
PRECISIONS = {"day": 1, "estimated": 2}
"""Which of them decide how births are compared; all others count as OTHER_PRECISION."""
OTHER_PRECISION = 3
SEVERAL = 2
EPOCH = date(1970, 1, 1).toordinal()

Numbers = npt.NDArray[Any]
Forms = tuple[str, ...]
"""How a name and its parts sound, as it is borne and in Latin."""


class Columns(NamedTuple):
    """What everybody is compared by, in the order in which they were added."""

    names: tuple[Numbers, ...]
    """The number of what each part of the name sounds like, in the order of PARTS."""
    sex: Numbers
    nationality: Numbers
    born: Numbers
    year: Numbers
    month: Numbers
    day: Numbers
    precision: Numbers
    days_off: Numbers
    phone: Numbers
    phones: Numbers
    """How many are told, at most SEVERAL, of which `phone` is one."""
    document: Numbers
    documents: Numbers
    """The same of papers."""
    household: Numbers


class Names(NamedTuple):
    """What names sound like: all spellings, and which of them each number stands for."""

    spellings: list[str]
    forms: list[Numbers]
    """The first spelling of each, the second and so on; -1 where there are not so many."""


class Register:
    """People as they are added, one after the other; `columns` when all are there."""

    def __init__(self) -> None:
        self._names = [array("i") for _ in PARTS]
        self._sex, self._precision = array("b"), array("b")
        self._phones, self._documents = array("b"), array("b")
        self._nationality, self._born, self._days_off = array("h"), array("i"), array("i")
        self._phone, self._document, self._household = array("q"), array("q"), array("q")
        self._forms: dict[Forms, int] = {(): NOT_TOLD}
        self._sounding: dict[tuple[str | None, str | None], int] = {}
        self._sexes: dict[str, int] = {UNKNOWN_SEX: NOT_TOLD}
        self._nationalities: dict[str, int] = {UNSPECIFIED_NATIONALITY: NOT_TOLD}

    def __len__(self) -> int:
        return len(self._sex)

    def add(self, person: Description) -> None:
        for part, column in zip(PARTS, self._names, strict=True):
            column.append(self._number_of(person, part))
        self._sex.append(self._sexes.setdefault(person.sex, len(self._sexes)))
        told = self._nationalities
        self._nationality.append(told.setdefault(person.nationality, len(told)))
        self._born.append(person.born.toordinal() if person.born else NOT_TOLD)
        self._precision.append(PRECISIONS.get(person.precision, OTHER_PRECISION))
        self._days_off.append(person.days_off)
        papers = [number for _, number in person.documents]
        for theirs, one, count in (
            (person.phones, self._phone, self._phones),
            (papers, self._document, self._documents),
        ):
            one.append(_hash(theirs[0] if theirs else None))
            count.append(min(len(theirs), SEVERAL))
        self._household.append(_hash(person.household))

    def _number_of(self, person: Description, part: str) -> int:
        told = getattr(person, part), getattr(person, f"{part}_latin")
        number = self._sounding.get(told)
        if number is None:
            number = self._forms.setdefault(person.sounding(part), len(self._forms))
            self._sounding[told] = number
        return number

    def columns(self) -> Columns:
        """Return the columns as they are; nobody can be added while they are looked at."""
        born = np.asarray(self._born)
        days = (born - EPOCH).astype("datetime64[D]")
        years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
        return Columns(
            names=tuple(np.asarray(column) for column in self._names),
            sex=np.asarray(self._sex),
            nationality=np.asarray(self._nationality),
            born=born,
            year=(years.astype(np.int64) + 1970).astype(np.int16),
            month=(months.astype(np.int64) % 12 + 1).astype(np.int8),
            day=((days - months.astype("datetime64[D]")).astype(np.int64) + 1).astype(np.int8),
            precision=np.asarray(self._precision),
            days_off=np.asarray(self._days_off),
            phone=np.asarray(self._phone),
            phones=np.asarray(self._phones),
            document=np.asarray(self._document),
            documents=np.asarray(self._documents),
            household=np.asarray(self._household),
        )

    def names(self) -> Names:
        numbers: dict[str, int] = {}

        def number_in(forms: Iterable[Forms], place: int) -> Numbers:
            found = (forms_[place] if place < len(forms_) else None for forms_ in forms)
            return np.array(
                [-1 if each is None else numbers.setdefault(each, len(numbers)) for each in found],
                np.int32,
            )

        most = max(2, *map(len, self._forms))
        forms = [number_in(self._forms, place) for place in range(most)]
        return Names(list(numbers), forms)


def _hash(told: str | None) -> int:
    return hash(told) or 1 if told else NOT_TOLD
