"""Dates of birth in registers and exports: as told on the way in, the same on the way back."""

import pytest

from chassis.tabular import Row
from services.registration.imports.rules import read_person
from services.registration.main import SERVICE
from services.registration.persons.births import FIELDS
from services.registration.persons.models import PersonIn
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.office import Office, Worker
from tests.registration.test_exports import SHORT, file, imported, lines, made, told

HEADER = (
    "external_id,given_name,sex,nationality,population_category,location_pcode,registered_on,"
    "birth_date,birth_date_precision,birth_date_calendar,age,age_to,age_as_of\n"
)
ALWAYS = "Hawa,female,SDN,migrant,LY020908,2026-01-05"
TOLD = {
    "B1": "1990,,,,,",
    "B2": "١٩٩٠-٠٥,,,,,",
    "B3": "1990-05-12,year,gregorian,,,",
    "B4": "1410-02-15,,hijri,,,",
    "B5": "1342-01-01,,hijri,,,",
    "B6": ",,,17,,",
    "B7": ",,,١٦-۱۸,,",
    "B8": ",estimated,,16,18,2025-12-24",
    "B9": ",unknown,,,,",
    "B10": "1990-05-12,,,35,,",
    "B11": "2026-01-06,,,,,",
    "B12": "1990-05-12T13:05:00,,,,,",
}
KEPT = {
    "B1": ("1990", "year", "gregorian", None, None, None),
    "B2": ("1990-05", "month", "gregorian", None, None, None),
    "B3": ("1990-05-12", "year", "gregorian", None, None, None),
    "B4": ("1410-02-15", "day", "hijri", None, None, None),
    "B5": ("1342-01-01", "day", "hijri", None, None, None),
    "B6": (None, "estimated", "gregorian", 17, None, "2026-01-05"),
    "B7": (None, "estimated", "gregorian", 16, 18, "2026-01-05"),
    "B8": (None, "estimated", "gregorian", 16, 18, "2025-12-24"),
    "B9": (None, "unknown", "gregorian", None, None, None),
    "B10": ("1990-05-12", "day", "gregorian", None, None, None),
    "B11": ("2026-01-06", "day", "gregorian", None, None, None),
    "B12": ("1990-05-12", "day", "gregorian", None, None, None),
}


@pytest.fixture
async def office(start: Start, service_url: str) -> Office:
    running = await start(SERVICE, url=service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    return Office(running)


def register(births: dict[str, str]) -> bytes:
    return (HEADER + "\n".join(f"{n},{ALWAYS},{told}" for n, told in births.items())).encode()


@pytest.mark.parametrize(
    ("cells", "age", "birth", "refused"),
    [
        ({"age": "30.0"}, 30, None, None),
        ({"age": "٣٠٫٠", "age_to": "35.00"}, 30, None, None),
        ({"birth_date": "36526.0"}, None, "2000-01-01", None),
        ({"birth_date": "1990.0"}, None, "1990", None),
        ({"age": "0"}, 0, None, None),
        ({"age": "-1"}, None, None, "greater than or equal to 0"),
        ({"age": "-1.0"}, None, None, "greater than or equal to 0"),
        ({"age": "6 months"}, None, None, "of an infant"),
        ({"age": "0.5"}, None, None, "of an infant"),
        ({"birth_date": "-5"}, None, None, "not a date"),
        ({"age": "-1+cmd"}, None, None, "run this cell"),
        ({"given_name": "-1"}, None, None, "run this cell"),
        ({"age": "3", "stateless": "maybe"}, None, None, "neither `yes` nor `no`"),
        ({"age": "3", "consent_given": "oui"}, None, None, "neither `yes` nor `no`"),
        ({"age": "3", "documents": '[{"type": "a", "type": "b", "number": "1"}]'}, 3, None, "list"),
    ],
)
def test_numbers_are_read_as_programs_write_them_and_what_is_none_is_told(
    cells: dict[str, str], age: int | None, birth: str | None, refused: str | None
) -> None:
    told = dict(zip(HEADER.split(",")[:7], f"B1,{ALWAYS}".split(","), strict=True)) | cells
    person = read_person(Row(2, told))
    if isinstance(person, PersonIn):
        assert (person.age, person.birth_date, refused) == (age, birth, None)
    else:
        assert refused is not None
        assert [refused in each.detail for each in person] == [True], person


async def test_case_13_and_15_a_register_says_of_a_birth_what_is_known(office: Office) -> None:
    job = await imported(office.case_worker, register(TOLD))

    assert (job["accepted"], job["rejected"]) == (len(TOLD), 0), job
    # Who is born after they were registered is taken, and looked at.
    [warning] = job["warnings"]
    assert (warning["row"], warning["column"], warning["code"]) == (12, "birth_date", "born_later")
    kept = await told(office.case_worker, ["external_id", *FIELDS])
    assert {each["external_id"]: tuple(each[name] for name in FIELDS) for each in kept} == KEPT


async def test_case_13_and_15_an_export_that_comes_in_again_says_the_same_of_a_birth(
    office: Office,
) -> None:
    await imported(office.case_worker, register(TOLD))
    columns = list(dict.fromkeys([*SHORT, *FIELDS, "registered_on"]))
    export = await made(office.case_worker, columns)
    rows = await lines(office.case_worker, export)
    content = (await file(office.case_worker, export)).content
    elsewhere = Worker(office.running, "amal", ("case_worker",), organisation="elsewhere")

    again = await imported(office.case_worker, content)
    there = await imported(elsewhere, content)

    assert "-01-01" not in "".join(row["birth_date"] for row in rows if row["external_id"] != "B5")
    assert (again["unchanged"], again["rejected"]) == (len(TOLD), 0), again
    assert (there["accepted"], there["rejected"]) == (len(TOLD), 0), there
    assert await told(elsewhere, columns) == await told(office.case_worker, columns)


@pytest.mark.parametrize("form", ["xlsx", "jsonl"])
async def test_case_13_every_kind_of_file_takes_a_birth_that_is_not_known(
    office: Office, form: str
) -> None:
    await imported(office.case_worker, register(TOLD))

    export = await made(office.case_worker, ["external_id", *FIELDS], form)

    answer = await file(office.case_worker, export)
    assert answer.status_code == 200
    assert form == "xlsx" or b'"age": 17, "age_to": null' in answer.content


async def test_a_row_whose_birth_makes_no_sense_is_named(office: Office) -> None:
    births = {
        ",,,,,": "birth_date",
        "12/05/1990,,,,,": "birth_date",
        "1410-13-01,,hijri,,,": "birth_date",
        "1990,,lunar,,,": "birth_date_calendar",
        ",,,grown up,,": "age",
        ",,,121,,": "age",
        ",,,18-16,,": "birth_date",
        "1990,,,12,,": "birth_date",
    }

    job = await imported(
        office.case_worker, register({f"B{n}": told for n, told in enumerate(births)})
    )

    named = [(each["row"] - 2, each["column"]) for each in job["rejected_rows"]]
    assert (job["accepted"], named) == (0, list(enumerate(births.values()))), job
