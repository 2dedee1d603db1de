"""Published figures of displaced people, as IOM's DTM API tells them."""

from dataclasses import replace

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.displacement import rules
from services.tracking.displacement.models import Displaced
from services.tracking.displacement.rules import Wanted
from services.tracking.places.models import Place
from services.tracking.series import public
from services.tracking.series.counting import Question
from services.tracking.series.trends import trend

REGION = 1
"""The level of places of origin that are public, and what the columns of origin mean by it."""


async def displaced(session: AsyncSession, level: int, wanted: Wanted) -> list[Displaced]:
    """Return the rows of a level, by place and round; only published figures are among them."""
    wanted.refuse_without_country()
    if not wanted.of_country():
        return []
    names = {
        place.pcode: place.name_en
        for place in await session.exec(select(Place).where(col(Place.level) <= max(level, REGION)))
    }
    rows = []
    for component in rules.ASSESSMENTS:
        question = Question(
            place="LY",
            length=rules.LENGTHS[level],
            population="idp",
            component=component,
            first=wanted.first_round,
            last=wanted.last_round,
            published_only=True,
        )
        parts = await _parts(session, question)
        for point in await trend(session, question):
            if point.value is not None:
                told = parts.get((point.pcode, point.round_number), {})
                rows.append(rules.row(point, point.value, names, told))
    return [each for each in rows if wanted.takes(each)]


async def _parts(
    session: AsyncSession, question: Question
) -> dict[tuple[str, int], dict[rules.Part, int]]:
    """Return what is public of a question by sex, reason and origin, by place and round."""
    found: dict[tuple[str, int], dict[rules.Part, int]] = {}
    for dimension in ("sex", "reason", "origin"):
        by = replace(question, by=dimension)
        for line, of_rounds in (await public.cells(session, by)).items():
            for number, cell in of_rounds.items():
                part = (dimension, line.category)
                found.setdefault((line.pcode, number), {})[part] = cell.value
    return found
