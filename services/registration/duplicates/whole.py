"""The whole register read once, and looked through in memory (matching/everybody.py)."""

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping
from uuid import UUID

import numpy as np

from services.registration.duplicates.candidates import Described, Pair
from services.registration.matching.everybody import Everybody, Found
from services.registration.matching.evidence import weights
from services.registration.matching.register import Numbers

BYTES_OF_AN_ID = 16
NOT_READ = 0
"""No version of anybody: who came while the register was read is looked for by themselves."""


class Whole:
    """A register as it was read: who is compared with whom, and of which version each was."""

    def __init__(self) -> None:
        self._everybody, self._ids, self._versions = Everybody(), bytearray(), array("i")
        self._found = Found(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def add(self, people: Mapping[UUID, Described]) -> dict[UUID, int]:
        """
        Add people, whose ids are greater than any before, in the order of their ids.

        Returns under how many keys each is kept.
        """
        keys = {}
        for person_id in sorted(people):
            self._ids += person_id.bytes
            self._versions.append(people[person_id].version)
            keys[person_id] = self._everybody.add(people[person_id].description)
        return keys

    async def look(self) -> AsyncIterator[int]:
        """Find the pairs that may be one person's, once; yield how many each piece of it had."""
        # What they are compared by is needed no more, and is most of the memory.
        everybody, self._everybody = self._everybody, Everybody()
        pieces = everybody.look(weights())
        found = [self._found]
        while piece := await asyncio.to_thread(next, pieces, None):
            count, some = piece
            found.append(some)
            yield count
        count = max(len(everybody), 1)
        pairs = np.unique(np.concatenate([some.right * count + some.left for some in found]))
        self._found = Found(pairs % count, pairs // count)

    def count(self, after: UUID | None, until: UUID) -> int:
        return self._place(until) - self._place(after)

    def pairs(self, after: UUID | None, until: UUID) -> set[Pair]:
        """Return the pairs whose greater id is in a stretch."""
        stretch = self._place(after), self._place(until)
        begin, end = np.searchsorted(self._found.right, stretch)
        return self._told(*(side[begin:end] for side in self._found))

    def pairs_of(self, people: Iterable[UUID]) -> set[Pair]:
        """Return the pairs in which any of these people is."""
        places = [place for each in people if (place := self._place_of(each)) is not None]
        left, right = self._found
        theirs = np.flatnonzero(np.isin(left, places) | np.isin(right, places))
        return self._told(left[theirs], right[theirs])

    def _told(self, left: Numbers, right: Numbers) -> set[Pair]:
        return {
            (self._id(a), self._id(b)) for a, b in zip(left.tolist(), right.tolist(), strict=True)
        }

    def as_read(self, people: Mapping[UUID, Described]) -> dict[UUID, Described]:
        """Return people with the versions that were read: who has changed since is told apart."""
        return {
            each: person._replace(version=self._version(each)) for each, person in people.items()
        }

    def _version(self, person_id: UUID) -> int:
        place = self._place_of(person_id)
        return NOT_READ if place is None else self._versions[place]

    def _place_of(self, person_id: UUID) -> int | None:
        place = self._place(person_id) - 1
        return place if place >= 0 and self._bytes(place) == person_id.bytes else None

    def _place(self, until: UUID | None) -> int:
        """Return how many of those who were read have this id or a lesser one."""
        if until is None:
            return 0
        return bisect_right(range(len(self._versions)), until.bytes, key=self._bytes)

    def _id(self, place: int) -> UUID:
        return UUID(bytes=self._bytes(place))

    def _bytes(self, place: int) -> bytes:
        return bytes(self._ids[place * BYTES_OF_AN_ID : (place + 1) * BYTES_OF_AN_ID])
