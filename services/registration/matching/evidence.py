"""
What two descriptions of people say for and against their being one person.

Each attribute is compared to a level (`given: near`, `born: same_day`), each level has a weight in
bits, and the score is their sum (Fellegi and Sunter, 1969). The weights are in `weights.json` with
their origin; nothing else decides.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

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
UNLIKE = -99.0
RARE, COMMON = 16.0, 11.0
CROSSING = 8.0
"""How much better father's and family name must fit crosswise before they are read so."""
WIDE_DAYS = 3 * 366
"""By how much a guessed birth date may be wrong before its nearness to another says nothing."""
NEAR_NUMBER = 2
"""How many slips of a key a document number may be off."""


@dataclass(frozen=True)
class Description:
    """What somebody is compared by; names as written, the numbers as they are or not at all."""

    given: str | None
    father: str | None
    grandfather: str | None
    family: str | None
    sex: str
    nationality: str
    born: date | None
    precision: str
    phone: str | None
    documents: tuple[tuple[str, str], ...]
    household: str | None
    days_off: int = 0
    """By how much the day of birth may be wrong, either way, as far as is known."""
    given_latin: str | None = None
    father_latin: str | None = None
    grandfather_latin: str | None = None
    family_latin: str | None = None

    def spellings(self, part: str) -> tuple[str | None, ...]:
        """Return how one of the names is written: as it is borne, and in Latin if that is told."""
        latin = getattr(self, f"{part}_latin")
        borne = getattr(self, part)
        return (borne, latin) if latin else (borne,)


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


def compare(left: Description, right: Description, by: Weights) -> list[Reason]:
    """Return what each attribute says; weights of zero are left out."""
    levels = dict(level.split(":", 1) for level in levels_of(left, right, by.transducer))
    reasons = [
        Reason(attribute, level, by.bits.get(f"{attribute}:{level}", 0.0))
        for attribute, level in levels.items()
    ]
    return [reason for reason in reasons if reason.weight]


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
    levels.append(f"like_names:{sum(found.below >= OTHER for found in told)}")
    if crossed:
        levels.append("order:crossed")
    levels.append(f"sex:{_same(left.sex, right.sex)}")
    levels.append(f"nationality:{_same(left.nationality, right.nationality)}")
    levels.append(f"born:{born(left, right)}")
    levels.append(f"phone:{_number(left.phone, right.phone)}")
    levels.append(f"document:{_document(left.documents, right.documents)}")
    if left.household and right.household:
        levels.append(f"household:{_same(left.household, right.household)}")
    return levels


class Closeness(NamedTuple):
    """How far below a spelling's likeness to itself a pair lies, and its likeness, in bits."""

    below: float
    ratio: float


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


def born(left: Description, right: Description) -> str:
    """Return how two birth dates agree, within what either claims to know."""
    if left.born is None or right.born is None:
        return "missing"
    off = max(left.days_off, right.days_off)
    if left.precision == right.precision == "day":
        return _born_on(left.born, right.born, off)
    if off > WIDE_DAYS:
        # The weights were learned from closer guesses, and within a wide one all ages are alike.
        return "missing" if abs((left.born - right.born).days) <= off + WIDE_DAYS else "estimated_6"
    years = abs(left.born.year - right.born.year)
    if "estimated" in {left.precision, right.precision}:
        return f"estimated_{min(years, 6)}"
    return f"year_{min(years, 3)}"


def _born_on(one: date, other: date, off: int) -> str:
    # A day of another calendar may be any of a few.
    if abs((one - other).days) <= off:
        return "same_day"
    if one.year != other.year:
        return "other_year"
    swapped = (one.month, one.day) == (other.day, other.month)
    return "day_and_month_swapped" if swapped else "same_year"


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
