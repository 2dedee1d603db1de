"""What can be done with scores. Callers own the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.problems import Fault, Problem
from services.tracking.indices import rules
from services.tracking.indices.definitions import Definition, definitions, newest
from services.tracking.indices.models import IndexScore, ScoreIn, ScoreOut
from services.tracking.places.known import refuse_unknown


async def keep(session: AsyncSession, form: ScoreIn, by: Caller) -> tuple[IndexScore, bool]:
    """Keep a place's answers and their score; return it, and whether it was new."""
    definition = _definition(form)
    await refuse_unknown(session, {"/pcode": form.pcode})
    scored = rules.score(definition, form.answers)
    before = select(IndexScore).where(
        col(IndexScore.index) == form.index,
        col(IndexScore.pcode) == form.pcode,
        col(IndexScore.round_number) == form.round_number,
    )
    vintages = (await session.exec(before.order_by(col(IndexScore.vintage)))).all()
    last = vintages[-1] if vintages else None
    if last and (last.answers, last.version) == (form.answers, definition.version):
        return last, False
    if last and not form.restated_because:
        detail = "Other answers are known; say why in `restated_because`."
        fault = Fault(pointer="/restated_because", code="missing", detail=detail)
        raise Problem(422, "restatement-unexplained", detail, errors=[fault])
    row = IndexScore(
        **form.model_dump(exclude={"version", "restated_because"}),
        version=definition.version,
        vintage=len(vintages) + 1,
        score=scored.score,
        band=scored.band,
        restated_because=form.restated_because if last else None,
        recorded_by=by.id,
    )
    session.add(row)
    audit.note(session, by, "create", "index_score", row.id)
    return row, True


def _definition(form: ScoreIn) -> Definition:
    wanted = newest(form.index)
    if form.version is not None:
        wanted = definitions().get((form.index, form.version))
    if wanted is None:
        fault = Fault(pointer="/version", code="unknown_version", detail="No such version.")
        raise Problem(422, "validation", "The index has no such version.", errors=[fault])
    return wanted


async def find(
    session: AsyncSession,
    *,
    index: str | None,
    place: str | None,
    number: int | None,
    after: UUID | None,
    limit: int,
) -> Sequence[IndexScore]:
    """Return scores with every vintage, in the order in which they came in."""
    statement = select(IndexScore).order_by(col(IndexScore.id)).limit(limit)
    if index:
        statement = statement.where(col(IndexScore.index) == index)
    if place:
        statement = statement.where(col(IndexScore.pcode).startswith(place, autoescape=True))
    if number:
        statement = statement.where(col(IndexScore.round_number) == number)
    if after:
        statement = statement.where(col(IndexScore.id) > after)
    return (await session.exec(statement)).all()


async def newest_answers(session: AsyncSession, index: str, number: int) -> dict[str, IndexScore]:
    """Return the last vintage of each place of any level, by p-code."""
    statement = select(IndexScore).where(
        col(IndexScore.index) == index, col(IndexScore.round_number) == number
    )
    found = (await session.exec(statement.order_by(col(IndexScore.vintage)))).all()
    return {each.pcode: each for each in found}


def shown(row: IndexScore) -> ScoreOut:
    """Return a score with its explanation, by the version of the index that made it."""
    definition = definitions()[row.index, row.version]
    scored = rules.score(definition, row.answers)
    told: dict[str, Any] = row.model_dump() | {
        "scales": scored.scales,
        "explanation": rules.explanation(definition, scored),
        "parts": [vars(each) for each in scored.parts],
        "missing": scored.missing,
    }
    return ScoreOut.model_validate(told)
