"""How alike people are who share a key, and which of the pairs are worth a reviewer's time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from chassis.clock import new_id
from chassis.rows import new_row
from services.registration.duplicates.candidates import Described, Pair, Pairs
from services.registration.duplicates.models import DuplicatePair
from services.registration.matching.description import Description
from services.registration.matching.evidence import (
    Band,
    Reason,
    Weights,
    compare,
    weights,
)

log = structlog.get_logger()

MOST_PAIRS = 30
"""Nobody reviews more for one person. Many registrations alike are kept from making n² pairs."""

Comparison = tuple[float, list[Reason]]


def worth_opening(pairs: Pairs, outlines: Mapping[UUID, Description]) -> set[Pair]:
    """
    Return the pairs that a reviewer may see once their phones and papers are known.

    Most who share a key are strangers by their names already, and opening what is sealed of them
    would take longest. Equal numbers are known by their keys.
    """
    by = weights()
    return {
        pair
        for pair in pairs.found
        if outlines.keys() >= set(pair)
        and (pair in pairs.by_number or _is_promising(outlines[pair[0]], outlines[pair[1]], by))
    }


def _is_promising(one: Description, other: Description, by: Weights) -> bool:
    # Its bounds are arrays, which take a while to load, and no start needs them.
    from services.registration.matching.scoring import may_score  # noqa: PLC0415 - The line above.

    try:
        return may_score(one, other, by.possible - by.most_of_other_numbers, by)
    except Exception as error:  # noqa: BLE001 - Two who cannot be compared stop nobody else's.
        log.error("not_compared", error=type(error).__name__)
        return False


def compared(pairs: Iterable[Pair], described: Mapping[UUID, Described]) -> dict[Pair, Comparison]:
    """Return the score and the reasons of each pair that a reviewer should ever see."""
    by = weights()
    found = {}
    for pair in pairs:
        if pair[0] in described and pair[1] in described:
            try:
                score, reasons = comparison(pair, described)
            except Exception as error:  # noqa: BLE001 - Two who cannot be compared stop nobody else's.
                log.error("not_compared", error=type(error).__name__)
                continue
            if by.band(score, reasons):
                found[pair] = (score, reasons)
    return found


def comparison(pair: Pair, described: Mapping[UUID, Described]) -> Comparison:
    by = weights()
    reasons = compare(described[pair[0]].description, described[pair[1]].description, by)
    return by.score(reasons), reasons


def best(found: Mapping[Pair, Comparison], people: set[UUID]) -> dict[Pair, Comparison]:
    """Return what is kept: of the pairs of each of these people, those that say most."""
    ranked = sorted(found.items(), key=lambda each: (-each[1][0], each[0]))
    counted: Counter[UUID] = Counter()
    kept = {}
    for pair, comparison in ranked:
        own = [one for one in pair if one in people]
        if any(counted[one] < MOST_PAIRS for one in own):
            kept[pair] = comparison
            counted.update(own)
    return kept


def pair_row(
    pair: Pair, score: float, reasons: Sequence[Reason], band: Band, ids: Mapping[Pair, UUID]
) -> dict[str, Any]:
    """Return a pair's row as it is kept; one that was kept before under an id has it again."""
    return new_row(
        DuplicatePair,
        id=ids.get(pair) or new_id(),
        left_id=pair[0],
        right_id=pair[1],
        score=round(score, 3),
        band=band,
        reasons=[reason._asdict() for reason in reasons],
        weights=weights().version,
    )
