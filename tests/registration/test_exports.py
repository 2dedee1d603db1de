"""Exports of persons: who may take out whom, for how long, and what the file is like."""

import asyncio
import csv
import io
import json
import time
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import update
from sqlmodel import SQLModel, col, func, select

from services.registration.consents.rules import current_version
from services.registration.exports.background import end_overdue
from services.registration.exports.models import Export, ExportedPerson, ExportPart
from services.registration.exports.rules import COLUMNS
from services.registration.persons.disability import QUESTIONS
from services.registration.persons.models import Person
from tests.patience import ended, until
from tests.registration.office import (
    DUPLICATES,
    NAWAL,
    PERSONS,
    Office,
    Worker,
    letters,
    look_for_new,
)
from tests.registration.test_break_glass import broken
from tests.registration.test_honey import HONEY, PLANTED, alerts, looked
from tests.registration.test_merges import SECOND
from tests.registration.test_registration_events import URBAN

EXPORTS = "/v1/registration/exports"
CASES = {"X-Purpose": "case_management"}
PROTECTION = {"X-Purpose": "protection"}
DANGEROUS = (
    '=HYPERLINK("http://x","y")',
    "+961",
    "-1",
    "@SUM(1)",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "'=1",
    "''+1",
    "'quoted'",
    'O\'Neil; "Łuczak", 1',
)
NAMES = ["case_number", "given_name"]
TO_THE_MISSION = {
    "recipient": "mission",
    "purpose": "assistance",
    "text_version": current_version(),
    "language": "ar",
    "form": "verbal",
    "place_pcode": NAWAL["location_pcode"],
    "detained": False,
}
SHORT = (
    *("external_id", "given_name", "sex", "birth_date", "nationality"),
    *("population_category", "location_pcode"),
)


async def ask(by: Worker, columns: list[str], form: str = "csv", **changes: Any) -> httpx.Response:
    headers = changes.pop("headers", PROTECTION if by.id == "user-nadia" else CASES)
    return await by.post(EXPORTS, {"format": form, "columns": columns, **changes}, headers=headers)


async def settled(by: Worker, export: str, *wanted: str) -> dict[str, Any]:
    """Wait until an export is no more in the making, and return what is said of it."""

    async def told() -> dict[str, Any]:
        found: dict[str, Any] = (await by.get(f"{EXPORTS}/{export}")).json()
        return found

    found = await until(told, lambda found: found["status"] != "making")
    assert found["status"] in (wanted or ("ready",)), found
    return found


async def made(by: Worker, columns: list[str], form: str = "csv", **changes: Any) -> str:
    response = await ask(by, columns, form, **changes)
    assert response.status_code == 202, response.text
    export = str(response.json()["id"])
    assert response.headers["location"] == f"{EXPORTS}/{export}"
    await settled(by, export)
    return export


async def file(by: Worker, export: str) -> httpx.Response:
    return await by.get(f"{EXPORTS}/{export}/file")


async def lines(by: Worker, export: str) -> list[dict[str, str]]:
    answer = await file(by, export)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def slug(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


async def counted(office: Office, table: type[SQLModel]) -> int:
    async with office.running.database.read() as session:
        return int((await session.exec(select(func.count()).select_from(table))).one())


async def import_people(office: Office, number: int, by: Worker, prefix: str = "B") -> None:
    # Nobody looks like another, so that the search for doubles beside has nothing to compare.
    rows = [
        f"{prefix}{n},{letters(10_000 + n)},female,{1930 + n % 70}-01-01,SDN,migrant,LY020908"
        for n in range(number)
    ]
    sheet = "\n".join([",".join(SHORT), *rows])
    await imported(by, sheet.encode())


async def imported(by: Worker, content: bytes) -> dict[str, Any]:
    answer = await by.send(
        "POST", "/v1/registration/imports", files={"file": ("register.csv", content)}
    )
    assert answer.status_code == 202, answer.text

    async def told() -> dict[str, Any]:
        job: dict[str, Any] = (await by.get(answer.headers["location"])).json()
        return job

    return await until(told, ended)


async def waiting_for_approval(office: Office, people: int = 101) -> str:
    await import_people(office, people, office.officer)
    response = await ask(office.officer, NAMES)
    assert (response.status_code, response.json()["status"]) == (202, "waiting")
    assert response.json()["rows"] == people
    return str(response.json()["id"])


async def test_case_37_an_export_of_101_people_waits_for_somebody_else(office: Office) -> None:
    export = await waiting_for_approval(office)
    too_early = await file(office.officer, export)
    asker_too = Worker(office.running, "nadia", ("protection_officer", "dpo"), places=("LY",))
    path = f"{EXPORTS}/{export}/approval"

    by_asker = await asker_too.post(path)
    by_colleague = await office.other_officer.post(path)
    listed = await office.dpo.get(EXPORTS, params={"status": "waiting"})
    approved = await office.dpo.post(path)

    assert slug(too_early) == (409, "/problems/out-of-order")
    assert slug(by_asker) == (403, "/problems/second-person-needed")
    assert slug(by_colleague) == (403, "/problems/forbidden")
    assert [each["id"] for each in listed.json()["items"]] == [export]
    assert approved.status_code == 202, approved.text
    found = await settled(office.officer, export)
    assert (found["decided_by"], found["rows"]) == ("user-dina", 101)
    assert len(await lines(office.officer, export)) == 101
    assert slug(await office.dpo.post(path)) == (409, "/problems/out-of-order")


async def test_case_37_an_export_of_100_people_is_made_at_once(office: Office) -> None:
    await import_people(office, 100, office.officer)

    export = await made(office.officer, NAMES)

    assert len(await lines(office.officer, export)) == 100


async def test_case_37_several_small_exports_count_together_for_a_day(office: Office) -> None:
    await import_people(office, 60, office.officer)
    first = await made(office.officer, NAMES)

    second, third = await asyncio.gather(*(ask(office.officer, NAMES) for _ in range(2)))
    by_another = await ask(office.other_officer, NAMES)

    assert [each.json()["status"] for each in (second, third)] == ["waiting"] * 2
    assert by_another.json()["status"] == "making"
    await office.dpo.post(f"{EXPORTS}/{second.json()['id']}/approval")
    assert (await settled(office.officer, second.json()["id"]))["rows"] == 60
    for export in (first, by_another.json()["id"]):
        await office.let_pass(Export, export, timedelta(hours=24, minutes=1), "requested_at")
    assert (await ask(office.officer, NAMES)).json()["status"] == "making"


async def test_case_37_small_exports_asked_for_at_once_count_together(office: Office) -> None:
    await import_people(office, 60, office.officer)

    answers = await asyncio.gather(*(ask(office.officer, NAMES) for _ in range(3)))

    states = sorted(each.json()["status"] for each in answers)
    assert states == ["making", "waiting", "waiting"]


async def test_case_37_a_refused_export_is_not_made(office: Office) -> None:
    export = await waiting_for_approval(office)

    refused = await office.dpo.post(f"{EXPORTS}/{export}/refusal")

    assert refused.json()["status"] == "refused"
    assert slug(await file(office.officer, export)) == (410, "/problems/export-gone")
    assert await counted(office, ExportPart) == 0


async def test_case_37_more_people_than_were_approved_wait_again(office: Office) -> None:
    export = await waiting_for_approval(office)
    await import_people(office, 1, office.officer, "C")

    await office.dpo.post(f"{EXPORTS}/{export}/approval")

    found = await settled(office.officer, export, "waiting")
    assert (found["rows"], found["decided_by"]) == (102, None)


async def test_case_37_a_file_is_gone_after_7_days_and_its_key_too(office: Office) -> None:
    export = await waiting_for_approval(office)
    # The seven days count from the approval.
    await office.let_pass(Export, export, timedelta(days=6), "requested_at", "kept_until")
    await office.dpo.post(f"{EXPORTS}/{export}/approval")
    await settled(office.officer, export)
    key = office.running.database.tables.subject_key

    await office.let_pass(Export, export, timedelta(days=6, hours=23), "decided_at", "kept_until")
    on_the_last_day = await file(office.officer, export)
    await office.let_pass(Export, export, timedelta(hours=1), "decided_at", "kept_until")
    after_it = await file(office.officer, export)
    await end_overdue(office.running.database)

    assert on_the_last_day.status_code == 200
    assert slug(after_it) == (410, "/problems/export-gone")
    found = (await office.officer.get(f"{EXPORTS}/{export}")).json()
    assert (found["status"], found["ended_because"]) == ("gone", "expired")
    assert await counted(office, ExportPart) == await counted(office, ExportedPerson) == 0
    async with office.running.database.read() as session:
        assert await session.get(key, export) is None
    assert slug(await file(office.officer, export)) == (410, "/problems/export-gone")


async def test_case_37_the_link_opens_from_no_other_account(office: Office) -> None:
    await office.register()
    export = await made(office.case_worker, NAMES)

    by_colleague = await file(office.colleague, export)
    by_stranger = await file(office.stranger, export)
    by_namesake = await file(
        Worker(office.running, "karim", ("case_worker",), organisation="elsewhere"), export
    )
    by_officer = await file(office.dpo, export)

    answers = [by_colleague, by_stranger, by_namesake]
    assert [slug(each) for each in answers] == [(404, "/problems/not-found")] * 3
    assert slug(by_officer) == (403, "/problems/forbidden")


async def test_case_37_the_file_is_sealed_marked_and_each_download_is_on_record(
    office: Office,
) -> None:
    person = await office.register()
    export = await made(
        office.case_worker, ["given_name", "phone"], filter={"phone": "+218912345677"}
    )

    [row] = await lines(office.case_worker, export)
    await lines(office.case_worker, export)

    assert row["given_name"] == NAWAL["given_name"]
    assert row["export_mark"].split()[:2] == [export, "user-karim"]
    async with office.running.database.read() as session:
        [part] = (await session.exec(select(ExportPart))).all()
        kept = await session.get(Export, UUID(export))
    assert kept
    for told in (NAWAL["given_name"], "912345677"):
        assert told.encode() not in part.content + kept.filter
    acts = [act for act in await office.record("export") if act[1] == "export"]
    assert acts == [("user-karim", "export", "allowed")] * 2
    assert ("user-karim", "export", "allowed") in await office.record("person")
    assert person not in json.dumps(kept.model_dump(mode="json", exclude={"filter"}))


async def test_each_person_in_a_file_is_on_record_as_exported(office: Office) -> None:
    await office.register()
    await office.register(external_id="R2")
    await made(office.case_worker, NAMES)

    entry = office.running.database.tables.audit_entry
    async with office.running.database.read() as session:
        found = await session.exec(select(entry).where(col(entry.reason) == "exported"))
        [act] = found.all()

    assert (act.action, act.resource, act.purpose) == ("export", "person", "case_management")
    assert act.fields == "case_number given_name"
    assert len(act.subjects) == 2 * 16
    assert act.roles == "case_worker"


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
async def test_case_18_what_a_spreadsheet_would_run_is_text_in_an_export(
    office: Office, form: str
) -> None:
    for number, name in enumerate(DANGEROUS):
        await office.register(external_id=f"D{number}", given_name=name)
    async with office.running.database.write() as session:
        tabbed = {"family_name": "\t=1", "father_name": "\r+1"}
        await session.exec(update(Person).where(col(Person.external_id) == "D0").values(**tabbed))
    columns = ["external_id", "given_name", "family_name", "father_name", "phone"]

    export = await made(office.case_worker, columns, form, right_to_left=True)

    content = (await file(office.case_worker, export)).content
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        cells = [cell for row in rows for cell in row.values()]
        assert [each for each in cells if each.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
        assert [each for each in cells if each.startswith(("＝", "＋", "－", "＠"))] == []
        assert [row["given_name"] for row in rows[:2]] == [f"'{each}" for each in DANGEROUS[:2]]
        assert (rows[0]["family_name"], rows[0]["father_name"]) == ("'\t=1", "'\r+1")
    elif form == "jsonl":
        told = [json.loads(line) for line in content.splitlines()]
        assert [each["given_name"] for each in told] == list(DANGEROUS)
        assert told[0]["father_name"] == "\r+1"
    else:
        assert sheet(content)[1][:4] == ["D0", DANGEROUS[0], "\t=1", "\r+1"]
        # Of what looks guarded an import takes one apostrophe off.
        in_cells = [f"'{each}" if each.startswith(("'=", "''")) else each for each in DANGEROUS]
        assert [row[1] for row in sheet(content)[1:]] == in_cells
        xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in xml
        assert xml.count("<c") == 6 * (len(DANGEROUS) + 1)
        assert xml.count("<c ") == xml.count('t="inlineStr"') == xml.count("<c") - xml.count("<c/>")
        assert {row[5].split()[1] for row in sheet(content)[1:]} == {"user-karim"}
        assert 'rightToLeft="1"' in xml


def sheet(content: bytes) -> list[list[Any]]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return workbook.get_sheet_by_name("persons").to_python()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_case_18_an_export_that_comes_in_again_says_what_it_said(
    office: Office, form: str
) -> None:
    for number, name in enumerate(DANGEROUS):
        alone = name.replace(",", "").replace(";", "")
        names: dict[str, Any] = {"given_name": name, "family_name": name}
        names |= {"other_names": [alone, "-Ali"], "documents": []}
        codes: dict[str, Any] = {"external_id": f"00{number}", "household_ref": f"01/{number}"}
        await office.register(**names, **codes)
    columns = [*SHORT, "birth_date_precision", "family_name", "phone", "household_ref"]
    columns += ["other_names"]
    export = await made(office.case_worker, [*columns, "registered_on"], form)
    content = (await file(office.case_worker, export)).content
    elsewhere = Worker(office.running, "amal", ("case_worker",), organisation="elsewhere")

    job = await imported(elsewhere, content)

    assert (job["status"], job["accepted"], job["rejected"]) == ("done", len(DANGEROUS), 0), job
    before = await told(office.case_worker, columns)
    assert [each["given_name"] for each in before] == list(DANGEROUS)
    assert await told(elsewhere, columns) == before


async def test_an_export_of_every_column_changes_nothing_where_it_comes_from(
    office: Office,
) -> None:
    event = await office.officer.post("/v1/registration/registration-events", URBAN)
    papers = [
        {"type": "passport", "number": "P1", "issuer": "SDN", "expires_on": "2030-01-01"},
        {"type": "unhcr", "number": "U-2"},
    ]
    answers = dict.fromkeys(QUESTIONS, "some_difficulty")
    told = {"documents": papers, "disability": answers, "consent": True, "languages": ["ar"]}
    where = {"registration_event_id": event.json()["id"]}
    await office.register(by=office.officer, **told, **where)
    await office.register(by=office.officer, external_id="R2", documents=[])
    for form in ("csv", "xlsx"):
        export = await made(office.officer, list(COLUMNS), form)
        job = await imported(office.officer, (await file(office.officer, export)).content)
        assert (job["status"], job["unchanged"], job["rejected"]) == ("done", 2, 0), job


async def told(by: Worker, columns: list[str]) -> list[dict[str, Any]]:
    answer = await by.get(PERSONS, params={"limit": 100}, headers=CASES)
    return [{name: each[name] for name in columns} for each in answer.json()["items"]]


async def test_case_34_a_broken_glass_exports_nobody(office: Office) -> None:
    person = await office.register()
    await broken(office, person)
    await broken(office, person, by=office.colleague)

    by_nurse = await ask(office.nurse, NAMES, headers={"X-Purpose": "medical_care"})
    export = await made(office.colleague, NAMES)

    assert slug(by_nurse) == (403, "/problems/forbidden")
    assert await lines(office.colleague, export) == []


async def test_case_34_a_broken_glass_opens_no_column_of_somebody_who_is_ones_own(
    office: Office,
) -> None:
    person = await office.register()
    await broken(office, person, by=office.case_worker)
    seen = await office.case_worker.get(f"{PERSONS}/{person}", headers=CASES)

    response = await ask(office.case_worker, ["documents"])

    assert [each["number"] for each in seen.json()["documents"]] == ["P7654321"]
    assert slug(response) == (403, "/problems/masked-field")
    assert [each["pointer"] for each in response.json()["errors"]] == ["/columns/0"]


async def test_a_column_that_is_masked_for_one_of_the_people_is_refused(office: Office) -> None:
    await office.register()
    await office.register(by=office.officer, external_id="R2")

    of_all = await ask(office.officer, ["phone"])
    without_purpose_for_it = await ask(
        office.case_worker, ["phone"], headers={"X-Purpose": "distribution"}
    )
    export = await made(
        office.officer, ["external_id", "phone", "documents"], filter={"assigned_to_me": True}
    )

    assert slug(of_all) == (403, "/problems/masked-field")
    assert slug(without_purpose_for_it) == (403, "/problems/masked-field")
    [row] = await lines(office.officer, export)
    assert (row["external_id"], row["phone"]) == ("R2", f"'{NAWAL['phone']}")
    assert json.loads(row["documents"]) == NAWAL["documents"]


async def test_what_is_filtered_by_must_be_seen(office: Office) -> None:
    await office.register()

    by_paper = await ask(office.case_worker, NAMES, filter={"document_number": "P7654321"})
    by_place = await made(office.case_worker, NAMES, filter={"location_pcode": "LY0209"})
    elsewhere = await made(office.case_worker, NAMES, filter={"location_pcode": "LY11"})
    as_idp = await made(office.case_worker, NAMES, filter={"population_category": "idp"})

    assert slug(by_paper) == (403, "/problems/masked-field")
    assert len(await lines(office.case_worker, by_place)) == 1
    assert await lines(office.case_worker, elsewhere) == []
    assert await lines(office.case_worker, as_idp) == []


async def test_a_case_worker_takes_out_their_own_people_and_nobody_else(office: Office) -> None:
    mine = await office.register()
    await office.register(by=office.colleague, external_id="R2")

    export = await made(office.case_worker, ["id"])

    assert [row["id"] for row in await lines(office.case_worker, export)] == [mine]


async def test_without_a_purpose_or_with_a_strange_column_nothing_is_exported(
    office: Office,
) -> None:
    body = {"format": "csv", "columns": NAMES}

    without = await office.case_worker.post(EXPORTS, body)
    strange = await ask(office.case_worker, ["fingerprint"])
    twice = await ask(office.case_worker, ["sex", "sex"])
    by_enumerator = await ask(office.enumerator, NAMES, headers={"X-Purpose": "registration"})

    assert slug(without) == (400, "/problems/purpose-needed")
    assert (strange.status_code, twice.status_code) == (422, 422)
    assert slug(by_enumerator) == (403, "/problems/forbidden")


async def test_the_same_request_again_makes_one_file(office: Office) -> None:
    await office.register()
    headers = CASES | {"Idempotency-Key": "once"}

    first = await ask(office.case_worker, NAMES, headers=headers)
    again = await ask(office.case_worker, NAMES, headers=headers)

    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert await counted(office, Export) == 1


async def test_who_is_no_more_the_askers_is_not_handed_out(office: Office) -> None:
    person = await office.register()
    path = f"{PERSONS}/{person}/assignments"
    assigned = await office.officer.post(path, {"worker_id": office.colleague.id})
    export = await made(office.colleague, NAMES)
    before = await file(office.colleague, export)

    await office.officer.send("DELETE", f"{path}/{assigned.json()['id']}")

    assert before.status_code == 200
    assert slug(await file(office.colleague, export)) == (403, "/problems/export-out-of-reach")


async def test_an_asker_whose_role_has_ended_meanwhile_gets_no_file(office: Office) -> None:
    export = await waiting_for_approval(office)
    async with office.running.database.write() as session:
        kept = await session.get(Export, UUID(export))
        assert kept
        over = [each | {"until": time.time() - 1} for each in kept.behalf["grants"]]
        kept.behalf = kept.behalf | {"grants": over}
        session.add(kept)

    await office.dpo.post(f"{EXPORTS}/{export}/approval")

    found = await settled(office.officer, export, "gone")
    assert found["ended_because"] == "right_lost"
    assert await counted(office, ExportPart) == 0
    assert slug(await file(office.officer, export)) == (410, "/problems/export-gone")


async def test_who_takes_back_their_consent_disappears_from_files(office: Office) -> None:
    consent = {"given": True, "language": "ar"}
    leaving = await office.register(consent=consent)
    # Whoever else has answered more often since says nothing for them.
    undecided = await office.register(external_id="R2", consent=consent)
    for given in (False, True, False, True):
        answer = await office.case_worker.post(
            f"{PERSONS}/{undecided}/consents", TO_THE_MISSION | {"given": given}
        )
        assert answer.status_code == 201, answer.text
    export = await made(office.case_worker, ["id"])
    assert len(await lines(office.case_worker, export)) == 2
    withdrawal = {"recipient": "mission", "purpose": "assistance"}

    taken_back = await office.case_worker.post(
        f"{PERSONS}/{leaving}/consents/withdrawals", withdrawal
    )

    assert taken_back.status_code == 202, taken_back.text
    assert slug(await file(office.case_worker, export)) == (403, "/problems/export-out-of-reach")
    await end_overdue(office.running.database)
    found = (await office.case_worker.get(f"{EXPORTS}/{export}")).json()
    assert (found["status"], found["ended_because"]) == ("gone", "person_withdrew")
    anew = await made(office.case_worker, ["id"])
    assert leaving not in [row["id"] for row in await lines(office.case_worker, anew)]


async def test_who_said_no_under_a_registration_that_was_merged_is_in_no_file(
    office: Office,
) -> None:
    kept, second = await office.register(), await office.register(**SECOND)
    third = await office.register(**SECOND | {"external_id": "R00000079"})
    withdrawal = {"recipient": "mission", "purpose": "assistance"}
    taken_back = await office.case_worker.post(
        f"{PERSONS}/{third}/consents/withdrawals", withdrawal
    )
    assert taken_back.status_code == 202, taken_back.text
    other = await office.register(external_id="R2", given_name="Zahra", phone=None, documents=[])
    before = await made(office.case_worker, ["id"])
    assert {row["id"] for row in await lines(office.case_worker, before)} == {kept, second, other}
    await look_for_new(office.running.database)

    # The no is told by the first one, and the second one is merged in its turn.
    for merged, into in ((third, second), (second, kept)):
        await merge(office, merged, into)
        after = await made(office.case_worker, ["id"])
        left = {kept, other} - {into}
        assert {row["id"] for row in await lines(office.case_worker, after)} == left


async def merge(office: Office, merged: str, kept: str) -> None:
    [pair] = [
        each
        for each in (await office.officer.get(DUPLICATES)).json()["items"]
        if {each[side]["person_id"] for side in ("left", "right")} == {kept, merged}
    ]
    answer = await office.officer.post(f"{DUPLICATES}/{pair['id']}/merge", {"keep": kept})
    assert answer.status_code == 201, answer.text


async def test_a_file_of_many_parts_has_everybody_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.registration.exports.background.PEOPLE_A_STEP", 7)
    await import_people(office, 30, office.officer)

    export = await made(office.officer, ["external_id"])

    numbers = [row["external_id"] for row in await lines(office.officer, export)]
    assert sorted(numbers) == sorted(f"B{n}" for n in range(30))
    assert await counted(office, ExportPart) == 5


async def test_case_31_an_export_that_holds_a_planted_person_is_told_of(office: Office) -> None:
    planted = await office.dpo.post(HONEY, PLANTED | {"consent": True})

    export = await made(office.officer, ["external_id"])

    assert planted.status_code == 201, planted.text
    [row] = await lines(office.officer, export)
    assert row["external_id"] == PLANTED["external_id"]

    async def told() -> bool:
        return bool(await alerts(office, status="unreviewed"))

    assert await looked(office, told)
    [alert] = await alerts(office, status="unreviewed")
    assert (alert["account"], alert["action"]) == (office.officer.id, "export")
