"""Registers in the forms in which people keep them: workbooks, code pages, other separators."""

import asyncio
import csv
import io
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
import xlsxwriter

from tests.registration.office import PERSONS, Office

IMPORTS = "/v1/registration/imports"
HEADER = (
    "external_id",
    "given_name",
    "sex",
    "birth_date",
    "nationality",
    "population_category",
    "phone",
    "location_pcode",
    "registered_on",
)
AMINA = ("X1", "أمينة", "female", "1994-02-27", "SDN", "migrant", "+218912345678", "LY0209", "")
Cell = str | int | float | bool | date | None


def workbook(*rows: tuple[Cell, ...], before: int = 0, hidden: bool = False) -> bytes:
    """Return a workbook whose rows begin below some empty ones, after a sheet that is not shown."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        if hidden:
            aside = book.add_worksheet("lists")
            aside.write(0, 0, "male")
        sheet = book.add_worksheet("register")
        if hidden:
            sheet.activate()
            sheet.set_first_sheet()
            aside.hide()
        for number, row in enumerate(rows, before):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif cell is not None:
                    sheet.write(number, column, cell)
    return target.getvalue()


def text(*rows: tuple[str, ...], separator: str = ",") -> str:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=separator).writerows(rows)
    return target.getvalue()


async def sent(office: Office, content: bytes, kind: str = "text/csv") -> dict[str, Any]:
    """Send a register, and return its job when it has ended."""
    file = {"file": ("register", content, kind)}
    answer = await office.case_worker.post(IMPORTS, files=file)
    assert answer.status_code == 202, answer.text
    return await finished(office, answer.headers["location"])


async def finished(office: Office, location: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job: dict[str, Any] = (await office.case_worker.get(location)).json()
        if job["status"] in {"done", "failed"}:
            return job
        await asyncio.sleep(0.05)
    raise TimeoutError(location)


async def everybody(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await office.case_worker.get(PERSONS, headers={"X-Purpose": "case_management"})
    ).json()["items"]
    return found


async def test_a_workbook_registers_whom_its_rows_tell(office: Office) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            *AMINA[:3],
            date(1994, 2, 27),
            *AMINA[4:6],
            218912345678,
            "LY0209",
            datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None),
        ),
        ("X2", "Moussa", "male", 1990, "TCD", "migrant", None, "LY0209", None),
    ]

    job = await sent(office, workbook(HEADER, *rows, before=3, hidden=True))

    assert (job["status"], job["accepted"], job["rejected"]) == ("done", 2, 0), job
    amina, moussa = await everybody(office)
    assert (amina["given_name"], amina["birth_date"]) == ("أمينة", "1994-02-27")
    assert (amina["phone"], amina["registered_on"]) == ("+218912345678", "2026-01-05")
    assert (moussa["birth_date"], moussa["birth_date_precision"]) == ("1990", "year")


async def test_the_same_people_in_a_workbook_and_in_csv_change_nothing_the_second_time(
    office: Office,
) -> None:
    first = await sent(office, text(HEADER, AMINA).encode())
    second = await sent(office, workbook(HEADER, AMINA))

    assert (first["accepted"], second["accepted"], second["unchanged"]) == (1, 0, 1)


async def test_what_is_wrong_is_named_by_the_row_that_the_sheet_shows(office: Office) -> None:
    wrong = ("X2", "Moussa", "man", "1990-01-01", "TCD", "migrant", "", "LY0209", "")

    job = await sent(office, workbook(HEADER, AMINA, wrong, before=4))

    [remark] = job["rejected_rows"]
    assert (remark["row"], remark["column"], job["accepted"]) == (7, "sex", 1)


async def test_a_date_that_lost_its_form_is_read_and_told(office: Office) -> None:
    row = (*AMINA[:3], "36526", *AMINA[4:])

    job = await sent(office, text(HEADER, row).encode())

    [person] = await everybody(office)
    assert person["birth_date"] == "2000-01-01"
    [warning] = job["warnings"]
    assert (warning["column"], warning["code"]) == ("birth_date", "day_counted")


@pytest.mark.parametrize(
    ("charset", "kind"),
    [
        ("utf-8-sig", "text/csv"),
        ("utf-16", "text/csv"),
        ("utf-16-le", "text/csv; charset=utf-16"),
        ("cp1256", "text/csv; charset=windows-1256"),
        ("iso-8859-6", 'text/csv; charset="ISO-8859-6"'),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_a_table_is_read_in_the_letters_and_with_the_separators_of_its_spreadsheet(
    office: Office, charset: str, kind: str, separator: str
) -> None:
    content = text(HEADER, AMINA, separator=separator).encode(charset)

    job = await sent(office, content, kind)

    assert job["accepted"] == 1, job
    assert [each["given_name"] for each in await everybody(office)] == ["أمينة"]


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (text(HEADER, AMINA).encode("cp1256"), "text/csv", "wrong-encoding"),
        (text(HEADER, AMINA).encode(), "text/csv; charset=ebcdic", "wrong-encoding"),
        (b"PK\x03\x04 and nothing more", "text/csv", "workbook-unreadable"),
        (workbook(HEADER[1:], AMINA[1:]), "text/csv", "table-header"),
        (workbook(), "text/csv", "table-unreadable"),
        (workbook(HEADER, (*AMINA, "more")), "text/csv", "table-header"),
    ],
)
async def test_a_file_that_cannot_be_read_for_certain_is_refused_whole(
    office: Office, content: bytes, kind: str, problem: str
) -> None:
    answer = await office.case_worker.post(IMPORTS, files={"file": ("register", content, kind)})

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert await everybody(office) == []
