"""
Who is meant the most of those who are found: by how likely their words are the words asked for.

Thousands bear the same few names, so what two words have in common is found out once a search.
"""

import re
from collections.abc import Collection, Iterable
from heapq import nsmallest
from math import inf
from typing import Any
from uuid import UUID

from services.registration.matching.closeness import CLOSENESS, UNLIKE
from services.registration.matching.evidence import likeness
from services.registration.matching.sounding import sounds
from services.registration.matching.spelling import folded, words
from services.registration.persons.births import Birth

MANY = 2
"""Of more words than this one may be missing: not everybody tells all their names each time."""
FARTHEST = CLOSENESS[-1][0]
"""A word that is less like another, in bits, is not searched for by it, and weighs so much."""
YEARS_AROUND = 2
"""Years of birth are often guessed: so far from the year that is asked for somebody is found."""
PERFECT = 0.0
KH = re.compile("kh", re.IGNORECASE)
"""By it most write a خ, and some a ق: Khadafi is Kadhafi too."""
OTHER = -inf
"""Instead of bits: another sound, which is compared if none sounds alike."""


def needed(number: int) -> int:
    """Return how many of so many words somebody has to bear to be found."""
    return number - (number > MANY)


class Ranking:
    """
    How well people fit what was asked for, in bits, PERFECT the best.

    A year off is weighed as one bit: it says less than most differences in spelling.
    """

    def __init__(self, asked: Collection[str], born_in: int | None) -> None:
        self._asked = [_Asked(word) for word in asked]
        self._needed = needed(len(self._asked))
        self._born_in = born_in
        self._seen: set[UUID] = set()
        self._off: dict[tuple[Any, ...], int] = {}
        self._fits: dict[UUID, float] = {}

    def weigh(self, person_id: UUID, names: Iterable[str | None], birth: tuple[Any, ...]) -> None:
        """Weigh somebody by all they are called and what was told of their birth (FIELDS)."""
        if person_id in self._seen:
            return
        self._seen.add(person_id)
        off = 0 if self._born_in is None else self._years_off(birth, self._born_in)
        if off > YEARS_AROUND:
            return
        theirs = [word for name in names if name for word in words(name)]
        likest = [each.likest(theirs) for each in self._asked]
        if sum(each >= FARTHEST for each in likest) >= self._needed:
            self._fits[person_id] = sum(max(each, FARTHEST) for each in likest) - off

    def best(self, most: int) -> list[UUID]:
        """Return who fits best, of those who fit alike whoever was registered first."""
        return nsmallest(most, self._fits, key=lambda each: (-self._fits[each], each))

    def perfect(self) -> int:
        """Return how many nobody can surpass."""
        return sum(fit == PERFECT for fit in self._fits.values())

    def with_all(self) -> int:
        """Return how many fit better than who bears all words but one as they are spelt."""
        return sum(fit > FARTHEST for fit in self._fits.values())

    def _years_off(self, birth: tuple[Any, ...], born_in: int) -> int:
        off = self._off.get(birth)
        if off is None:
            earliest, latest = Birth(*birth).span()
            off = YEARS_AROUND
            if earliest and latest:
                off = max(earliest.year - born_in, born_in - latest.year, 0)
            self._off[birth] = off
        return off


class _Asked:
    """A word that is asked for, and how like it the words are that were met so far."""

    def __init__(self, word: str) -> None:
        self._letters, self._sounds = folded(word), sounds(word)
        self._ways = {word, KH.sub("k", word)}
        self._sounding: dict[str, float] = {}
        self._others: dict[str, float] = {}

    def likest(self, theirs: Collection[str]) -> float:
        """Return how like the word the likest of somebody's words is."""
        known, best = self._sounding, OTHER
        for word in theirs:
            found = known.get(word)
            if found is None:
                found = known[word] = self._compare(word)
            best = max(best, found)
        if best != OTHER:
            return best
        return max(map(self._unlike, theirs), default=UNLIKE)

    def _compare(self, word: str) -> float:
        if folded(word) == self._letters:
            return PERFECT
        # Comparing with their other names as well would take most of a search.
        return OTHER if self._sounds.isdisjoint(sounds(word)) else self._likeness(word)

    def _unlike(self, word: str) -> float:
        found = self._others.get(word)
        if found is None:
            found = self._others[word] = self._likeness(word)
        return found

    def _likeness(self, word: str) -> float:
        # A name in another script may score above the same spelling, and is meant no more than it.
        return min(PERFECT, max(likeness(way, word) for way in self._ways))
