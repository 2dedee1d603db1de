"""
Who shares a key with whom in a whole register (blocking.py), and whom each is compared with.

It finds what `likeliest` finds for one person after the other. All keys are in one sorted array, in
which those under one key, and under that of the years around, stand beside each other.
"""

from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching import blocking
from services.registration.matching.blocking import YEARS_AROUND
from services.registration.matching.description import Description
from services.registration.matching.likeliest import LARGEST_BLOCK, MOST_COMPARED, SHARE

YEAR_BITS = 14
"""A key is kept as a number: what it says in the upper bits, the year of birth in the lower."""
ALL_BITS = (1 << 64) - 1
NO_YEAR = (1 << YEAR_BITS) - 1 - YEARS_AROUND
"""Stands for a year that is not known, or of which the key says nothing."""
FOUND_AT_ONCE = 1 << 20
"""So many times is somebody found by a key before it is looked at who that was."""

Numbers = npt.NDArray[Any]


class Kept(NamedTuple):
    """Who is kept under the keys that not too many share, sorted by the key."""

    keys: Numbers
    people: Numbers
    shares: Numbers
    """How much each is told apart by the key."""


class Blocks:
    """The keys of people, each added once, by the places in which they were added."""

    def __init__(self) -> None:
        self._keys, self._first, self._last = array("Q"), array("h"), array("h")
        """What a key says beside the year, and the years under which its person is kept."""
        self._is_number = array("b")
        self._counts = array("i")

    def add(self, person: Description) -> int:
        """Add somebody; return under how many keys they are kept."""
        yearly, numbers = set(blocking.names_of_year(person)), set(blocking.numbers(person))
        always = [*numbers, *(set(blocking.timeless(person)) - numbers)]
        born = blocking.years(person)
        first, last = (born.start, born.stop - 1) if born else (NO_YEAR, NO_YEAR)
        self._keys.extend([hash(key) & ALL_BITS for key in (*always, *yearly)])
        self._first.extend([NO_YEAR] * len(always) + [first] * len(yearly))
        self._last.extend([NO_YEAR] * len(always) + [last] * len(yearly))
        self._is_number.extend([1] * len(numbers))
        self._is_number.extend([0] * (len(always) + len(yearly) - len(numbers)))
        self._counts.append(len(always) + len(yearly))
        return len(always) + len(yearly) * (last - first + 1)

    def pairs(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield who is compared with whom, many pairs at a time; one may be told twice."""
        looking = _Looking(
            np.frombuffer(self._keys, np.uint64) >> YEAR_BITS << YEAR_BITS,
            np.frombuffer(self._first, np.int16),
            np.frombuffer(self._last, np.int16),
            np.frombuffer(self._is_number, np.bool_),
            np.frombuffer(self._counts, np.int32),
        )
        yield from looking.pairs()


class _Looking:
    """A look at all keys by all people."""

    def __init__(
        self, keys: Numbers, first: Numbers, last: Numbers, is_number: Numbers, counts: Numbers
    ) -> None:
        self._count, self._is_number = len(counts), is_number
        self._ends = np.cumsum(counts)
        self._people = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self._kept, entries = _kept(keys, first, last, self._people)
        around = np.where(first == NO_YEAR, 0, YEARS_AROUND)
        begin = keys | np.maximum(first - around, 0).astype(np.uint64)
        end = keys | (last + around).astype(np.uint64)
        # In their order they are looked up where the last one was, and not all over the keys.
        order = np.argsort(begin)
        self._begin, self._found = np.empty_like(self._people), np.empty_like(self._people)
        self._begin[order] = np.searchsorted(self._kept.keys, begin[order])
        self._found[order] = np.searchsorted(self._kept.keys, end[order], side="right")
        self._found -= self._begin
        self._finds_back = np.zeros(len(keys), np.bool_)
        """Whether whom the key finds would find this person by it as well."""
        self._finds_back[entries] = True
        self._finds_back &= first == last
        # Whoever is last may have no key, and their first one is then after the end.
        found = np.add.reduceat(np.append(self._found, 0), self._ends - counts)
        self._finds = np.where(counts > 0, found, 0)
        self._finds_many = self._finds > MOST_COMPARED

    def pairs(self) -> Iterator[tuple[Numbers, Numbers]]:
        total = np.cumsum(self._finds)
        begin = 0
        while begin < self._count:
            before = total[begin - 1] if begin else 0
            end = max(int(np.searchsorted(total, before + FOUND_AT_ONCE, side="right")), begin + 1)
            yield from self._found_by(begin, end)
            begin = end

    def _found_by(self, begin: int, end: int) -> Iterator[tuple[Numbers, Numbers]]:
        keys = slice(self._ends[begin - 1] if begin else 0, self._ends[end - 1])
        counts = self._found[keys]
        which = np.repeat(np.arange(keys.start, keys.stop), counts)
        starts = np.cumsum(counts) - counts
        at = np.arange(len(which)) + np.repeat(self._begin[keys] - starts, counts)
        finder, found = self._people[which], self._kept.people[at]
        many = self._finds_many[finder]
        # Whoever comes later finds the earlier one, and need not be found by them as well.
        wanted = (found < finder) | ((found > finder) & self._is_only_way(which, found))
        wanted &= ~many
        yield self._told_once(finder[wanted], found[wanted])
        many &= finder != found
        which, at = which[many], at[many]
        yield self._likeliest(finder[many], found[many], which, self._kept.shares[at])

    def _is_only_way(self, which: Numbers, found: Numbers) -> Numbers:
        only: Numbers = self._finds_many[found] | ~self._finds_back[which]
        return only

    def _told_once(self, finder: Numbers, found: Numbers) -> tuple[Numbers, Numbers]:
        low, high = np.minimum(finder, found), np.maximum(finder, found)
        pairs = low.astype(np.int64) * self._count + high
        pairs.sort()
        pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
        return pairs // self._count, pairs % self._count

    def _likeliest(
        self, finder: Numbers, found: Numbers, which: Numbers, shares: Numbers
    ) -> tuple[Numbers, Numbers]:
        """Return whom each is compared with of all whom they find, as `likeliest` has it."""
        code = finder.astype(np.int64) * self._count + found
        order = np.argsort(code)
        code = code[order]
        begins = np.flatnonzero(np.diff(code, prepend=-1))
        if not len(begins):
            return code, code
        share = np.add.reduceat(shares[order], begins)
        # Whoever shares a number is compared in any case.
        by_number = np.logical_or.reduceat(self._is_number[which[order]], begins)
        code = code[begins]
        finder, found = code // self._count, code % self._count
        ranked = np.lexsort((found, share, finder))[::-1]
        finds = np.flatnonzero(np.diff(finder[ranked], prepend=-1))
        place = np.arange(len(ranked)) - np.repeat(finds, np.diff([*finds, len(ranked)]))
        compared = ranked[(place < MOST_COMPARED) | by_number[ranked]]
        return self._told_once(finder[compared], found[compared])


def _kept(keys: Numbers, first: Numbers, last: Numbers, people: Numbers) -> tuple[Kept, Numbers]:
    """Return the keys as they are looked up, and of which of those given each is."""
    years = (last - first + 1).astype(np.int64)
    each = np.repeat(np.arange(len(keys)), years)
    year = first[each] + (np.arange(len(each)) - np.repeat(np.cumsum(years) - years, years))
    under = keys[each] | year.astype(np.uint64)
    order = np.argsort(under)
    under = under[order]
    begins = np.flatnonzero(np.diff(under, prepend=under[:1] + np.uint64(1)))
    sizes = np.repeat(np.diff([*begins, len(under)]), np.diff([*begins, len(under)]))
    few = sizes <= LARGEST_BLOCK
    entries = each[order[few]]
    return Kept(under[few], people[entries], SHARE // sizes[few]), entries
