"""
How alike names are that meet in pairs of people, by those of their spellings that fit best.

Frequent names meet again and again, so what two names were found to be is remembered. There is room
for so many meetings however large the register is; one that takes the room of another is no loss,
because that one is compared again.
"""

from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching.likenesses import Bits, Likenesses
from services.registration.matching.register import NOT_TOLD, Names, Numbers
from services.registration.matching.transducer import Transducer

ROOM_BITS = 21
SCATTERED = np.uint64(0x9E3779B97F4A7C15)
"""A number times this has its upper bits anywhere (Knuth's multiplicative hashing)."""

MET = np.dtype([("names", np.int64), ("below", np.float64), ("ratio", np.float64)])


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
        self._count = len(names.forms[0])
        # The number 0 would be that of two names that are not told, of which nobody asks.
        self._met = np.zeros(1 << ROOM_BITS, MET)
        # What one thread writes of a meeting no other one may read by halves.
        self._remembering = Lock()

    def of(self, ours: Numbers, theirs: Numbers) -> Closest:
        told = (ours != NOT_TOLD) & (theirs != NOT_TOLD)
        below, ratio = np.full(len(ours), -np.inf), np.zeros(len(ours))
        same = told & (ours == theirs) & (self._names.forms[1][ours] < 0)
        below[same] = 0.0
        ratio[same] = self._likenesses.own[self._names.forms[0][ours[same]]]
        others = np.flatnonzero(told & ~same)
        below[others], ratio[others] = self._remembered(ours[others], theirs[others])
        return Closest(told, below, ratio)

    def _remembered(self, ours: Numbers, theirs: Numbers) -> tuple[Bits, Bits]:
        meetings = np.minimum(ours, theirs).astype(np.int64) * self._count
        meetings += np.maximum(ours, theirs)
        rooms = (meetings.view(np.uint64) * SCATTERED >> np.uint64(64 - ROOM_BITS)).view(np.int64)
        with self._remembering:
            # `take` reads all that a room has at once.
            met = self._met.take(rooms)
        below, ratio = met["below"].copy(), met["ratio"].copy()
        unknown = np.flatnonzero(met["names"] != meetings)
        new, first, places = np.unique(meetings[unknown], return_index=True, return_inverse=True)
        met = np.empty(len(new), MET)
        met["names"] = new
        met["below"], met["ratio"] = self._compared(new // self._count, new % self._count)
        below[unknown], ratio[unknown] = met["below"][places], met["ratio"][places]
        with self._remembering:
            self._met[rooms[unknown[first]]] = met
        return below, ratio

    def _compared(self, ours: Numbers, theirs: Numbers) -> tuple[Bits, Bits]:
        names = self._names
        below, ratio = np.full(len(ours), -np.inf), np.zeros(len(ours))
        for one in names.forms:
            for other in names.forms:
                there = np.flatnonzero((one[ours] >= 0) & (other[theirs] >= 0))
                found = self._likenesses.of(one[ours[there]], other[theirs[there]])
                most = below[there], ratio[there]
                more = found.below > most[0]
                more |= (found.below == most[0]) & (found.ratio > most[1])
                below[there] = np.where(more, found.below, most[0])
                ratio[there] = np.where(more, found.ratio, most[1])
        return below, ratio
