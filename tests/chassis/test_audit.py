"""P19, and case 46 of the acceptance suite: what is seen and changed is on record, and stays so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from chassis import audit, crypto, migrations
from chassis.audit import log
from chassis.audit.chain import FIRST, hashes_in, seal, seal_hash
from chassis.audit.entries import subject_hash
from chassis.db import Database, vault_of
from chassis.tables import core_table
from chassis.vault import key_file
from services.registration.main import SERVICE
from tests.conftest import Start

AMAL, BILAL = uuid4(), uuid4()
CLERK = audit.Actor("clerk", "iom", ("case_worker",))
TABLES = SERVICE.tables
ENTRY, SEAL = core_table(TABLES.audit_entry), core_table(TABLES.audit_seal)
WAITING, ABOUT = core_table(TABLES.audit_waiting), core_table(TABLES.audit_about)
SUBJECT = core_table(TABLES.audit_subject)


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(database_url, TABLES)
    await migrations.upgrade(database, SERVICE.folder / "migrations")
    await crypto.open_vault(database, key_file(tmp_path / "audit.json", may_make=True))
    yield database
    await database.close()


async def rows(database: Database, statement: object) -> list[dict[str, object]]:
    async with database.read() as session:
        connection = await session.connection()
        found = await connection.execute(statement)  # type: ignore[call-overload]
        return [dict(row) for row in found.mappings()]


async def test_a_note_is_there_when_its_change_is(database: Database) -> None:
    async with database.write() as session:
        audit.note(session, CLERK, "create", "person", AMAL, fields=["phone", "given_name"])

    (entry,) = await rows(database, select(ENTRY))
    assert entry["actor"] == "clerk"
    assert entry["fields"] == "given_name phone"
    assert entry["subjects"] == subject_hash(vault_of(database), AMAL)


async def test_a_note_is_gone_when_its_change_is(database: Database) -> None:
    async def change_and_fail() -> None:
        async with database.write() as session:
            audit.note(session, CLERK, "create", "person", AMAL)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_and_fail()

    assert await rows(database, select(ENTRY)) == []


async def test_notes_that_differ_in_their_subject_alone_are_one_entry(database: Database) -> None:
    async with database.write() as session:
        for person in (AMAL, BILAL, AMAL):
            audit.note(session, CLERK, "create", "person", person)
        audit.note(session, CLERK, "read", "person", AMAL)

    created, read = await rows(database, select(ENTRY).order_by(ENTRY.c.id))
    key = vault_of(database)
    assert hashes_in(created["subjects"]) == [subject_hash(key, p) for p in (AMAL, BILAL)]  # type: ignore[arg-type]
    assert read["action"] == "read"


async def test_each_seal_covers_its_entry_and_the_seal_before(database: Database) -> None:
    for person in (AMAL, BILAL):
        async with database.write() as session:
            audit.note(session, CLERK, "create", "person", person)

    sealed = await seal(database)

    assert sealed == 2
    assert await rows(database, select(WAITING)) == []
    prev = FIRST
    for seq, each in enumerate(await rows(database, select(SEAL).order_by(SEAL.c.seq)), 1):
        (entry,) = await rows(database, select(ENTRY).where(ENTRY.c.id == each["entry_id"]))
        assert (each["seq"], each["prev"]) == (seq, prev)
        assert each["hash"] == seal_hash(prev, seq, entry)
        prev = each["hash"]


async def test_sealing_tells_which_entries_are_about_whom(database: Database) -> None:
    async with database.write() as session:
        audit.note(session, CLERK, "read", "person", [AMAL, BILAL])

    await seal(database)

    (entry,) = await rows(database, select(ENTRY))
    about = await rows(database, select(ABOUT))
    names = {row["hash"]: row["subject"] for row in await rows(database, select(SUBJECT))}
    assert {row["entry_id"] for row in about} == {entry["id"]}
    assert {names[row["subject"]] for row in about} == {str(AMAL), str(BILAL)}


async def test_entries_about_hundreds_name_each_in_its_place_but_who_was_forgotten(
    database: Database,
) -> None:
    several = [uuid4() for _ in range(300)]
    for people in (several, several[::-1], None):
        async with database.write() as session:
            audit.note(session, CLERK, "export", "person", people)
    await seal(database)
    async with database.write() as session:
        await audit.forget_subject(session, several[1])

    async with database.read() as session:
        one, other, nobody = await log.find(session, ENTRY.c.id.is_not(None))

    forgotten = f"erased:{subject_hash(vault_of(database), several[1]).hex()}"
    told = [str(several[0]), forgotten, *map(str, several[2:])]
    assert (one.subjects, other.subjects, nobody.subjects) == (told, told[::-1], [])


@pytest.mark.parametrize(
    "change",
    [
        "update audit_entry set actor = 'somebody else'",
        "delete from audit_entry",
        "update audit_seal set seq = seq + 1",
        "delete from audit_seal",
        "delete from audit_subject",
        "update audit_subject set subject = 'somebody else'",
    ],
)
async def test_case_46_the_services_own_role_cannot_alter_the_record(
    database: Database, change: str
) -> None:
    async with database.write() as session:
        audit.note(session, CLERK, "read", "person", AMAL)
    await seal(database)

    with pytest.raises(DBAPIError, match=r"only ever added|permission denied"):
        async with database.writer.begin() as connection:
            await connection.execute(text(change))


async def test_case_46_no_record_is_shown_while_the_audit_cannot_be_written(start: Start) -> None:
    registration = await start(SERVICE)
    async with registration.database.writer.begin() as connection:
        await connection.execute(text("drop table audit_entry"))

    answer = await registration.client.get("/v1/registration/persons")

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/unavailable"
    assert "items" not in answer.text


async def test_a_refused_read_is_on_record_with_whom_it_asked_for(start: Start) -> None:
    registration = await start(SERVICE)

    answer = await registration.client.get(
        f"/v1/registration/persons/{AMAL}",
        headers={"X-Request-Id": "r-1", "X-Purpose": "registration"},
    )

    assert answer.status_code == 404
    # The day's retention run, which begins with the service, is on record too.
    (entry,) = await rows(
        registration.database, select(ENTRY).where(ENTRY.c.actor == "test-client")
    )
    assert (entry["decision"], entry["reason"]) == ("refused", "404")
    assert (entry["request_id"], entry["purpose"]) == ("r-1", "registration")
    assert entry["subjects"] == subject_hash(vault_of(registration.database), AMAL)


async def test_requests_that_answer_together_share_a_commit(start: Start) -> None:
    registration = await start(SERVICE)
    commits: list[object] = []
    event.listen(registration.database.recorder.sync_engine, "commit", commits.append)

    await asyncio.gather(
        *(registration.client.get(f"/v1/registration/persons/{uuid4()}") for _ in range(40))
    )

    counting = select(func.count(ENTRY.c.id).label("entries"))
    counted = await rows(registration.database, counting.where(ENTRY.c.actor == "test-client"))
    assert counted[0]["entries"] == 40
    assert 0 < len(commits) < 20
