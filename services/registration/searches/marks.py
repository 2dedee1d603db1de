"""
Many keys marked in one number of 64 bits, a few of them for each key (Bloom, 1970).

Whoever bears a key has all of its marks; who does not has them by chance, of five keys one in two
hundred times. So a mark rules out nearly all who need not be looked at, and nobody who must be.
"""

from collections.abc import Iterable

SHIFTS = (0, 6, 12, 18)
BITS = 64
"""Each shift shows another six bits of a key, which say where its mark is."""


def marks(keys: Iterable[int]) -> int:
    """Return the marks of all these keys, as a signed number, which databases keep."""
    marked = 0
    for key in keys:
        for shift in SHIFTS:
            marked |= 1 << (key >> shift) % BITS
    return marked - (1 << BITS) if marked >> (BITS - 1) else marked
