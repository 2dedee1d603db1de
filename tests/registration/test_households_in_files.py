"""A register says what of its households wants a look, and is taken as it is."""

from typing import Any

import pytest

from services.registration.imports import households, service
from services.registration.imports.households import Households
from services.registration.persons import registering
from services.registration.persons.births import Birth
from services.registration.persons.models import PersonIn
from tests.registration.office import NAWAL, PERSONS, Office
from tests.registration.test_registers_as_they_come import IMPORTS, finished

SQLITE = pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
HEADER = (
    "external_id,given_name,sex,birth_date,nationality,population_category,location_pcode,"
    "household_ref,relationship_to_head"
)
HERE, THERE = "LY0209", "LY020908"


def register(*rows: tuple[str, str, str, str, str]) -> str:
    """Return a register of people by number, birth, place, household and relationship."""
    lines = [
        f"{number},Ali,male,{birth},SDN,migrant,{place},{household},{relationship}"
        for number, birth, place, household, relationship in rows
    ]
    return "\n".join([HEADER, *lines])


FAMILIES = register(
    ("A1", "1990", HERE, "A", "head"),
    ("A2", "1980-05-01", HERE, "A", "Son"),
    ("A3", "1992", THERE, "A", "spouse"),
    ("A4", "1970", THERE, "A", "daughter"),
    ("B1", "1960", HERE, "B", "daughter"),
    ("B2", "1991", HERE, "B", "head"),
    ("B3", "1992", HERE, "B", "head"),
    ("C1", "1990", HERE, "C", "spouse"),
    ("C2", "2010", HERE, "C", "child"),
    ("D1", "1950", HERE, "D", "child"),
    ("E1", "1950", HERE, "", ""),
    ("B2", "1991", HERE, "B", "head"),
    ("F1", "1990", HERE, "F", ""),
)
ODD = [
    (3, "birth_date", "parent_younger_than_child"),
    (4, "location_pcode", "two_places"),
    (6, "birth_date", "parent_younger_than_child"),
    (8, "relationship_to_head", "two_heads"),
    (9, "relationship_to_head", "head_missing"),
    (14, "relationship_to_head", "head_missing"),
]


async def imported(office: Office, content: str, **told: str) -> dict[str, Any]:
    file = {"file": ("register.csv", content.encode(), "text/csv")}
    answer = await office.case_worker.post(IMPORTS, files=file, params=told)
    assert answer.status_code == 202, answer.text
    return await finished(office, answer.headers["location"])


def warnings(job: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(each["row"], each["column"], each["code"]) for each in job["warnings"]]


@SQLITE
async def test_a_register_warns_of_odd_households_by_row_and_column(office: Office) -> None:
    # The head of this one is registered already.
    await office.register(household_ref="D", relationship_to_head="head", birth_date="1999")

    foreseen = await imported(office, FAMILIES, dry_run="true")
    job = await imported(office, FAMILIES)
    again = await imported(office, FAMILIES)

    assert (job["accepted"], job["unchanged"], job["rejected"]) == (12, 1, 0), job
    assert warnings(foreseen) == warnings(job) == warnings(again) == ODD
    assert "Row 2 of this household" in job["warnings"][1]["detail"]
    # The household says so too, and whatever else nobody can know from a file.
    params, purpose = {"household_ref": "A"}, {"X-Purpose": "case_management"}
    answer = await office.case_worker.get(
        "/v1/registration/households", params=params, headers=purpose
    )
    [household] = answer.json()["items"]
    assert {"two_places", "parent_younger_than_child"} <= set(household["flags"])
    assert len((await office.case_worker.get(PERSONS)).json()["items"]) == 13


@SQLITE
@pytest.mark.parametrize("dry_run", ["false", "true"])
async def test_an_import_that_was_cut_off_warns_as_one_that_was_not(
    office: Office, monkeypatch: pytest.MonkeyPatch, dry_run: str
) -> None:
    await office.register(household_ref="D", relationship_to_head="head", birth_date="1999")
    lines = FAMILIES.splitlines()
    # A row that is refused tells nothing of its household: neither when it is read again.
    refused = lines[1].replace("A1,Ali,male", "A0,Ali,woman").replace(HERE, THERE)
    content = "\n".join([lines[0], refused, *lines[1:]])
    monkeypatch.setattr(service, "ROWS_A_STEP_OF_SQLITE", 3)
    monkeypatch.setattr(service, "ROWS_A_STEP", 2)
    name = "foresee_all" if dry_run == "true" else "register_made"
    really, steps = getattr(registering, name), []

    async def cut_off_once(*told: Any) -> Any:
        steps.append(len(told[1]))
        if len(steps) == 4:
            raise ConnectionError("the database is gone")
        return await really(*told)

    monkeypatch.setattr(registering, name, cut_off_once)

    job = await imported(office, content, dry_run=dry_run)

    assert (job["accepted"], job["unchanged"], job["rejected"]) == (12, 1, 1), job
    assert warnings(job) == [(row + 1, column, code) for row, column, code in ODD]
    assert len(steps) == 6


@SQLITE
async def test_a_register_that_does_not_tell_who_is_who_is_not_told_that_heads_are_missing(
    office: Office,
) -> None:
    rows = [(f"A{number}", "1990", HERE, f"H{number}", "") for number in range(3)]

    job = await imported(office, register(*rows))

    assert (job["accepted"], job["warnings"]) == (3, [])


def told(register: Households, row: int, household: str, relationship: str | None) -> list[str]:
    changes = {"external_id": f"R{row}", "household_ref": household}
    form = PersonIn.model_validate(NAWAL | changes | {"relationship_to_head": relationship})
    return [each.code for each in register.note(row, form, Birth("1990", "year").span())]


@SQLITE
async def test_of_very_many_households_few_are_held_and_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(households, "MOST_HELD", 2)
    monkeypatch.setattr(households, "MOST_TOLD", 2)
    seen = Households()
    for row, ref, relationship in [
        (2, "A", "head"),
        (3, "A", "head"),
        (4, "B", "child"),
        (5, "C", "child"),
        (6, "D", "child"),
        (7, "E", None),
        (8, "B", "head"),
        # The head of A was let go, and is no row of the register that is only tried.
        (9, "A", "child"),
    ]:
        codes = told(seen, row, ref, relationship)
        assert codes == (["two_heads"] if row == 3 else [])

    async with office.running.database.read() as session:
        last = await seen.at_the_end(session, "iom")

    # That of B came after B was let go; C and D have none, and E none either.
    assert [(each.row, each.code) for each in last] == [
        (5, "head_missing"),
        (None, "more_households"),
    ]
    assert "2 more" in last[-1].detail
