"""A register of made-up people, put into PostgreSQL without asking the API for each of them."""

import json
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
from pydantic import SecretStr
from sqlmodel import SQLModel

from chassis import crypto
from chassis.app import create_service
from chassis.bus import InProcessBus
from chassis.db import Database
from chassis.settings import Settings
from chassis.tables import core_table
from services.registration.duplicates import candidates
from services.registration.duplicates.models import MatchingKey
from services.registration.main import SERVICE
from services.registration.matching import blocking
from services.registration.persons import making
from services.registration.persons.models import Person, PersonIn
from services.registration.searches import names
from services.registration.searches.models import NameKey
from tests.conftest import keys, lifespan
from tests.servers.postgres import PostgresServer

AT_ONCE = 2000
KEYS_OF = (
    "select conname, conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
    "where contype = 'p' and conrelid = any($1::text[]::regclass[])"
)
INDEXES_OF = (
    "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index "
    "where not indisprimary and indrelid = any($1::text[]::regclass[])"
)
ARABIC = ["محمد", "احمد", "علي", "حسن", "ابراهيم", "عمر", "يوسف", "خالد", "فاطمة", "مريم"]
LATIN = ["Mohamed", "Ahmed", "Ali", "Hassan", "Ibrahim", "Omar", "Youssouf", "Moussa", "Fatima"]
COMMON = [*ARABIC, *LATIN]
SYLLABLES = [f"{consonant}{vowel}" for consonant in "bdfgklmnrstz" for vowel in "aeiou"]
SHARE_OF_COMMON = 0.6


def people(seed: int) -> Iterator[PersonIn]:
    """Yield people without end: most names are common, the commonest by far, others are rare."""
    chance = random.Random(seed)  # noqa: S311 - It makes up people, and hides nothing.
    weights = [1 / rank for rank in range(1, len(COMMON) + 1)]

    def name() -> str:
        if chance.random() < SHARE_OF_COMMON:
            return chance.choices(COMMON, weights)[0]
        return "".join(chance.choices(SYLLABLES, k=3)).title()

    number = 0
    while True:
        number += 1
        born = f"{chance.randint(1950, 2015)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        yield PersonIn(
            external_id=f"B{seed}-{number}",
            given_name=name(),
            father_name=name(),
            grandfather_name=name(),
            family_name=name(),
            sex=chance.choice(("male", "female")),
            birth_date=born,
            nationality="SDN",
            population_category="migrant",
            phone=f"+2189{chance.choice('1245')}{chance.randrange(10**7):07}",
            location_pcode="LY0211",
        )


@asynccontextmanager
async def registration(url: str, home: Path) -> AsyncIterator[Any]:
    """Start registration alone, without what it does beside the requests."""
    bus = InProcessBus()
    bus.open()
    settings = Settings(database_url=SecretStr(url), home=home, log_level="ERROR")
    app = create_service(replace(SERVICE, background=[]), settings, bus, keys())
    async with lifespan(app):
        yield app


async def load(
    database: Database, server: PostgresServer, name: str, made: Iterable[PersonIn]
) -> None:
    """Put people into the register, each with the keys by which they are found."""
    left = iter(made)
    connection = await asyncpg.connect(server.url(name))
    try:
        async with without_indexes(connection, MatchingKey, NameKey):
            while forms := list(islice(left, AT_ONCE)):
                for table, rows in (await _rows(database, forms)).items():
                    columns = list(rows[0])
                    records = [tuple(row[column] for column in columns) for row in rows]
                    await connection.copy_records_to_table(table, records=records, columns=columns)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


@asynccontextmanager
async def without_indexes(
    connection: asyncpg.Connection, *tables: type[SQLModel]
) -> AsyncIterator[None]:
    """Make the indexes of tables once they are full: keeping them row by row takes far longer."""
    names = [core_table(table).name for table in tables]
    keys = await connection.fetch(KEYS_OF, names)
    indexes = await connection.fetch(INDEXES_OF, names)
    for constraint, table, _ in keys:
        await connection.execute(f"alter table {table} drop constraint {constraint}")
    for index, _ in indexes:
        await connection.execute(f"drop index {index}")
    yield
    await connection.execute("set maintenance_work_mem = '1GB'")
    for constraint, table, definition in keys:
        await connection.execute(f"alter table {table} add constraint {constraint} {definition}")
    for _, definition in indexes:
        await connection.execute(definition)


OURS = making.By("iom", "loader", None)


async def _rows(database: Database, forms: list[PersonIn]) -> dict[str, list[dict[str, Any]]]:
    async with database.read() as session:
        made = [making.made(session, form, OURS) for form in forms]
        keys = await crypto.wrapped(session, [each.key for each in made])
        people_rows = [each.row | {"matched_version": 1} for each in made]
        # Making a million objects of the table's class would take longer than all the rest.
        there: list[Any] = [SimpleNamespace(**row) for row in people_rows]
        described = await candidates.described(session, there)
        kept = {
            person: candidates.hashed(session, blocking.kept_under(each.description))
            for person, each in described.items()
        }
        words = [row for person in there for row in names.rows(session, person)]
    for row in people_rows:
        row |= {name: json.dumps(row[name]) for name in row if isinstance(row[name], (list, dict))}
    return {
        core_table(Person).name: people_rows,
        core_table(database.tables.subject_key).name: keys,
        core_table(MatchingKey).name: [
            {"key": key, "person_id": person} for person, theirs in kept.items() for key in theirs
        ],
        core_table(NameKey).name: words,
    }
