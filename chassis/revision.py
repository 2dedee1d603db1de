"""Whether there is anything to migrate: most starts find nothing, and need no Alembic to know."""

from pathlib import Path

from sqlalchemy import text

from chassis.db import Database

VERSION = text("select version_num from alembic_version")


async def is_newest(database: Database, folder: Path) -> bool:
    """Say whether the database is at the newest revision, whose number its file begins with."""
    if not database.exists():
        return False
    try:
        async with database.read() as session:
            at = (await session.exec(VERSION)).scalars().all()  # type: ignore[call-overload]  # It takes text.
    except Exception:  # noqa: BLE001 - Whatever it is, the migration meets it too, and tells.
        return False
    newest = max(each.name for each in (folder / "versions").glob("[0-9]*_*.py"))
    return list(at) == [newest.partition("_")[0]]
