"""Whom a person is compared with, when their keys find more people than can be compared."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

LARGEST_BLOCK = 400
"""A key that more people share than this tells nobody apart, and is passed over."""
MOST_COMPARED = 200
"""With so many at most one person is compared."""
SHARE = 1 << 40
"""What the one who has a key alone has of it; in whole parts, so that no order changes a sum."""

Person = TypeVar("Person")


def likeliest(person: Person, blocks: Iterable[Sequence[Person]]) -> set[Person]:
    """
    Return who shares the most telling keys with somebody; each block is who shares one of them.

    If somebody's double is among those who share a key, it is one of them: each is it by 1/n.
    """
    shares: dict[Person, int] = defaultdict(int)
    for block in blocks:
        share = SHARE // len(block)
        for other in block:
            shares[other] += share
    shares.pop(person, None)
    if len(shares) <= MOST_COMPARED:
        return set(shares)
    # Who is equally likely is taken by id, so that it is always the same ones.
    ranked = sorted(((share, other) for other, share in shares.items()), reverse=True)
    return {other for _, other in ranked[:MOST_COMPARED]}
