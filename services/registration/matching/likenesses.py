"""
How alike spellings are, many pairs at a time: what the transducer says of each pair, in arrays.

A register of 100,000 people has some million different pairs of names to compare. One by one they
take half a minute, in arrays a second.

How likely two spellings are made together is told as how many times likelier that is than that each
letter is written on one side only. What a letter is worth alone then need not be multiplied in at
each step, and nothing becomes too small to be told.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.registration.matching.closeness import FORMS, OF_PART, UNLIKE
from services.registration.matching.lookalikes import are_two_names, groups_of
from services.registration.matching.sounding import PART, classes, spoken
from services.registration.matching.transducer import MOST_LETTERS, Transducer

AT_ONCE = 1 << 12
"""So many pairs are compared at once that their chances stay near the processor."""
NEARLY_AS_LONG = 5
"""Names with as many times so many letters are compared together as if they were as long."""

Numbers = npt.NDArray[np.int32]
Bits = npt.NDArray[np.float64]


class Likeness(NamedTuple):
    """How alike each of many pairs of spellings is, as `evidence.Closeness` has it of one."""

    below: Bits
    ratio: Bits


class Likenesses:
    """Folded spellings by their numbers, and how alike any of them are."""

    def __init__(self, spellings: Sequence[str], transducer: Transducer) -> None:
        self._is_part = np.array([each.startswith(PART) for each in spellings], np.int8)
        spellings = [each.removeprefix(PART) for each in spellings]
        forms = list(map(spoken, spellings))
        spellings = [*spellings, *sorted({*forms} - {*spellings})]
        self._spellings, self._transducer = spellings, transducer
        shown = [spelling[:MOST_LETTERS] for spelling in spellings]
        letters = sorted({letter for spelling in shown for letter in spelling})
        number = {letter: at for at, letter in enumerate(letters)}
        chance, floor = transducer.edits.get, transducer.floor
        deletes = np.array([chance((a, ""), floor) for a in letters])
        inserts = np.array([chance(("", b), floor) for b in letters])
        both = np.array([[chance((a, b), floor) for b in letters] for a in letters])
        self._times = both / np.multiply.outer(deletes, inserts)
        """How many times likelier two letters are written as one than each on its side only."""
        self._lengths = np.array([len(each) for each in shown], np.int16)
        self._letters = np.zeros((len(shown), max(map(len, shown), default=0)), np.uint8)
        for at, spelling in enumerate(shown):
            self._letters[at, : len(spelling)] = [number[letter] for letter in spelling]
        alone = np.array([transducer.alone(each) for each in shown], np.float64)
        self._as_left, self._as_right = (
            np.array([sum(bits[number[letter]] for letter in each) for each in shown]) - alone
            for bits in (np.log2(deletes), np.log2(inserts))
        )
        """What each spelling says if all its letters are written on its side only."""
        self._groups = np.array([groups_of(each) for each in spellings], np.int64)
        number_of = {spelling: at for at, spelling in enumerate(spellings)}
        self._forms = np.array([number_of[form] for form in forms], np.int32)
        keys: dict[str, int] = {}
        self._keys = np.array(
            [keys.setdefault(classes(each), len(keys)) for each in forms], np.int32
        )
        everyone = np.arange(len(spellings), dtype=np.int32)
        self.own = self._ratios(everyone, everyone)
        """How much each spelling says when it meets itself."""

    def of(self, left: Numbers, right: Numbers) -> Likeness:
        """Return how alike the spellings of these numbers are, pair by pair; of parts, none."""
        below, ratio = self._as_names(left, right)
        parts = self._is_part[left] + self._is_part[right]
        below[parts == 1] += OF_PART
        below[parts > 1] = -np.inf
        return Likeness(below, ratio)

    def _as_names(self, left: Numbers, right: Numbers) -> Likeness:
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
        for at in np.flatnonzero(self._groups[left] & self._groups[right]):
            if are_two_names(self._spellings[left[at]], self._spellings[right[at]]):
                below[at] = UNLIKE
        return Likeness(below, ratio)

    def _ratios(self, left: Numbers, right: Numbers) -> Bits:
        # Names that are about as long as each other are compared letter by letter together.
        about = self._lengths[right] // NEARLY_AS_LONG
        order = np.argsort(about * (MOST_LETTERS + 1) - self._lengths[left], kind="stable")
        ratios = np.empty(len(left))
        begins = np.flatnonzero(np.diff(about[order], prepend=-1))
        for begin, end in pairwise([*begins, len(order)]):
            for start in range(begin, end, AT_ONCE):
                some = order[start : min(start + AT_ONCE, end)]
                ratios[some] = self._ratios_of_some(left[some], right[some])
        return ratios

    def _ratios_of_some(self, left: Numbers, right: Numbers) -> Bits:
        with np.errstate(over="ignore"):
            bits = np.log2(self._ways(left, right)) + np.log2(self._transducer.end)
        ratios: Bits = bits + self._as_left[left] + self._as_right[right]
        for at in np.flatnonzero(np.isinf(ratios)):
            names = self._spellings[left[at]], self._spellings[right[at]]
            ratios[at] = self._transducer.ratio(*names)
        return ratios

    def _ways(self, left: Numbers, right: Numbers) -> Bits:
        """
        Return by how much likelier pairs are by all ways to write them: `Transducer.forward`.

        The longest left names come first.
        """
        lengths = self._lengths[left]
        ours = self._letters[left, : lengths[0]].T.astype(np.intp) * len(self._times)
        theirs = self._letters[right, : self._lengths[right].max()].T.astype(np.intp)
        times = self._times.ravel()
        rows = np.ones((len(theirs) + 1, len(left)))
        for place, letter in enumerate(ours):
            # Whose name has ended keeps its last row.
            some = slice(np.count_nonzero(lengths > place))
            row = rows[:, some]
            both = times.take(letter[some] + theirs[:, some])
            both *= row[:-1]
            # A row is written over the one above it.
            row[1:] += both
            for at in range(len(theirs)):
                row[at + 1] += row[at]
        ways: Bits = rows[self._lengths[right], np.arange(len(right))]
        return ways
