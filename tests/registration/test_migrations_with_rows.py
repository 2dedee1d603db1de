"""The history of registration is walked with rows in the tables, there and back."""

from typing import Any

from alembic import command
from sqlalchemy import Connection, text

from chassis import migrations
from chassis.db import Database
from services.registration.main import SERVICE
from services.registration.persons.rules import case_number
from services.registration.searches.marks import marks

FOLDER = SERVICE.folder / "migrations"
BEFORE = """
insert into person (id, case_number, organisation, external_id, given_name, sex, birth_date,
  birth_date_precision, nationality, population_category, documents, location_pcode, registered_on,
  fingerprint, version, created_by, created_at, household_ref, relationship_to_head)
  values ('11111111111111111111111111111111', 'N1', 'iom', 'R1', 'Amina', 'female', '1994-02-28',
  'day', 'SDN', 'migrant', '', 'LY0209', '2026-01-05', 'f', 1, 'c', '2026-01-05 00:00:00',
  'H1', 'head'),
  ('22222222222222222222222222222222', 'N2', 'iom', 'R2', 'Amina', 'female', '1994-02-28',
  'year', 'SDN', 'migrant', '', 'LY0209', '2026-01-05', 'f', 1, 'c', '2026-01-05 00:00:00',
  'H1', null)
"""
TOLD = """
select birth_date, birth_date_precision, birth_date_calendar, age from person
order by external_id
"""


HOUSEHOLDS = """
select household_ref, location_pcode, case_number, relationship_to_head, person_id, since
from household join household_member on household.id = household_id where until is null
and household.kind = household_member.kind and untold order by person_id
"""


async def test_a_birth_date_stays_and_who_named_a_household_or_no_state_is_said_so(
    database_url: str,
) -> None:
    database = Database(database_url, SERVICE.tables)
    async with database.writer.begin() as connection:
        await connection.run_sync(_walk, "upgrade", "0018")
        await connection.execute(text(BEFORE))
        await connection.execute(
            text("update person set nationality = 'XXA' where external_id = 'R2'")
        )

    await migrations.upgrade(database, FOLDER)

    async with database.writer.begin() as connection:
        assert (await connection.execute(text(TOLD))).all() == [
            ("1994-02-28", "day", "gregorian", None),
            ("1994-02-28", "year", "gregorian", None),
        ]
        stateless = text("select stateless from person order by external_id")
        assert [*(await connection.execute(stateless)).scalars()] == [None, True]
        households = (await connection.execute(text(HOUSEHOLDS))).all()
        assert [(each[0], each[1], each[3]) for each in households] == [
            ("H1", "LY0209", "head"),
            ("H1", "LY0209", None),
        ]
        [number] = {each.case_number for each in households}
        digits = number.removeprefix("H-")
        assert case_number(digits) == digits
        assert [str(each.person_id).replace("-", "")[0] for each in households] == ["1", "2"]
        assert {str(each.since) for each in households} == {"2026-01-05"}
        await connection.execute(
            text("update person set birth_date = '1994' where birth_date_precision = 'year'")
        )
        await connection.run_sync(_walk, "downgrade", "0018")
        back = await connection.execute(text("select birth_date from person order by external_id"))
        assert [_iso(day) for day in back.scalars()] == ["1994-02-28", None]
    await database.close()


async def test_words_of_names_are_marked_where_they_are_kept(database_url: str) -> None:
    database = Database(database_url, SERVICE.tables)
    ours, theirs = "1" * 32, "2" * 32
    keys = {ours: [(-(2**63) + 5, 77), (4711, -1), (4711, 42)], theirs: [(2**63 - 1, -(2**63))]}
    async with database.writer.begin() as connection:
        await connection.run_sync(_walk, "upgrade", "0018")
        await connection.execute(text(BEFORE))
        await connection.run_sync(_walk, "upgrade", "0039")
        for person, words in keys.items():
            for key, skeleton in words:
                row = f"({key}, 1999, 'LY02', {skeleton}, '{person}')"
                await connection.execute(text(f"insert into name_key values {row}"))  # noqa: S608 - Numbers of this test.

    await migrations.upgrade(database, FOLDER)

    async with database.writer.begin() as connection:
        found = await connection.execute(
            text("select nationality, key, sounding, spelt from name_key")
        )
        assert sorted(map(tuple, found)) == sorted(
            {
                ("SDN", key, marks(key for key, _ in words), marks(spelt for _, spelt in words))
                for words in keys.values()
                for key, _ in words
            }
        )
        await connection.run_sync(_walk, "downgrade", "0039")
        assert not (await connection.execute(text("select * from name_key"))).all()
    await database.close()


def _iso(day: Any) -> str | None:
    return None if day is None else str(day)


def _walk(connection: Connection, way: str, revision: str) -> None:
    config = migrations.config_for(FOLDER)
    config.attributes["connection"] = connection
    getattr(command, way)(config, revision)
