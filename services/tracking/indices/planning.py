"""People in need by place and sector, which assistance plans by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.indices import service
from services.tracking.indices.definitions import definitions
from services.tracking.indices.models import IndexScore, InNeed
from services.tracking.needs import service as needs
from services.tracking.places.known import COUNTRY
from services.tracking.places.models import Place
from services.tracking.rounds import service as rounds
from services.tracking.rounds.models import Population
from services.tracking.series.counting import Question
from services.tracking.series.models import PublishedFigure, TrendPoint
from services.tracking.series.trends import trend

INDEX = "severity_score"
SECTORS = "sectors"
WHOLE = 100
NOTHING = dict.fromkeys(("severity", "percent", "score_vintage", "index_version"))


async def in_need(
    session: AsyncSession, *, population: Population, number: int, length: int, place: str | None
) -> list[InNeed]:
    """Return each sector of each place that the round counted anybody in."""
    question = Question(
        place=place or COUNTRY, length=length, population=population, first=number, last=number
    )
    points = [each for each in await trend(session, question) if each.value is not None]
    if not points:
        await _refuse_unknown(session, number)
    scored = Scored(await service.newest_answers(session, INDEX, number))
    for below in scored.lengths(length):
        for point in await trend(session, replace(question, length=below)):
            scored.people[point.pcode] = point.value or 0
    named = select(Place.pcode, Place.name_en).where(
        col(Place.pcode).in_({each.pcode for each in points})
    )
    names = dict((await session.exec(named)).all())
    rows = [each for point in points for each in _of_place(point, scored, names)]
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


async def _refuse_unknown(session: AsyncSession, number: int) -> None:
    """Raise 404 for a round that nobody told of: it would look as if nobody were in need."""
    told = select(PublishedFigure.id).where(col(PublishedFigure.round_number) == number)
    if (await session.exec(told.limit(1))).first() is None:
        await rounds.refuse_unknown(session, number)


@dataclass
class Scored:
    """The scores of a round by p-code, and how many people the round counted where they are of."""

    scores: Mapping[str, IndexScore]
    people: dict[str, int] = field(default_factory=dict)

    def lengths(self, length: int) -> list[int]:
        """Return how long the p-codes are of places that are smaller than those asked for."""
        return sorted({len(pcode) for pcode in self.scores if len(pcode) > length})

    def of(self, pcode: str, sector: str) -> IndexScore | None:
        found = self.scores.get(pcode)
        return found if found and sector in found.answers else None

    def within(self, pcode: str, sector: str) -> list[IndexScore]:
        """Return the scores of the largest places in a place that answer for a sector."""
        found: list[IndexScore] = []
        for each in sorted(self.scores):
            inner = each.startswith(pcode) and each != pcode and each in self.people
            if inner and not (found and each.startswith(found[-1].pcode)):
                found += [score] if (score := self.of(each, sector)) else []
        return found

    def around(self, pcode: str, sector: str) -> IndexScore | None:
        """Return the score of the smallest place that a place lies in, and that answers."""
        lengths = range(len(pcode) - 2, 0, -2)
        around = (self.of(pcode[:length], sector) for length in lengths)
        return next(filter(None, around), None)


def _of_place(point: TrendPoint, scored: Scored, names: Mapping[str, str]) -> list[InNeed]:
    people = point.value or 0
    whole = {
        "pcode": point.pcode,
        "name": names.get(point.pcode, point.pcode),
        "population": point.population,
        "round_number": point.round_number,
        "individuals": people,
        "figure_vintage": point.vintage,
    }
    newest = max(version for index, version in definitions() if index == INDEX)
    return [
        InNeed.model_validate(whole | {"sector": sector} | _by(point.pcode, people, sector, scored))
        for sector in definitions()[INDEX, newest].scales[SECTORS]
    ]


def _by(pcode: str, people: int, sector: str, scored: Scored) -> dict[str, Any]:
    """Return what is known of how many of a place's people are in need of a sector, and by what."""
    own, within = scored.of(pcode, sector), scored.within(pcode, sector)
    if own or not within:
        return _by_one(pcode, people, sector, own or scored.around(pcode, sector))
    there = sum(scored.people[each.pcode] for each in within)
    in_need = sum(
        rounded(scored.people[each.pcode] * percent_of(each, each.answers[sector]))
        for each in within
    )
    words = f"{in_need} of {there} people in {len(within)} scored places within it"
    words += f"; of {people - there} others nobody has answered." if there < people else "."
    return NOTHING | {"in_need": in_need, "individuals_scored": there, "explanation": words}


def _by_one(pcode: str, people: int, sector: str, score: IndexScore | None) -> dict[str, Any]:
    if score is None:
        words = f"Nobody has answered how severe needs of {sector} are here in this round."
        return NOTHING | {"in_need": None, "individuals_scored": 0, "explanation": words}
    severity = score.answers[sector]
    percent = percent_of(score, severity)
    what = severity if score.pcode == pcode else f"{severity} in {score.pcode}, where it lies"
    return {
        "severity": severity,
        "percent": percent,
        "in_need": rounded(people * percent),
        "individuals_scored": people,
        "score_vintage": score.vintage,
        "index_version": score.version,
        "explanation": f"{percent} % of {people} people, as needs of {sector} are {what}.",
    }


def percent_of(score: IndexScore, severity: str) -> int:
    return (definitions()[INDEX, score.version].in_need_percent or {})[severity]


def rounded(hundredths: int) -> int:
    """Return hundredths of people as people, half a person upwards."""
    return (hundredths + WHOLE // 2) // WHOLE
