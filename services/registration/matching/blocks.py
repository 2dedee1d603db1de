"""
The keys of a whole register (blocking.py), and who is kept under each.

All keys are sorted, so that those who share one, and those under that of the years around, stand
beside each other. That is done with one portion of the keys after the other: it takes many times
the memory of the keys themselves.
"""

from array import array
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching import blocking
from services.registration.matching.blocking import YEARS_AROUND
from services.registration.matching.description import Description
from services.registration.matching.likeliest import LARGEST_BLOCK

YEAR_BITS = 14
"""A key is kept as a number: what it says in the upper bits, the year of birth in the lower."""
NO_YEAR = (1 << YEAR_BITS) - 1 - YEARS_AROUND
"""Stands for a year that is not known, or of which the key says nothing."""
SORTED_AT_ONCE = 1 << 18
"""About as many keys as are in a portion."""
KEY_BITS = 64

Numbers = npt.NDArray[Any]


class Kept(NamedTuple):
    """Who is kept under a portion of the keys, and whom each of these finds."""

    people: Numbers
    """Who is kept under a key that not too many share; those of one key are beside each other."""
    sizes: Numbers
    """How many share that key."""
    places: Numbers
    """The places of the keys among all."""
    begins: Numbers
    """Where in `people` those begin whom each of them finds."""
    finds: Numbers
    """How many these are."""
    finds_back: Numbers
    """Whether they would find its person by it as well."""


class Blocks:
    """The keys of people, each added once, by the places in which they were added."""

    def __init__(self) -> None:
        self._keys, self._first, self._last = array("q"), array("h"), array("h")
        """What a key says beside the year, and the years under which its person is kept."""
        self._is_number = array("b")
        self._counts = array("i")

    def add(self, person: Description) -> int:
        """Add somebody; return under how many keys they are kept."""
        yearly, numbers = set(blocking.names_of_year(person)), set(blocking.numbers(person))
        always = [*numbers, *(set(blocking.timeless(person)) - numbers)]
        born = blocking.years(person)
        first, last = (born.start, born.stop - 1) if born else (NO_YEAR, NO_YEAR)
        self._keys.extend([hash(key) >> YEAR_BITS << YEAR_BITS for key in (*always, *yearly)])
        self._first.extend([NO_YEAR] * len(always) + [first] * len(yearly))
        self._last.extend([NO_YEAR] * len(always) + [last] * len(yearly))
        self._is_number.extend([1] * len(numbers))
        self._is_number.extend([0] * (len(always) + len(yearly) - len(numbers)))
        self._counts.append(len(always) + len(yearly))
        return len(always) + len(yearly) * (last - first + 1)

    def keys(self) -> "Keys":
        """Return all keys as they are; nobody can be added while they are looked at."""
        return Keys(
            np.frombuffer(self._keys, np.int64),
            np.frombuffer(self._first, np.int16),
            np.frombuffer(self._last, np.int16),
            np.frombuffer(self._is_number, np.bool_),
            np.cumsum(self._counts),
        )


class Keys:
    """The keys of everybody, in the order in which people were added."""

    def __init__(
        self, keys: Numbers, first: Numbers, last: Numbers, is_number: Numbers, ends: Numbers
    ) -> None:
        self._keys, self._first, self._last = keys, first, last
        self.is_number, self.ends = is_number, ends
        """Whether a key is of a phone or a paper; and after how many keys each person's end."""
        self.most_kept = int((last - first + 1).sum())
        """Under so many keys people are kept, if none is shared by too many."""
        bits = max((self.most_kept // SORTED_AT_ONCE).bit_length(), 1)
        self._portion = (keys >> (KEY_BITS - bits)).astype(np.int16)
        self.portions = range(-(1 << bits) >> 1, 1 << bits >> 1)

    def __len__(self) -> int:
        return len(self._keys)

    def kept(self, portion: int) -> Kept:
        """Return who is kept under the keys of a portion, and whom these find."""
        places = np.flatnonzero(self._portion == portion)
        people = np.searchsorted(self.ends, places, side="right").astype(np.int32)
        first = self._first[places]
        years = self._last[places] - first + 1
        # Whoever is kept under several years has a row for each.
        key = np.repeat(np.arange(len(places)), years)
        ends = np.cumsum(years)
        begins = ends - years
        rows = self._keys[places][key] + np.repeat(first - begins, years) + np.arange(len(key))
        order = np.argsort(rows)
        rows = rows[order]
        heads = np.flatnonzero(np.diff(rows, prepend=rows[:1] - 1))
        sizes = np.diff(heads, append=len(rows))
        is_told = sizes <= LARGEST_BLOCK
        kept = order[np.repeat(is_told, sizes)]
        low, high = _found_under(rows[heads], sizes * is_told)
        under = np.empty_like(order)
        under[order] = np.repeat(np.arange(len(heads)), sizes)
        begin, end = low[under[begins]], high[under[ends - 1]]
        finds_back = np.zeros(len(places), np.bool_)
        finds_back[key[kept]] = True
        return Kept(
            people[key[kept]],
            np.repeat(sizes[is_told], sizes[is_told]).astype(np.int16),
            places,
            begin,
            end - begin,
            finds_back & (years == 1),
        )


def _found_under(keys: Numbers, sizes: Numbers) -> tuple[Numbers, Numbers]:
    """Return where those begin and end who are kept around the year of each key."""
    ends = np.append(0, np.cumsum(sizes))
    low = np.searchsorted(keys, keys - YEARS_AROUND)
    high = np.searchsorted(keys, keys + YEARS_AROUND, side="right")
    return ends[low], ends[high]
