"""Who counts in a household, in which age band, and what somebody should look at."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis.clock import new_id
from services.registration.households import rules
from services.registration.households.rules import Collector, Fellow
from services.registration.persons.births import Birth
from services.registration.persons.rules import case_number, household_number

ON = date(2026, 6, 1)
GROWN = Birth("1990-05-12", "day")
CHILD = Birth("2015-03-01", "day")
OLD = Birth("1960", "year")


def fellow(relationship: str | None = None, birth: Birth = GROWN, **more: Any) -> Fellow:
    known: dict[str, Any] = {
        "member_id": new_id(),
        "registration_id": new_id(),
        "person_id": new_id(),
        "relationship": relationship,
        "sex": "female",
        "birth": birth,
        "place": "LY0209",
        "category": "migrant",
        "departed": False,
        "counts": True,
        "elsewhere": False,
    }
    return Fellow(**known | more)


def flags(*fellows: Fellow, kind: str = "household", absence: str | None = None) -> list[str]:
    return [*rules.flags(kind, "LY0209", absence, fellows, [], ON)]


@pytest.mark.parametrize(
    ("birth", "band"),
    [
        (Birth("2021-06-02", "day"), "0-4"),
        (Birth("2021-06-01", "day"), "5-17"),
        (Birth("2008-06-02", "day"), "5-17"),
        (Birth("2008-06-01", "day"), "18-59"),
        (Birth("1966-06-02", "day"), "18-59"),
        (Birth("1966-06-01", "day"), "60+"),
        (Birth(None, "estimated", age=17, age_as_of=date(2026, 5, 1)), "5-17"),
        (Birth(None, "unknown"), "unknown"),
        (Birth("1340", "year", "hijri"), "60+"),
    ],
)
def test_a_band_is_that_of_the_likeliest_age_on_the_day(birth: Birth, band: str) -> None:
    assert rules.band(birth, ON) == band


def test_whoever_does_not_count_is_in_no_cell_and_is_no_head() -> None:
    head = fellow("head", sex="male")
    gone = fellow("head", counts=False, departed=True)

    found = rules.composition([head, gone, fellow("child", CHILD), fellow("child", CHILD)], ON)

    assert found == {"female": {"5-17": 2}, "male": {"18-59": 1}}
    assert rules.head_of([head, gone]) == head.person_id
    assert rules.head_of([gone]) is None


def test_a_head_that_nobody_named_is_told_from_one_that_is_elsewhere() -> None:
    alone = fellow(None, CHILD)

    assert flags(fellow("spouse"), fellow()) == ["head_missing"]
    assert flags(alone, absence="unaccompanied_child") == ["children_only", "head_absent"]
    assert flags(alone, kind="group") == ["children_only"]
    assert flags(fellow("Head"), fellow("HEAD")) == ["two_heads"]
    assert flags(fellow("head", CHILD), fellow("child", CHILD)) == ["child_headed", "children_only"]
    assert flags(fellow("head", counts=False)) == ["empty"]


def test_a_parent_is_called_younger_only_where_it_is_sure() -> None:
    head = fellow("head", GROWN)
    about_as_old = Birth(None, "estimated", age=35, age_as_of=ON)

    assert flags(head, fellow("child", OLD)) == ["parent_younger_than_child"]
    assert flags(head, fellow("mother", CHILD)) == ["parent_younger_than_child"]
    assert flags(head, fellow("child", about_as_old)) == []
    assert flags(head, fellow("mother", OLD), fellow("child", CHILD), fellow("sibling", OLD)) == []


def test_one_household_has_one_place_and_one_category_or_is_looked_at() -> None:
    head = fellow("head")

    assert flags(head, fellow("child", CHILD, place="LY0317")) == ["two_places"]
    assert flags(head, fellow("child", CHILD, category="idp")) == ["several_categories"]
    assert flags(head, replace(head, counts=False, elsewhere=True)) == ["in_two_households"]


def test_who_receives_is_of_age_and_there() -> None:
    def told(**of: Any) -> list[str]:
        return [*rules.flags("group", "LY02", None, [fellow()], [Collector(**of)], ON)]

    assert told(minor=False, departed=False) == []
    assert told(minor=True, departed=False) == ["collector_is_minor"]
    assert told(minor=None, departed=False) == ["collector_age_unknown"]
    assert told(minor=False, departed=True) == ["collector_departed"]


def test_a_households_number_is_a_case_number_that_is_told_from_a_persons() -> None:
    number = rules.new_household_number()
    letter, _, digits = number.partition("-")

    assert letter == "H"
    assert case_number(digits.lower()) == digits
    assert household_number(number.replace("-", " ")) == number
    with pytest.raises(ValueError, match="begins with H"):
        household_number(case_number(digits).replace(digits[0], "9", 1))
