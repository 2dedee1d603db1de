"""People in need by place and sector, which assistance plans by."""

from collections.abc import Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.indices import service
from services.tracking.indices.definitions import definitions
from services.tracking.indices.models import IndexScore, InNeed
from services.tracking.needs import service as needs
from services.tracking.places.known import COUNTRY
from services.tracking.places.models import Place
from services.tracking.rounds.models import Population
from services.tracking.series.counting import Question
from services.tracking.series.models import TrendPoint
from services.tracking.series.trends import trend

INDEX = "severity_score"
SECTORS = "sectors"
WHOLE = 100


async def in_need(
    session: AsyncSession, *, population: Population, number: int, length: int, place: str | None
) -> list[InNeed]:
    """Return each sector of each place that the round counted anybody in."""
    question = Question(
        place=place or COUNTRY, length=length, population=population, first=number, last=number
    )
    points = [each for each in await trend(session, question) if each.value is not None]
    scores = await service.newest_answers(session, INDEX, number, length)
    named = select(Place.pcode, Place.name_en).where(
        col(Place.pcode).in_({each.pcode for each in points})
    )
    names = dict((await session.exec(named)).all())
    rows = [each for point in points for each in _of_place(point, scores.get(point.pcode), names)]
    level = length // 2 - 1
    told = await needs.named(session, number, population, level=level, parent=place, by="need")
    asked = {each.pcode: each.places_assessed for each in told}
    by_sector = {(each.pcode, each.need): each for each in told}
    for row in (each for each in rows if each.pcode in asked):
        found = by_sector.get((row.pcode, row.sector))
        row.places_asked = asked[row.pcode]
        row.places_named = found.places if found else 0
        row.individuals_there = found.individuals if found else 0
    return rows


def _of_place(
    point: TrendPoint, score: IndexScore | None, names: Mapping[str, str]
) -> list[InNeed]:
    newest = max(version for index, version in definitions() if index == INDEX)
    definition = definitions()[INDEX, score.version if score else newest]
    shares = definition.in_need_percent or {}
    rows = []
    for sector in definition.scales[SECTORS]:
        severity = score.answers.get(sector) if score else None
        percent = shares.get(severity) if severity else None
        people = point.value or 0
        rows.append(
            InNeed(
                pcode=point.pcode,
                name=names.get(point.pcode, point.pcode),
                population=point.population,
                round_number=point.round_number,
                sector=sector,
                individuals=people,
                severity=severity,
                percent=percent,
                in_need=None if percent is None else rounded(people * percent),
                figure_vintage=point.vintage,
                score_vintage=score.vintage if score else None,
                index_version=score.version if score else None,
                explanation=_words(people, sector, severity, percent),
            )
        )
    return rows


def rounded(hundredths: int) -> int:
    """Return hundredths of people as people, half a person upwards."""
    return (hundredths + WHOLE // 2) // WHOLE


def _words(people: int, sector: str, severity: str | None, percent: int | None) -> str:
    if severity is None:
        return f"Nobody has answered how severe needs of {sector} are here in this round."
    return f"{percent} % of {people} people, as needs of {sector} are {severity}."
