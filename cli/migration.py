"""Writes the migration that brings a service's history to its tables: `make migration S=… M=…`."""

import asyncio
import importlib
import tempfile
from pathlib import Path

from chassis import migrations
from chassis.db import Database
from chassis.revision import NEWEST, script_of


async def write(service: str, message: str | None) -> None:
    """Write what the tables have more than the history, if told what, and what a new file gets."""
    module = "gateway.main" if service == "gateway" else f"services.{service}.main"
    main = importlib.import_module(module)
    folder = main.SERVICE.folder / "migrations"
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "scratch.sqlite"
        database = Database(f"sqlite+aiosqlite:///{file}", main.SERVICE.tables)
        await migrations.upgrade(database, folder)
        if message:
            await migrations.write(database, folder, message)
            await migrations.upgrade(database, folder)
        await database.close()
        (folder / NEWEST).write_text(script_of(file))


if __name__ == "__main__":
    asyncio.run(write(*migrations.arguments()))
