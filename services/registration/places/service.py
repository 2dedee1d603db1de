"""Which places registration knows, and how long it waits for one just imported."""

from collections.abc import Collection

from sqlalchemy import bindparam
from sqlmodel import col, select

from chassis import patience
from chassis.db import Database
from chassis.problems import Fault, Problem
from services.registration.places.models import Place

MANTIKA_LENGTH = 6

# Each registration asks it: it is put together once.
AMONG = select(Place.pcode).where(col(Place.pcode).in_(bindparam("pcodes", expanding=True)))


async def unknown(database: Database, pcodes: Collection[str], seconds: float) -> set[str]:
    """
    Return those of the p-codes that no place has.

    A place imported a moment ago may still be on its way here, so a code below a known mantika
    is waited for, at most `seconds`; a code of nowhere is not.
    """
    missing: set[str] = set()

    async def settled() -> bool:
        nonlocal missing
        missing = set(pcodes) - await _known(database, pcodes)
        return not missing or not await _may_come(database, missing)

    await patience.until(settled, seconds)
    return missing


async def _known(database: Database, pcodes: Collection[str]) -> set[str]:
    async with database.glance() as session:
        return set((await session.exec(AMONG, params={"pcodes": list(set(pcodes))})).all())


async def _may_come(database: Database, missing: Collection[str]) -> bool:
    async with database.read() as session:
        if (await session.exec(select(Place.pcode).limit(1))).first() is None:
            return True
    mantikas = {pcode[:MANTIKA_LENGTH] for pcode in missing}
    return bool(await _known(database, mantikas))


def refuse_unknown(pointer: str = "/location_pcode") -> Problem:
    fault = Fault(pointer=pointer, code="unknown_place", detail="No place has this p-code.")
    return Problem(422, "unknown-place", "The place is not known.", errors=[fault])
