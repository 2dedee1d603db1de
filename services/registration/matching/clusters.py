"""
Which registrations are one person's, when pairs alone do not agree.

The strongest links are taken first. Two groups are not joined when members of both live in one
household (who registers a household counts each member once), when their links are weak on the
whole, or when any two members speak clearly against it. What is joined is joined with all.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations, product
from typing import TypeVar

UNLINKED = -8.0
"""What a pair weighs that no key brought together."""
LEAST_MEAN = 0.5
"""Half of what makes a pair probable: one that is hardly so brings nobody in against others."""
LEAST = -6.0
"""What a pair weighs that nobody is asked about (both as in weights.json)."""

Person = TypeVar("Person")
Pair = tuple[Person, Person]


def pairs_of_one_person(
    scores: Mapping[Pair[Person], float],
    households: Mapping[Person, str | None],
    probable: float,
    told: Mapping[Person, str] | None = None,
) -> set[Pair[Person]]:
    """
    Return the pairs that belong to one person each, whatever the order in which they came.

    `scores` has each pair once, the lesser person first. Of equal links those come first of whom
    the lesser is `told`: ids say who came first.
    """
    told = told or {}

    def place(pair: Pair[Person]) -> tuple[float, list[str], Pair[Person]]:
        return -scores[pair], sorted(told.get(person, "") for person in pair), pair

    groups: dict[Person, set[Person]] = {}
    for pair in sorted(scores, key=place):
        if scores[pair] < probable:
            break
        one, other = (groups.setdefault(person, {person}) for person in pair)
        if one is not other and _may_join(one, other, scores, households):
            one |= other
            groups.update(dict.fromkeys(other, one))
    joined = {id(group): sorted(group) for group in groups.values()}  # type: ignore[type-var]  # Ids and numbers sort.
    return {(a, b) for group in joined.values() for a, b in combinations(group, 2)}


def _may_join(
    one: Iterable[Person],
    other: Iterable[Person],
    scores: Mapping[Pair[Person], float],
    households: Mapping[Person, str | None],
) -> bool:
    links = [scores.get((a, b), scores.get((b, a), UNLINKED)) for a, b in product(one, other)]
    shared = {households[a] for a in one} & {households[b] for b in other} - {None}
    return not shared and min(links) >= LEAST and sum(links) / len(links) >= LEAST_MEAN
