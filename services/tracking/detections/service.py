"""What can be done with detections and thresholds. Callers own the transaction."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.caller import Caller
from chassis.clock import now
from chassis.problems import Problem, not_found
from chassis.rows import put
from contracts.tracking import DisplacementDetected
from services.tracking.detections import rules
from services.tracking.detections.models import (
    AcknowledgementIn,
    Detection,
    DetectionOut,
    Threshold,
    ThresholdIn,
)
from services.tracking.places.known import COUNTRY, refuse_unknown
from services.tracking.series.counting import COUNTED, Question
from services.tracking.series.models import PublishedFigure, TrendPoint
from services.tracking.series.trends import trend

LENGTHS = (2, 4, 6, 8)
"""Of the p-codes looked at, from the country to baladiyas; a figure of a muhalla is too rough."""


async def look(session: AsyncSession, population: str, number: int) -> None:
    """
    Look whether a round, if it is the last one, tells of displacement anywhere.

    What was found before stays found once: the same round again adds nothing.
    """
    thresholds = {
        each.pcode: each.individuals
        for each in await session.exec(
            select(Threshold).where(col(Threshold.population) == population)
        )
    }
    known = select(Detection.pcode, Detection.kind).where(
        col(Detection.population) == population, col(Detection.round_number) == number
    )
    found_before = set((await session.exec(known)).all())
    for length in LENGTHS:
        question = Question(place=COUNTRY, length=length, population=population)
        for pcode, points in groupby(await trend(session, question), lambda each: each.pcode):
            for found in _of_round(list(points), thresholds.get(pcode), number):
                if (pcode, found.kind) not in found_before:
                    _keep(session, population, pcode, number, found)


async def look_at_last(session: AsyncSession) -> None:
    """Look at the last published round of each population."""
    last = select(PublishedFigure.population, func.max(PublishedFigure.round_number))
    for population, number in (
        await session.exec(
            last.where(col(PublishedFigure.component) == COUNTED).group_by(
                col(PublishedFigure.population)
            )
        )
    ).all():
        await look(session, population, number)


def _of_round(
    points: Sequence[TrendPoint], threshold: int | None, number: int
) -> Iterable[rules.Found]:
    told = [each.round_number for each in points if each.value is not None]
    return rules.unusual(points, threshold) if told and told[-1] == number else []


def _keep(
    session: AsyncSession, population: str, pcode: str, number: int, found: rules.Found
) -> None:
    row = Detection(population=population, pcode=pcode, round_number=number, **vars(found))
    session.add(row)
    event = DisplacementDetected(
        detection_id=row.id,
        population=population,
        pcode=pcode,
        round_number=number,
        kind=found.kind,
        value=found.value,
        change=found.change,
        low=found.low,
        high=found.high,
    )
    outbox.publish(session, event, subject=str(row.id), sequence=1)


async def find(
    session: AsyncSession,
    *,
    acknowledged: bool | None,
    population: str | None,
    place: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Detection]:
    statement = select(Detection).order_by(col(Detection.id)).limit(limit)
    if acknowledged is not None:
        statement = statement.where(col(Detection.acknowledged_at).is_not(None) == acknowledged)
    if population:
        statement = statement.where(col(Detection.population) == population)
    if place:
        statement = statement.where(col(Detection.pcode).startswith(place, autoescape=True))
    if after:
        statement = statement.where(col(Detection.id) > after)
    return (await session.exec(statement)).all()


async def acknowledge(
    session: AsyncSession, detection: UUID, form: AcknowledgementIn, by: Caller
) -> Detection:
    """Keep what somebody found; 409 when somebody else has found something."""
    found = await session.get(Detection, detection, with_for_update=True)
    if found is None:
        raise not_found("detection")
    if found.acknowledged_at:
        if (found.acknowledged_by, found.finding) != (by.id, form.finding):
            raise Problem(409, "conflict", "It was acknowledged before; read what was found.")
        return found
    found.acknowledged_at, found.acknowledged_by, found.finding = now(), by.id, form.finding
    session.add(found)
    audit.note(session, by, "update", "detection", found.id)
    return found


async def set_threshold(session: AsyncSession, form: ThresholdIn, by: Caller) -> None:
    await refuse_unknown(session, {"/pcode": form.pcode})
    before = await session.get(Threshold, (form.population, form.pcode))
    audit.note(session, by, "update", "threshold", f"{form.population} {form.pcode}")
    if form.individuals is None:
        if before:
            await session.delete(before)
        return
    await put(
        session,
        Threshold(
            population=form.population,
            pcode=form.pcode,
            individuals=form.individuals,
            set_by=by.id,
        ),
    )


async def thresholds(session: AsyncSession) -> Sequence[Threshold]:
    statement = select(Threshold).order_by(col(Threshold.population), col(Threshold.pcode))
    return (await session.exec(statement)).all()


def shown(row: Detection) -> DetectionOut:
    words = rules.explanation(row.kind, row.change, row.low, row.high, row.rounds_compared)
    return DetectionOut.model_validate(row.model_dump() | {"explanation": words})
