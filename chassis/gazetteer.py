"""A service's own small copy of the places: fed by tracking, asked before a record names one."""

from collections.abc import Collection
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import patience
from chassis.db import Database
from chassis.rows import put_newer
from contracts.tracking import PlacesChanged

MANTIKA_LENGTH = 6
PATIENCE_SECONDS = 3.0
"""How long a request waits for a place that was imported a moment ago."""


class PlaceColumns(SQLModel):
    pcode: str = Field(primary_key=True)
    level: int
    parent_pcode: str | None = None
    version: int


class Gazetteer:
    """What a service knows of places, in a table of its own."""

    def __init__(self, table: type[PlaceColumns]) -> None:
        self._table = table
        # Nothing takes a place out of the table: one that is known stays known.
        self._met: WeakKeyDictionary[Database, set[str]] = WeakKeyDictionary()
        among = col(table.pcode).in_(bindparam("pcodes", expanding=True))
        self._among = select(table.pcode).where(among)

    async def keep(self, session: AsyncSession, event: PlacesChanged) -> None:
        """Keep each place as it stands; an older version than the one kept changes nothing."""
        # In one order, so that two reports of the same places do not wait for each other.
        for place in sorted(event.places, key=lambda place: place.pcode):
            row = self._table(**place.model_dump()).model_dump()
            await put_newer(session, self._table, [row], "version")

    async def unknown(
        self, database: Database, pcodes: Collection[str], seconds: float
    ) -> set[str]:
        """
        Return those of the p-codes that no place has.

        A place imported a moment ago may still be on its way here, so a code below a known
        mantika is waited for, at most `seconds`; a code of nowhere is not.
        """
        missing: set[str] = set()

        async def settled() -> bool:
            nonlocal missing
            missing = set(pcodes) - await self._known(database, pcodes)
            return not missing or not await self._may_come(database, missing)

        await patience.until(settled, seconds)
        return missing

    async def _known(self, database: Database, pcodes: Collection[str]) -> set[str]:
        met = self._met.setdefault(database, set())
        if new := set(pcodes) - met:
            async with database.glance() as session:
                met.update((await session.exec(self._among, params={"pcodes": list(new)})).all())
        return met.intersection(pcodes)

    async def _may_come(self, database: Database, missing: Collection[str]) -> bool:
        async with database.read() as session:
            if (await session.exec(select(self._table.pcode).limit(1))).first() is None:
                return True
        return bool(await self._known(database, {pcode[:MANTIKA_LENGTH] for pcode in missing}))
