"""Rounds as they were published here: frozen figures, in which what is hidden stays hidden."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.publications.deciding import PUBLISHED
from services.tracking.publications.models import Publication, PublicCell
from services.tracking.rounds.coverage import ABOVE_ALL
from services.tracking.rounds.periods import bounds
from services.tracking.series.counting import COUNTED, Counted, Known, Line, Question


async def cells(session: AsyncSession, question: Question) -> dict[Line, dict[int, Counted]]:
    """Return the figures of the newest vintage of each public round; a hidden one is none."""
    found: dict[Line, dict[int, Counted]] = defaultdict(dict)
    for publication, cell in await _newest(session, question):
        if cell.value is None or publication.decided_at is None or publication.vintage is None:
            continue
        line = Line(publication.population, cell.pcode, cell.category)
        period = bounds(publication.period)
        of_round = Known(publication.vintage, publication.decided_at.date(), *period)
        found[line][publication.round_number] = Counted(cell.value, None, of_round)
    return found


async def hidden(session: AsyncSession, question: Question) -> set[tuple[Line, int]]:
    """Return what the newest vintage of each public round hides, which nothing else may tell."""
    return {
        (Line(publication.population, cell.pcode, cell.category), publication.round_number)
        for publication, cell in await _newest(session, question)
        if cell.value is None
    }


async def _newest(
    session: AsyncSession, question: Question
) -> Sequence[tuple[Publication, PublicCell]]:
    if question.component != COUNTED:
        return []
    newest = (
        select(
            Publication.round_number,
            Publication.population,
            func.max(Publication.vintage).label("vintage"),
        )
        .where(col(Publication.status) == PUBLISHED)
        .group_by(col(Publication.round_number), col(Publication.population))
        .subquery()
    )
    statement = (
        select(Publication, PublicCell)
        .join(PublicCell, col(PublicCell.publication_id) == col(Publication.id))
        .join(
            newest,
            (newest.c.round_number == Publication.round_number)
            & (newest.c.population == Publication.population)
            & (newest.c.vintage == Publication.vintage),
        )
        .where(
            col(Publication.status) == PUBLISHED,
            col(PublicCell.dimension) == question.dimension,
            col(PublicCell.pcode).between(question.place, question.place + ABOVE_ALL),
            func.length(PublicCell.pcode) == question.length,
        )
    )
    if question.population:
        statement = statement.where(col(Publication.population) == question.population)
    return (await session.exec(statement)).all()
