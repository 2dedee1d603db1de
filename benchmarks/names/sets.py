"""Four sets of names: two to learn from, and two that show what was learned."""

import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.names.writing import Habit

NAMES = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
EAST: list[Habit] = ["english", "english", "egyptian", "sudanese", "gulf", "french"]
WEST: list[Habit] = ["french", "french", "maghrebi", "maghrebi", "english", "sudanese"]
CONSONANTS = "btvjHxdrzs$SDTEgfqklmnhw"
ROOTS = 140
# Patterns of three consonants, as Arabic makes names of them.
MEN = (
    "1A2i3 1a2I3 ma12U3 1a22A3 a12a3 1a2a3 1u2ay3 mu1a22a3 ta12I3 1i2A3 mu12i3 1a2U3 1u23An in1i2A3"
)
WOMENS = "1A2i3p 1a2I3p 1a2A3 1u2U3 1a23A' ma12U3p 1i23p 1a2a3p tu12A"
FAMILIES = (
    "al1a23I alma12U3I al1a2I3I bu1a22A3 al1u2ay3I al1A2i3I bin1a2I3 al1a22A3 al1i2A3I wuld 1A2i3"
)


@dataclass(frozen=True, kw_only=True)
class NameSet:
    """
    Who is called what in a made-up register.

    The name in place n is borne 1 / n ** `skew` times as often as the first, and has at most
    `spellings` in Latin letters. `both` is the share of given names that are family names too.
    """

    men: list[str]
    women: list[str]
    families: list[str]
    ethiopian: list[str]
    nigerian: list[str]
    habits: list[Habit]
    seed: int
    skew: float
    spellings: int
    both: float


def eastern() -> NameSet:
    """Names of Egypt, Sudan, Syria and the Gulf, Ethiopia, and the north and west of Nigeria."""
    return NameSet(
        men=[*_of("eastern", "men"), *_compounds("abU", "fathers")],
        women=_of("eastern", "women"),
        families=_of("eastern", "families"),
        ethiopian=[*_of("ethiopian", "oromo"), *_of("ethiopian", "amharic")],
        nigerian=[*_of("nigerian", "yoruba"), *_of("nigerian", "hausa")],
        habits=EAST,
        seed=11,
        skew=0.6,
        spellings=8,
        both=0.3,
    )


def western() -> NameSet:
    """Names of Libya and the Maghreb, Eritrea, and the east and south of Nigeria."""
    of_kin = [("wuld", "sons"), ("bin", "grandsons"), ("abU", "houses")]
    return NameSet(
        men=[*_of("western", "men"), *_compounds("abU", "fathers")],
        women=[*_of("western", "women"), *_compounds("umm", "mothers")],
        families=[
            *_of("western", "families"),
            *(name for first, kin in of_kin for name in _compounds(first, kin)),
        ],
        ethiopian=_of("ethiopian", "tigrinya"),
        nigerian=[*_of("nigerian", "igbo"), *_of("nigerian", "south")],
        habits=WEST,
        seed=12,
        skew=0.9,
        spellings=6,
        both=0.5,
    )


def few() -> NameSet:
    """So few of both that chance gives many people three of them."""
    chance = random.Random(5)  # noqa: S311 - Made-up people are no secret.

    def some(name: str, east: int, west: int) -> list[str]:
        return [
            *chance.sample(_of("eastern", name), east),
            *chance.sample(_of("western", name), west),
        ]

    return NameSet(
        men=some("men", 45, 35),
        women=some("women", 30, 20),
        families=some("families", 50, 40),
        ethiopian=chance.sample(_all("ethiopian", "tigrinya", "oromo", "amharic"), 45),
        nigerian=chance.sample(_all("nigerian", "yoruba", "igbo", "hausa", "south"), 60),
        habits=EAST + WEST,
        seed=13,
        skew=0.8,
        spellings=5,
        both=0.6,
    )


def roots() -> NameSet:
    """Names that nobody bears: random consonants in the patterns of Arabic names."""
    chance = random.Random(77)  # noqa: S311 - Made-up people are no secret.
    found: set[tuple[str, ...]] = set()
    while len(found) < ROOTS:
        root = tuple(chance.choice(CONSONANTS) for _ in range(3))
        if len(set(root)) == len(root):
            found.add(root)
    in_order = sorted(found)
    chance.shuffle(in_order)

    def some(patterns: list[str], how_many: list[int]) -> list[str]:
        return [
            _patterned(pattern, root)
            for root in in_order
            for pattern in chance.sample(patterns, chance.choice(how_many))
        ]

    lists = [
        some(MEN.split(), [1, 1, 2, 3]),
        some(WOMENS.split(), [0, 1, 1, 2]),
        some(FAMILIES.split(), [1, 1, 2]),
    ]
    for each in lists:
        chance.shuffle(each)
    men, women, families = lists
    return NameSet(
        men=men,
        women=women,
        families=families,
        ethiopian=[
            each
            for name in ("tigrinya", "amharic", "oromo")
            for each in _of("ethiopian", name)[::2]
        ],
        nigerian=[*_of("nigerian", "yoruba")[::2], *_of("nigerian", "south")],
        habits=EAST + WEST,
        seed=21,
        skew=1.0,
        spellings=7,
        both=0.2,
    )


SETS: dict[str, Callable[[], NameSet]] = {
    each.__name__: each for each in (eastern, western, few, roots)
}


def _of(region: str, name: str) -> list[str]:
    told: str = NAMES[region][name]
    return told.split()


def _all(region: str, *names: str) -> list[str]:
    return [each for name in names for each in _of(region, name)]


def _compounds(first: str, kin: str) -> list[str]:
    return [f"{first} {each}" for each in _of("kin", kin)]


def _patterned(pattern: str, root: Sequence[str]) -> str:
    for place, consonant in enumerate(root, start=1):
        pattern = pattern.replace(str(place), consonant)
    return pattern
