"""What is sealed opens in its own place, with its own key, and with nothing else."""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import col, select

from chassis import crypto, vault
from chassis.crypto import DataKey, DestroyedError, MisplacedError
from chassis.db import Database
from chassis.sealing import new_secret
from chassis.vault import VaultError
from tests.chassis.road import Table, made, tables

PHONE = "+218912345678"


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    database = await made(database_url, "writer", tmp_path / "writer.json")
    yield database
    await database.close()


@asynccontextmanager
async def another_process(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """Open the same database as a second replica does, with the same key file."""
    database = Database(database_url, tables("writer"))
    try:
        wrapper = await crypto.key_file_of(database, tmp_path / "writer.json")
        await crypto.open_vault(database, wrapper)
        yield database
    finally:
        await database.close()


async def start_again(database_url: str, tmp_path: Path) -> None:
    async with another_process(database_url, tmp_path):
        pass


async def sealed_phone(database: Database, subject: object, phone: str = PHONE) -> bytes:
    async with database.write() as session:
        keys = await crypto.subject_keys(session, [str(subject)], create=True)
        return keys[str(subject)].seal("person", "phone", phone)


async def opened(database: Database, subject: object, sealed: bytes) -> str:
    async with database.read() as session:
        keys = await crypto.subject_keys(session, [str(subject)])
        return keys[str(subject)].open("person", "phone", sealed)


async def test_what_was_sealed_opens_again_after_a_restart(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    person = uuid4()
    sealed = await sealed_phone(database, person)

    async with another_process(database_url, tmp_path) as later:
        found = await opened(later, person, sealed)

    assert PHONE.encode() not in sealed
    assert found == await opened(database, person, sealed) == PHONE


async def test_the_same_text_is_sealed_differently_each_time(database: Database) -> None:
    person = uuid4()

    sealed = {await sealed_phone(database, person) for _ in range(5)}

    assert len(sealed) == 5


@pytest.mark.parametrize(
    "place",
    [("person", "documents", ""), ("household", "phone", ""), ("person", "phone", "other row")],
)
def test_a_sealed_value_opens_in_no_other_place(place: tuple[str, str, str]) -> None:
    table, column, row = place
    key = DataKey("amina", new_secret())
    sealed = key.seal("person", "phone", PHONE, row="her row")

    with pytest.raises(MisplacedError):
        key.open(table, column, sealed, row=row)

    assert key.open("person", "phone", sealed, row="her row") == PHONE


def test_a_sealed_value_opens_for_no_other_person_even_with_the_key() -> None:
    secret = new_secret()
    sealed = DataKey("amina", secret).seal("person", "phone", PHONE)

    with pytest.raises(MisplacedError):
        DataKey("moussa", secret).open("person", "phone", sealed)


@pytest.mark.parametrize("cut", [0, 1, 12, 13, 28])
def test_a_sealed_value_that_is_cut_short_does_not_open(cut: int) -> None:
    key = DataKey("amina", new_secret())
    sealed = key.seal("person", "phone", PHONE)

    with pytest.raises(MisplacedError):
        key.open("person", "phone", sealed[:cut])


def test_no_bit_of_a_sealed_value_can_be_changed() -> None:
    key = DataKey("amina", new_secret())
    sealed = key.seal("person", "phone", PHONE)

    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(MisplacedError):
            key.open("person", "phone", bytes(changed))


async def test_a_key_s_row_moved_to_another_person_does_not_unwrap(database: Database) -> None:
    amina, moussa = str(uuid4()), str(uuid4())
    await sealed_phone(database, amina)
    table = database.tables.subject_key
    async with database.write() as session:
        row = (await session.exec(select(table).where(col(table.subject) == amina))).one()
        session.add(table(**row.model_dump() | {"subject": moussa}))

    with pytest.raises(VaultError):
        await opened(database, moussa, b"")


async def test_a_destroyed_key_opens_nothing_more(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = uuid4()
    sealed = await sealed_phone(database, person)
    async with another_process(database_url, tmp_path) as replica:
        await opened(replica, person, sealed)

        async with database.write() as session:
            await crypto.destroy(session, person)

        with pytest.raises(DestroyedError):
            await opened(database, person, sealed)
        # Another process reads with what it has in memory for a moment, and then no more.
        assert await opened(replica, person, sealed) == PHONE
        monkeypatch.setattr(vault, "KEPT_SECONDS", 0.0)
        with pytest.raises(DestroyedError):
            await opened(replica, person, sealed)


async def test_a_key_made_anew_after_an_erasure_opens_nothing_of_before(database: Database) -> None:
    person = uuid4()
    before = await sealed_phone(database, person)
    async with database.write() as session:
        await crypto.destroy(session, person)

    after = await sealed_phone(database, person)

    assert await opened(database, person, after) == PHONE
    with pytest.raises(MisplacedError):
        await opened(database, person, before)


async def test_a_key_for_reading_does_not_seal(database: Database) -> None:
    person = uuid4()
    await sealed_phone(database, person)

    async with database.read() as session:
        keys = await crypto.subject_keys(session, [person])

    with pytest.raises(RuntimeError):
        keys[person].seal("person", "phone", PHONE)


async def test_the_service_s_own_key_is_nobody_s_to_erase(database: Database) -> None:
    async with database.write() as session:
        with pytest.raises(ValueError, match="nobody's"):
            await crypto.destroy(session, crypto.SERVICE)


async def test_a_key_of_a_transaction_that_failed_is_in_nobody_s_memory(
    database: Database,
) -> None:
    person = uuid4()

    async def fail() -> None:
        async with database.write() as session:
            await crypto.subject_keys(session, [person], create=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with database.read() as session:
        assert person not in await crypto.subject_keys(session, [person])


async def test_two_who_make_one_person_s_key_get_the_same(database: Database) -> None:
    people = [uuid4() for _ in range(40)]

    async def sealed() -> dict[object, bytes]:
        async with database.write() as session:
            keys = await crypto.subject_keys(session, people, create=True)
            return {person: keys[person].seal("person", "phone", str(person)) for person in people}

    for each in await asyncio.gather(*(sealed() for _ in range(6))):
        for person, phone in each.items():
            assert await opened(database, person, phone) == str(person)


async def test_many_people_s_keys_are_read_at_once(database: Database) -> None:
    people = [uuid4() for _ in range(crypto.IN_ONE_QUERY * 2 + 1)]
    async with database.write() as session:
        await crypto.subject_keys(session, people, create=True)

    async with database.read() as session:
        keys = await crypto.subject_keys(session, people)

    assert all(person in keys for person in people)


async def test_a_new_person_s_key_is_written_with_their_row(database: Database) -> None:
    person = uuid4()
    async with database.write() as session:
        new = crypto.new_key(person)
        await crypto.keep_new(session, await crypto.wrapped(session, [new]))
    sealed = new.key.seal("person", "phone", PHONE)

    assert await opened(database, person, sealed) == PHONE


async def test_an_index_finds_equal_texts_only_within_its_purpose(database: Database) -> None:
    async with database.read() as session:
        phone = crypto.blind_index(session, "person.phone", PHONE)
        again = crypto.blind_index(session, "person.phone", PHONE)
        other = crypto.blind_index(session, "person.phone", PHONE + "0")
        document = crypto.blind_index(session, "person.documents", PHONE)
        hashed = crypto.keyed_hash(session, "person.phone", PHONE)

    assert phone == again
    assert len({phone, other, document, bytes.fromhex(hashed)}) == 4


async def test_an_index_of_another_installation_says_nothing_here(
    database: Database, tmp_path: Path
) -> None:
    elsewhere = await made(f"sqlite+aiosqlite:///{tmp_path}/other.sqlite", "writer")
    async with database.read() as here, elsewhere.read() as there:
        assert crypto.blind_index(here, "p", PHONE) != crypto.blind_index(there, "p", PHONE)
    await elsewhere.close()


async def test_only_the_owner_can_read_the_key_file(database: Database, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "writer.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("writer.*") if "sqlite" not in path.name] == [
        "writer.json"
    ]


async def test_a_missing_key_file_stops_the_start_and_makes_no_new_key(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "writer.json").rename(tmp_path / "away")

    with pytest.raises(VaultError, match=r"is missing, and the database holds records"):
        await start_again(database_url, tmp_path)

    assert not (tmp_path / "writer.json").exists()


async def test_another_installation_s_key_file_stops_the_start(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    await (await made(f"sqlite+aiosqlite:///{tmp_path}/other.sqlite", "writer", other)).close()
    shutil.copy(other, tmp_path / "writer.json")

    with pytest.raises(VaultError, match="not those that this database was sealed with"):
        await start_again(database_url, tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"wrapping": {}, "hashing": ""}'])
async def test_a_damaged_key_file_stops_the_start(
    database: Database, database_url: str, tmp_path: Path, content: str
) -> None:
    (tmp_path / "writer.json").write_text(content)

    with pytest.raises(VaultError, match="cannot be read"):
        await start_again(database_url, tmp_path)


async def test_processes_that_start_together_make_one_key_file(
    database_url: str, tmp_path: Path
) -> None:
    first = Database(database_url, tables("writer"))
    async with first.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)

    async with AsyncExitStack() as stack:
        starts = [
            stack.enter_async_context(another_process(database_url, tmp_path)) for _ in range(4)
        ]
        several = await asyncio.gather(*starts)
        sealed, hashes = [], set()
        for each in several:
            async with each.read() as session:
                hashes.add(crypto.keyed_hash(session, "start", PHONE))
                sealed.append(crypto.service_key(session).seal("job", "payload", PHONE))
        async with several[0].read() as session:
            opened = [crypto.service_key(session).open("job", "payload", each) for each in sealed]

    assert opened == [PHONE] * 4
    assert len(hashes) == 1
    await first.close()
