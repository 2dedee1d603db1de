"""
What two descriptions of people say for and against their being one person.

Each attribute is compared to a level (`given: near`, `born: same_day`), each level has a weight in
bits, and the score is their sum (Fellegi and Sunter, 1969). The weights are in `weights.json` with
their origin; nothing else decides.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

from services.registration.matching.births import born, nearness
from services.registration.matching.closeness import CLOSENESS, UNLIKE, Closeness, closest
from services.registration.matching.description import (
    PARTS,
    UNKNOWN_SEX,
    UNSPECIFIED_NATIONALITY,
    Description,
)
from services.registration.matching.spelling import folded
from services.registration.matching.transducer import Transducer

WEIGHTS_FILE = Path(__file__).parent / "weights.json"
OTHER = -9.0
"""Below this two names are taken for two names."""
ALIKE = CLOSENESS[5][0]
"""So far two names may still be one that was written down twice."""
CROSSING = 8.0
"""How much better father's and family name must fit crosswise before they are read so."""
LOST = -6.0
"""As how unlike two names count, of which either is not told, when they are read crosswise."""
DECIDING = frozenset({"like_names", "given_and_born"})
FEW_NAMES = frozenset({"0", "1"})
LIKE = frozenset({"alike", "like", "far"})
RARITIES = {part: f"{part}_rarity" for part in PARTS}
NEAR_NUMBER = 2
"""How many slips of a key a document number may be off."""

Band = Literal["probable", "possible"]
Level = tuple[str, str]
"""An attribute, and at which level it agrees: ("given", "respelt")."""


class Reason(NamedTuple):
    """One attribute's part in a score: at which level it agrees, and what that weighs in bits."""

    attribute: str
    level: str
    weight: float


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of one version, and the bands that their sums fall into."""

    version: str
    transducer: Transducer
    bits: Mapping[Level, float]
    start: float
    probable: float
    possible: float

    @cached_property
    def most_of_other_numbers(self) -> float:
        """By how much a phone and a paper that are not equal can raise a score of neither."""
        most = 0.0
        for attribute, levels in (("phone", ("other",)), ("document", ("near", "other"))):
            bits = [self.bits.get((attribute, level), 0.0) for level in ("missing", *levels)]
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
    """Say whether one name alone speaks: without a paper, or a number and who it belongs to."""
    levels = {reason.attribute: reason.level for reason in reasons}
    if levels["like_names"] not in FEW_NAMES or levels.get("document") == "same":
        return False
    # Brothers and sisters share a phone and may have papers in a row, and not their given name.
    given, _, near = levels["given_and_born"].partition("_")
    is_theirs = given in LIKE or (given, near) == ("missing", "day")
    return not (is_theirs and (levels.get("phone") == "same" or levels.get("document") == "near"))


@cache
def weights() -> Weights:
    kept = json.loads(WEIGHTS_FILE.read_text())
    learned = kept["transducer"]
    edits = {edit.partition(">")[::2]: chance for edit, chance in learned["edits"].items()}
    return Weights(
        version=kept["version"],
        transducer=Transducer(edits, learned["letters"], learned["end"]),
        bits={_level(name): weight for name, weight in kept["bits"].items()},
        start=kept["start"],
        probable=kept["bands"]["probable"],
        possible=kept["bands"]["possible"],
    )


def _level(name: str) -> Level:
    attribute, _, level = name.partition(":")
    return attribute, level


def compare(left: Description, right: Description, by: Weights) -> list[Reason]:
    """Return what each attribute says; weights of zero are left out."""
    reasons = [
        Reason(attribute, level, by.bits.get((attribute, level), 0.0))
        for attribute, level in levels_of(left, right, by.transducer)
    ]
    # These decide on more than the score (`_is_thin`).
    return [each for each in reasons if each.weight or each.attribute in DECIDING]


def levels_of(left: Description, right: Description, transducer: Transducer) -> list[Level]:
    """Return at which level each attribute agrees that either says something about."""
    birth = born(left, right)
    names = _levels_of_names(left, right, nearness(birth), transducer)
    return names + levels_beside_names(left, right, birth)


def levels_beside_names(left: Description, right: Description, birth: str) -> list[Level]:
    """Return at which level all but the names agree, births as told."""
    return [
        ("sex", _known(left.sex, right.sex, UNKNOWN_SEX)),
        ("nationality", _known(left.nationality, right.nationality, UNSPECIFIED_NATIONALITY)),
        ("born", birth),
        ("phone", _phone(left, right)),
        ("document", _document(left.documents, right.documents)),
        ("household", _told(left.household, right.household)),
    ]


def _levels_of_names(
    left: Description, right: Description, near: str, transducer: Transducer
) -> list[Level]:
    names, crossed = _names(left, right, transducer)
    levels = [(part, found.level if found else "missing") for part, found in names.items()]
    levels += [
        (RARITIES[part], found.rarity) for part, found in names.items() if found and found.rarity
    ]
    told = [found.below for found in names.values() if found]
    like = sum(below >= ALIKE for below in told)
    levels += [
        ("other_names", str(sum(below < OTHER for below in told))),
        ("like_names", str(like)),
        ("given_beside", _given_beside(names)),
        ("given_and_born", f"{_kind(names['given'])}_{near}"),
        ("names_and_born", f"{like}_like_{len(told) - like}_other_{near}"),
    ]
    return [*levels, ("order", "crossed")] if crossed else levels


def _kind(found: Closeness | None) -> str:
    return found.kind if found else "missing"


def _given_beside(names: Mapping[str, Closeness | None]) -> str:
    """
    Return how the given name agrees beside how many of the others that do, or do not.

    Brothers and sisters share all but that one, so its part is not the same for each company.
    """
    others = [found.below for part, found in names.items() if part != "given" and found]
    alike = sum(below >= ALIKE for below in others)
    return f"{_kind(names['given'])}_{alike}_alike_{len(others) - alike}_other"


def _names(
    left: Description, right: Description, transducer: Transducer
) -> tuple[dict[str, Closeness | None], bool]:
    """Compare the names, father's and family name crosswise where that fits far better."""
    ours, theirs = left.sounding, right.sounding
    names = {part: closest(ours(part), theirs(part), transducer) for part in PARTS}
    fit = _fit(names["father"], names["family"])
    if fit + CROSSING >= 0:
        # No two spellings are more alike than one with itself.
        return names, False
    father = closest(ours("father"), theirs("family"), transducer)
    family = closest(ours("family"), theirs("father"), transducer)
    if _fit(father, family) <= fit + CROSSING:
        return names, False
    # Whose father's name either is depends on who is compared with whom; the likelier comes first.
    if (_fit(family), family or ()) > (_fit(father), father or ()):
        father, family = family, father
    return names | {"father": father, "family": family}, True


def _fit(*names: Closeness | None) -> float:
    least = CLOSENESS[-1][0]
    return sum(LOST if each is None else max(each.below, least) for each in names)


def likeness(asked: str, borne: str) -> float:
    """Return by how many bits two spellings are less alike than one with itself; 0 is the same."""
    one, other = folded(asked), folded(borne)
    if one == other:
        return 0.0
    found = closest((one,), (other,), weights().transducer) if one and other else None
    return found.below if found else UNLIKE


def _same(left: str, right: str) -> str:
    return "same" if left == right else "other"


def _told(left: str | None, right: str | None) -> str:
    if not left or not right:
        return "missing"
    return _same(left, right)


def _known(left: str, right: str, unknown: str) -> str:
    return "missing" if unknown in (left, right) else _same(left, right)


def _phone(left: Description, right: Description) -> str:
    if not left.other_phones and not right.other_phones:
        return _told(left.phone, right.phone)
    if not left.phones or not right.phones:
        return "missing"
    return "other" if set(left.phones).isdisjoint(right.phones) else "same"


def _document(left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]) -> str:
    if not left or not right:
        return "missing"
    numbers = [(one, other) for _, one in left for _, other in right]
    if any(one == other for one, other in numbers):
        return "same"
    slips = min(Levenshtein.distance(one, other) for one, other in numbers)
    return "near" if slips <= NEAR_NUMBER else "other"
