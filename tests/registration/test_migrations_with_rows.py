"""The history of registration is walked with rows in the tables, there and back."""

from typing import Any

from alembic import command
from sqlalchemy import Connection, text

from chassis import migrations
from chassis.db import Database
from services.registration.main import SERVICE

FOLDER = SERVICE.folder / "migrations"
BEFORE = """
insert into person (id, case_number, organisation, external_id, given_name, sex, birth_date,
  birth_date_precision, nationality, population_category, documents, location_pcode, registered_on,
  fingerprint, version, created_by, created_at)
  values ('11111111111111111111111111111111', 'N1', 'iom', 'R1', 'Amina', 'female', '1994-02-28',
  'day', 'SDN', 'migrant', '', 'LY0209', '2026-01-05', 'f', 1, 'c', '2026-01-05 00:00:00'),
  ('22222222222222222222222222222222', 'N2', 'iom', 'R2', 'Amina', 'female', '1994-02-28',
  'year', 'SDN', 'migrant', '', 'LY0209', '2026-01-05', 'f', 1, 'c', '2026-01-05 00:00:00')
"""
TOLD = """
select birth_date, birth_date_precision, birth_date_calendar, age from person
order by external_id
"""


async def test_a_birth_date_stays_as_it_was_when_others_may_be_less_exact(
    database_url: str,
) -> None:
    database = Database(database_url, SERVICE.tables)
    async with database.writer.begin() as connection:
        await connection.run_sync(_walk, "upgrade", "0018")
        await connection.execute(text(BEFORE))

    await migrations.upgrade(database, FOLDER)

    async with database.writer.begin() as connection:
        assert (await connection.execute(text(TOLD))).all() == [
            ("1994-02-28", "day", "gregorian", None),
            ("1994-02-28", "year", "gregorian", None),
        ]
        await connection.execute(
            text("update person set birth_date = '1994' where birth_date_precision = 'year'")
        )
        await connection.run_sync(_walk, "downgrade", "0018")
        back = await connection.execute(text("select birth_date from person order by external_id"))
        assert [_iso(day) for day in back.scalars()] == ["1994-02-28", None]
    await database.close()


def _iso(day: Any) -> str | None:
    return None if day is None else str(day)


def _walk(connection: Connection, way: str, revision: str) -> None:
    config = migrations.config_for(FOLDER)
    config.attributes["connection"] = connection
    getattr(command, way)(config, revision)
