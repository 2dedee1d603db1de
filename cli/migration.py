"""Writes the migration that brings a service's history to its tables: `make migration S=… M=…`."""

import asyncio
import importlib
import tempfile
from pathlib import Path

from chassis import migrations
from chassis.db import Database


async def write(service: str, message: str) -> None:
    """Bring an empty database to the newest revision and write what the tables have more."""
    module = "gateway.main" if service == "gateway" else f"services.{service}.main"
    main = importlib.import_module(module)
    folder = main.SERVICE.folder / "migrations"
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite+aiosqlite:///{Path(scratch) / 'scratch.sqlite'}"
        database = Database(url, main.SERVICE.tables)
        await migrations.upgrade(database, folder)
        await migrations.write(database, folder, message)
        await database.close()


if __name__ == "__main__":
    asyncio.run(write(*migrations.arguments()))
