"""A history is also walked with rows in the tables, which is how an installation meets it."""

from alembic import command
from sqlalchemy import Connection, text

from chassis import migrations
from chassis.db import Database
from services.assistance.main import SERVICE

FOLDER = SERVICE.folder / "migrations"
BEFORE = """
insert into programme (id, organisation, name, donor, starts_on, ends_on, population_categories,
  places, item_name, item_quantity, item_unit, version, created_by, created_at)
  values ('11111111111111111111111111111111', 'iom', 'Kits', 'A donor', '2026-01-01', '2099-01-01',
  '[]', '[]', 'Kit', 1, 'piece', 1, 'c', '2026-01-01 00:00:00');
insert into person (id, population_category)
  values ('22222222222222222222222222222222', 'migrant');
insert into entitlement (id, programme_id, person_id, status, version, opened_at)
  values ('33333333333333333333333333333333', '11111111111111111111111111111111',
  '22222222222222222222222222222222', 'delivered', 2, '2026-01-01 00:00:00');
insert into distribution (id, entitlement_id, programme_id, person_id, organisation, delivered_on,
  delivered_by, recorded_at)
  values ('44444444444444444444444444444444', '33333333333333333333333333333333',
  '11111111111111111111111111111111', '22222222222222222222222222222222', 'iom', '2026-01-02', 'c',
  '2026-01-02 00:00:00')
"""
AFTER = """
select count(*) from distribution
join entitlement on entitlement.id = distribution.entitlement_id
join person on person.id = distribution.person_id and person.version = 1
"""


async def test_a_distribution_survives_that_its_entitlement_may_be_nobodys(
    database_url: str,
) -> None:
    database = Database(database_url, SERVICE.tables)
    async with database.writer.begin() as connection:
        await connection.run_sync(_upgrade, "0002")
        for statement in BEFORE.split(";"):
            await connection.execute(text(statement))

    await migrations.upgrade(database, FOLDER)

    async with database.reader.connect() as connection:
        assert (await connection.execute(text(AFTER))).scalar_one() == 1
    await database.close()


def _upgrade(connection: Connection, revision: str) -> None:
    config = migrations.config_for(FOLDER)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
