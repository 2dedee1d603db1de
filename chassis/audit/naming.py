"""
Whose hashes these are.

A page of entries is about tens of thousands of people. As rows they are as many objects, and the
collector of garbage looks at all of them and more: so they travel as one text each way.
"""

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.audit.entries import HASH_BYTES
from chassis.db import tables_of
from chassis.tables import core_table

AS_WORD = 2 * HASH_BYTES
POSTGRESQL = """
select cast(json_object_agg(encode(hash, 'hex'), subject) as text) from {table}
where hash = any(cast(:told as bytea[]))
"""
# SQLite has no arrays, and takes a limited number of values: it cuts one long one into pieces.
SQLITE = """
with recursive part (at) as (
  select 1 union all select at + :size from part where at + :size <= length(:told)
)
select json_group_object(lower(hex(hash)), subject)
from part cross join {table} on hash = substr(:told, at, :size)
"""


async def names_of(session: AsyncSession, hashes: Collection[bytes]) -> dict[str, str | None]:
    """Return whose hashes these are, by the hash in words; None of whom was forgotten."""
    connection = await session.connection()
    on_sqlite = connection.dialect.name == "sqlite"
    told: dict[str, Any] = {"told": list(hashes)}
    if on_sqlite:
        told = {"told": b"".join(hashes), "size": HASH_BYTES}
    statement = _naming(core_table(tables_of(session).audit_subject).name, on_sqlite=on_sqlite)
    found = (await connection.execute(statement, told)).scalar_one()
    names: dict[str, str | None] = json.loads(found or "{}")
    return names


def in_words(subjects: bytes) -> list[str]:
    """Return the hashes of an entry's subjects, in words."""
    told = subjects.hex()
    return [told[at : at + AS_WORD] for at in range(0, len(told), AS_WORD)]


@cache
def _naming(table: str, *, on_sqlite: bool) -> TextClause:
    return text((SQLITE if on_sqlite else POSTGRESQL).format(table=table))
