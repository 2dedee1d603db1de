"""What a round's figures disagree about, and who explained it. Callers own the transaction."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.problems import Problem
from chassis.rows import put
from services.tracking.consistency import rules
from services.tracking.consistency.models import (
    DisagreementOut,
    Explanation,
    ExplanationIn,
    ExplanationOut,
    StatedTotal,
)
from services.tracking.rounds.coverage import rows
from services.tracking.rounds.models import Figure

Figures = dict[rules.Key, int]


async def state(
    session: AsyncSession,
    number: int,
    population: str,
    totals: Mapping[rules.Where, tuple[int, str]],
) -> None:
    """Keep what a source says of its totals, with the sheet and row that says it."""
    await session.exec(delete(StatedTotal).where(*_of(StatedTotal, number, population)))
    session.add_all(
        StatedTotal(
            round_number=number,
            population=population,
            pcode=pcode,
            dimension=dimension,
            value=value,
            source=source,
        )
        for (pcode, dimension), (value, source) in totals.items()
    )


async def figures(session: AsyncSession, number: int, population: str) -> Figures:
    """Return every figure of a round, at the places that were assessed."""
    statement = select(Figure.pcode, Figure.dimension, Figure.category, Figure.value).where(
        col(Figure.round_number) == number, col(Figure.population) == population
    )
    return {(pcode, dim, category): n for pcode, dim, category, n in await session.exec(statement)}


async def _sums(session: AsyncSession, number: int, population: str) -> Figures:
    """Return what the categories of each dimension sum to, which is all that can disagree."""
    statement = (
        rows(Figure.pcode, Figure.dimension, func.sum(Figure.value))
        .where(col(Figure.round_number) == number, col(Figure.population) == population)
        .group_by(col(Figure.pcode), col(Figure.dimension))
    )
    return {(pcode, dim, ""): int(n) for pcode, dim, n in await session.exec(statement)}


async def find(session: AsyncSession, number: int, population: str) -> list[DisagreementOut]:
    """Return all disagreements of a round by place and dimension, each with its explanation."""
    stated = {
        (each.pcode, each.dimension): each
        for each in await session.exec(
            select(StatedTotal).where(*_of(StatedTotal, number, population))
        )
    }
    explained = {
        (each.pcode, each.dimension): each
        for each in await session.exec(
            select(Explanation).where(*_of(Explanation, number, population))
        )
    }
    totals = {where: each.value for where, each in stated.items()}
    kept = await _sums(session, number, population)
    return [
        DisagreementOut(
            **vars(each),
            population=population,
            source=source.source if (source := stated.get((each.pcode, each.dimension))) else None,
            explanation=_explanation(each, explained.get((each.pcode, each.dimension))),
        )
        for each in sorted(rules.disagreements(kept, totals))
    ]


def _explanation(of: rules.Disagreement, found: Explanation | None) -> ExplanationOut | None:
    if found is None or (found.parts, found.whole) != (of.parts, of.whole):
        return None
    return ExplanationOut.model_validate(found, from_attributes=True)


async def explain(
    session: AsyncSession, number: int, population: str, form: ExplanationIn, by: Caller
) -> DisagreementOut:
    """Put on record why a disagreement stands; 409 when there is none at this place."""
    for each in await find(session, number, population):
        if (each.pcode, each.dimension) == (form.pcode, form.dimension):
            break
    else:
        raise Problem(409, "out-of-order", "Nothing disagrees there; nothing is to be explained.")
    explanation = Explanation(
        round_number=number,
        population=population,
        parts=each.parts,
        whole=each.whole,
        explained_by=by.id,
        explained_at=now(),
        **form.model_dump(),
    )
    await put(session, explanation)
    audit.note(session, by, "explain", "disagreement", f"{population}-{number}-{form.pcode}")
    told = ExplanationOut.model_validate(explanation, from_attributes=True)
    return each.model_copy(update={"explanation": told})


async def refuse_unexplained(session: AsyncSession, number: int, population: str) -> None:
    """Raise 409 while a sum of the round is neither right nor explained."""
    found = await find(session, number, population)
    if left := sum(each.explanation is None for each in found):
        detail = f"{left} sums of the round are neither right nor explained; see its disagreements."
        raise Problem(409, "round-disagrees", detail)


def _of(
    table: type[StatedTotal | Explanation], number: int, population: str
) -> tuple[ColumnElement[bool], ...]:
    return (col(table.round_number) == number, col(table.population) == population)
