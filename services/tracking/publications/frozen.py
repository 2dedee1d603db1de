"""The tables of a publication on their way into the database, and out of it again."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.db import insert_all
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import Cell, Reason, Values
from services.tracking.disclosure.tables import Tables
from services.tracking.publications.models import Publication, PublicCell, WithheldCell


async def keep(
    session: AsyncSession, publication_id: UUID, tables: Tables, hidden: Mapping[Cell, Reason]
) -> None:
    """Keep what is told and, apart from it, what is withheld; neither is ever changed."""
    withheld = {cell: tables.values.get(cell, 0) for cell in hidden}
    told = [
        _key(publication_id, cell)
        | {"level": _level(cell), "value": None if cell in hidden else value}
        for cell, value in (tables.values | withheld).items()
    ]
    await insert_all(session, PublicCell, told)
    kept = [
        _key(publication_id, cell) | {"value": value, "reason": hidden[cell]}
        for cell, value in withheld.items()
    ]
    if kept:
        await insert_all(session, WithheldCell, kept)


def _key(publication_id: UUID, cell: Cell) -> dict[str, object]:
    pcode, dimension, category = cell
    named = {"pcode": pcode, "dimension": dimension, "category": category}
    return {"publication_id": publication_id, **named}


def _level(cell: Cell) -> int:
    return len(cell[0]) // 2 - 1


async def read(session: AsyncSession, publication: Publication) -> Frozen:
    """Return the tables as they were counted, hidden cells too: for the control of others only."""
    values: Values = {}
    for pcode, dimension, category, value in await session.exec(
        select(
            PublicCell.pcode,
            PublicCell.dimension,
            PublicCell.category,
            PublicCell.value,
        ).where(col(PublicCell.publication_id) == publication.id)
    ):
        values[pcode, dimension, category] = value or 0
    hidden: Values = {}
    for pcode, dimension, category, kept in await session.exec(
        select(
            WithheldCell.pcode,
            WithheldCell.dimension,
            WithheldCell.category,
            WithheldCell.value,
        ).where(col(WithheldCell.publication_id) == publication.id)
    ):
        hidden[pcode, dimension, category] = kept
    deepest = max((len(pcode) for pcode, _, _ in values), default=0)
    leaves = frozenset(pcode for pcode, _, _ in values if len(pcode) == deepest)
    return Frozen(values | hidden, frozenset(hidden), leaves, frozenset(publication.dimensions))
