"""What an older version kept in the clear is sealed as the service starts."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import ColumnClause, Connection, column
from sqlalchemy import table as sql_table
from sqlmodel import select

from chassis import migrations, unsealed
from chassis.app import Service
from chassis.clock import now
from chassis.db import Database
from chassis.unsealed import Unsealed
from services.registration.main import SERVICE as REGISTRATION
from services.registration.persons import rules
from services.registration.persons.models import Person, PersonIn
from services.registration.places.models import Place
from services.returns.main import SERVICE as RETURNS
from tests.conftest import Start
from tests.registration.test_persons import AMINA

MARKS = "seal_what_tells_of_people"
PEOPLE = 7


async def old_database(service: Service, url: str) -> Database:
    """Make the service's database as it was before anything was sealed in it."""
    folder = service.folder / "migrations"
    (ours,) = (folder / "versions").glob(f"*_{MARKS}.py")
    before = f"{int(ours.name[:4]) - 1:04d}"

    def upgrade(connection: Connection) -> None:
        config = migrations.config_for(folder)
        config.attributes["connection"] = connection
        command.upgrade(config, before)

    database = Database(url, service.tables)
    async with database.writer.begin() as connection:
        await connection.run_sync(upgrade)
    return database


async def insert(database: Database, table: str, **row: Any) -> None:
    """Insert a row of before, which fits none of the models of today."""
    kept = {name: _of_sqlite(value) for name, value in row.items()} if database.is_sqlite else row
    columns: list[ColumnClause[Any]] = [column(name) for name in row]
    async with database.writer.begin() as connection:
        await connection.execute(sql_table(table, *columns).insert(), kept)


def _of_sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else value


async def insert_person(database: Database, person_id: UUID, number: int, **changes: str) -> None:
    documents = json.dumps([{"type": "passport", "number": f"CANARY-{number}"}])
    row = {
        "id": person_id,
        "case_number": f"case-{number}",
        "organisation": "iom",
        "external_id": f"R{number}",
        "given_name": "أمينة",
        "sex": "female",
        "birth_date": now().date(),
        "birth_date_precision": "day",
        "nationality": "SDN",
        "population_category": "migrant",
        "phone": f"+21891000000{number}" if number else None,
        "documents": documents,
        "location_pcode": "LY020908",
        "registered_on": now().date(),
        "fingerprint": "0" * 64,
        "version": 1,
        "created_by": "test-client",
        "case_owner": "test-client",
        "created_at": now(),
    }
    await insert(database, "person", **row | changes)


@asynccontextmanager
async def of_before(service: Service, url: str) -> AsyncIterator[Database]:
    database = await old_database(service, url)
    try:
        yield database
    finally:
        await database.close()


async def test_an_old_register_is_sealed_and_says_the_same(
    database_url: str, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsealed, "BATCH", 3)
    people = [uuid4() for _ in range(PEOPLE)]
    async with of_before(REGISTRATION, database_url) as old:
        for number, person_id in enumerate(people):
            await insert_person(old, person_id, number)
        await insert(
            old,
            "correction",
            id=uuid4(),
            person_id=people[1],
            version=2,
            reason="recorded_wrongly",
            before=json.dumps({"phone": "+218910000099"}),
            corrected_by="test-client",
            corrected_at=now(),
        )

    registration = await start(REGISTRATION, database_url)

    registration.client.headers["X-Purpose"] = "case_management"
    for number, person_id in enumerate(people):
        shown = (await registration.client.get(f"/v1/registration/persons/{person_id}")).json()
        assert shown["phone"] == (f"+21891000000{number}" if number else None)
        assert [each["number"] for each in shown["documents"]] == [f"CANARY-{number}"]
    async with registration.database.read() as session:
        for kept in await session.exec(select(Person)):
            assert b"CANARY" not in kept.documents
            assert kept.fingerprint != "0" * 64
    path = f"/v1/registration/persons/{people[1]}/corrections"
    history = (await registration.client.get(path)).json()["items"]
    assert history[0]["before"] == {"phone": "+218910000099"}
    if registration.database.is_sqlite:
        written = b"".join(path.read_bytes() for path in tmp_path.glob("empty.sqlite*"))
        assert b"CANARY" not in written
        assert b"21891000000" not in written


async def test_an_old_registration_that_is_sent_again_is_still_the_same(
    database_url: str, start: Start
) -> None:
    plain = rules.fingerprint(PersonIn.model_validate(AMINA).canonical())
    async with of_before(REGISTRATION, database_url) as old:
        await insert_person(old, uuid4(), 1, external_id=AMINA["external_id"], fingerprint=plain)
    registration = await start(REGISTRATION, database_url)
    async with registration.database.write() as session:
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))

    purpose = {"X-Purpose": "case_management"}
    path = "/v1/registration/persons"

    again = await registration.client.post(path, json=AMINA, headers=purpose)

    assert (again.status_code, again.json()["phone"]) == (200, "+218910000001")


async def test_old_return_cases_are_sealed_and_go_on(database_url: str, start: Start) -> None:
    case_id, person_id = uuid4(), uuid4()
    async with of_before(RETURNS, database_url) as old:
        await insert(
            old,
            "person",
            id=person_id,
            organisation="iom",
            location_pcode="LY020908",
            case_owner="test-client",
            version=1,
        )
        await insert(
            old,
            "return_case",
            id=case_id,
            organisation="iom",
            person_id=person_id,
            open_for=person_id,
            status="screened",
            steps=json.dumps({"screened": {"vulnerability_level": "CANARY"}}),
            version=2,
            created_by="test-client",
            created_at=now(),
        )

    returns = await start(RETURNS, database_url)
    consent = {"given": True, "language": "ar", "alternatives_explained": True}
    response = await returns.client.post(
        f"/v1/returns/cases/{case_id}/consent",
        json=consent,
        headers={"X-Purpose": "voluntary_return"},
    )

    assert response.status_code == 200, response.text
    assert response.json()["steps"]["screened"] == {"vulnerability_level": "CANARY"}


async def test_waiting_jobs_and_kept_answers_of_before_are_sealed(
    database_url: str, start: Start
) -> None:
    async with of_before(REGISTRATION, database_url) as old:
        for status in ("failed", "done"):
            await insert(
                old,
                "job",
                id=uuid4(),
                kind="import_persons",
                status=status,
                payload=b"CANARY",
                options="{}",
                total=1,
                accepted=0,
                unchanged=0,
                rejected=0,
                position=0,
                failures=5,
                organisation="iom",
                created_by="test-client",
                created_at=now(),
            )
        await insert(
            old,
            "given_answer",
            caller="test-client",
            key="k",
            fingerprint="0" * 64,
            status=201,
            headers="{}",
            body=b"CANARY",
            given_at=now(),
        )

    database = (await start(REGISTRATION, database_url)).database

    tables = database.tables
    async with database.read() as session:
        payloads = dict((await session.exec(select(tables.job.status, tables.job.payload))).all())
        answer = (await session.exec(select(tables.given_answer))).one()
    assert payloads["done"] == b""
    assert not unsealed.is_marked(payloads["failed"])
    assert b"CANARY" not in payloads["failed"] + answer.body
    assert answer.fingerprint != "0" * 64


async def test_a_start_that_is_cut_off_is_gone_on_with(
    database_url: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsealed, "BATCH", 2)
    people = [uuid4() for _ in range(PEOPLE)]
    async with of_before(REGISTRATION, database_url) as old:
        for number, person_id in enumerate(people):
            await insert_person(old, person_id, number)
    (persons, corrections) = REGISTRATION.unsealed
    batches = 0

    async def die_at_the_second(session: Any, rows: Any) -> None:
        nonlocal batches
        batches += 1
        await persons.seal(session, rows)
        if batches == 2:
            raise ConnectionResetError

    dying = replace(
        REGISTRATION,
        unsealed=[Unsealed(persons.table, persons.column, die_at_the_second), corrections],
    )
    with pytest.raises(ConnectionResetError):
        await start(dying, database_url)
    registration = await start(REGISTRATION, database_url)

    async with registration.database.read() as session:
        kept = (await session.exec(select(Person.documents))).all()
    assert len(kept) == PEOPLE
    assert not any(map(unsealed.is_marked, kept))


def test_a_marked_value_that_somebody_plants_does_not_open() -> None:
    with pytest.raises(ValueError, match="not in the clear"):
        unsealed.plain(b"\x01sealed")
