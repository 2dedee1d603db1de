"""Published figures of displaced people, as IOM's DTM API tells them."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.displacement import rules
from services.tracking.displacement.models import Displaced
from services.tracking.displacement.rules import Wanted
from services.tracking.places.models import Place
from services.tracking.series.counting import Question
from services.tracking.series.trends import trend


async def displaced(session: AsyncSession, level: int, wanted: Wanted) -> list[Displaced]:
    """Return the rows of a level, by place and round; only published figures are among them."""
    wanted.refuse_without_country()
    if not wanted.of_country():
        return []
    names = {
        place.pcode: place.name_en
        for place in await session.exec(select(Place).where(col(Place.level) <= level))
    }
    points = [
        point
        for component in rules.ASSESSMENTS
        for point in await trend(
            session,
            Question(
                place="LY",
                length=rules.LENGTHS[level],
                population="idp",
                component=component,
                first=wanted.first_round,
                last=wanted.last_round,
                published_only=True,
            ),
        )
    ]
    rows = [rules.row(each, each.value, names) for each in points if each.value is not None]
    return [each for each in rows if wanted.takes(each)]
