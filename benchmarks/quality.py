"""
How many doubles are found in a register whose doubles are known, and how many of those are wrong.

`python -m benchmarks.quality --register R.csv --truth T.csv`, both as often as there are registers.
The code is the service's; only where the service asks its database, a dictionary answers here.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from benchmarks.report import Report
from services.registration.duplicates.candidates import Described, Pair
from services.registration.duplicates.comparing import best, compared
from services.registration.duplicates.groups import LARGEST_GROUP, banded, connected
from services.registration.matching import training
from services.registration.matching.description import Description
from services.registration.matching.evidence import weights

COLUMNS = (
    "register",
    "people",
    "true pairs",
    "reached by keys",
    "precision",
    "recall",
    "F1",
    "recall with possible",
    "to review per true pair",
    "ms of CPU a person",
)


class Found(NamedTuple):
    """What a look at a whole register found."""

    reached: set[Pair]
    probable: set[Pair]
    possible: set[Pair]


def measured(
    name: str, register: Mapping[str, Description], truth: set[tuple[str, str]]
) -> tuple[str, ...]:
    """Return the row of a register in the report; `truth` has each pair once, the lesser first."""
    ids = {external_id: UUID(int=at) for at, external_id in enumerate(sorted(register))}
    true = {(ids[one], ids[other]) for one, other in truth}
    started = time.process_time()
    found = look({ids[external_id]: person for external_id, person in register.items()})
    taken = time.process_time() - started
    right = len(found.probable & true)
    precision, recall = right / max(len(found.probable), 1), right / max(len(true), 1)
    shown = found.probable | found.possible
    shares = (
        precision,
        recall,
        2 * precision * recall / (precision + recall) if right else 0.0,
        len(shown & true) / max(len(true), 1),
    )
    return (
        name,
        f"{len(register):,}",
        f"{len(true):,}",
        f"{len(found.reached & true) / max(len(true), 1):.4f}",
        *(f"{share:.4f}" for share in shares),
        f"{len(shown) / max(len(true), 1):.2f}",
        f"{taken / max(len(register), 1) * 1000:.2f}",
    )


def look(people: dict[UUID, Description]) -> Found:
    """Find the doubles of everybody, as those find them who come into the service together."""
    described = {each: Described(person, 1) for each, person in people.items()}
    return grouped(training.candidates(people), described)


def grouped(reached: set[Pair], described: Mapping[UUID, Described]) -> Found:
    """Weigh pairs, and say which of them belong to one person."""
    by = weights()
    weighed = compared(reached, described)
    kept = best(weighed, set(described))
    links = {
        pair
        for pair, (score, reasons) in kept.items()
        if score >= by.probable or by.band(score, reasons) == "probable"
    }
    groups = [group for group in connected(links) if len(group) <= LARGEST_GROUP]
    probable = {pair for group in groups for pair in banded(group, {}, described, weighed).joined}
    return Found(reached, probable, set(kept) - probable)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--register", type=Path, action="append", required=True)
    parser.add_argument("--truth", type=Path, action="append", required=True)
    options = parser.parse_args()
    rows = [
        measured(register.stem, training.read_register(register), training.read_truth(truth))
        for register, truth in zip(options.register, options.truth, strict=True)
    ]
    print(
        Report(
            "Doubles in registers whose doubles are known",
            "Precision, recall and F1 are of the pairs in the band `probable`.",
            COLUMNS,
            rows,
            f"Weights of {weights().version}.",
        ).text()
    )


if __name__ == "__main__":
    main()
