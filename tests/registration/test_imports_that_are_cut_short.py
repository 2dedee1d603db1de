"""Imports of which something dies half-way, or somebody loses the right to them."""

import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlmodel import func, select

from chassis import leftover
from services.registration.imports import service
from services.registration.persons import registering
from services.registration.persons.models import Person
from services.registration.places.models import GAZETTEER
from tests.registration.office import Office
from tests.registration.test_registers_as_they_come import AMINA, HEADER, IMPORTS, sent, text

SQLITE = pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize(
    "service_url", [pytest.param("PostgreSQL", marks=pytest.mark.integration)], indirect=True
)
HOW_IT_PLANS: Any = sqlalchemy.text("show plan_cache_mode")


def register(*numbers: int) -> bytes:
    return text(HEADER, *((f"P{number}", *AMINA[1:]) for number in numbers)).encode()


async def registered(office: Office) -> int:
    async with office.running.database.read() as session:
        return (await session.exec(select(func.count()).select_from(Person))).one()


@SQLITE
async def test_an_import_that_is_cut_off_goes_on_without_loss_or_repeat_and_ends_with_the_right(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ROWS_A_STEP_OF_SQLITE", 2)
    steps: list[int] = []
    really = registering.register_made

    async def once_cut_off(session: Any, made: Any, by: Any) -> Any:
        steps.append(len(made))
        done = await really(session, made, by)
        if len(steps) == 2:
            raise ConnectionError("the database is gone, before the commit")
        return done

    monkeypatch.setattr(registering, "register_made", once_cut_off)

    job = await sent(office, register(1, 2, 3, 4, 5, 5))

    assert (job["status"], job["accepted"], job["unchanged"]) == ("done", 5, 1), job
    # The second step was done twice, of which one left nothing behind.
    assert steps == [2, 2, 2, 2]
    assert await registered(office) == 5

    async def then_frozen(session: Any, made: Any, by: Any) -> Any:
        office.running.database.frozen = frozenset({office.case_worker.id})
        return await really(session, made, by)

    monkeypatch.setattr(registering, "register_made", then_frozen)
    reader = office.case_worker
    monkeypatch.setattr(office, "case_worker", _asks_as(office, reader))
    ended = await sent(office, register(11, 12, 13, 14))
    assert (ended["status"], ended["accepted"]) == ("failed", 2), ended
    assert "frozen" in ended["detail"]
    assert await registered(office) == 7
    nothing = await office.colleague.get(f"{IMPORTS}/{ended['id']}/rejected")
    assert nothing.status_code == 404

    # Somebody takes a role from the sender, which ends their tokens.
    office.running.database.frozen = frozenset()
    issuer = office.running.database.rights_ended.__self__  # type: ignore[attr-defined]  # It is the issuer's list.

    async def then_taken_away(session: Any, made: Any, by: Any) -> Any:
        issuer.note(reader.id, time.time())
        return await really(session, made, by)

    monkeypatch.setattr(registering, "register_made", then_taken_away)
    wrong = ("P22", AMINA[1], "woman", *AMINA[3:])
    rows = [("P21", *AMINA[1:]), wrong, ("P23", *AMINA[1:])]
    ended = await sent(office, text(HEADER, *rows).encode())
    assert (ended["status"], ended["accepted"], ended["rejected"]) == ("failed", 1, 1), ended
    assert "roles" in ended["detail"]
    assert await registered(office) == 8
    # What was rejected until then comes back, and nothing else of the file is kept.
    rejected = await office.colleague.get(f"{IMPORTS}/{ended['id']}/rejected")
    assert [row[:3] for row in rejected.text.splitlines()[1:]] == ["P22"]
    table = office.running.database.tables.job
    await office.let_pass(table, ended["id"], timedelta(days=8), "finished_at")
    await leftover.forget(office.running.database)
    assert (await office.colleague.get(f"{IMPORTS}/{ended['id']}/rejected")).status_code == 404


@SQLITE
async def test_wrong_places_all_over_a_register_are_waited_for_once_in_all(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ROWS_A_STEP_OF_SQLITE", 1)
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0.2)
    waits: list[float] = []
    really = GAZETTEER.unknown

    async def waited_for(database: Any, pcodes: Any, seconds: float) -> Any:
        waits.append(seconds)
        return await really(database, pcodes, seconds)

    monkeypatch.setattr(GAZETTEER, "unknown", waited_for)
    where = HEADER.index("location_pcode")
    wrong = [(f"P{each}", *AMINA[1:where], f"LY02099{each}", *AMINA[where + 1 :]) for each in "123"]

    job = await sent(office, text(HEADER, *wrong).encode())

    assert {each["code"] for each in job["rejected_rows"]} == {"unknown_place"}
    assert (job["rejected"], len(waits), waits[1:]) == (3, 3, [0, 0])
    assert waits[0] > 0


def _asks_as(office: Office, sender: Any) -> Any:
    """Return somebody who sends as one worker and asks after it as their colleague."""

    class Both:
        id = sender.id
        post = staticmethod(sender.post)
        get = staticmethod(office.colleague.get)

    return Both()


@POSTGRESQL
async def test_an_import_goes_by_no_plan_from_when_its_tables_were_smaller(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[str] = []
    really = registering.register_made

    async def watched(session: Any, made: Any, by: Any) -> Any:
        modes.append((await session.exec(HOW_IT_PLANS)).scalar())
        return await really(session, made, by)

    monkeypatch.setattr(registering, "register_made", watched)

    await sent(office, register(1, 2))

    async with office.running.database.write() as session:
        modes.append((await session.exec(HOW_IT_PLANS)).scalar())
    assert modes == ["force_custom_plan", "auto"]
