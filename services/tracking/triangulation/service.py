"""What can be done with estimates and the choice between them. Callers own the transaction."""

from collections.abc import Sequence
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.caller import Caller
from chassis.problems import Problem
from chassis.rows import insert_all, insert_new, new_row
from services.tracking.assessments.models import Submission
from services.tracking.assessments.questions import Question
from services.tracking.informants.service import reliability_of
from services.tracking.places.known import refuse_unknown
from services.tracking.triangulation import rules
from services.tracking.triangulation.models import (
    SCOPING,
    ChoiceIn,
    Chosen,
    ChosenFigure,
    Estimate,
    EstimateIn,
    FigureKey,
    KeyColumns,
    Triangulated,
)

KEY = ("place_pcode", "dimension", "category")
RELIABILITY = {"direct_observation": "high", "secondary_data": "medium", "previous_round": "low"}
"""How far sources are relied on that are no informants."""
Key = tuple[str, str, str]


async def estimate(session: AsyncSession, form: EstimateIn, access: Access) -> Estimate:
    """Keep what a source says of a figure; what the same informant had said is replaced."""
    access.refuse_elsewhere(form.place_pcode)
    await refuse_unknown(session, {"/place_pcode": form.place_pcode})
    organisation = access.caller.organisation
    if form.informant_id:
        reliability = await reliability_of(session, form.informant_id, organisation)
        same = col(Estimate.informant_id) == form.informant_id
        await session.exec(delete(Estimate).where(same, *_of(Estimate, form)))
    else:
        reliability = RELIABILITY[form.source]
    found = Estimate(
        **form.model_dump(),
        reliability=reliability,
        organisation=organisation,
        created_by=access.caller.id,
    )
    session.add(found)
    audit.note(session, access.caller, "create", "estimate", found.id)
    return found


async def take_answers(
    session: AsyncSession, submissions: Sequence[Submission], asked: Sequence[Question]
) -> None:
    """Let each answer that estimates a figure be an estimate; those of earlier versions go."""
    corrected = [each.id for each in submissions if each.version > 1]
    if corrected:
        await session.exec(delete(Estimate).where(col(Estimate.submission_id).in_(corrected)))
    figures = {each.name: each.figure.model_dump() for each in asked if each.figure}
    rows = [
        new_row(
            Estimate,
            round_number=each.round_number,
            place_pcode=each.place_pcode,
            **figure,
            value=each.answers[name],
            source="assessment",
            reliability="untested",
            told_on=each.collected_on,
            submission_id=each.id,
            organisation=each.organisation,
            created_by=each.created_by,
        )
        for each in submissions
        if each.round_number is not None and each.place_pcode is not None
        for name, figure in figures.items()
        if name in each.answers
    ]
    await insert_all(session, Estimate, rows)


async def find(
    session: AsyncSession,
    access: Access,
    *,
    round_number: int | None,
    place: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Estimate]:
    statement = select(Estimate).where(access.rows(SCOPING))
    if round_number:
        statement = statement.where(col(Estimate.round_number) == round_number)
    if place:
        statement = statement.where(col(Estimate.place_pcode).startswith(place, autoescape=True))
    if after:
        statement = statement.where(col(Estimate.id) > after)
    return (await session.exec(statement.order_by(col(Estimate.id)).limit(limit))).all()


async def choose(session: AsyncSession, form: ChoiceIn, caller: Caller) -> Triangulated:
    """Choose the value of a figure; 422 when it does not come out of its estimates as is said."""
    statement = select(Estimate).where(*_of(Estimate, form))
    estimates = (await session.exec(statement)).all()
    rules.check(form, estimates)
    before = await _chosen(session, _of(ChosenFigure, form))
    last = next(iter(before.values()), None)
    values = [each.value for each in estimates]
    chosen = ChosenFigure(
        **form.model_dump(),
        version=last.version + 1 if last else 1,
        estimates=len(values),
        lowest=min(values),
        highest=max(values),
        chosen_by=caller.id,
    )
    if not await insert_new(session, chosen):
        raise Problem(409, "conflict", "Somebody has chosen a value of this figure just now.")
    audit.note(session, caller, "approve", "triangulation", chosen.id, reason=form.method)
    return _shown((form.place_pcode, form.dimension, form.category), estimates, chosen)


async def triangulated(
    session: AsyncSession,
    *,
    round_number: int,
    population: str,
    place: str | None,
    after: Key | None,
    limit: int,
) -> list[Triangulated]:
    """Return the figures of a round that somebody has estimated, in order of place and category."""
    columns = [col(getattr(Estimate, name)) for name in KEY]
    statement = select(*columns).distinct().order_by(*columns).limit(limit)
    ours = (col(Estimate.round_number) == round_number, col(Estimate.population) == population)
    statement = statement.where(*ours)
    if place:
        statement = statement.where(col(Estimate.place_pcode).startswith(place, autoescape=True))
    if after:
        statement = statement.where(tuple_(*columns) > after)
    keys: list[Key] = [(pcode, dim, cat) for pcode, dim, cat in await session.exec(statement)]
    pcodes = {pcode for pcode, _, _ in keys}
    found: dict[Key, list[Estimate]] = {key: [] for key in keys}
    wanted = select(Estimate).where(*ours, col(Estimate.place_pcode).in_(pcodes))
    for each in (await session.exec(wanted)).all():
        if (key := _key(each)) in found:
            found[key].append(each)
    chosen = await chosen_values(session, round_number, population, pcodes)
    return [_shown(key, estimates, chosen.get(key)) for key, estimates in found.items()]


async def chosen_values(
    session: AsyncSession, round_number: int, population: str, pcodes: set[str] | None = None
) -> dict[Key, ChosenFigure]:
    """Return the values chosen last for the figures of a round, by place and category."""
    wanted = [
        col(ChosenFigure.round_number) == round_number,
        col(ChosenFigure.population) == population,
    ]
    if pcodes is not None:
        wanted.append(col(ChosenFigure.place_pcode).in_(pcodes))
    return await _chosen(session, wanted)


async def _chosen(
    session: AsyncSession, wanted: Sequence[ColumnElement[bool]]
) -> dict[Key, ChosenFigure]:
    statement = select(ChosenFigure).where(*wanted).order_by(col(ChosenFigure.version))
    return {_key(each): each for each in (await session.exec(statement)).all()}


def _of(kept: type[Estimate] | type[ChosenFigure], key: FigureKey) -> list[ColumnElement[bool]]:
    values: dict[str, Any] = key.model_dump(include=set(FigureKey.model_fields))
    return [col(getattr(kept, name)) == value for name, value in values.items()]


def _key(each: KeyColumns) -> Key:
    return each.place_pcode, each.dimension, each.category


def _shown(key: Key, estimates: Sequence[Estimate], chosen: ChosenFigure | None) -> Triangulated:
    values = [each.value for each in estimates]
    return Triangulated(
        **dict(zip(KEY, key, strict=True)),
        estimates=rules.said(estimates),
        lowest=min(values),
        median=median(values),
        highest=max(values),
        spread=rules.spread(values),
        chosen=Chosen.model_validate(chosen, from_attributes=True) if chosen else None,
    )
