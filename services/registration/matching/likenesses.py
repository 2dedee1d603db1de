"""
How alike spellings are, many pairs at a time: what the transducer says of each pair, in arrays.

A register of 100,000 people has some million different pairs of names to compare. One by one they
take half a minute, in arrays a second; the chances are multiplied in the same order.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching.evidence import FORMS, UNLIKE
from services.registration.matching.lookalikes import are_two_names, may_be_two_names
from services.registration.matching.sounding import key_of
from services.registration.matching.transducer import MOST_LETTERS, SURELY_THERE, Transducer
from services.registration.matching.variants import usual

AT_ONCE = 1 << 13
"""So many pairs are compared at once that their chances stay near the processor."""

Numbers = npt.NDArray[np.int32]
Bits = npt.NDArray[np.float64]


class Likeness(NamedTuple):
    """How alike each of many pairs of spellings is, as `evidence.Closeness` has it of one."""

    below: Bits
    ratio: Bits


class Likenesses:
    """Folded spellings by their numbers, and how alike any of them are."""

    def __init__(self, spellings: Sequence[str], transducer: Transducer) -> None:
        forms = list(map(usual, spellings))
        spellings = [*spellings, *sorted({*forms} - {*spellings})]
        self._spellings, self._transducer = spellings, transducer
        shown = [spelling[:MOST_LETTERS] for spelling in spellings]
        letters = sorted({letter for spelling in shown for letter in spelling})
        number = {letter: at for at, letter in enumerate(letters, 1)}
        self._edits = np.array(
            [
                [transducer.edits.get((a, b), transducer.floor) for b in ("", *letters)]
                for a in ("", *letters)
            ]
        )
        self._lengths = np.array([len(each) for each in shown], np.int32)
        self._letters = np.zeros((len(shown), max(map(len, shown), default=0)), np.uint8)
        for at, spelling in enumerate(shown):
            self._letters[at, : len(spelling)] = [number[letter] for letter in spelling]
        self._alone = np.array([transducer.alone(each) for each in shown], np.float64)
        self._listed = np.array([may_be_two_names(each) for each in spellings], np.bool_)
        number_of = {spelling: at for at, spelling in enumerate(spellings)}
        self._forms = np.array([number_of[form] for form in forms], np.int32)
        keys: dict[str, int] = {}
        self._keys = np.array(
            [keys.setdefault(key_of(each), len(keys)) for each in forms], np.int32
        )
        everyone = np.arange(len(spellings), dtype=np.int32)
        self.own = self._ratios(everyone, everyone)
        """How much each spelling says when it meets itself."""

    def of(self, left: Numbers, right: Numbers) -> Likeness:
        """Return how alike the spellings of these numbers are, pair by pair."""
        below, ratio = self._as_spelt(left, right)
        ours, theirs = self._forms[left], self._forms[right]
        may_be = (below < FORMS) & (below > UNLIKE) & (self._keys[left] == self._keys[right])
        at = np.flatnonzero(may_be & ((ours != left) | (theirs != right)))
        as_forms = FORMS + self._as_spelt(ours[at], theirs[at]).below
        at, as_forms = at[as_forms > below[at]], as_forms[as_forms > below[at]]
        below[at] = as_forms
        ratio[at] = as_forms + (self.own[left[at]] + self.own[right[at]]) / 2
        return Likeness(below, ratio)

    def _as_spelt(self, left: Numbers, right: Numbers) -> Likeness:
        ratio = self._ratios(left, right)
        below = ratio - (self.own[left] + self.own[right]) / 2
        below[left == right] = 0.0
        for at in np.flatnonzero(self._listed[left] & self._listed[right]):
            if are_two_names(self._spellings[left[at]], self._spellings[right[at]]):
                below[at] = UNLIKE
        return Likeness(below, ratio)

    def _ratios(self, left: Numbers, right: Numbers) -> Bits:
        # Names that are as long as each other are compared letter by letter together.
        order = np.lexsort((-self._lengths[left], self._lengths[right]))
        ratios = np.empty(len(left))
        begins = np.flatnonzero(np.diff(self._lengths[right[order]], prepend=-1))
        for begin, end in pairwise([*begins, len(order)]):
            for start in range(begin, end, AT_ONCE):
                some = order[start : min(start + AT_ONCE, end)]
                ratios[some] = self._ratios_of_length(left[some], right[some])
        return ratios

    def _ratios_of_length(self, left: Numbers, right: Numbers) -> Bits:
        chance = self._chances(left, right)
        there = chance > SURELY_THERE
        bits = np.log2(np.where(there, chance, 1.0)) + np.log2(self._transducer.end)
        ratios: Bits = bits - self._alone[left] - self._alone[right]
        for at in np.flatnonzero(~there):
            names = self._spellings[left[at]], self._spellings[right[at]]
            ratios[at] = self._transducer.ratio(*names)
        return ratios

    def _chances(self, left: Numbers, right: Numbers) -> Bits:
        """
        Do what `Transducer.forward` does, with many pairs.

        The right names are as long as each other, and the longest left ones come first.
        """
        lengths = self._lengths[left]
        ours = self._letters[left, : lengths[0]].T.astype(np.intp) * len(self._edits)
        theirs = self._letters[right, : self._lengths[right[0]]].T.astype(np.intp)
        edits = self._edits.ravel()
        inserts, deletes = edits.take(theirs), edits.take(ours)
        rows = np.ones((len(theirs) + 1, len(left)))
        for at, insert in enumerate(inserts):
            np.multiply(rows[at], insert, out=rows[at + 1])
        for place, letter in enumerate(ours):
            # Whose name has ended keeps its last row.
            some = slice(np.count_nonzero(lengths > place))
            row = rows[:, some]
            # A row is written over the one above it, of which only this is looked at later.
            replaced = row[:-1] * edits.take(letter[some] + theirs[:, some])
            row *= deletes[place, some]
            for at, insert in enumerate(inserts[:, some]):
                row[at + 1] += row[at] * insert
                row[at + 1] += replaced[at]
        chances: Bits = rows[-1]
        return chances
