"""
Whom everybody in a register is compared with: it finds what `likeliest` finds for one person.

One who comes later finds the earlier one, and need not be found by them as well.
"""

from collections.abc import Iterator

import numpy as np

from services.registration.matching.abreast import abreast
from services.registration.matching.blocks import Kept, Keys, Numbers
from services.registration.matching.likeliest import MOST_COMPARED, SHARE

FOUND_AT_ONCE = 1 << 18
"""So many times is somebody found by a key before it is looked at who that was."""
PLACE_BITS = 32


class Finding:
    """Who is kept under which keys, and whom each finds by theirs once all keys are sorted."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._kept = 0
        self._people = np.empty(keys.most_kept, np.int32)
        self._sizes = np.empty(keys.most_kept, np.int16)
        self._begins = np.empty(len(keys), np.int32)
        # Whoever is last may have no key, and their first one is then after the end.
        self._found = np.zeros(len(keys) + 1, np.int32)
        self._finds_back = np.empty(len(keys), np.bool_)
        self._finds = np.zeros(len(keys.ends), np.int64)
        """How often each person finds somebody, themselves included."""
        self._finds_many = self._finds > MOST_COMPARED

    def sort(self) -> Iterator[None]:
        """Sort all keys, a portion after the other; nobody is found before the last."""
        for kept in abreast(self._keys.kept, self._keys.portions):
            self._put(kept)
            yield
        counts = np.diff(self._keys.ends, prepend=0)
        finds = np.add.reduceat(self._found, self._keys.ends - counts)
        self._finds = np.where(counts > 0, finds, 0)
        self._finds_many = self._finds > MOST_COMPARED

    def _put(self, kept: Kept) -> None:
        here = slice(self._kept, self._kept + len(kept.people))
        self._people[here], self._sizes[here] = kept.people, kept.sizes
        self._begins[kept.places] = kept.begins + self._kept
        self._found[kept.places] = kept.finds
        self._finds_back[kept.places] = kept.finds_back
        self._kept = here.stop

    def stretches(self) -> Iterator[slice]:
        """Yield the places of people who are looked at together."""
        total = np.cumsum(self._finds)
        begin = 0
        while begin < len(total):
            before = total[begin - 1] if begin else 0
            end = max(int(np.searchsorted(total, before + FOUND_AT_ONCE, side="right")), begin + 1)
            yield slice(begin, end)
            begin = end

    def pairs(self, people: slice) -> tuple[Numbers, Numbers]:
        """Return who of these is compared with whom, the lesser place first; each pair once."""
        ends, finds = self._keys.ends[people], self._finds[people]
        keys = slice(self._keys.ends[people.start - 1] if people.start else 0, ends[-1])
        counts = self._found[keys]
        begins = self._begins[keys] - (np.cumsum(counts) - counts)
        at = np.repeat(begins, counts) + np.arange(finds.sum())
        finder = np.repeat(np.arange(people.start, people.stop, dtype=np.int32), finds)
        found = self._people[at]
        is_only_way = np.repeat(~self._finds_back[keys], counts)
        is_only_way |= self._finds_many[found]
        many = np.repeat(self._finds_many[people], finds)
        one = np.flatnonzero(((found < finder) | ((found > finder) & is_only_way)) & ~many)
        of_many = np.flatnonzero((found != finder) & many)
        by_number = np.repeat(self._keys.is_number[keys], counts)[of_many]
        likeliest = self._likeliest(
            _paired(finder[of_many], found[of_many]), self._sizes[at[of_many]], by_number
        )
        return _told_once(np.append(_paired(finder[one], found[one]), likeliest))

    def _likeliest(self, pairs: Numbers, sizes: Numbers, by_number: Numbers) -> Numbers:
        """Return with whom each finder is compared of all whom they find, as `likeliest` has it."""
        order = np.argsort(pairs)
        pairs = pairs[order]
        begins = np.flatnonzero(np.diff(pairs, prepend=-1))
        if not len(begins):
            return pairs
        share = np.add.reduceat(SHARE // sizes[order].astype(np.int64), begins)
        # Whoever shares a number is compared in any case.
        by_number = np.logical_or.reduceat(by_number[order], begins)
        pairs = pairs[begins]
        finder = pairs >> PLACE_BITS
        # Of those who are equally likely the last come first.
        ranked = np.lexsort((pairs, share, finder))[::-1]
        heads = np.flatnonzero(np.diff(finder[ranked], prepend=-1))
        place = np.arange(len(ranked)) - np.repeat(heads, np.diff(heads, append=len(ranked)))
        compared: Numbers = pairs[ranked[(place < MOST_COMPARED) | by_number[ranked]]]
        return compared


def _paired(one: Numbers, other: Numbers) -> Numbers:
    pairs: Numbers = one.astype(np.int64) << PLACE_BITS | other
    return pairs


def _told_once(pairs: Numbers) -> tuple[Numbers, Numbers]:
    one, other = pairs >> PLACE_BITS, pairs & (1 << PLACE_BITS) - 1
    pairs = _paired(np.minimum(one, other), np.maximum(one, other))
    pairs.sort()
    pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
    return pairs >> PLACE_BITS, pairs & (1 << PLACE_BITS) - 1
