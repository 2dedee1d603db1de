"""Keys that are wrapped by a key service: they never leave it, and without it nothing opens."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import select

from chassis import crypto, keys, transit
from chassis.app import create_service
from chassis.bus import InProcessBus
from chassis.db import Database
from chassis.settings import Settings
from chassis.transit import Engine, Transit, TransitKeys, engine_of
from chassis.vault import KeysAwayError, VaultError
from services.registration.main import SERVICE
from services.registration.persons.models import Person
from services.registration.places.models import Place
from tests.chassis.engine import TOKEN, StandIn
from tests.chassis.road import made, tables
from tests.conftest import client_of, lifespan
from tests.conftest import keys as issuer_keys
from tests.gateway.conftest import served
from tests.registration.office import NAWAL, PERSONS
from tests.servers.processes import free_ports

PEOPLE = 450
NAME = "masar-writer"


@pytest.fixture
def engine() -> StandIn:
    return StandIn()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


Reach = Callable[[], Transit]


@pytest.fixture
def reach(engine: StandIn, token_file: Path) -> Reach:
    """Return a function by which each process asks the engine for itself."""
    where = Engine("http://127.0.0.1:1", "transit", NAME, token_file, 3.0, None)
    return lambda: Transit(where, httpx.ASGITransport(app=engine.app))


@asynccontextmanager
async def opened(url: str, reach: Reach, path: Path) -> AsyncIterator[Database]:
    """Open the database as another process does, with what is at the key service."""
    database = Database(url, tables("writer"))
    try:
        await crypto.open_vault(database, await crypto.transit_keys_of(database, reach(), path))
        yield database
    finally:
        await database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "writer.kms.json"


@pytest.fixture
async def database(database_url: str, reach: Reach, path: Path) -> AsyncIterator[Database]:
    await (await made(database_url, "writer")).close()
    # What `made` has sealed there was sealed by another key service.
    empty = Database(database_url, tables("writer"))
    async with empty.write() as session:
        for each in (await session.exec(select(empty.tables.subject_key))).all():
            await session.delete(each)
    await empty.close()
    async with opened(database_url, reach, path) as database:
        yield database


async def seal(database: Database, people: list[UUID]) -> dict[UUID, bytes]:
    async with database.write() as session:
        found = await crypto.subject_keys(session, people, create=True)
        return {each: found[each].seal("person", "phone", str(each)) for each in people}


async def open_all(database: Database, sealed: dict[UUID, bytes]) -> list[str]:
    async with database.read() as session:
        found = await crypto.subject_keys(session, sealed)
        return [found[each].open("person", "phone", sealed[each]) for each in sealed]


async def test_what_is_sealed_opens_in_another_process(
    database: Database, database_url: str, reach: Reach, path: Path, engine: StandIn
) -> None:
    people = [uuid4() for _ in range(PEOPLE)]
    sealed = await seal(database, people)
    engine.asked.clear()

    async with opened(database_url, reach, path) as other:
        assert await open_all(other, sealed) == list(map(str, people))
        # The hashing key, the service's own, and the people's two hundred at a time.
        assert engine.asked == [f"/v1/transit/decrypt/{NAME}"] * 5
        assert other.vault
        assert database.vault
        assert other.vault.keyed_hash("p", "x") == database.vault.keyed_hash("p", "x")
    kept = json.loads(path.read_text())
    assert kept["key"] == f"transit/{NAME}"
    assert kept["hashing"].startswith("vault:v1:")
    async with database.read() as session:
        rows = (await session.exec(select(database.tables.subject_key))).all()
    assert all(row.wrapped.startswith(b"vault:v1:") for row in rows)


async def test_a_key_copied_to_another_row_does_not_unwrap(
    database: Database, database_url: str, reach: Reach, path: Path
) -> None:
    amal, salma = uuid4(), uuid4()
    sealed = await seal(database, [amal, salma])
    async with database.write() as session:
        table = database.tables.subject_key
        theirs, hers = (await session.get(table, str(amal)), await session.get(table, str(salma)))
        assert theirs
        assert hers
        theirs.wrapped = hers.wrapped
        session.add(theirs)

    async with opened(database_url, reach, path) as other:
        with pytest.raises(VaultError, match="copied from another"):
            await open_all(other, sealed)


async def test_a_rotation_opens_nothing_and_closes_the_old_version(
    database: Database, database_url: str, reach: Reach, path: Path, engine: StandIn
) -> None:
    people = [uuid4() for _ in range(PEOPLE)]
    sealed = await seal(database, people)
    again = TransitKeys(reach(), path)
    engine.asked.clear()

    version, wrapped = await keys.rotate_at(database, again)

    assert (version, wrapped) == (2, PEOPLE + 1)
    assert not [each for each in engine.asked if "decrypt" in each]
    assert engine.keys[NAME].oldest == 2
    async with opened(database_url, reach, path) as other:
        assert await open_all(other, sealed) == list(map(str, people))
    assert await keys.rotate_at(database, TransitKeys(reach(), path)) == (3, PEOPLE + 1)


async def test_a_rotation_that_was_cut_off_goes_on(
    database: Database, reach: Reach, path: Path, engine: StandIn
) -> None:
    sealed = await seal(database, [uuid4()])
    engine.key(NAME).versions.append(engine.key(NAME).versions[0])

    version, wrapped = await keys.rotate_at(database, TransitKeys(reach(), path))

    assert (version, wrapped) == (2, 2)
    assert await open_all(database, sealed) == [str(each) for each in sealed]


async def test_the_keys_of_a_key_file_move_to_the_key_service(
    database_url: str, tmp_path: Path, reach: Reach, path: Path
) -> None:
    file = tmp_path / "writer.json"
    before = await made(database_url, "writer", file)
    people = [uuid4() for _ in range(PEOPLE)]
    sealed = await seal(before, people)
    assert before.vault
    hashed = before.vault.keyed_hash("p", "x")
    with pytest.raises(VaultError, match=r"chassis\.keys move"):
        async with opened(database_url, reach, path):
            pass

    moved = await keys.move(before, TransitKeys(reach(), path), file)

    await before.close()
    assert moved == PEOPLE + 1
    assert not file.exists()
    async with opened(database_url, reach, path) as after:
        assert await open_all(after, sealed) == list(map(str, people))
        assert after.vault
        assert after.vault.keyed_hash("p", "x") == hashed


async def test_a_move_that_fails_leaves_everything_as_it_was(
    database_url: str, tmp_path: Path, reach: Reach, path: Path, engine: StandIn
) -> None:
    file = tmp_path / "writer.json"
    before = await made(database_url, "writer", file)
    sealed = await seal(before, [uuid4()])
    engine.status = 503

    with pytest.raises(KeysAwayError):
        await keys.move(before, TransitKeys(reach(), path), file)

    again = Database(database_url, tables("writer"))
    await crypto.open_vault(again, await crypto.key_file_of(again, file))
    assert await open_all(again, sealed) == [str(each) for each in sealed]
    engine.status = None
    assert await keys.move(again, TransitKeys(reach(), path), file) == 2
    for each in (before, again):
        await each.close()


async def test_another_key_or_token_is_told_in_a_sentence(
    database: Database, engine: StandIn, path: Path, token_file: Path, reach: Reach
) -> None:
    token_file.write_text("hvs.another")
    with pytest.raises(KeysAwayError, match="it answers 403"):
        await TransitKeys(reach(), path).open(may_make=False)
    token_file.unlink()
    with pytest.raises(KeysAwayError, match="token file cannot be read"):
        await TransitKeys(reach(), path).open(may_make=False)
    token_file.write_text(TOKEN)
    engine.keys.clear()
    with pytest.raises(VaultError, match="The key service refuses"):
        await TransitKeys(reach(), path).open(may_make=False)
    path.write_text(json.dumps({"key": "transit/other", "hashing": "vault:v1:AA=="}))
    with pytest.raises(VaultError, match="MASAR_KMS_KEY says another key"):
        await TransitKeys(reach(), path).open(may_make=False)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"kms_url": "https://vault.test"}, "MASAR_KMS_TOKEN_FILE"),
        ({"kms_url": "http://vault.test", "kms_token_file": "x"}, "https://"),
        ({"kms_url": "http://10.0.0.1:8200", "kms_token_file": "x"}, "https://"),
        ({"kms_url": "file:///etc", "kms_token_file": "x"}, "https://"),
    ],
)
def test_settings_that_cannot_be_meant(told: dict[str, Any], fault: str) -> None:
    with pytest.raises(VaultError, match=fault):
        engine_of(Settings(**told), "registration")


def registration(tmp_path: Path, port: int, token_file: Path) -> Any:
    settings = Settings(
        database_url=SecretStr(f"sqlite+aiosqlite:///{tmp_path}/registration.sqlite"),
        home=tmp_path,
        kms_url=f"http://127.0.0.1:{port}",
        kms_token_file=token_file,
    )
    bus = InProcessBus()
    bus.open()
    return create_service(SERVICE, settings, bus, issuer_keys())


async def test_a_key_service_that_is_away_at_the_start_stops_it(
    tmp_path: Path, token_file: Path
) -> None:
    app = registration(tmp_path, free_ports(1)[0], token_file)

    with pytest.raises(KeysAwayError, match="cannot be asked for transit/masar-registration"):
        async with lifespan(app):
            pass

    assert not list(tmp_path.glob("keys/*"))


async def test_a_key_service_that_goes_away_is_503_and_nothing_is_kept_in_the_clear(
    tmp_path: Path, token_file: Path, engine: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served(engine.app) as port:
        app = registration(tmp_path, port, token_file)
        async with lifespan(app), client_of(app) as client:
            async with app.state.database.write() as session:
                session.add(Place(pcode="LY02", level=0, parent_pcode=None, version=1))
            form = NAWAL | {"location_pcode": "LY02"}
            first = await client.post(PERSONS, json=form)
            assert first.status_code == 201, first.text
            engine.status = 503

            away = await client.post(PERSONS, json=form | {"external_id": "R2"})
            # Keys that were read a moment ago are still at hand.
            app.state.database.vault.drop(first.json()["id"])
            read = await client.get(
                f"{PERSONS}/{first.json()['id']}", headers={"X-Purpose": "case_management"}
            )

            engine.status = None
            back = await client.post(PERSONS, json=form | {"external_id": "R2"})
            async with app.state.database.read() as session:
                people = (await session.exec(select(Person.external_id))).all()
    assert (away.status_code, away.json()["type"]) == (503, "/problems/unavailable")
    assert int(away.headers["retry-after"]) > 0
    assert (read.status_code, read.json()["type"]) == (503, "/problems/unavailable")
    assert form["phone"] not in read.text
    assert back.status_code == 201
    assert sorted(people) == [form["external_id"], "R2"]
    assert TOKEN not in capsys.readouterr().out
    for file in tmp_path.glob("registration.sqlite*"):
        assert form["phone"].encode() not in file.read_bytes()


async def test_a_key_service_that_is_away_is_named_in_readiness_and_asked_seldom(
    tmp_path: Path, token_file: Path, engine: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(engine.app) as port:
        app = registration(tmp_path, port, token_file)
        async with lifespan(app), client_of(app) as client:
            well = await client.get("/health/ready")
            engine.status = 503
            asked = len(engine.asked)
            not_yet = [await client.get("/health/ready") for _ in range(20)]
            asked_since = len(engine.asked) - asked

            monkeypatch.setattr(transit, "ASK_SECONDS", 0.0)
            away = await client.get("/health/ready")
            engine.status = None
            back = await client.get("/health/ready")

    assert (well.status_code, well.json()) == (200, {"status": "ready", "missing": {}})
    assert {each.json()["status"] for each in not_yet} == {"ready"}
    assert asked_since == 0
    assert (away.status_code, away.json()["status"]) == (200, "degraded")
    assert away.json()["missing"] == {"keys": "KeysAwayError"}
    assert back.json()["status"] == "ready"
