"""
What of published flows is read: by anybody what is public, by analysts drafts as well.

Nothing here counts or sums: tables are read as they were frozen.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import not_found
from services.tracking.flows import countries
from services.tracking.flowtables.models import (
    EACH,
    FlowCellOut,
    FlowPublication,
    FlowSuppressionOut,
    PublicFlow,
    ReviewedFlowOut,
    WithheldFlow,
)
from services.tracking.flowtables.rules import Pair
from services.tracking.places.models import Place
from services.tracking.publications.deciding import PUBLISHED

RULE = (
    "Counts from 1 to k - 1 are hidden, and with them as many others as it takes that no hidden "
    "figure can be computed, by this vintage or another. Which of these it is here is not told: "
    "it would tell how large the figure is."
)
Names = dict[str, tuple[str | None, str | None]]


async def newest(session: AsyncSession, after: str, limit: int) -> Sequence[FlowPublication]:
    """Return the newest vintage of each public month, in order of the months."""
    vintages = (
        select(FlowPublication.month, func.max(FlowPublication.vintage).label("vintage"))
        .where(col(FlowPublication.status) == PUBLISHED, col(FlowPublication.month) > after)
        .group_by(col(FlowPublication.month))
        .subquery()
    )
    statement = (
        select(FlowPublication)
        .join(
            vintages,
            (vintages.c.month == FlowPublication.month)
            & (vintages.c.vintage == FlowPublication.vintage),
        )
        .order_by(col(FlowPublication.month))
    )
    return (await session.exec(statement.limit(limit))).all()


async def public_month(
    session: AsyncSession, month: str, vintage: int | None = None
) -> FlowPublication:
    """Return one public vintage of a month, the newest unless one is named; else 404."""
    statement = select(FlowPublication).where(
        col(FlowPublication.status) == PUBLISHED, col(FlowPublication.month) == month
    )
    if vintage is not None:
        statement = statement.where(col(FlowPublication.vintage) == vintage)
    last = statement.order_by(col(FlowPublication.vintage).desc()).limit(1)
    found = (await session.exec(last)).one_or_none()
    if found is None:
        raise not_found("published month")
    return found


async def cells(
    session: AsyncSession, publication: FlowPublication, after: Pair | None, limit: int
) -> list[FlowCellOut]:
    """Return the cells of a table as anybody may see them, in order of both codes."""
    origin, destination = col(PublicFlow.origin), col(PublicFlow.destination)
    statement = select(PublicFlow).where(col(PublicFlow.publication_id) == publication.id)
    if after:
        first, second = after
        statement = statement.where((origin > first) | ((origin == first) & (destination > second)))
    rows = (await session.exec(statement.order_by(origin, destination).limit(limit))).all()
    names = await _names(session, {code for row in rows for code in (row.origin, row.destination)})
    return [
        FlowCellOut(
            origin=row.origin or None,
            origin_name=names[row.origin][0],
            origin_name_ar=names[row.origin][1],
            destination=row.destination or None,
            destination_name=names[row.destination][0],
            destination_name_ar=names[row.destination][1],
            value=row.value,
            suppressed=row.value is None,
        )
        for row in rows
    ]


async def reviewed(
    session: AsyncSession, publication_id: UUID, shown: Sequence[FlowCellOut]
) -> list[ReviewedFlowOut]:
    """Return cells for analysts, who are told why each is hidden."""
    statement = select(WithheldFlow).where(col(WithheldFlow.publication_id) == publication_id)
    why = {(each.origin, each.destination): each.reason for each in await session.exec(statement)}
    return [
        ReviewedFlowOut.model_validate(
            each.model_dump() | {"why": why.get((each.origin or EACH, each.destination or EACH))}
        )
        for each in shown
    ]


async def suppression(
    session: AsyncSession, publication: FlowPublication, pair: Pair
) -> FlowSuppressionOut:
    """Say whether a cell is hidden and by which rule; 404 for a cell that the table has not."""
    found = await session.get(PublicFlow, (publication.id, *pair))
    if found is None:
        raise not_found("published figure")
    return FlowSuppressionOut.of(found.value, RULE, publication.k)


async def _names(session: AsyncSession, codes: Collection[str]) -> Names:
    known = select(Place.pcode, Place.name_en, Place.name_ar).where(col(Place.pcode).in_(codes))
    found: Names = {code: countries.names(code) for code in codes}
    found |= {pcode: (name, name_ar) for pcode, name, name_ar in await session.exec(known)}
    return found | {EACH: (None, None)}
