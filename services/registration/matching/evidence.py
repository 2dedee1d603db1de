"""
What two descriptions of people say for and against their being one person.

Each attribute is compared to a level (`given: near`, `born: same_day`), each level has a weight in
bits, and the score is their sum (Fellegi and Sunter, 1969). The weights are in `weights.json` with
their origin; nothing else decides.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

from services.registration.matching.births import born, nearness
from services.registration.matching.description import Description
from services.registration.matching.lookalikes import are_two_names
from services.registration.matching.spelling import folded
from services.registration.matching.transducer import Transducer

WEIGHTS_FILE = Path(__file__).parent / "weights.json"
CLOSENESS = (
    (-0.01, "same"),
    (-2.5, "respelt"),
    (-4.5, "near"),
    (-6.5, "like"),
    (-9.0, "loose"),
    (-12.0, "far"),
    (-16.0, "remote"),
)
"""How many bits a pair of spellings may lie below the mean of either with itself."""
OTHER = -9.0
"""Below this two names are taken for two names."""
ALIKE = CLOSENESS[5][0]
"""So far two names may still be one that was written down twice."""
UNLIKE = -99.0
RARE, COMMON = 16.0, 11.0
CROSSING = 8.0
"""How much better father's and family name must fit crosswise before they are read so."""
KINDS = dict.fromkeys(("same", "respelt", "near"), "alike") | dict.fromkeys(("loose", "far"), "far")
NEAR_NUMBER = 2
"""How many slips of a key a document number may be off."""


Band = Literal["probable", "possible"]


class Reason(NamedTuple):
    """One attribute's part in a score: at which level it agrees, and what that weighs in bits."""

    attribute: str
    level: str
    weight: float


@dataclass(frozen=True)
class Weights:
    """The weights of one version, and the bands that their sums fall into."""

    version: str
    transducer: Transducer
    bits: Mapping[str, float]
    start: float
    probable: float
    possible: float

    @cached_property
    def most_of_other_numbers(self) -> float:
        """By how much a phone and a paper that are not equal can raise a score of neither."""
        most = 0.0
        for attribute, levels in (("phone", ("other",)), ("document", ("near", "other"))):
            bits = [self.bits.get(f"{attribute}:{level}", 0.0) for level in ("missing", *levels)]
            most += max(bits) - bits[0]
        return most

    def score(self, reasons: Sequence[Reason]) -> float:
        return self.start + sum(reason.weight for reason in reasons)

    def band(self, score: float, reasons: Sequence[Reason]) -> Band | None:
        """Return how sure it is; one name alone makes nobody probable, however it scores."""
        if score < self.possible:
            return None
        return "probable" if score >= self.probable and not _is_thin(reasons) else "possible"


def _is_thin(reasons: Sequence[Reason]) -> bool:
    levels = {f"{reason.attribute}:{reason.level}" for reason in reasons}
    return bool(levels & {"like_names:0", "like_names:1"}) and "document:same" not in levels


@cache
def weights() -> Weights:
    kept = json.loads(WEIGHTS_FILE.read_text())
    edits = {tuple(edit.split(">")): chance for edit, chance in kept["transducer"]["edits"].items()}
    return Weights(
        version=kept["version"],
        transducer=Transducer(
            {(a, b): chance for (a, b), chance in edits.items()},
            kept["transducer"]["letters"],
            kept["transducer"]["end"],
        ),
        bits=kept["bits"],
        start=kept["start"],
        probable=kept["bands"]["probable"],
        possible=kept["bands"]["possible"],
    )


class Closeness(NamedTuple):
    """How far below a spelling's likeness to itself a pair lies, and its likeness, in bits."""

    below: float
    ratio: float


def compare(left: Description, right: Description, by: Weights) -> list[Reason]:
    """Return what each attribute says; weights of zero are left out."""
    levels = dict(level.split(":", 1) for level in levels_of(left, right, by.transducer))
    reasons = [
        Reason(attribute, level, by.bits.get(f"{attribute}:{level}", 0.0))
        for attribute, level in levels.items()
    ]
    # How many names are alike decides on more than the score (`_is_thin`).
    return [each for each in reasons if each.weight or each.attribute == "like_names"]


def levels_of(left: Description, right: Description, transducer: Transducer) -> list[str]:
    """Return `attribute:level` for each attribute that either says something about."""
    father_family, crossed = _father_and_family(left, right, transducer)
    names = {
        "given": _closest(left, "given", right, "given", transducer),
        "father": father_family[0],
        "family": father_family[1],
        "grandfather": _closest(left, "grandfather", right, "grandfather", transducer),
    }
    levels = [f"{part}:{_name_level(found)}" for part, found in names.items()]
    levels += [
        f"{part}_rarity:{_name_level(found)}_{_rarity(found)}"
        for part, found in names.items()
        if found and found.below >= CLOSENESS[3][0]
    ]
    told = [found for found in names.values() if found]
    levels.append(f"other_names:{sum(found.below < OTHER for found in told)}")
    levels.append(f"like_names:{sum(found.below >= ALIKE for found in told)}")
    levels.append(f"given_beside:{_given_beside(names)}")
    if crossed:
        levels.append("order:crossed")
    levels.append(f"sex:{_same(left.sex, right.sex)}")
    levels.append(f"nationality:{_same(left.nationality, right.nationality)}")
    birth = born(left, right)
    levels.append(f"born:{birth}")
    levels.append(f"given_and_born:{_kind(names['given'])}_{nearness(birth)}")
    levels.append(f"phone:{_number(left.phone, right.phone)}")
    levels.append(f"document:{_document(left.documents, right.documents)}")
    if left.household and right.household:
        levels.append(f"household:{_same(left.household, right.household)}")
    return levels


def _kind(found: Closeness | None) -> str:
    level = _name_level(found)
    return KINDS.get(level, level)


def _given_beside(names: Mapping[str, Closeness | None]) -> str:
    """
    Return how the given name agrees beside how many of the others that do, or do not.

    Brothers and sisters share all but that one, so its part is not the same for each company.
    """
    others = [found.below for part, found in names.items() if part != "given" and found]
    alike, other = sum(each >= ALIKE for each in others), sum(each < ALIKE for each in others)
    return f"{_kind(names['given'])}_{alike}_alike_{other}_other"


def _father_and_family(
    left: Description, right: Description, transducer: Transducer
) -> tuple[tuple[Closeness | None, Closeness | None], bool]:
    """Compare father's and family name, crosswise where that fits far better."""
    straight = (
        _closest(left, "father", right, "father", transducer),
        _closest(left, "family", right, "family", transducer),
    )
    crossed = (
        _closest(left, "father", right, "family", transducer),
        _closest(left, "family", right, "father", transducer),
    )
    if _fit(crossed) > _fit(straight) + CROSSING:
        return crossed, True
    return straight, False


def _fit(pair: tuple[Closeness | None, Closeness | None]) -> float:
    lost, least = -6.0, CLOSENESS[-1][0]
    return sum(lost if each is None else max(each.below, least) for each in pair)


def likeness(asked: str, borne: str) -> float:
    """Return by how many bits two spellings are less alike than one with itself; 0 is the same."""
    if folded(asked) == folded(borne):
        return 0.0
    found = _closeness(asked, borne, weights().transducer)
    return found.below if found else UNLIKE


def _closest(
    left: Description, part: str, right: Description, other: str, transducer: Transducer
) -> Closeness | None:
    """Compare a name of each by those of its spellings that are the most alike."""
    found = [
        _closeness(one, another, transducer)
        for one in left.spellings(part)
        for another in right.spellings(other)
    ]
    return max((each for each in found if each), default=None)


def _closeness(left: str | None, right: str | None, transducer: Transducer) -> Closeness | None:
    one, other = folded(left or ""), folded(right or "")
    if not one or not other:
        return None
    return _compared(transducer, *sorted((one, other)))


@lru_cache(maxsize=1 << 18)
def _compared(transducer: Transducer, one: str, other: str) -> Closeness:
    ratio = transducer.ratio(one, other)
    if one == other:
        return Closeness(0.0, ratio)
    if are_two_names(one, other):
        return Closeness(UNLIKE, ratio)
    alone = _compared(transducer, one, one).ratio + _compared(transducer, other, other).ratio
    return Closeness(ratio - alone / 2, ratio)


def _name_level(found: Closeness | None) -> str:
    if found is None:
        return "missing"
    return next((level for least, level in CLOSENESS if found.below >= least), "other")


def _rarity(found: Closeness) -> str:
    # Long and seldom letters make a likeness that chance seldom makes.
    return "rare" if found.ratio > RARE else "middling" if found.ratio > COMMON else "short"


def _same(left: str, right: str) -> str:
    return "same" if left == right else "other"


def _number(left: str | None, right: str | None) -> str:
    if not left or not right:
        return "missing"
    return _same(left, right)


def _document(left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]) -> str:
    if not left or not right:
        return "missing"
    numbers = [(one, other) for _, one in left for _, other in right]
    if any(one == other for one, other in numbers):
        return "same"
    slips = min(Levenshtein.distance(one, other) for one, other in numbers)
    return "near" if slips <= NEAR_NUMBER else "other"
