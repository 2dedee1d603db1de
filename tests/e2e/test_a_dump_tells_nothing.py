"""Whoever gets a copy of a database finds no phone, no number of a paper and no evidence in it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Text, literal_column, select

from chassis.db import Database
from services.registration.main import SERVICE as REGISTRATION
from services.registration.places.models import Place
from services.returns.main import SERVICE as RETURNS
from tests.conftest import Running, Start
from tests.registration.test_persons import AMINA
from tests.returns.test_cases import STEPS, opened

PERSONS = "/v1/registration/persons"
NAME = "Canaryname"
"""A name is not sealed: that it is found shows that the search would find the others."""
PHONES = [f"+21891777660{number}" for number in range(6)]
NUMBERS = [f"CANARY-PAPER-{number}" for number in range(6)]
PAPER = "canarypassport"


async def dump(database: Database, folder: Path) -> bytes:
    """Return all that a thief of the database has: every file of it, or every row."""
    if database.is_sqlite:
        return b"".join(path.read_bytes() for path in sorted(folder.glob("empty.sqlite*")))
    rows: list[str] = []
    async with database.reader.connect() as connection:
        for table in database.tables.metadata.sorted_tables:
            whole = literal_column(f'"{table.name}"').cast(Text)
            rows += (await connection.execute(select(whole).select_from(table))).scalars()
    return "\n".join(rows).encode()


def found(dumped: bytes, canaries: list[str]) -> list[str]:
    """Return the canaries that are there, as text, as JSON or as the hexadecimal of bytes."""
    forms = {
        each: {each.encode(), each.encode().hex().encode(), json.dumps(each)[1:-1].encode()}
        for each in canaries
    }
    return [each for each, several in forms.items() if any(form in dumped for form in several)]


def person(number: int, **changes: Any) -> dict[str, Any]:
    return (
        AMINA
        | {
            "external_id": f"R{number}",
            "given_name": NAME,
            "phone": PHONES[number],
            "documents": [{"type": PAPER, "number": NUMBERS[number]}],
        }
        | changes
    )


@pytest.fixture
async def registration(start: Start, database_url: str) -> Running:
    running = await start(REGISTRATION, database_url)
    running.client.headers["X-Purpose"] = "case_management"
    async with running.database.write() as session:
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    return running


async def imported(registration: Running, number: int, given_name: str = NAME) -> dict[str, Any]:
    names = (
        "external_id,given_name,sex,birth_date,nationality,population_category,phone,"
        "document_type,document_number,location_pcode"
    )
    row = (
        f"R{number},{given_name},female,1994-02-28,SDN,migrant,{PHONES[number]},"
        f"{PAPER},{NUMBERS[number]},LY020908"
    )
    files = {"file": ("register.csv", f"{names}\n{row}\n".encode(), "text/csv")}
    answer = await registration.client.post("/v1/registration/imports", files=files)
    assert answer.status_code == 202, answer.text
    for _ in range(200):
        job: dict[str, Any] = (await registration.client.get(answer.headers["location"])).json()
        if job["status"] in {"done", "failed"}:
            return job
        await asyncio.sleep(0.05)
    raise TimeoutError


async def test_no_phone_and_no_number_of_a_paper_is_in_a_dump_of_the_register(
    registration: Running, tmp_path: Path
) -> None:
    client = registration.client
    once = {"Idempotency-Key": "once"}
    first = await client.post(PERSONS, json=person(0), headers=once)
    replayed = await client.post(PERSONS, json=person(0), headers=once)
    other = await client.post(PERSONS, json=person(0, sex="male", phone=PHONES[1]))
    path = f"{PERSONS}/{first.json()['id']}"
    change = {
        "reason": "has_changed",
        "phone": PHONES[2],
        "documents": [{"type": PAPER, "number": NUMBERS[2]}],
    }
    corrected = await client.patch(path, json=change, headers={"If-Match": '"1"'})
    taken = await imported(registration, 3)
    refused = await imported(registration, 4, given_name="=1+1")
    broken = await client.post(PERSONS, json=person(5, phone=PHONES[5] + "CANARY"))
    shown = (await client.get(path)).json()

    dumped = await dump(registration.database, tmp_path)

    assert (first.status_code, replayed.status_code, other.status_code) == (201, 201, 409)
    assert replayed.json()["phone"] == PHONES[0]
    assert (corrected.status_code, shown["phone"]) == (200, PHONES[2])
    assert (taken["accepted"], refused["rejected"], broken.status_code) == (1, 1, 422)
    assert found(dumped, [NAME, first.json()["case_number"]])
    assert found(dumped, [*PHONES, *NUMBERS, PAPER]) == []


async def test_no_evidence_of_a_return_is_in_a_dump_of_the_cases(
    start: Start, database_url: str, tmp_path: Path
) -> None:
    returns = await start(RETURNS, database_url)
    case = await opened(returns)
    for wanted, more in (
        ("screened", {}),
        ("consented", {}),
        ("cleared", {"travel_document_type": PAPER}),
    ):
        name, evidence = STEPS[wanted]  # type: ignore[index] # They are steps of the way.
        path = f"/v1/returns/cases/{case['id']}/{name}"
        answer = await returns.client.post(path, json=evidence | more)
        assert answer.status_code == 200, answer.text

    dumped = await dump(returns.database, tmp_path)

    assert found(dumped, ["cleared"])
    words = [PAPER, "alternatives_explained", "fit_to_travel_until"]
    assert found(dumped, words) == []
