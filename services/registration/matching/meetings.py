"""
How alike names are that meet in pairs of people, by those of their spellings that fit best.

Frequent names meet again and again, so what two names were found to be is remembered. There is room
for so many meetings however large the register is; one that takes the room of another is no loss,
because that one is compared again.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching.likenesses import Bits, Likenesses
from services.registration.matching.register import NOT_TOLD, Names, Numbers
from services.registration.matching.transducer import Transducer

ROOM_BITS = 21
SCATTERED = np.uint64(0x9E3779B97F4A7C15)
"""A number times this has its upper bits anywhere (Knuth's multiplicative hashing)."""


class Closest(NamedTuple):
    """How alike a name of each pair is; `below` is -inf where either has none."""

    told: npt.NDArray[np.bool_]
    below: Bits
    ratio: Bits


class Meetings:
    """The names of a register by their numbers, and how alike any of them are."""

    def __init__(self, names: Names, transducer: Transducer) -> None:
        self._names = names
        self._likenesses = Likenesses(names.spellings, transducer)
        self._count = len(names.first)
        room = 1 << ROOM_BITS
        self._met = np.full(room, -1)
        self._below, self._ratio = np.zeros(room), np.zeros(room)

    def of(self, ours: Numbers, theirs: Numbers) -> Closest:
        told = (ours != NOT_TOLD) & (theirs != NOT_TOLD)
        below, ratio = np.full(len(ours), -np.inf), np.zeros(len(ours))
        same = told & (ours == theirs) & (self._names.second[ours] < 0)
        below[same] = 0.0
        ratio[same] = self._likenesses.own[self._names.first[ours[same]]]
        others = np.flatnonzero(told & ~same)
        below[others], ratio[others] = self._remembered(ours[others], theirs[others])
        return Closest(told, below, ratio)

    def _remembered(self, ours: Numbers, theirs: Numbers) -> tuple[Bits, Bits]:
        meetings = np.minimum(ours, theirs).astype(np.int64) * self._count
        meetings += np.maximum(ours, theirs)
        rooms = meetings.view(np.uint64) * SCATTERED >> np.uint64(64 - ROOM_BITS)
        below, ratio = self._below[rooms], self._ratio[rooms]
        unknown = np.flatnonzero(self._met[rooms] != meetings)
        new, first, places = np.unique(meetings[unknown], return_index=True, return_inverse=True)
        found = self._compared(new // self._count, new % self._count)
        below[unknown], ratio[unknown] = (each[places] for each in found)
        rooms = rooms[unknown[first]]
        # Of two that take one room in one go the last has it, in all three alike.
        self._met[rooms] = new
        self._below[rooms], self._ratio[rooms] = found
        return below, ratio

    def _compared(self, ours: Numbers, theirs: Numbers) -> tuple[Bits, Bits]:
        names = self._names
        below, ratio = np.full(len(ours), -np.inf), np.zeros(len(ours))
        for one in (names.first[ours], names.second[ours]):
            for other in (names.first[theirs], names.second[theirs]):
                there = np.flatnonzero((one >= 0) & (other >= 0))
                found = self._likenesses.of(one[there], other[there])
                most = below[there], ratio[there]
                more = found.below > most[0]
                more |= (found.below == most[0]) & (found.ratio > most[1])
                below[there] = np.where(more, found.below, most[0])
                ratio[there] = np.where(more, found.ratio, most[1])
        return below, ratio
