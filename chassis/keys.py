"""
Gives a service's keys a new wrapping while it serves: `python -m chassis.keys rotate`.

A new version is put into the key file; whoever wraps a key looks there first, so from then on no
old one is used. Then the keys in the database are wrapped anew in batches, and at last the old
version leaves the file. Cut off anywhere, it goes on where it stopped when it is run again.
"""

import asyncio
import fcntl
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func
from sqlmodel import col, select

from chassis import crypto
from chassis.db import Database, take_turns
from chassis.settings import Settings
from chassis.vault import KeyFile, VaultError

BATCH = 500
AGAIN_SECONDS = 0.5


async def rotate(database: Database, path: Path) -> tuple[int, int]:
    """
    Wrap every key of the database under a new version; return that, and how many keys it was.

    VaultError when there is no key file, it is not this database's, or another rotation runs.
    """
    with _alone(path):
        keys = KeyFile(path)
        if len(keys.versions) == 1:
            keys.add_version()
        wrapped = 0
        while not await _retired(database, keys):
            done = await _wrap_some(database, keys)
            wrapped += done
            if not done:
                # What is left belongs to transactions that are not over yet.
                await asyncio.sleep(AGAIN_SECONDS)
        return keys.version, wrapped


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    if not path.exists():
        raise VaultError(f"There is no key file {path}; the service makes it as it first starts.")
    lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise VaultError(f"Another rotation of {path} is running.") from None
    finally:
        os.close(lock)


async def _wrap_some(database: Database, keys: KeyFile) -> int:
    table = database.tables.subject_key
    statement = (
        select(table)
        .where(col(table.version) < keys.version)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    async with database.write() as session:
        rows = (await session.exec(statement)).all()
        for row in rows:
            context = crypto.context(row.subject)
            secret = await keys.unwrap(row.wrapped, row.version, context)
            row.version, row.wrapped = await keys.wrap(secret, context)
            session.add(row)
        return len(rows)


async def _retired(database: Database, keys: KeyFile) -> bool:
    """Take the old versions out of the file, if no key needs them any more."""
    table = database.tables.subject_key
    left = select(func.count()).where(col(table.version) < keys.version)
    async with database.read() as session:
        if (await session.exec(left)).one():
            return False
    async with database.write() as session:
        # Alone in this turn: no transaction holds a key of an old version uncommitted.
        await take_turns(session, crypto.WRAPPING)
        if (await session.exec(left)).one():
            return False
        keys.retire()
        return True


def main() -> None:
    """Rotate the keys of the service that this environment is of, as `chassis.serve` does."""
    if sys.argv[1:] != ["rotate"]:
        sys.exit("usage: python -m chassis.keys rotate")
    module = os.environ["MASAR_SERVICE"].replace("/", ".")
    service = importlib.import_module(f"{module}.main").SERVICE
    settings = Settings()
    database = Database(settings.database_url.get_secret_value(), service.tables)
    sys.stdout.write(asyncio.run(told(database, service.name, settings.home)) + "\n")


async def told(database: Database, name: str, home: Path) -> str:
    """Rotate, close the database, and say in a line what was done."""
    try:
        version, wrapped = await rotate(database, home / "keys" / f"{name}.json")
    except VaultError as error:
        sys.exit(str(error))
    finally:
        await database.close()
    return f"{name}: {wrapped} keys wrapped under version {version}; older versions are gone."


if __name__ == "__main__":
    main()
