"""
Learns the weights again: `python -m services.registration.matching.training --help`.

Two steps. Attested spellings of names teach the transducer how names are respelt; registers with
known duplicates teach what each level of agreement weighs (logistic regression over the pairs that
the blocking keys bring together, in bits). The result is numbers alone: no name is kept.
"""

import argparse
import csv
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from services.registration.matching import blocking, evidence
from services.registration.matching.description import Description
from services.registration.matching.likeliest import LARGEST_BLOCK, likeliest
from services.registration.matching.spelling import folded
from services.registration.matching.transducer import Transducer, learn

MOST_SPELLINGS = 8
"""The rarest spellings of a common name are other names, written down by mistake."""
MAY_BE_MISSING = ("sex", "household")
"""What made registers tell of everybody, and real ones do not."""
SHOWN_AGAIN = 4
RIDGE = 0.5
STEPS = 25
START = "start"

Person = TypeVar("Person")
SpellingPair = tuple[str, str, float]
Example = tuple[tuple[str, ...], bool]


def spelling_pairs(clusters: Iterable[Sequence[str]]) -> tuple[list[SpellingPair], list[str]]:
    """Return weighted pairs of spellings of one name, and every spelling alone, folded."""
    pairs: dict[tuple[str, str], float] = defaultdict(float)
    names: list[str] = []
    for cluster in clusters:
        spellings = [folded(spelling) for spelling in cluster[: MOST_SPELLINGS + 1]]
        names += spellings
        for later, spelling in enumerate(spellings):
            for earlier, before in enumerate(spellings[:later]):
                weight = 1 / (later * (earlier + 1)) ** 0.7
                pairs[before, spelling] += weight if earlier == 0 else weight / 2
    return (
        [(a, b, weight) for (a, b), weight in pairs.items() if a and b],
        [name for name in names if name],
    )


def read_clusters(folder: Path) -> Iterator[list[str]]:
    """Yield the spelling clusters of a folder: CSV (key, variants), JSON (canonical, variants)."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                spellings = [each for each in row["variants"].split("|") if 2 < len(each) < 20]  # noqa: PLR2004 - Longer and shorter ones are no single names.
                yield [row["arabic_key"], *spellings]
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8"))["entries"]:
            yield [entry["canonical"], *entry["variants"]]


def read_register(path: Path) -> dict[str, Description]:
    """Return who is in a register in the import's columns, by external id."""
    with path.open(encoding="utf-8") as file:
        return {row["external_id"]: _described(row) for row in csv.DictReader(file)}


def _described(row: dict[str, str]) -> Description:
    number = row["document_number"]
    return Description(
        given=row["given_name"],
        father=row["father_name"] or None,
        grandfather=row["grandfather_name"] or None,
        family=row["family_name"] or None,
        sex=row["sex"],
        nationality=row["nationality"],
        born=date.fromisoformat(row["birth_date"]),
        precision=row["birth_date_precision"],
        phone=row["phone"] or None,
        documents=((row["document_type"], number),) if number else (),
        household=row["household_ref"] or None,
    )


def read_truth(path: Path) -> set[tuple[str, str]]:
    people = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            people[row["person"]].append(row["external_id"])
    return {pair for ids in people.values() for pair in combinations(sorted(ids), 2)}


def candidates(register: Mapping[Person, Description]) -> set[tuple[Person, Person]]:
    """Return the pairs that the keys bring together, the lesser one first."""
    kept: dict[str, list[Person]] = defaultdict(list)
    for person, description in register.items():
        for key in blocking.kept_under(description):
            kept[key].append(person)
    found: set[tuple[Person, Person]] = set()
    for person, description in register.items():
        shared = [kept[key] for key in blocking.looked_for_under(description) if key in kept]
        others = likeliest(person, [each for each in shared if len(each) <= LARGEST_BLOCK])
        found.update(tuple(sorted((person, other))) for other in others)  # type: ignore[type-var,misc]  # Ids and numbers sort.
    return found


def examples(
    register: dict[str, Description], truth: set[tuple[str, str]], transducer: Transducer
) -> Iterator[Example]:
    """Yield the pairs by their levels; some of them again, as if less were known of them."""
    for number, (one, other) in enumerate(sorted(candidates(register))):
        levels = evidence.levels_of(register[one], register[other], transducer)
        is_one = (one, other) in truth
        yield tuple(sorted(map(":".join, levels))), is_one
        turn, is_another = divmod(number, len(MAY_BE_MISSING))
        if turn % SHOWN_AGAIN == 0:
            known = dict(levels) | {MAY_BE_MISSING[is_another]: "missing"}
            yield tuple(sorted(map(":".join, known.items()))), is_one


def fit(counted: Counter[Example]) -> dict[str, float]:
    """Return the weight of each level in bits, and of the start, by Newton's method."""
    names = [START, *sorted({level for levels, _ in counted for level in levels})]
    place = {name: at for at, name in enumerate(names)}
    rows = [
        ([0, *(place[each] for each in levels)], same, n) for (levels, same), n in counted.items()
    ]
    weights = [0.0] * len(names)
    for _ in range(STEPS):
        step = _newton_step(weights, rows)
        weights = [w + s for w, s in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-4:  # noqa: PLR2004 - Far below what a weight is rounded to.
            break
    return {name: weight / math.log(2) for name, weight in zip(names, weights, strict=True)}


def _newton_step(
    weights: Sequence[float], rows: Sequence[tuple[list[int], bool, int]]
) -> list[float]:
    size = len(weights)
    slope = [-RIDGE * 2 * weight if at else 0.0 for at, weight in enumerate(weights)]
    curve = [[0.0] * size for _ in range(size)]
    for at in range(size):
        curve[at][at] = RIDGE * 2 if at else 1e-9
    for places, same, times in rows:
        total = max(-30.0, min(30.0, sum(weights[at] for at in places)))
        chance = 1 / (1 + math.exp(-total))
        pull, bend = times * (same - chance), times * chance * (1 - chance)
        for a in places:
            slope[a] += pull
            row = curve[a]
            for b in places:
                row[b] += bend
    return _solve(curve, slope)


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a symmetric positive system by Gauss's elimination."""
    size = len(right)
    for at in range(size):
        pivot = matrix[at][at]
        for below in range(at + 1, size):
            factor = matrix[below][at] / pivot
            if factor:
                row, above = matrix[below], matrix[at]
                for column in range(at, size):
                    row[column] -= factor * above[column]
                right[below] -= factor * right[at]
    solved = [0.0] * size
    for at in reversed(range(size)):
        rest = sum(matrix[at][c] * solved[c] for c in range(at + 1, size))
        solved[at] = (right[at] - rest) / matrix[at][at]
    return solved


def main() -> None:
    options = _options()
    pairs, names = spelling_pairs(
        cluster for folder in options.names for cluster in read_clusters(folder)
    )
    transducer = learn(pairs, names) if pairs else evidence.weights().transducer
    counted: Counter[Example] = Counter()
    for register, truth in zip(options.register, options.truth, strict=True):
        counted.update(examples(read_register(register), read_truth(truth), transducer))
    bits = fit(counted)
    document = {
        "version": f"{datetime.now(UTC):%Y-%m-%d}",
        "origin": options.origin,
        "trained_on": {
            "spelling_pairs": len(pairs),
            "pairs_of_people": counted.total(),
            "of_them_one_person": sum(n for (_, same), n in counted.items() if same),
        },
        "bands": {"probable": options.probable, "possible": options.possible},
        "start": round(bits.pop(START), 3),
        "bits": {level: round(weight, 3) for level, weight in bits.items()},
        "transducer": {
            "end": round(transducer.end, 6),
            "letters": {a: round(p, 7) for a, p in sorted(transducer.letters.items())},
            "edits": {
                f"{a}>{b}": float(f"{p:.4g}") for (a, b), p in sorted(transducer.edits.items())
            },
        },
    }
    options.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument(
        "--names", type=Path, action="append", default=[], help="none: the transducer stays"
    )
    parser.add_argument("--register", type=Path, action="append", required=True)
    parser.add_argument("--truth", type=Path, action="append", required=True)
    parser.add_argument("--origin", required=True, help="where names and registers come from")
    parser.add_argument("--probable", type=float, default=1.0)
    parser.add_argument("--possible", type=float, default=-6.0)
    parser.add_argument("--out", type=Path, default=evidence.WEIGHTS_FILE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
