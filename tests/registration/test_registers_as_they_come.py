"""Registers in the forms in which people keep them: workbooks, code pages, other separators."""

import csv
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import update
from sqlmodel import col, select

from chassis import leftover, progress
from chassis.clock import now
from chassis.tabular import Row
from services.registration.imports import rejected
from services.registration.imports.rules import read_person
from services.registration.persons.models import PersonIn
from tests.patience import ended, until
from tests.registration.office import PERSONS, Office, Worker

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
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
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


async def sent(
    office: Office, content: bytes, kind: str = "text/csv", **told: str
) -> dict[str, Any]:
    """Send a register, and return its job when it has ended."""
    file = {"file": ("register", content, kind)}
    answer = await office.case_worker.post(IMPORTS, files=file, params=told)
    assert answer.status_code == 202, answer.text
    return await finished(office, answer.headers["location"])


async def finished(office: Office, location: str) -> dict[str, Any]:
    async def told() -> dict[str, Any]:
        job: dict[str, Any] = (await office.case_worker.get(location)).json()
        return job

    return await until(told, ended)


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


async def test_a_table_is_read_in_the_letters_and_with_the_separators_of_its_spreadsheet(
    office: Office,
) -> None:
    for charset, kind in [
        ("utf-8-sig", "text/csv"),
        ("utf-16", "text/csv"),
        ("utf-16-le", "text/csv; charset=utf-16"),
        ("cp1256", "text/csv; charset=windows-1256"),
        ("iso-8859-6", 'text/csv; charset="ISO-8859-6"'),
    ]:
        for separator in [",", ";", "\t"]:
            row = (f"{charset}{ord(separator)}", *AMINA[1:])
            content = text(HEADER, row, separator=separator).encode(charset)

            job = await sent(office, content, kind)

            assert job["accepted"] == 1, job
            assert {each["given_name"] for each in await everybody(office)} == {"أمينة"}, kind


def test_the_numbers_of_a_list_are_the_same_in_arabic_digits() -> None:
    told = dict(zip(HEADER, AMINA, strict=True))
    in_arabic = read_person(Row(2, told | {"external_id": "١٢/٣٤", "household_ref": "٧"}))
    in_ours = read_person(Row(2, told | {"external_id": "12/34", "household_ref": "7"}))

    assert isinstance(in_ours, PersonIn)
    assert in_arabic == in_ours


@pytest.mark.parametrize("cell", ["3/4/90", "03-04-90", "٣/٤/٩٠"])
def test_a_year_of_two_digits_is_refused_with_what_to_do(cell: str) -> None:
    told = dict(zip(HEADER, AMINA, strict=True))

    refused = read_person(Row(2, told | {"birth_date": cell}))

    assert isinstance(refused, list)
    assert [each.column for each in refused] == ["birth_date"]
    assert "write all four" in refused[0].detail


@pytest.mark.parametrize(("cell", "number"), [("12.0", "12"), ("٠٧٫٠", "07"), ("3.10", "3.10")])
def test_a_whole_number_of_a_list_is_the_same_where_a_program_wrote_it(
    cell: str, number: str
) -> None:
    told = dict(zip(HEADER, AMINA, strict=True))

    person = read_person(Row(2, told | {"household_ref": cell}))

    assert isinstance(person, PersonIn)
    assert person.household_ref == number


def test_a_record_is_known_by_its_external_id_as_it_was_told() -> None:
    told = dict(zip(HEADER, AMINA, strict=True))

    person = read_person(Row(2, told | {"external_id": "12.0"}))

    assert isinstance(person, PersonIn)
    assert person.external_id == "12.0"


async def test_a_file_that_cannot_be_read_for_certain_is_refused_whole(office: Office) -> None:
    for content, kind, problem in [
        (text(HEADER, AMINA).encode("cp1256"), "text/csv", "wrong-encoding"),
        (text(HEADER, AMINA).encode(), "text/csv; charset=ebcdic", "wrong-encoding"),
        (b"PK\x03\x04 and nothing more", "text/csv", "workbook-unreadable"),
        (workbook(HEADER[1:], AMINA[1:]), "text/csv", "table-header"),
        (workbook(), "text/csv", "table-unreadable"),
        (workbook(HEADER, (*AMINA, "more")), "text/csv", "table-unreadable"),
    ]:
        answer = await office.case_worker.post(IMPORTS, files={"file": ("register", content, kind)})

        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}"), kind
        assert await everybody(office) == [], kind


WRONG = ("X2", "=cmd", "man", "1990-01-01", "TCD", "migrant", "", "LY0209", "")
TWICE_WRONG = ("X4", "Zara", "man", "1990-13-01", "TCD", "migrant", "", "LY0209", "")
ELSEWHERE = ("X3", "Zara", "female", "1990-01-01", "TCD", "migrant", "", "LY999999", "")


async def rejected_rows(office: Office, job: dict[str, Any]) -> list[dict[str, str]]:
    answer = await office.case_worker.get(f"{IMPORTS}/{job['id']}/rejected")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    if answer.content.startswith(b"PK"):
        assert answer.headers["content-disposition"].endswith('.xlsx"')
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        header, *rows = book.get_sheet_by_index(0).to_python()
        return [dict(zip(map(str, header), map(str, row), strict=True)) for row in rows]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("written", ["csv", "xlsx"])
async def test_the_rejected_rows_come_back_with_the_reasons_and_go_in_again_corrected(
    office: Office, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejected, "AT_ONCE", 2)
    rows = (HEADER, AMINA, TWICE_WRONG, WRONG, ELSEWHERE)
    job = await sent(office, text(*rows).encode() if written == "csv" else workbook(*rows))

    twice, run, elsewhere = await rejected_rows(office, job)

    assert twice["external_id"] == "X4"
    assert re.fullmatch(r"birth_date: .+ sex: .+", twice["rejected_because"])

    # In CSV it would run where it is corrected; a workbook's cell is typed as text.
    assert run["given_name"] == ("'=cmd" if written == "csv" else "=cmd")
    assert run["rejected_because"].startswith("given_name: " if written == "csv" else "sex: ")
    assert elsewhere["rejected_because"] == "location_pcode: No place has this p-code."
    corrected = elsewhere | {"location_pcode": "LY0209"}
    table = (tuple(corrected), tuple(corrected.values()))
    again = await sent(office, text(*table).encode() if written == "csv" else workbook(*table))
    assert (again["accepted"], again["rejected"]) == (1, 0), again
    assert [each["given_name"] for each in await everybody(office)] == ["أمينة", "Zara"]


async def test_the_rejected_rows_are_for_who_works_where_the_sender_does_and_for_a_week(
    office: Office,
) -> None:
    job = await sent(office, text(HEADER, WRONG).encode())
    path = f"{IMPORTS}/{job['id']}/rejected"
    table = office.running.database.tables.job

    assert (await office.stranger.get(path)).status_code == 404
    part = Worker(office.running, "hiba", ("case_worker",), places=("LY020908",))
    whole = Worker(office.running, "rima", ("protection_officer",), places=("LY",))
    asked = [await each.get(path) for each in (office.far_officer, part, office.colleague, whole)]
    assert [each.status_code for each in asked] == [404, 404, 200, 200]
    assert len(await rejected_rows(office, job)) == 1
    assert ("user-karim", "export", "allowed") in await office.record("register")
    async with office.running.database.read() as session:
        kept = (await session.exec(select(table.payload))).all()
    assert kept
    assert not [payload for payload in kept if b"cmd" in payload]
    await office.let_pass(table, job["id"], timedelta(days=6, hours=23), "finished_at")
    await leftover.forget(office.running.database)
    assert len(await rejected_rows(office, job)) == 1
    await office.let_pass(table, job["id"], timedelta(hours=2), "finished_at")
    await leftover.forget(office.running.database)
    assert (await office.case_worker.get(path)).status_code == 404
    assert (await office.case_worker.get(f"{IMPORTS}/{job['id']}")).json()["rejected"] == 1


@pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
async def test_sheets_that_were_not_read_are_named(office: Office) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, number in (("Empty", ""), ("Nalut", "X1"), ("Ghat", "X2"), ("Lists", "X3")):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate((HEADER, (number, *AMINA[1:])) if number else ()):
                sheet.write_row(row, 0, cells)
        sheet.hide()

    job = await sent(office, target.getvalue())

    assert (job["accepted"], job["detail"]) == (1, "One sheet was read. These were not: Ghat.")
    covered = io.BytesIO()
    with xlsxwriter.Workbook(covered, {"in_memory": True}) as book:
        book.add_worksheet("Instructions").write(0, 0, "Fill in the next sheet.")
        book.add_worksheet("People").write_row(0, 0, HEADER)
    file = {"file": ("register", covered.getvalue(), "text/csv")}
    answer = await office.case_worker.post(IMPORTS, files=file)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/table-header")
    assert "The first sheet was read, and not: People." in answer.json()["detail"]


@pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
async def test_the_sheet_with_the_people_is_told_by_its_name_or_its_number(office: Office) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("Read me").write(0, 0, "This is the register of Nalut.")
        book.add_worksheet("Codes").hide()
        for name, number in (("People", "X1"), ("1", "X2")):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate((HEADER, (number, *AMINA[1:]), (f"{number}b", "A"))):
                sheet.write_row(row, 0, cells)

    by_number = await sent(office, target.getvalue(), sheet="2")
    by_name = await sent(office, target.getvalue(), sheet="1")

    assert (by_number["accepted"], by_name["accepted"]) == (1, 1), by_number
    assert [each["external_id"] for each in await everybody(office)] == ["X1", "X2"]
    assert [each["external_id"] for each in await rejected_rows(office, by_number)] == ["X1b"]
    assert by_name["detail"] == "One sheet was read. These were not: Read me, People."
    file = {"file": ("register", target.getvalue(), "text/csv")}
    for unknown in ("Codes", "4", "0", "²"):
        answer = await office.case_worker.post(IMPORTS, files=file, params={"sheet": unknown})
        assert answer.status_code == 422, answer.text
        assert "There are: Read me, People, 1." in answer.text
    file = {"file": ("register", text(HEADER, AMINA).encode(), "text/csv")}
    answer = await office.case_worker.post(IMPORTS, files=file, params={"sheet": "1"})
    assert (answer.status_code, "no workbook" in answer.text) == (422, True), answer.text


@pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
async def test_what_merged_cells_say_is_said_of_each_of_their_rows(office: Office) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("register")
        sheet.merge_range(0, 1, 0, len(AMINA) - 1, "Person")
        for row, cells in enumerate((HEADER, *((f"X{n}", *AMINA[1:]) for n in range(4))), 1):
            sheet.write_row(row, 1, cells[1:])
            sheet.write(row, 0, cells[0])
        # Its name reaches over both rows of the header.
        sheet.merge_range(0, len(HEADER), 1, len(HEADER), "household_ref")
        sheet.merge_range(2, len(HEADER), 3, len(HEADER), 17)
        sheet.write(4, len(HEADER), 18)
        sheet.merge_range(6, 0, 6, 3, 4)

    job = await sent(office, target.getvalue())

    assert (job["accepted"], job["rejected"]) == (4, 1), job
    households = [each["household_ref"] for each in await everybody(office)]
    assert households == ["17", "17", "18", None]


async def test_of_a_register_without_a_fault_nothing_is_left_over(office: Office) -> None:
    job = await sent(office, text(HEADER, AMINA).encode())

    answer = await office.case_worker.get(f"{IMPORTS}/{job['id']}/rejected")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_dry_run_tells_what_would_come_of_it_and_registers_nobody(office: Office) -> None:
    await sent(office, text(HEADER, AMINA).encode())
    other = (AMINA[0], "Amal", *AMINA[2:])
    new = ("X4", *AMINA[1:])
    new_with_another_name = ("X4", "Zara", *AMINA[2:])
    rows = (HEADER, AMINA, other, new, new, new_with_another_name, WRONG)

    foreseen = await sent(office, text(*rows).encode(), dry_run="true")

    assert len(await everybody(office)) == 1
    assert foreseen["detail"].startswith("A dry run")
    assert len(await rejected_rows(office, foreseen)) == 3
    done = await sent(office, text(*rows).encode())
    assert len(await everybody(office)) == 2
    counted = ("accepted", "unchanged", "rejected", "rejected_rows", "warnings")
    assert [foreseen[each] for each in counted] == [done[each] for each in counted]
    assert [done[each] for each in counted[:3]] == [1, 2, 3]


async def test_progress_is_told_as_events_until_the_end(office: Office) -> None:
    rows = [(f"P{number}", *AMINA[1:]) for number in range(250)]
    file = {"file": ("register", text(HEADER, *rows, WRONG).encode(), "text/csv")}
    answer = await office.case_worker.post(IMPORTS, files=file)

    followed = await office.case_worker.get(answer.headers["location"] + "/events")

    assert followed.headers["content-type"].startswith("text/event-stream")
    events = [
        dict(line.split(": ", 1) for line in event.splitlines())
        for event in followed.text.strip().split("\n\n")
    ]
    assert {each["event"] for each in events[:-1]} <= {"progress"}
    told = [json.loads(each["data"]) for each in events]
    counted = [each["accepted"] + each["rejected"] for each in told]
    assert counted == sorted(counted)
    assert events[-1]["event"] == "end"
    assert told[-1] == {
        "status": "done",
        "total": 251,
        "accepted": 250,
        "unchanged": 0,
        "rejected": 1,
        "detail": None,
    }
    assert "X2" not in followed.text
    job = answer.headers["location"]
    assert (await office.stranger.get(f"{job}/events")).status_code == 404


async def test_an_answer_that_goes_on_too_long_ends_before_the_job_does(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LONGEST_SECONDS", 1.0)
    monkeypatch.setattr(progress, "SILENT_SECONDS", 0.2)
    job = await sent(office, text(HEADER, AMINA).encode())
    table = office.running.database.tables.job
    async with office.running.database.write() as session:
        # Somebody else's worker has it, and does nothing.
        later = now() + timedelta(hours=1)
        held = update(table).where(col(table.id) == UUID(job["id"]))
        await session.exec(held.values(status="running", leased_until=later))

    followed = await office.case_worker.get(f"{IMPORTS}/{job['id']}/events")

    assert followed.text.count("event: progress") == 1
    assert "event: end" not in followed.text
    assert ": ping" in followed.text
