"""What a date of birth that was told means: when somebody may be born, and how old that makes."""

from calendar import isleap
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.registration.persons import births, making
from services.registration.persons.births import Birth, Span
from services.registration.persons.models import PersonIn
from services.registration.retention.rules import policy

YEARS_2020_TO_2040 = [
    date(2020, 1, 1) + timedelta(days=n) for n in range((date(2041, 1, 1) - date(2020, 1, 1)).days)
]
AGE_16_TO_18 = Birth(None, "estimated", age=16, age_to=18, age_as_of=date(2026, 6, 1))


@pytest.mark.parametrize(
    ("birth_date", "precision", "on", "expected"),
    [
        ("2000-02-29", "day", date(2018, 2, 28), True),
        ("2000-02-29", "day", date(2018, 3, 1), False),
        ("2008-06-15", "month", date(2026, 6, 1), None),
        ("2008-06", "month", date(2026, 6, 1), None),
        ("2008-06", "month", date(2026, 5, 31), True),
        ("2008-06-15", "month", date(2026, 6, 30), False),
        ("2007-12", "month", date(2025, 12, 31), False),
        ("2008", "year", date(2026, 1, 1), None),
        ("2008", "year", date(2026, 12, 30), None),
        ("2008-06-15", "year", date(2026, 12, 31), False),
        ("2006", "estimated", date(2026, 6, 1), None),
        ("2005-01-01", "estimated", date(2026, 6, 1), False),
        ("2011", "estimated", date(2026, 6, 1), True),
        (None, "unknown", date(2026, 6, 1), None),
    ],
)
def test_case_13_who_is_a_child_is_known_as_well_as_the_birth_date(
    birth_date: str | None, precision: str, on: date, expected: bool | None
) -> None:
    assert Birth(birth_date, precision).minor(on) is expected


@pytest.mark.parametrize(
    ("age", "age_to", "on", "expected"),
    [
        (16, 18, date(2026, 6, 1), None),
        (16, 18, date(2028, 5, 31), None),
        (16, 18, date(2028, 6, 1), False),
        (16, 17, date(2026, 6, 1), True),
        (16, 17, date(2026, 6, 2), None),
        (17, None, date(2026, 6, 1), None),
        (15, None, date(2026, 6, 1), True),
        (20, None, date(2026, 6, 1), False),
        (0, None, date(2026, 6, 1), True),
    ],
)
def test_case_13_an_age_is_as_old_as_the_day_on_which_it_was_guessed(
    age: int, age_to: int | None, on: date, expected: bool | None
) -> None:
    birth = replace(AGE_16_TO_18, age=age, age_to=age_to)

    assert birth.minor(on) is expected


@given(
    st.dates(date(1930, 1, 1), date(2026, 1, 1)),
    st.sampled_from(["day", "month", "year", "estimated"]),
    st.dates(date(2026, 1, 2), date(2060, 1, 1)),
)
def test_the_day_that_was_told_lies_in_the_interval_and_decides_with_it(
    born: date, precision: str, on: date
) -> None:
    birth = Birth(born.isoformat(), precision)
    first, last = birth.span()

    assert first
    assert last
    assert first <= born <= last
    assert birth.minor(on) in {births.age_on(born, on) < births.OF_AGE, None}


@given(
    st.dates(date(1930, 1, 1), date(2026, 1, 1)),
    st.integers(0, 90),
    st.integers(0, 5),
    st.dates(date(2020, 1, 1), date(2040, 12, 31)),
)
def test_case_13_who_is_of_an_age_that_day_lies_in_its_interval_and_nobody_else(
    born: date, age: int, more: int, as_of: date
) -> None:
    first, last = Birth(None, "estimated", age=age, age_to=age + more + 1, age_as_of=as_of).span()
    is_of_it = age <= births.age_on(born, as_of) <= age + more + 1

    assert first
    assert last
    assert (first <= born <= last) == is_of_it


def test_case_14_somebody_of_29_february_is_a_year_older_on_1_march() -> None:
    born = date(2000, 2, 29)

    assert births.age_on(born, date(2023, 2, 28)) == 22
    assert births.age_on(born, date(2023, 3, 1)) == 23
    assert births.age_on(born, date(2024, 2, 29)) == 24


def test_case_14_every_day_of_twenty_years_has_an_age_for_everybody() -> None:
    told = [
        *(Birth(text, births.fineness(text)) for text in ("2000-02-29", "2004-02", "2004")),
        *(Birth(None, "estimated", age=n, age_as_of=date(2024, 2, 29)) for n in (0, 1, 17, 120)),
        Birth("2000-02-29", "estimated"),
        Birth("1420-11-24", "day", "hijri"),
        Birth(None, "unknown"),
        AGE_16_TO_18,
    ]
    ages = [births.age_on(date(2000, 2, 29), date(2019, 12, 31))]
    for day in YEARS_2020_TO_2040:
        was = [birth.minor(day) for birth in told]
        guessed = [replace(birth, age_as_of=day) for birth in told if birth.age is not None]
        assert all(None not in birth.span() for birth in guessed)
        assert policy().person.kept_since(day) < day
        ages.append(births.age_on(date(2000, 2, 29), day))
        older = (day.month, day.day) == ((2, 29) if isleap(day.year) else (3, 1))
        assert ages[-1] - ages[-2] == older, day
        assert (was[0], was[-1]) == (False, AGE_16_TO_18.minor(day)), day


SAFAR_15 = date(1989, 9, 15)
"""15 Safar 1410, by the calendar of Umm al-Qura."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1410-02-15", Span(SAFAR_15 - timedelta(days=2), SAFAR_15 + timedelta(days=2))),
        ("1410-02", Span(date(1989, 8, 30), date(1989, 10, 1))),
        ("1410", Span(date(1989, 7, 31), date(1990, 7, 24))),
        ("1343-01-01", Span(date(1924, 7, 30), date(1924, 8, 3))),
        ("1342-01-01", Span(None, date(1924, 8, 2))),
    ],
)
def test_case_15_a_hijri_date_is_a_day_two_days_either_way(text: str, expected: Span) -> None:
    birth = Birth(text, births.fineness(text), "hijri")

    assert birth.span() == expected
    assert birth.converted() == (expected if expected.earliest else None)


def test_case_15_somebody_born_before_the_table_is_of_age() -> None:
    assert Birth("1342-01-01", "day", "hijri").minor(date(2026, 1, 1)) is False


TODAY = date(2026, 6, 1)
ACCEPTED = [
    Birth("2026-06-01", "day"),
    Birth("2026-06", "month"),
    Birth("2026", "estimated"),
    Birth("1990-05-12", "year"),
    Birth("1447-12-16", "day", "hijri"),
    Birth("1317", "year", "hijri"),
    Birth(None, "unknown"),
    AGE_16_TO_18,
]
REFUSED = [
    Birth("2026-06-02", "day"),
    Birth("2026-07", "month"),
    Birth("2027", "estimated"),
    Birth("1899", "year"),
    Birth("1990-13", "month"),
    Birth("1990-00", "month"),
    Birth("1990-05-00", "year"),
    Birth("2023-02-29", "year"),
    Birth("1990", "month"),
    Birth("1990-05", "day"),
    Birth("1990", "unknown"),
    Birth(None, "year"),
    Birth("1410-13-01", "day", "hijri"),
    Birth("1410-02-30", "day", "hijri"),
    Birth("1410-00", "month", "hijri"),
    Birth("1342-01-31", "day", "hijri"),
    Birth("1449", "year", "hijri"),
    Birth("1316", "year", "hijri"),
    Birth("1501", "year", "hijri"),
    Birth("0000", "year", "hijri"),
    replace(AGE_16_TO_18, age_to=15),
    replace(AGE_16_TO_18, birth_date="1990"),
    replace(AGE_16_TO_18, birth_date_precision="year"),
    replace(AGE_16_TO_18, birth_date_calendar="hijri"),
    replace(AGE_16_TO_18, age=None),
]


@pytest.mark.parametrize("birth", ACCEPTED)
def test_what_agrees_is_taken(birth: Birth) -> None:
    births.check(birth, TODAY)


@pytest.mark.parametrize(("text", "told"), [("1414-09-17", True), ("1317", True), ("1899", False)])
def test_a_date_that_may_be_hijri_is_refused_with_how_to_say_so(text: str, told: bool) -> None:
    with pytest.raises(ValueError, match="is not between") as refused:
        births.check(Birth(text, births.fineness(text)), TODAY)

    assert told == ("calendar: `hijri`" in str(refused.value))


@pytest.mark.parametrize("birth", REFUSED)
def test_what_contradicts_itself_is_not(birth: Birth) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|says)"):
        births.check(birth, TODAY)


@given(st.integers(0, 9999), st.integers(0, 99), st.integers(0, 99), st.integers(1, 3))
def test_whatever_is_written_as_a_date_is_taken_or_refused_with_a_reason(
    year: int, month: int, day: int, parts: int
) -> None:
    text = "-".join([f"{year:04}", f"{month:02}", f"{day:02}"][:parts])
    for calendar in ("gregorian", "hijri"):
        birth = Birth(births.well_formed(text), births.fineness(text), calendar)
        try:
            births.check(birth, TODAY)
        except ValueError:
            continue
        assert birth.span().latest
        assert birth.minor(TODAY) in {True, False, None}


EXACT, BY_YEAR = Birth("1990-05-12", "day"), Birth("1990-05-12", "year")


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        (EXACT, {"birth_date": "1991"}, Birth("1991", "year")),
        (BY_YEAR, {"birth_date": "1991-03-04"}, Birth("1991-03-04", "year")),
        (BY_YEAR, {"birth_date_precision": "day"}, EXACT),
        (EXACT, {"birth_date_precision": "unknown"}, Birth(None, "unknown")),
        (AGE_16_TO_18, {"birth_date": "2009-01-02"}, Birth("2009-01-02", "day")),
        (EXACT, {"age": 20}, Birth(None, "estimated", age=20)),
        (AGE_16_TO_18, {"age_to": 17}, replace(AGE_16_TO_18, age_to=17)),
        (Birth("1410", "year", "hijri"), {"birth_date": "1990"}, Birth("1990", "year")),
    ],
)
def test_a_correction_of_a_part_leaves_what_agrees_with_it(
    before: Birth, sent: dict[str, Any], after: Birth
) -> None:
    assert births.corrected(before, sent) == after


FORM = {
    "external_id": "R1",
    "given_name": "Amina",
    "sex": "female",
    "birth_date": "1994-02-28",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY0209",
}
BEFORE_PARTS_WERE_KEPT = (
    '{"external_id":"R1","given_name":"Amina","father_name":null,"grandfather_name":null,'
    '"family_name":null,"sex":"female","birth_date":"1994-02-28","birth_date_precision":"day",'
    '"nationality":"SDN","population_category":"migrant","phone":null,"documents":[],'
    '"location_pcode":"LY0209","household_ref":null,"relationship_to_head":null,"consent":null}'
)


@pytest.mark.parametrize(
    ("age", "agrees"),
    [
        ({"age": 26}, True),
        ({"age": 24}, True),
        ({"age": 12}, False),
        ({"age": 30}, False),
        ({"age": 20, "age_to": 30}, True),
        ({"age": 30, "age_to": 20}, False),
        ({"age": 6, "age_as_of": "2006-01-05"}, True),
        ({"age": 26, "age_as_of": "2006-01-05"}, False),
    ],
)
def test_of_an_age_beside_a_date_that_agrees_the_date_is_kept(
    age: dict[str, Any], agrees: bool
) -> None:
    born = FORM | {"birth_date": "1999-05-01", "registered_on": "2026-01-05"}
    if not agrees:
        with pytest.raises(ValidationError, match="age"):
            PersonIn.model_validate(born | age)
        return
    told = PersonIn.model_validate(born | age)
    assert making.birth_of(told) == Birth("1999-05-01", "day")
    # So a file that tells both, and its own export, say the same.
    assert told.canonical() == PersonIn.model_validate(born).canonical()


def test_an_old_registration_still_says_the_same() -> None:
    assert PersonIn.model_validate(FORM).canonical() == BEFORE_PARTS_WERE_KEPT


def test_an_age_a_calendar_and_a_precision_are_part_of_what_a_registration_says() -> None:
    aged = {name: value for name, value in FORM.items() if name != "birth_date"} | {"age": 16}
    forms = [
        FORM,
        FORM | {"birth_date": "1994"},
        FORM | {"birth_date_precision": "month"},
        FORM | {"birth_date": "1410-01-01", "birth_date_calendar": "hijri"},
        aged,
        aged | {"age_to": 18},
        aged | {"age_to": 18, "age_as_of": "2026-01-05"},
    ]

    assert len({PersonIn.model_validate(form).canonical() for form in forms}) == len(forms)
