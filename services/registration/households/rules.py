"""Decisions about households without I/O: who counts, how old they are, what wants a look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.registration.persons.births import Birth, Span, age_on
from services.registration.persons.rules import HOUSEHOLD, UNTOLD, new_case_number

Flag = Literal[
    "child_headed",
    "children_only",
    "collector_age_unknown",
    "collector_departed",
    "collector_is_minor",
    "empty",
    "head_absent",
    "head_missing",
    "in_two_households",
    "parent_younger_than_child",
    "several_categories",
    "two_heads",
    "two_places",
]
Composition = dict[str, dict[str, int]]
"""How many by sex and age band; what is not named is nobody."""

HEAD = "head"
BANDS = ((5, "0-4"), (18, "5-17"), (60, "18-59"))
"""Each band with the age at which it is over."""
OLDEST_BAND, UNKNOWN_BAND = "60+", "unknown"
CHILDREN = frozenset({"0-4", "5-17"})
OLDER = ({"parent", "mother", "father"}, {"grandparent", "grandmother", "grandfather"})
YOUNGER = ({"child", "son", "daughter"}, {"grandchild", "grandson", "granddaughter"})
OLDER_THAN_THE_HEAD = frozenset().union(*OLDER)
YOUNGER_THAN_THE_HEAD = frozenset().union(*YOUNGER)


@dataclass(frozen=True, kw_only=True)
class Fellow:
    """
    One who is in a household now, as the registration of theirs that goes on says.

    `counts` is no for who has departed, for a second registration of somebody who is counted by
    another, and for who is counted in another household: `elsewhere`.
    """

    member_id: UUID
    registration_id: UUID
    person_id: UUID
    relationship: str | None
    sex: str
    birth: Birth
    place: str
    category: str
    departed: bool
    counts: bool
    elsewhere: bool


@dataclass(frozen=True, kw_only=True)
class Collector:
    """Who receives for a household: of a child, or of who has left, nobody should be told so."""

    minor: bool | None
    departed: bool


def new_household_number() -> str:
    """Return a random number with a check character, told from a person's by its first letter."""
    return f"{HOUSEHOLD}-{new_case_number()}"


def is_head(relationship: str | None) -> bool:
    return relationship is not None and relationship.casefold() == HEAD


def band(birth: Birth, on: date) -> str:
    """Return the band by the age that somebody most likely has; an estimate counts as it is."""
    born = birth.middle() or birth.span().latest
    if born is None:
        return UNKNOWN_BAND
    age = age_on(born, on)
    return next((name for over, name in BANDS if age < over), OLDEST_BAND)


def counted(fellows: Sequence[Fellow]) -> list[Fellow]:
    return [each for each in fellows if each.counts]


def composition(fellows: Sequence[Fellow], on: date) -> Composition:
    """Return how many there are by sex and by age on a day, of those who count."""
    cells = Counter((each.sex, band(each.birth, on)) for each in counted(fellows))
    found: Composition = {}
    for (sex, ages), number in sorted(cells.items()):
        found.setdefault(sex, {})[ages] = number
    return found


def head_of(fellows: Sequence[Fellow]) -> UUID | None:
    """Return the head; none where nobody is named, or several are."""
    heads = {each.person_id for each in counted(fellows) if is_head(each.relationship)}
    return heads.pop() if len(heads) == 1 else None


def has_head(fellows: Sequence[Fellow]) -> bool:
    return any(is_head(each.relationship) for each in counted(fellows))


def flags(
    kind: str,
    place: str,
    absence: str | None,
    fellows: Sequence[Fellow],
    collectors: Sequence[Collector],
    on: date,
) -> list[Flag]:
    """Return what somebody should look at; nothing of it is an error."""
    here = counted(fellows)
    found: set[Flag] = set()
    if not here:
        found.add("empty")
    if any(each.elsewhere for each in fellows):
        found.add("in_two_households")
    if here and all(band(each.birth, on) in CHILDREN for each in here):
        found.add("children_only")
    if kind != "group" and here:
        found |= _of_the_head(here, absence, on)
        found |= _of_the_whole(here, place)
    return sorted(found | {flag for each in collectors for flag in _of_a_collector(each)})


def _of_the_head(here: Sequence[Fellow], absence: str | None, on: date) -> set[Flag]:
    heads = [each for each in here if is_head(each.relationship)]
    if not heads:
        return {"head_absent" if absence else "head_missing"}
    if len(heads) > 1:
        return {"two_heads"}
    [head] = heads
    found: set[Flag] = set()
    if band(head.birth, on) in CHILDREN:
        found.add("child_headed")
    born = head.birth.span()
    if any(contradicts(each.relationship or "", each.birth.span(), born) for each in here):
        found.add("parent_younger_than_child")
    return found


def contradicts(relationship: str, born: Span, head_born: Span) -> bool:
    """Say whether who is so related to a head is surely the younger one and the older, or so."""
    if relationship.casefold() in YOUNGER_THAN_THE_HEAD:
        return _surely_younger(head_born, than=born)
    return relationship.casefold() in OLDER_THAN_THE_HEAD and _surely_younger(born, than=head_born)


def is_relative(relationship: str) -> bool:
    """Say whether somebody is surely older or younger than the head to whom they are so related."""
    return relationship.casefold() in OLDER_THAN_THE_HEAD | YOUNGER_THAN_THE_HEAD


def _surely_younger(one: Span, *, than: Span) -> bool:
    return one.earliest is not None and than.latest is not None and one.earliest > than.latest


def _of_the_whole(here: Sequence[Fellow], place: str) -> set[Flag]:
    found: set[Flag] = set()
    if {each.place for each in here} != {place}:
        found.add("two_places")
    if len({each.category for each in here} - {UNTOLD}) > 1:
        found.add("several_categories")
    return found


def _of_a_collector(each: Collector) -> set[Flag]:
    if each.departed:
        return {"collector_departed"}
    if each.minor is None:
        return {"collector_age_unknown"}
    return {"collector_is_minor"} if each.minor else set()
