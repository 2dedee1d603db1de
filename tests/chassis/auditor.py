"""
One process of several that put things on record at once, and seal at the same time.

    python -m tests.chassis.auditor URL KEY_FILE ENTRIES [without turns]
"""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import IntegrityError

from chassis import audit, crypto
from chassis.audit import chain
from chassis.db import Database
from chassis.vault import key_file
from services.registration.tables import TABLES

AT_ONCE = 8
SEALS = 10
CLERK = audit.Actor("clerk", "iom", ("case_worker",))


async def always(_session: object, _turn: str) -> bool:
    return True


async def main(url: str, keys: Path, entries: int) -> int:
    """Add entries and seal beside it; return how often a seal was taken by another process."""
    database = Database(url, TABLES)
    await crypto.open_vault(database, key_file(keys, may_make=False))
    left, collisions, adding = iter(range(entries)), 0, True

    async def add() -> None:
        for _ in left:
            async with database.write() as session:
                audit.note(session, CLERK, "read", "person", uuid4())

    async def seal() -> None:
        nonlocal collisions
        while adding:
            try:
                await chain.seal(database, SEALS)
            except IntegrityError:
                collisions += 1
            await asyncio.sleep(0)

    sealing = [asyncio.create_task(seal()) for _ in range(2)]
    await asyncio.gather(*(add() for _ in range(AT_ONCE)))
    adding = False
    await asyncio.gather(*sealing)
    await database.close()
    return collisions


if __name__ == "__main__":
    if sys.argv[4:] == ["without", "turns"]:
        # The broken twin: nothing but the numbers' uniqueness keeps two from sealing at once.
        vars(chain)["try_turn"] = always
    print(asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
