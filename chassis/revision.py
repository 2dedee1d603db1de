"""Where a database stands: most starts find it new or at the newest revision, without Alembic."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from chassis.db import Database

VERSION = text("select version_num from alembic_version")
NEWEST = "newest.sql"
"""What the whole history makes of an empty SQLite file, beside it; `make migration` writes it."""
NOT_KEPT_YET = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
"""A draft is given up as a whole, and goes to the disk as a whole."""
CONSTRAINT, END = ",\n\tCONSTRAINT ", "\n);"


async def is_newest(database: Database, folder: Path) -> bool:
    """Say whether the database is at the newest revision, whose number its file begins with."""
    try:
        async with database.read() as session:
            at = (await session.exec(VERSION)).scalars().all()  # type: ignore[call-overload]  # It takes text.
    except Exception:  # noqa: BLE001 - Whatever it is, the migration meets it too, and tells.
        return False
    newest = max(each.name for each in (folder / "versions").glob("[0-9]*_*.py"))
    return list(at) == [newest.partition("_")[0]]


def make_newest(file: Path, folder: Path) -> None:
    """Make a new SQLite file with all tables, or none: the next start does what was cut off."""
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft)) as connection:
        connection.executescript(NOT_KEPT_YET + (folder / NEWEST).read_text())
    with draft.open("rb+") as written:
        os.fsync(written)
    draft.rename(file)


def script_of(file: Path) -> str:
    """Return what makes a file as this one is; it opens a transaction and commits it."""
    with closing(sqlite3.connect(file)) as connection:
        begin, *made, commit = map(_in_order, connection.iterdump())
    made.sort(key=lambda each: "" if each.startswith(("CREATE TABLE", "INSERT")) else each)
    return "\n".join([begin, *made, commit, ""])


def _in_order(statement: str) -> str:
    """Return a statement in one form: migrations that copy a table order nothing around it."""
    text = re.sub(r" +\n", "\n", statement)
    if not text.endswith(END):
        return text
    columns, *constraints = text.removesuffix(END).split(CONSTRAINT)
    return CONSTRAINT.join([columns, *sorted(constraints)]) + END
