"""A service does not serve from a restored database before its ledger has been replayed."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.app import create_service
from chassis.bus import InProcessBus
from chassis.caller import grants_claim
from chassis.ledger import Ledger, LedgerError
from chassis.settings import Settings
from services.registration.main import SERVICE
from services.registration.places.models import Place
from tests.conftest import Running, bearer, client_of, keys, lifespan
from tests.patience import until
from tests.privacy.mission import CANARY
from tests.servers.postgres import PostgresServer

PERSONS, ERASURES = "/v1/registration/persons", "/v1/registration/erasures"


@asynccontextmanager
async def registration(home: Path, url: str) -> AsyncIterator[Running]:
    bus = InProcessBus()
    bus.open()
    settings = Settings(database_url=SecretStr(url), home=home)
    app = create_service(SERVICE, settings, bus, keys())
    async with lifespan(app), client_of(app) as client:
        yield Running(SERVICE, app, client)
        await bus.close()


def as_(role: str) -> dict[str, str]:
    return bearer(sub=role, grants=grants_claim([role], ["LY"]))


async def registered(running: Running) -> str:
    async with running.database.write() as session:
        await session.merge(Place(pcode="LY0209", level=2, version=1))
    answer = await running.client.post(PERSONS, json=CANARY, headers=as_("case_worker"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def erase(running: Running, person: str, ledger: Ledger) -> None:
    body: dict[str, Any] = {"person_id": person, "reason": "person_asked"}
    asked = await running.client.post(ERASURES, json=body, headers=as_("case_worker"))
    path = f"{ERASURES}/{asked.json()['id']}/approval"
    assert (await running.client.post(path, headers=as_("dpo"))).status_code == 202

    async def on_the_ledger() -> bool:
        return bool(ledger.read())

    await until(on_the_ledger)


@pytest.mark.integration
async def test_case_43_a_postgresql_backup_does_not_bring_the_erased_back(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    name = f"erased_{secrets.token_hex(4)}"
    backup = f"{name}_backup"
    await asyncio.to_thread(postgres.create_database, name)
    ledger = Ledger(tmp_path / "ledger" / "registration.jsonl")
    async with registration(tmp_path, postgres.url(name, driver="asyncpg")) as running:
        person = await registered(running)
    await asyncio.to_thread(postgres.create_database, backup, template=name)
    async with registration(tmp_path, postgres.url(name, driver="asyncpg")) as running:
        await erase(running, person, ledger)

    async with registration(tmp_path, postgres.url(backup, driver="asyncpg")) as restored:
        async with restored.database.reader.connect() as connection:
            left = (await connection.execute(text("select count(*) from person"))).scalar_one()
            sealed = "select count(*) from subject_key where subject <> 'service'"
            opened = (await connection.execute(text(sealed))).scalar_one()
        officer = await restored.client.get(f"{PERSONS}/{person}", headers=as_("dpo"))
        worker = await restored.client.get(f"{PERSONS}/{person}", headers=as_("case_worker"))

    assert (left, opened) == (0, 0)
    assert (officer.status_code, worker.status_code) == (410, 404)


async def test_a_ledger_that_cannot_be_read_keeps_the_service_from_serving(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/registration.sqlite"
    path = tmp_path / "ledger" / "registration.jsonl"
    path.parent.mkdir()
    path.write_text("no line of a ledger\n")

    with pytest.raises(LedgerError):
        async with registration(tmp_path, url):
            pass


async def test_an_erasure_that_the_ledger_lacks_is_written_at_the_next_start(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/registration.sqlite"
    ledger = Ledger(tmp_path / "ledger" / "registration.jsonl")
    async with registration(tmp_path, url) as running:
        await erase(running, await registered(running), ledger)
    told = ledger.read()
    ledger.path.unlink()

    async with registration(tmp_path, url):
        assert ledger.read() == told


def test_a_line_that_was_cut_off_is_no_entry_and_is_dropped_by_the_next(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "erasures.jsonl")
    whole = '{"at": "2026-01-01T00:00:00+00:00", "erasure": "%s", "marks": ["a"]}\n'
    first, second = (whole % f"{number:032x}" for number in (1, 2))
    ledger.path.write_text(first + second[:40])

    before = ledger.read()
    ledger.append(before)

    assert len(before) == 1
    assert ledger.path.read_text().startswith(first)
    assert ledger.read() == [*before, *before]
