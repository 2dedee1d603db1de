"""Files of others: how their columns and codes become registrations, by a mapping that is saved."""

import csv
import io
from typing import Any

import pytest

from chassis.uploads import Row
from services.registration.mappings import rules
from services.registration.mappings.models import ColumnIn, MappingIn
from tests.registration.office import Office
from tests.registration.test_registers_as_they_come import (
    IMPORTS,
    everybody,
    finished,
    rejected_rows,
)

SQLITE = pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
MAPPINGS = "/v1/registration/mappings"
TOLD: dict[str, Any] = {
    "name": "Lists of the municipality",
    "columns": [
        {"column": "رقم", "field": "external_id"},
        {
            "column": "الاسم الرباعي",
            "field": "full_name",
            "parts": ["given_name", "father_name", "family_name"],
        },
        {"column": "الجنس", "field": "sex", "values": {"ذكر": "male", "أنثى": "female"}},
        {"column": "Né(e) le", "field": "birth_date", "day_order": "dmy"},
        {"column": "nationality/other", "field": "nationality", "values": {"Tchad": "TCD"}},
    ],
    "constants": {
        "population_category": "migrant",
        "location_pcode": "LY0209",
        "nationality": "SDN",
    },
}
HEADER = ("رقم", "الاسم الرباعي", "الجنس", "Né(e) le", "nationality/other", "ملاحظات")


def table(*rows: tuple[str, ...]) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";").writerows(rows)
    return target.getvalue().encode()


async def imported(office: Office, content: bytes, mapping: str, **told: str) -> dict[str, Any]:
    file = {"file": ("list.csv", content, "text/csv")}
    params = {"mapping": mapping, **told}
    answer = await office.case_worker.post(IMPORTS, files=file, params=params)
    assert answer.status_code == 202, answer.text
    return await finished(office, answer.headers["location"])


async def test_a_file_of_others_is_read_by_a_saved_mapping_and_its_faults_by_its_columns(
    office: Office,
) -> None:
    saved = await office.case_worker.post(MAPPINGS, TOLD)
    assert saved.status_code == 201, saved.text
    mapping = saved.json()["id"]
    rows = [
        HEADER,
        ("1", "آمنة عبد الله محمد القذافي", "أنثى", "27/2/1994", "Tchad", "what nobody asked"),
        ("2", "Moussa", "ذكر", "٠١/٠٣/١٩٩٠", "", ""),
        ("3", "Ali", "غير ذلك", "31/2/1990", "", ""),
    ]
    foreseen = await imported(office, table(*rows), mapping, dry_run="true")
    assert await everybody(office) == []

    job = await imported(office, table(*rows), mapping)

    assert [job[each] for each in ("accepted", "rejected")] == [2, 1], job
    assert [foreseen[each] for each in ("accepted", "rejected")] == [2, 1]
    amina, moussa = await everybody(office)
    assert (amina["given_name"], amina["father_name"]) == ("آمنة", "عبد الله")
    assert (amina["family_name"], amina["sex"]) == ("محمد القذافي", "female")
    assert (amina["birth_date"], amina["nationality"]) == ("1994-02-27", "TCD")
    assert (moussa["birth_date"], moussa["nationality"]) == ("1990-03-01", "SDN")
    assert {each["column"] for each in job["rejected_rows"]} == {"الجنس", "Né(e) le"}
    [row] = await rejected_rows(office, job)
    assert row["الاسم الرباعي"] == "Ali"
    corrected = row | {"الجنس": "ذكر", "Né(e) le": "28/2/1990"}
    again = await imported(office, table(tuple(corrected), tuple(corrected.values())), mapping)
    assert (again["accepted"], again["rejected"]) == (1, 0), again
    assert (await imported(office, table(*rows[:3]), mapping))["unchanged"] == 2


@SQLITE
async def test_a_file_that_lacks_columns_of_its_mapping_is_refused_by_their_names(
    office: Office,
) -> None:
    mapping = (await office.case_worker.post(MAPPINGS, TOLD)).json()["id"]
    file = {"file": ("list.csv", table(HEADER[:2], ("1", "Ali")), "text/csv")}

    answer = await office.case_worker.post(IMPORTS, files=file, params={"mapping": mapping})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/table-header")
    details = [each["detail"] for each in answer.json()["errors"]]
    assert details == [f"The column {name} is missing." for name in HEADER[2:5]]
    params = {"mapping": "01a20b3e-ef60-7467-a414-6dd2e35e07bb"}
    assert (await office.case_worker.post(IMPORTS, files=file, params=params)).status_code == 404
    stranger = await office.stranger.post(IMPORTS, files=file, params={"mapping": mapping})
    assert stranger.status_code == 404


@SQLITE
async def test_a_mapping_has_versions_and_one_name_within_its_organisation(office: Office) -> None:
    first = await office.case_worker.post(MAPPINGS, TOLD)
    path, seen = first.headers["location"], {"If-Match": first.headers["etag"]}
    assert (await office.colleague.post(MAPPINGS, TOLD)).status_code == 409
    assert (await office.stranger.post(MAPPINGS, TOLD)).status_code == 201
    other = TOLD | {"name": "Other lists", "constants": TOLD["constants"] | {"sex": "unknown"}}

    changed = await office.colleague.send("PUT", path, json=other, headers=seen)

    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await office.colleague.send("PUT", path, json=TOLD, headers=seen)
    assert stale.status_code == 412
    assert (await office.case_worker.get(path)).json()["name"] == "Other lists"
    versions = (await office.case_worker.get(f"{path}/versions")).json()["items"]
    assert [each["name"] for each in versions] == ["Lists of the municipality", "Other lists"]
    listed = (await office.case_worker.get(MAPPINGS)).json()["items"]
    assert [(each["version"], each["made_by"]) for each in listed] == [(2, "user-huda")]
    assert (await office.stranger.get(path)).status_code == 404
    assert ("user-huda", "update", "allowed") in await office.record("mapping")


@SQLITE
async def test_a_mapping_by_which_nobody_could_be_registered_is_refused_by_what_it_lacks(
    office: Office,
) -> None:
    lacking = TOLD | {"constants": {"nationality": "Sudan"}}
    refused = await office.case_worker.post(MAPPINGS, lacking)

    assert refused.status_code == 422
    assert "Sudan" not in refused.text
    told = [(each["pointer"], each["detail"]) for each in refused.json()["errors"]]
    assert ("/columns", "Nothing tells population_category.") in told
    assert ("/columns", "Nothing tells location_pcode.") in told
    assert "/constants/nationality" in {pointer for pointer, _ in told}
    without_parts = [{"column": "name", "field": "full_name"}]
    assert (
        await office.case_worker.post(MAPPINGS, TOLD | {"columns": without_parts})
    ).status_code == 422
    nameless = TOLD | {"columns": TOLD["columns"][1:]}
    mapping = (await office.case_worker.post(MAPPINGS, nameless)).json()["id"]
    file = {"file": ("list.csv", table(HEADER), "text/csv")}
    answer = await office.case_worker.post(IMPORTS, files=file, params={"mapping": mapping})
    assert (answer.status_code, "external_id" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("3/4/1990", "dmy", "1990-04-03"),
        ("3/4/1990", "mdy", "1990-03-04"),
        ("1990/4", "ymd", "1990-04"),
        ("04.1990", "dmy", "1990-04"),
        ("1990", "dmy", "1990"),
        ("2026-01-05T10:30:00.000+02:00", "ymd", "2026-01-05"),
        ("3/4/90", "dmy", "3/4/90"),
        ("soon", "dmy", "soon"),
        ("36526", "dmy", "36526"),
    ],
)
def test_dates_are_read_in_the_order_that_was_told_and_never_guessed(
    cell: str, order: Any, day: str
) -> None:
    assert rules.as_day(cell, order) == day


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Moussa", {"given_name": "Moussa"}),
        ("Moussa Traoré", {"given_name": "Moussa", "family_name": "Traoré"}),
        ("عبد الله محمد", {"given_name": "عبد الله", "family_name": "محمد"}),
        (
            "Ali Ben Salah Abu Bakr X Y",
            {"given_name": "Ali", "father_name": "Ben Salah", "family_name": "Abu Bakr X Y"},
        ),
    ],
)
def test_a_full_name_is_divided_among_the_parts_that_were_told(
    name: str, parts: dict[str, str]
) -> None:
    assert rules.divided(name, ["given_name", "father_name", "family_name"]) == parts


def test_of_two_columns_of_a_field_the_first_that_is_filled_counts_and_a_constant_last() -> None:
    mapping = MappingIn(
        name="x",
        columns=[
            ColumnIn(column="a", field="birth_date", calendar="hijri"),
            ColumnIn(column="b", field="birth_date"),
        ],
        constants={"birth_date": "1990"},
    )

    told = [rules.mapped(mapping, Row(1, {"a": a, "b": b})).cells for a, b in (" 2", "1 ", "  ")]

    assert told == [
        {"birth_date": "2"},
        {"birth_date": "1", "birth_date_calendar": "hijri"},
        {"birth_date": "1990"},
    ]
