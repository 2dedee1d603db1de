"""Large registers, whose rows a process of its own makes."""

import pickle
from threading import Event
from typing import Any

import pytest
from sqlmodel import col, select

from chassis.crypto import SERVICE, DataKey
from chassis.db import Outside
from chassis.sealing import new_secret
from chassis.vault import HashesOnly, Vault
from contracts.registration import PersonRegistered
from services.registration.imports import beside, reading
from services.registration.persons import registering, sealed
from services.registration.persons.making import By
from services.registration.tables import TABLES
from tests import patience
from tests.registration.office import Office
from tests.registration.test_imports_that_are_cut_short import SQLITE, register, registered
from tests.registration.test_registers_as_they_come import AMINA, HEADER, everybody, sent, text

OURS = By("iom", "somebody", None)


def test_another_process_makes_what_this_one_would_and_ends_when_nobody_reads_it() -> None:
    wrong = ("P2", AMINA[1], "woman", *AMINA[3:])
    born_later = ("P3", *AMINA[1:-1], "1990-01-01")
    many = [(f"Q{each}", *AMINA[1:]) for each in range(300)]
    content = text(HEADER, ("P1", *AMINA[1:]), wrong, born_later, *many).encode()
    secret = new_secret()
    here = Outside(TABLES, Vault(HashesOnly(secret), DataKey(SERVICE, None)))
    rows = reading.rows_in(content, None)
    [_, *expected] = reading.read(rows, 3, None, reading.making_for(here, OURS))

    process = beside._begun(beside.Order(content, None, 1, 2, OURS), secret)
    assert process.stdout
    made: list[reading.Told] = pickle.load(process.stdout)  # noqa: S301 - It is ours.
    process.stdout.close()

    # It had more to tell than fits in between, and nobody is there any more.
    assert process.wait(timeout=60) == 1
    assert [each[:4] for each in made] == [each[:4] for each in expected]
    [refused, told] = [each.made for each in made]
    [_, alike] = [each.made for each in expected]
    assert refused is None
    assert told
    assert alike
    assert told.row.keys() == alike.row.keys()
    for same in ("external_id", "fingerprint", "phone_index", "registered_on", "created_by"):
        assert told.row[same] == alike.row[same]
    assert told.key.key.open(sealed.TABLE, "phone", told.row["phone"]) == AMINA[6]
    assert told.event["type"] == alike.event["type"]


async def test_a_job_stays_in_hand_however_long_its_next_step_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "HOLD_SECONDS", 0.01)
    held = Event()

    class InHand:
        async def hold(self) -> None:
            held.set()

    def next_step() -> list[reading.Told]:
        assert held.wait(patience.SECONDS)
        return []

    assert [step async for step in reading.ahead(InHand(), next_step)] == []  # type: ignore[arg-type]  # It asks no more of it.
    assert held.is_set()


@SQLITE
async def test_an_import_whose_other_process_dies_goes_on_without_it_and_registers_each_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "pays", lambda work: not work.job.failures)
    begun: list[Any] = []
    begin, keep = beside._begun, registering.register_made

    def noted(*order: Any) -> Any:
        begun.append(begin(*order))
        return begun[0]

    async def then_killed(*arguments: Any) -> Any:
        begun[0].kill()
        return await keep(*arguments)

    monkeypatch.setattr(beside, "_begun", noted)
    monkeypatch.setattr(registering, "register_made", then_killed)

    job = await sent(office, register(*range(400), 399))

    assert (job["status"], job["accepted"], job["unchanged"]) == ("done", 400, 1), job
    assert len(begun) == 1
    assert await registered(office) == 400
    # The first of them were made by the process that died, and can be read.
    assert {each["phone"] for each in await everybody(office)} == {AMINA[6]}
    async with office.running.database.read() as session:
        outbox = office.running.database.tables.outbox
        statement = select(outbox.subject).where(col(outbox.type) == PersonRegistered.type)
        told = (await session.exec(statement)).all()
    assert len(told) == len(set(told)) == 400
