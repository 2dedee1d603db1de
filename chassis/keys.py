"""
Gives a service's keys a new wrapping: `python -m chassis.keys rotate`, while it serves.

A new version is put into the key file; whoever wraps a key looks there first, so from then on no
old one is used. Then the keys in the database are wrapped anew in batches, and at last the old
version leaves the file. Cut off anywhere, it goes on where it stopped when it is run again.

`python -m chassis.keys move` brings the keys of a service that is stopped from its key file to the
key service that the settings name.
"""

import asyncio
import fcntl
import importlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.db import Database, tables_of
from chassis.settings import Settings
from chassis.transit import Transit, TransitKeys, engine_of
from chassis.turns import take_turns
from chassis.vault import KeyFile, VaultError, set_aside

BATCH = 500
AGAIN_SECONDS = 0.5


async def rotate(database: Database, path: Path) -> tuple[int, int]:
    """
    Wrap every key of the database under a new version; return that, and how many keys it was.

    VaultError when there is no key file, it is not this database's, or another rotation runs.
    """
    with _alone(path):
        return await _rotate(database, KeyFile(path))


async def rotate_at(database: Database, keys: TransitKeys) -> tuple[int, int]:
    """Do the same at a key service, which never tells a key; VaultError if it cannot be asked."""
    with _alone(keys.path):
        return await _rotate(database, keys)


async def _rotate(database: Database, keys: KeyFile | TransitKeys) -> tuple[int, int]:
    await keys.begin_rotation()
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


async def _wrap_some(database: Database, keys: KeyFile | TransitKeys) -> int:
    table = database.tables.subject_key
    statement = (
        select(table)
        .where(col(table.version) < keys.version)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    async with database.write() as session:
        rows = (await session.exec(statement)).all()
        old = [(row.wrapped, row.version, crypto.context(row.subject)) for row in rows]
        for row, (version, wrapped) in zip(rows, await keys.rewrap(old), strict=True):
            row.version, row.wrapped = version, wrapped
            session.add(row)
        return len(rows)


async def _retired(database: Database, keys: KeyFile | TransitKeys) -> bool:
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
        await keys.retire()
        return True


async def move(database: Database, keys: TransitKeys, path: Path) -> int:
    """
    Wrap every key of the database at the key service, and set the key file aside.

    It is all done or nothing is, and can be run again. VaultError when the file is not there or
    is not this database's, or the key service cannot be asked.
    """
    with _alone(path):
        file = KeyFile(path)
        await keys.keep_hashing_key(file.hashing_key)
        await keys.open(may_make=False)
        if keys.hashing_key != file.hashing_key:
            raise VaultError("The key service has other keys of this service already.")
        async with database.write() as session:
            await take_turns(session, crypto.WRAPPING)
            moved = await _move_all(session, file, keys)
        set_aside(path)
        return moved


async def _move_all(session: AsyncSession, file: KeyFile, keys: TransitKeys) -> int:
    table, last, moved = tables_of(session).subject_key, "", 0
    while True:
        statement = select(table).where(col(table.subject) > last)
        rows = (await session.exec(statement.order_by(col(table.subject)).limit(BATCH))).all()
        if not rows:
            return moved
        contexts = [crypto.context(row.subject) for row in rows]
        opened = await file.unwrap_all(
            [(row.wrapped, row.version, each) for row, each in zip(rows, contexts, strict=True)]
        )
        anew = await keys.wrap_all(list(zip(opened, contexts, strict=True)))
        for row, (version, wrapped) in zip(rows, anew, strict=True):
            row.version, row.wrapped = version, wrapped
            session.add(row)
        last, moved = rows[-1].subject, moved + len(rows)


def main() -> None:
    """Do it for the service that this environment is of, as `chassis.serve` does."""
    if sys.argv[1:] not in ([each] for each in COMMANDS):
        sys.exit(f"usage: python -m chassis.keys {' | '.join(COMMANDS)}")
    module = os.environ["MASAR_SERVICE"].replace("/", ".")
    service = importlib.import_module(f"{module}.main").SERVICE
    settings = Settings()
    database = Database(settings.database_url.get_secret_value(), service.tables)
    do = COMMANDS[sys.argv[1]]
    sys.stdout.write(asyncio.run(told(database, service.name, settings, do)) + "\n")


async def _rotated(database: Database, name: str, settings: Settings) -> str:
    if settings.kms_url is None:
        done = await rotate(database, settings.home / "keys" / f"{name}.json")
    else:
        async with _at_the_key_service(settings, name) as keys:
            await keys.open(may_make=False)
            done = await rotate_at(database, keys)
    version, wrapped = done
    return f"{name}: {wrapped} keys wrapped under version {version}; older versions are gone."


async def _moved(database: Database, name: str, settings: Settings) -> str:
    async with _at_the_key_service(settings, name) as keys:
        moved = await move(database, keys, settings.home / "keys" / f"{name}.json")
    return f"{name}: {moved} keys are at the key service; destroy {name}.moved and its backups."


@asynccontextmanager
async def _at_the_key_service(settings: Settings, name: str) -> AsyncIterator[TransitKeys]:
    transit = Transit(engine_of(settings, name))
    try:
        yield TransitKeys(transit, settings.home / "keys" / f"{name}.kms.json")
    finally:
        await transit.close()


COMMANDS = {"rotate": _rotated, "move": _moved}


async def told(
    database: Database,
    name: str,
    settings: Settings,
    do: Callable[[Database, str, Settings], Awaitable[str]] = _rotated,
) -> str:
    """Do it, close the database, and say in a line what was done."""
    try:
        return await do(database, name, settings)
    except VaultError as error:
        sys.exit(str(error))
    finally:
        await database.close()


if __name__ == "__main__":
    main()
