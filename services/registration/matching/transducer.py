"""
How likely two spellings are one name's, against how likely they are two names'.

A memoryless stochastic transducer (Ristad and Yianilos, 1998): a pair of spellings comes from a
sequence of edits, each of which writes a letter on both sides, or on one. The edits' chances are
learned from attested spellings by expectation maximisation (`train.py`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import mul

END = "$"
MOST_LETTERS = 64
"""Who writes more letters as one name is compared by the first of them."""
SURELY_THERE = 1e-280
"""A chance below this may have lost most of itself on the way: so small no number stays."""
Edits = dict[tuple[str, str], float]


@dataclass(frozen=True, eq=False)
class Transducer:
    """The chances of edits, of their end, and of letters in names that have no relation."""

    edits: Mapping[tuple[str, str], float]
    letters: Mapping[str, float]
    end: float
    floor: float = 1e-6

    def ratio(self, left: str, right: str) -> float:
        """Return log2 of P(left, right | one name) / P(left) P(right)."""
        left, right = left[:MOST_LETTERS], right[:MOST_LETTERS]
        chance = self.forward(left, right)[-1][-1]
        bits = math.log2(chance) if chance > SURELY_THERE else self._bits_of_long(left, right)
        return bits + math.log2(self.end) - self.alone(left) - self.alone(right)

    def _bits_of_long(self, left: str, right: str) -> float:
        """Return log2 of what `forward` tells of two whole names, however unlikely they are."""

        def bits(edit: tuple[str, str]) -> float:
            return math.log2(self.edits.get(edit, self.floor))

        inserts = [bits(("", r)) for r in right]
        row = list(accumulate(inserts, initial=0.0))
        for letter in left:
            above, delete = row, bits((letter, ""))
            row = [above[0] + delete]
            for j, r in enumerate(right):
                ways = above[j + 1] + delete, row[j] + inserts[j], above[j] + bits((letter, r))
                most = max(ways)
                row.append(most + math.log2(sum(2.0 ** (way - most) for way in ways)))
        return row[-1]

    def alone(self, name: str) -> float:
        """Return log2 of how likely a name is that nothing is told of."""
        total = math.log2(self.letters.get(END, self.floor))
        for letter in name:
            total += math.log2(self.letters.get(letter, self.floor))
        return total

    def forward(self, left: str, right: str) -> list[list[float]]:
        """Return, for each place in either name, how likely both begin so."""
        beside = self._beside
        inserts = [beside[""][r] for r in right]
        row = list(accumulate(inserts, mul, initial=1.0))
        rows = [row]
        for letter in left:
            edits = beside[letter]
            delete = edits[""]
            above, here = row, row[0] * delete
            row = [here]
            for r, insert, before, over in zip(right, inserts, above, above[1:], strict=False):
                here = over * delete + here * insert + before * edits[r]
                row.append(here)
            rows.append(row)
        return rows

    @cached_property
    def _beside(self) -> Mapping[str, Mapping[str, float]]:
        """The edits by their letter on the left, in which they are found sooner than by both."""
        found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(lambda: self.floor))
        for (left, right), chance in self.edits.items():
            found[left][right] = chance
        return found

    def backward(self, left: str, right: str) -> list[list[float]]:
        """Return, for each place in either name, how likely the rest of both is from there."""
        # Edits do not know what came before them, so the way back is the way there, mirrored.
        return [row[::-1] for row in self.forward(left[::-1], right[::-1])[::-1]]


def learn(
    pairs: Sequence[tuple[str, str, float]], names: Iterable[str], rounds: int = 8
) -> Transducer:
    """Return the transducer that makes weighted pairs of spellings of one name likeliest."""
    letters = _letters(names)
    transducer = _begin(letters)
    for _ in range(rounds):
        transducer = _improve(transducer, pairs)
    return transducer


def _letters(names: Iterable[str]) -> dict[str, float]:
    counts: dict[str, float] = defaultdict(float)
    for name in names:
        for letter in name + END:
            counts[letter] += 1
    total = sum(counts.values())
    return {letter: count / total for letter, count in counts.items()}


def _begin(letters: Mapping[str, float]) -> Transducer:
    edits: Edits = {}
    for a in letters:
        for b in letters:
            if END not in (a, b):
                edits[a, b] = letters[a] * (0.7 if a == b else 0.2 * letters[b])
        if a != END:
            edits[a, ""] = edits["", a] = 0.05 * letters[a]
    total = sum(edits.values())
    end = 0.12
    return Transducer({e: p / total * (1 - end) for e, p in edits.items()}, letters, end)


def _improve(old: Transducer, pairs: Sequence[tuple[str, str, float]]) -> Transducer:
    counts: dict[tuple[str, str], float] = defaultdict(float)
    ends = 0.0
    get, floor = old.edits.get, old.floor
    for left, right, weight in pairs:
        ahead, back = old.forward(left, right), old.backward(left, right)
        total = ahead[-1][-1]
        if total <= 0:
            continue
        share = weight / total
        ends += weight
        for i in range(len(left) + 1):
            for j in range(len(right) + 1):
                here = ahead[i][j] * share
                if here == 0:
                    continue
                if i < len(left):
                    edit = (left[i], "")
                    counts[edit] += here * get(edit, floor) * back[i + 1][j]
                if j < len(right):
                    edit = ("", right[j])
                    counts[edit] += here * get(edit, floor) * back[i][j + 1]
                if i < len(left) and j < len(right):
                    edit = (left[i], right[j])
                    counts[edit] += here * get(edit, floor) * back[i + 1][j + 1]
    total = sum(counts.values()) + ends + 0.02 * len(old.edits)
    # Rows without any evidence keep a little: another name may show what these did not.
    edits = {edit: (counts[edit] + 0.02) / total for edit in old.edits}
    # Nobody says which of two spellings is the left one.
    even = {(a, b): (edits[a, b] + edits[b, a]) / 2 for a, b in edits}
    return Transducer(even, old.letters, ends / total)
