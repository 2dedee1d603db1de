"""
What of publications is read: by anybody what is public, by analysts drafts as well.

Nothing here counts or sums: tables are read as they were frozen, so that no filter tells more
than the whole does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import not_found
from services.tracking.disclosure.rules import TOTAL
from services.tracking.publications import origins
from services.tracking.publications.deciding import PUBLISHED
from services.tracking.publications.models import (
    CellOut,
    Publication,
    PublicCell,
    ReviewedCellOut,
    SuppressionOut,
    WithheldCell,
)
from services.tracking.publications.service import DESIGN
from services.tracking.rounds import service as rounds
from services.tracking.rounds.labels import PLACES
from services.tracking.rounds.models import Dimension

RULE = (
    "Counts from 1 to k - 1 are hidden, and with them as many others as it takes that no hidden "
    "figure can be computed. Of permits, zeros and whole groups are hidden too. Which of these "
    "it is here is not told: it would tell how large the figure is."
)


@dataclass(frozen=True)
class Page:
    """Which cells of a publication: of a level and a dimension, within a place, after a cell."""

    level: int
    by: Dimension | None = None
    parent: str | None = None
    after: tuple[str, str] | None = None
    limit: int = 1000


async def vintages(session: AsyncSession, number: int) -> Sequence[Publication]:
    """Return all public vintages of a round, those of each population the oldest first."""
    statement = select(Publication).where(
        col(Publication.status) == PUBLISHED, col(Publication.round_number) == number
    )
    order = (col(Publication.population), col(Publication.vintage))
    return (await session.exec(statement.order_by(*order))).all()


async def newest(
    session: AsyncSession, *, after: tuple[int, str], limit: int
) -> Sequence[Publication]:
    """Return the newest vintage of each public round and population, in order of both."""
    number, population = col(Publication.round_number), col(Publication.population)
    at, last = after
    statement = (
        select(number, population, func.max(Publication.vintage))
        .where(
            col(Publication.status) == PUBLISHED,
            (number > at) | ((number == at) & (population > last)),
        )
        .group_by(number, population)
        .order_by(number, population)
        .limit(limit)
    )
    keys = (await session.exec(statement)).all()
    return [await public_round(session, *key) for key in keys]


async def public_round(
    session: AsyncSession, number: int, population: str, vintage: int | None = None
) -> Publication:
    """Return one public vintage of a round, the newest unless one is named; else 404."""
    statement = select(Publication).where(
        col(Publication.status) == PUBLISHED,
        col(Publication.round_number) == number,
        col(Publication.population) == population,
    )
    if vintage is not None:
        statement = statement.where(col(Publication.vintage) == vintage)
    newest = statement.order_by(col(Publication.vintage).desc()).limit(1)
    found = (await session.exec(newest)).one_or_none()
    if found is None:
        raise not_found("published round")
    return found


async def cells(session: AsyncSession, publication: Publication, page: Page) -> list[CellOut]:
    """
    Return the cells of a public table as anybody may see them, in order of place and category.

    The one way to published figures for whatever shows them in another form.
    """
    statement = select(PublicCell).where(
        col(PublicCell.publication_id) == publication.id,
        col(PublicCell.level) == page.level,
        col(PublicCell.dimension) == (page.by or TOTAL),
    )
    place, category = col(PublicCell.pcode), col(PublicCell.category)
    if page.parent:
        statement = statement.where(place.startswith(page.parent, autoescape=True))
    if page.after:
        at, last = page.after
        statement = statement.where((place > at) | ((place == at) & (category > last)))
    rows = (await session.exec(statement.order_by(place, category).limit(page.limit))).all()
    names = await rounds.names(session, publication.round_number, {each.pcode for each in rows})
    return [
        CellOut(
            pcode=each.pcode,
            name=names[each.pcode][0],
            name_ar=names[each.pcode][1],
            level=each.level,
            by=page.by,
            category=each.category or None,
            value=each.value,
            suppressed=each.value is None,
        )
        for each in rows
    ]


async def reviewed(
    session: AsyncSession, publication: Publication, page: Page
) -> list[ReviewedCellOut]:
    """Return the same for analysts, who are told why each cell is hidden."""
    why = await _why(session, publication.id, page.by or TOTAL)
    return [
        ReviewedCellOut.model_validate(
            each.model_dump() | {"why": why.get((each.pcode, each.category or ""))}
        )
        for each in await cells(session, publication, page)
    ]


async def _why(session: AsyncSession, publication_id: UUID, by: str) -> dict[tuple[str, str], str]:
    statement = select(WithheldCell.pcode, WithheldCell.category, WithheldCell.reason).where(
        col(WithheldCell.publication_id) == publication_id,
        col(WithheldCell.dimension) == by,
    )
    return {(pcode, category): reason for pcode, category, reason in await session.exec(statement)}


async def suppression(
    session: AsyncSession, publication: Publication, pcode: str, by: str | None, category: str
) -> SuppressionOut:
    """Say whether a cell is hidden and by which rule; 404 for a cell that no table has."""
    key = (publication.id, pcode, by or TOTAL, category)
    found = await session.get(PublicCell, key)
    if found is None:
        raise not_found("published figure")
    k = origins.DESIGN.k if by in PLACES else publication.k
    return SuppressionOut.of(found.value, RULE, k, sensitive=by in DESIGN.sensitive)
