"""An empty SQLite file is migrated once for each history, and copied from then on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from chassis import migrations
from chassis.db import Database

really_upgrade = migrations.upgrade


@pytest.fixture(scope="session", autouse=True)
def histories_are_run_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Spare most tests what each start of a service on a new file would do over again.

    The service still looks whether it is at the newest revision. What a history does to records,
    and that it ends at the tables as they are, are tests of their own.
    """
    kept = tmp_path_factory.mktemp("migrated")

    async def upgrade(database: Database, folder: Path) -> None:
        url = make_url(str(database.writer.url))
        copy = kept / "-".join(folder.parts[1:])
        if not database.is_sqlite or not url.database or Path(url.database).exists():
            await really_upgrade(database, folder)
            return
        if not copy.exists():
            new = Database(f"sqlite+aiosqlite:///{copy}.new", database.tables)
            await really_upgrade(new, folder)
            await new.close()
            Path(f"{copy}.new").rename(copy)
        shutil.copyfile(copy, url.database)
        await really_upgrade(database, folder)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrations, "upgrade", upgrade)
        yield
