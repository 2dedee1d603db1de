"""The wrapping keys are renewed while the service reads and writes, and nothing is lost."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from chassis import crypto, keys
from chassis.db import Database
from chassis.vault import VaultError
from tests.chassis.road import made, tables

PEOPLE = 120


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "writer.json"


@pytest.fixture
async def database(database_url: str, key_file: Path) -> AsyncIterator[Database]:
    database = await made(database_url, "writer", key_file)
    yield database
    await database.close()


@asynccontextmanager
async def another_process(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, tables("writer"))
    try:
        yield database
    finally:
        await database.close()


def versions(key_file: Path) -> set[str]:
    return set(json.loads(key_file.read_text())["wrapping"])


async def versions_in_use(database: Database) -> set[int]:
    async with database.read() as session:
        return set((await session.exec(select(database.tables.subject_key.version))).all())


async def seal(database: Database, person: UUID) -> bytes:
    async with database.write() as session:
        found = await crypto.subject_keys(session, [person], create=True)
        return found[person].seal("person", "phone", str(person))


async def opened_by_another(
    database_url: str, key_file: Path, sealed: dict[UUID, bytes]
) -> list[str]:
    """Open all values in a process that starts now, with what is in the file now."""
    async with another_process(database_url) as later:
        await crypto.open_vault(later, await crypto.key_file_of(later, key_file))
        async with later.read() as session:
            found = await crypto.subject_keys(session, sealed)
            return [found[each].open("person", "phone", value) for each, value in sealed.items()]


async def test_keys_are_renewed_while_people_are_registered_read_and_erased(
    database: Database, database_url: str, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BATCH", 10)
    sealed = {person: await seal(database, person) for person in [uuid4() for _ in range(PEOPLE)]}
    erased: set[UUID] = set()
    rotated = asyncio.Event()
    rounds = 0

    async def register() -> None:
        while not rotated.is_set():
            person = uuid4()
            sealed[person] = await seal(database, person)
            await asyncio.sleep(0.001)

    async def read() -> None:
        nonlocal rounds
        while not rotated.is_set():
            person = secrets.choice(list(sealed))
            async with database.read() as session:
                found = await crypto.subject_keys(session, [person])
                if person in sealed:
                    assert found[person].open("person", "phone", sealed[person]) == str(person)
            rounds += 1

    async def erase() -> None:
        while not rotated.is_set():
            person = secrets.choice(list(sealed))
            del sealed[person]
            erased.add(person)
            async with database.write() as session:
                await crypto.destroy(session, person)
            await asyncio.sleep(0.01)

    async def renew() -> None:
        async with another_process(database_url) as elsewhere:
            for _ in range(3):
                await keys.rotate(elsewhere, key_file)
        rotated.set()

    await asyncio.gather(register(), register(), read(), erase(), renew())

    assert versions(key_file) == {"4"}
    assert await versions_in_use(database) == {4}
    assert rounds > 10
    assert await opened_by_another(database_url, key_file, sealed) == list(map(str, sealed))
    async with database.read() as session:
        kept = await session.exec(select(database.tables.subject_key.subject))
        assert not erased & {UUID(each) for each in kept if each != crypto.SERVICE}


async def test_a_key_that_is_not_committed_yet_keeps_its_version_alive(
    database: Database, database_url: str, key_file: Path
) -> None:
    person = uuid4()
    async with another_process(database_url) as elsewhere:
        async with database.write() as session:
            new = crypto.new_key(person)
            await crypto.keep_new(session, await crypto.wrapped(session, [new]))
            rotation = asyncio.create_task(keys.rotate(elsewhere, key_file))
            await asyncio.sleep(1)
            while_open = (rotation.done(), "1" in versions(key_file))
        await asyncio.wait_for(rotation, 20)

    assert while_open == (False, True)
    assert versions(key_file) == {"2"}
    sealed = {person: new.key.seal("person", "phone", str(person))}
    assert await opened_by_another(database_url, key_file, sealed) == [str(person)]


async def test_a_rotation_that_was_cut_off_goes_on_and_makes_no_other_version(
    database: Database, database_url: str, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BATCH", 10)
    sealed = {person: await seal(database, person) for person in [uuid4() for _ in range(30)]}
    wrap_some, times = keys._wrap_some, 0

    async def die_at_the_third(*arguments: object) -> int:
        nonlocal times
        times += 1
        if times == 3:
            raise ConnectionResetError
        return await wrap_some(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(keys, "_wrap_some", die_at_the_third)
    async with another_process(database_url) as elsewhere:
        with pytest.raises(ConnectionResetError):
            await keys.rotate(elsewhere, key_file)
        in_the_middle = (versions(key_file), await versions_in_use(database))

        version, wrapped = await keys.rotate(elsewhere, key_file)

    assert in_the_middle == ({"1", "2"}, {1, 2})
    assert (version, wrapped) == (2, 31 - 20)
    assert versions(key_file) == {"2"}
    assert await opened_by_another(database_url, key_file, sealed) == list(map(str, sealed))


async def test_indexes_and_hashes_stay_the_same(
    database: Database, database_url: str, key_file: Path
) -> None:
    async with database.read() as session:
        before = crypto.blind_index(session, "person.phone", "+218912345678")
    async with another_process(database_url) as elsewhere:
        await keys.rotate(elsewhere, key_file)
        await crypto.open_vault(elsewhere, await crypto.key_file_of(elsewhere, key_file))
        async with elsewhere.read() as session:
            assert crypto.blind_index(session, "person.phone", "+218912345678") == before


async def test_one_rotation_runs_at_a_time(database: Database, key_file: Path) -> None:
    with keys._alone(key_file), pytest.raises(VaultError, match="Another rotation"):
        await keys.rotate(database, key_file)


async def test_without_a_key_file_there_is_nothing_to_rotate(
    database: Database, tmp_path: Path
) -> None:
    with pytest.raises(VaultError, match="no key file"):
        await keys.rotate(database, tmp_path / "nowhere.json")
