# ruff: noqa: S608 - The statements are made of our own words, to do harm on purpose.
"""P19 and case 46: whoever alters the record, with all rights on the database, is seen."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, migrations
from chassis.among import found_among
from chassis.audit.anchors import AnchorError, Anchors, anchor, anchors_of, declare_restore
from chassis.audit.chain import seal, seal_hash
from chassis.audit.following import met_by
from chassis.audit.log import EntryOut, find
from chassis.audit.verification import Verified, verify
from chassis.clock import now
from chassis.db import Database
from chassis.tables import core_table
from chassis.vault import key_file
from services.registration.main import SERVICE

CLERK = audit.Actor("clerk", "iom", ("case_worker",))
PEOPLE = [uuid4() for _ in range(6)]
AT_ONCE = timedelta()
ENTRY, SEAL = core_table(SERVICE.tables.audit_entry), core_table(SERVICE.tables.audit_seal)
ABOUT, SUBJECT = core_table(SERVICE.tables.audit_about), core_table(SERVICE.tables.audit_subject)


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """Return a database whose record has an entry about each of PEOPLE, sealed."""
    database = Database(database_url, SERVICE.tables)
    await migrations.upgrade(database, SERVICE.folder / "migrations")
    await crypto.open_vault(database, key_file(tmp_path / "audit.json", may_make=True))
    await add(database, *PEOPLE)
    yield database
    await database.close()


@pytest.fixture
def anchors(database: Database, tmp_path: Path) -> Anchors:
    return anchors_of(database, tmp_path)


async def add(database: Database, *people: UUID) -> None:
    for person in people:
        async with database.write() as session:
            audit.note(session, CLERK, "update", "person", person, fields=["given_name"])
    await seal(database)


async def declare(database: Database, anchors: Anchors, moment: datetime) -> None:
    async with database.write() as session:
        await declare_restore(session, database, anchors, moment, CLERK)


async def tamper(database: Database, *statements: str | Executable) -> None:
    """Do what somebody does who has every right on the database."""
    async with database.writer.begin() as connection:
        if database.is_sqlite:
            found = await connection.execute(
                text("select name from sqlite_master where type = 'trigger' and name like 'audit%'")
            )
            for name in found.scalars().all():
                await connection.execute(text(f"drop trigger {name}"))
        else:
            await connection.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            plain = text(statement) if isinstance(statement, str) else statement
            await connection.execute(plain)


def found(verified: Verified) -> tuple[str, int | None] | None:
    return (verified.fault.kind, verified.fault.seq) if verified.fault else None


OF = "select entry_id from audit_seal where seq ="


async def test_a_record_as_it_was_written_is_whole(database: Database, anchors: Anchors) -> None:
    await anchor(database, anchors, AT_ONCE)

    verified = await verify(database, anchors)

    assert found(verified) is None
    assert (verified.until, verified.head, verified.waiting) == (6, 6, 0)


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        ([f"update audit_entry set actor = 'nobody' where id = ({OF} 3)"], ("edited", 3)),
        ([f"update audit_entry set decision = 'refused' where id = ({OF} 6)"], ("edited", 6)),
        (["update audit_seal set hash = prev where seq = 4"], ("edited", 4)),
        ([f"delete from audit_entry where id = ({OF} 2)"], ("deleted", 2)),
        (
            [
                f"delete from audit_entry where id = ({OF} 4)",
                "delete from audit_seal where seq = 4",
            ],
            ("deleted", 4),
        ),
        (
            [
                "update audit_seal set seq = -1 where seq = 3",
                "update audit_seal set seq = 3 where seq = 5",
                "update audit_seal set seq = 5 where seq = -1",
            ],
            ("edited", 3),
        ),
        (["delete from audit_seal where seq = 6"], ("unsealed", None)),
        ([f"delete from audit_about where entry_id = ({OF} 5)"], ("unfindable", 5)),
    ],
    ids=[
        "an entry edited",
        "the last entry edited",
        "a seal edited",
        "an entry deleted",
        "an entry and its seal deleted",
        "two seals reordered",
        "the last seal deleted",
        "the index emptied",
    ],
)
async def test_case_46_the_first_row_that_was_altered_is_named(
    database: Database, statements: list[str], fault: tuple[str, int | None]
) -> None:
    await tamper(database, *statements)

    assert found(await verify(database)) == fault


async def test_case_46_a_seal_that_follows_another_than_the_one_before_it_is_named(
    database: Database,
) -> None:
    await _forge(database, 4, prev=bytes(32))

    assert found(await verify(database)) == ("reordered", 4)


async def test_case_46_a_tail_that_was_cut_is_seen_by_the_anchor_alone(
    database: Database, anchors: Anchors
) -> None:
    await anchor(database, anchors, AT_ONCE)

    await tamper(
        database,
        "delete from audit_entry where id in (select entry_id from audit_seal where seq > 4)",
        "delete from audit_seal where seq > 4",
    )

    assert found(await verify(database)) is None
    assert found(await verify(database, anchors)) == ("truncated", 5)


async def test_case_46_a_chain_that_was_made_anew_is_seen_by_the_anchor(
    database: Database, anchors: Anchors
) -> None:
    await anchor(database, anchors, AT_ONCE)

    await _forge(database, 6, actor="nobody")

    assert found(await verify(database)) is None
    assert found(await verify(database, anchors)) == ("rewritten", 6)


async def test_a_chain_that_is_shorter_than_its_anchor_is_not_anchored_again(
    database: Database, anchors: Anchors
) -> None:
    await anchor(database, anchors, AT_ONCE)
    await _cut(database, 4)

    with pytest.raises(AnchorError, match="truncated at seal 5"):
        await anchor(database, anchors, AT_ONCE)


async def test_a_declared_restore_is_no_fault_and_stays_to_be_seen(
    database: Database, anchors: Anchors
) -> None:
    await anchor(database, anchors, AT_ONCE)
    await _cut(database, 4)
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    await declare(database, anchors, moment)
    await add(database, uuid4())
    await anchor(database, anchors, AT_ONCE)

    verified = await verify(database, anchors)
    assert found(verified) is None
    (restore,) = verified.restores
    assert (restore.restored_to, restore.kept, restore.by) == (moment.isoformat(), 0, "clerk")
    async with database.read() as session:
        (note,) = [entry for entry in await _all(session) if entry.action == "declare_restore"]
    assert note.reason == f"restored to {moment.isoformat()}"


async def test_a_declared_restore_excuses_nothing_that_came_after(
    database: Database, anchors: Anchors
) -> None:
    await _cut(database, 4)
    await declare(database, anchors, now())
    await add(database, uuid4())
    await anchor(database, anchors, AT_ONCE)

    await _cut(database, 5)

    assert found(await verify(database, anchors)) == ("truncated", 6)


@pytest.mark.parametrize("change", ["a line taken out", "a number changed"])
async def test_anchors_that_were_altered_are_seen(
    database: Database, anchors: Anchors, change: str
) -> None:
    for _ in range(3):
        await add(database, uuid4())
        await anchor(database, anchors, AT_ONCE)
    lines = anchors.path.read_text().splitlines(keepends=True)

    if change == "a line taken out":
        del lines[1]
    else:
        lines[1] = lines[1].replace('"seq": 8', '"seq": 7')
    anchors.path.write_text("".join(lines))

    assert found(await verify(database, anchors)) == ("anchors", None)


async def test_a_head_is_anchored_once_in_ten_minutes_and_only_with_news(
    database: Database, anchors: Anchors
) -> None:
    assert await anchor(database, anchors)
    await add(database, uuid4())

    assert not await anchor(database, anchors)
    assert await anchor(database, anchors, AT_ONCE)
    assert not await anchor(database, anchors, AT_ONCE)
    assert [line.seq for line in anchors.read()] == [6, 7]


async def test_a_long_chain_is_verified_in_parts(database: Database) -> None:
    await tamper(database, f"update audit_entry set actor = 'nobody' where id = ({OF} 5)")

    first = await verify(database, most=2)
    second = await verify(database, after=2, most=2)
    third = await verify(database, after=4, most=2)

    assert (first.next, second.next) == (2, 4)
    assert [found(each) for each in (first, second, third)] == [None, None, ("edited", 5)]


async def test_an_entry_about_many_is_verified_and_told_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.among.AT_ONCE", 2)
    monkeypatch.setattr("chassis.audit.verification.AT_ONCE", 5)
    many = [uuid4() for _ in range(13)]
    async with database.write() as session:
        audit.note(session, CLERK, "create", "person", many)
    await seal(database)

    whole = await verify(database)
    async with database.read() as session:
        told = await find(session, ENTRY.c.action == "create")
        met = await met_by(session, CLERK.id, [*many, uuid4()], now() - timedelta(hours=1))
    await tamper(database, delete(ABOUT).where(ABOUT.c.subject == await hash_of(database, many[8])))
    altered = await verify(database)

    assert found(whole) is None
    assert [set(each.subjects) for each in told] == [set(map(str, many))]
    assert met == set(many)
    assert found(altered) == ("unfindable", 7)


async def hash_of(database: Database, person: UUID) -> bytes:
    async with database.read() as session:
        return audit.subject_hash_of(session, person)


async def test_more_values_than_a_statement_takes_are_looked_up(database: Database) -> None:
    values = [number.to_bytes(16, "big") for number in range(40_000)]
    known = [await hash_of(database, each) for each in PEOPLE]

    async with database.read() as session:
        connection = await session.connection()
        there = await found_among(
            connection, select(SUBJECT.c.hash), SUBJECT.c.hash, [*known, *values]
        )

    assert {each.hash for each in there} == set(known)


async def test_an_erased_persons_name_leaves_the_record_and_the_chain_stays(
    database: Database,
) -> None:
    erased = PEOPLE[0]

    async with database.write() as session:
        await audit.forget_subject(session, erased)
    await add(database, erased)

    assert found(await verify(database)) is None
    async with database.read() as session:
        readers = await audit.readers_of(session, erased)
        stored = [await _dump(session, name) for name in ("audit_subject", "audit_waiting")]
    assert len(readers) == 2
    assert all(each.subjects[0].startswith("erased:") for each in readers)
    assert str(erased) not in str(stored)


async def test_the_readers_of_one_person_are_told_and_no_others(database: Database) -> None:
    async with database.read() as session:
        readers = await audit.readers_of(session, PEOPLE[1])

    assert [(each.actor, each.subjects, each.fields) for each in readers] == [
        ("clerk", [str(PEOPLE[1])], ["given_name"])
    ]


async def _cut(database: Database, kept: int) -> None:
    """Let the chain end earlier, as a restore of an older backup does."""
    lost = f"(select entry_id from audit_seal where seq > {kept})"
    await tamper(
        database,
        f"delete from audit_about where entry_id in {lost}",
        f"delete from audit_entry where id in {lost}",
        f"delete from audit_seal where seq > {kept}",
    )


async def _all(session: AsyncSession) -> list[EntryOut]:
    return await find(session, ENTRY.c.id.is_not(None))


async def _dump(session: AsyncSession, name: str) -> list[object]:
    found = await (await session.connection()).execute(text(f"select * from {name}"))
    return list(found)


async def _forge(database: Database, seq: int, prev: bytes | None = None, **changes: str) -> None:
    """Put another entry in the place of a seal's, and seal it as the sealer would."""
    async with database.writer.connect() as connection:
        joined = ENTRY.join(SEAL, SEAL.c.entry_id == ENTRY.c.id)
        wanted = select(ENTRY).select_from(joined).where(SEAL.c.seq == seq)
        entry = dict((await connection.execute(wanted)).mappings().one()) | changes
        before = select(SEAL.c.hash).where(SEAL.c.seq == seq - 1)
        prev = prev or (await connection.execute(before)).scalar_one()
    values = {"prev": prev, "hash": seal_hash(prev, seq, entry)}
    await tamper(
        database,
        update(ENTRY).where(ENTRY.c.id == entry["id"]).values(**changes or {"id": entry["id"]}),
        update(SEAL).where(SEAL.c.seq == seq).values(**values),
    )
