"""The tables of a publication on their way into the database, and out of it again."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.rows import insert_all
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import SMALLEST_FLOWS, TOTAL, Cell, Reason, Values, parent
from services.tracking.disclosure.tables import Tables, coverage
from services.tracking.publications import wholes
from services.tracking.publications.models import Publication, PublicCell, WithheldCell
from services.tracking.rounds.labels import PLACES
from services.tracking.series.models import PublishedFigure

COUNTED = "mobility_tracking"
"""The component of a published series that counts what a round counts."""


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
    values, hidden = await _counted(session, publication)
    places = {pcode for pcode, _, _ in values}
    leaves = frozenset(places - {parent(each) for each in places})
    told = await _published(session, publication.round_number, publication.population)
    values, hidden = (
        {c: n for c, n in of.items() if c[1] not in PLACES} for of in (values, hidden)
    )
    dimensions = frozenset(publication.dimensions) - PLACES
    if not dimensions:
        values, hidden, told = (wholes.with_parts(of) for of in (values, hidden, told))
    secret = frozenset(cell for cell, value in hidden.items() if told.get(cell) != value)
    return Frozen(values | hidden, secret, leaves, wholes.dimensions(dimensions))


async def read_origins(session: AsyncSession, publication: Publication) -> Frozen | None:
    """Return where people come from as it was counted, with the totals of regions."""
    dimensions = frozenset(publication.dimensions) & PLACES
    if not dimensions:
        return None
    of_all = await _counted(session, publication)
    values, hidden = (
        {
            cell: value
            for cell, value in of.items()
            if cell[1] in {TOTAL, *PLACES} and len(cell[0]) <= SMALLEST_FLOWS
        }
        for of in of_all
    )
    places = {pcode for pcode, _, _ in values}
    leaves = frozenset(places - {parent(each) for each in places})
    return Frozen(values | hidden, frozenset(hidden), leaves, dimensions)


async def _counted(session: AsyncSession, publication: Publication) -> tuple[Values, Values]:
    """Return all cells, those that are hidden as zeros, and what the hidden ones hold."""
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
    return values, hidden


async def elsewhere(
    session: AsyncSession, number: int, population: str, places: Iterable[str]
) -> Frozen:
    """Return what others have published of a round: it is known, whatever is hidden here."""
    leaves = frozenset(places)
    assessed = coverage(leaves)
    told = await _published(session, number, population)
    values = {cell: value for cell, value in told.items() if cell[0] in assessed}
    return Frozen(values, frozenset(), leaves, frozenset())


async def _published(session: AsyncSession, number: int, population: str) -> Values:
    statement = (
        select(PublishedFigure.pcode, PublishedFigure.value)
        .where(
            col(PublishedFigure.round_number) == number,
            col(PublishedFigure.population) == population,
            col(PublishedFigure.component) == COUNTED,
        )
        .order_by(col(PublishedFigure.vintage))
    )
    return {(pcode, TOTAL, ""): value for pcode, value in await session.exec(statement)}
