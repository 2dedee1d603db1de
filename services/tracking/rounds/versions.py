"""What became of a round's figures: each version, what it changed, and why."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.jobs import Remark
from chassis.problems import Fault, Problem
from services.tracking.publications.deciding import PUBLISHED
from services.tracking.publications.models import Publication
from services.tracking.rounds.counts import Key, RoundCounts
from services.tracking.rounds.models import Figure, Round, RoundVersion


@dataclass(frozen=True)
class Why:
    """Who changed a round, and what they said why."""

    by: str = ""
    reason: str | None = None


async def figures(session: AsyncSession, number: int, population: str) -> dict[Key, int]:
    statement = select(Figure.pcode, Figure.dimension, Figure.category, Figure.value).where(
        col(Figure.round_number) == number, col(Figure.population) == population
    )
    return {(pcode, dim, cat): value for pcode, dim, cat, value in await session.exec(statement)}


async def changed(session: AsyncSession, told: RoundCounts) -> set[Key]:
    """Return the figures that are new, other, or gone, beside those that are kept."""
    known = await figures(session, told.number, told.population)
    keys = told.figures.keys() | known.keys()
    return {key for key in keys if told.figures.get(key) != known.get(key)}


def has_moved(told: RoundCounts, before: Round) -> bool:
    """Say whether a round is told to have been at another time; not to say when moves nothing."""
    return told.period not in {None, before.period}


async def refuse_unexplained(
    session: AsyncSession, told: RoundCounts, reason: str | None, pointer: str
) -> None:
    """Raise 422 when figures of a round that is public would be others without a reason."""
    public = select(Publication.id).where(
        col(Publication.round_number) == told.number,
        col(Publication.population) == told.population,
        col(Publication.status) == PUBLISHED,
    )
    if reason or (await session.exec(public.limit(1))).first() is None:
        return
    others = await changed(session, told)
    before = await session.get(Round, (told.number, told.population))
    if others or (before and has_moved(told, before)):
        what = f"{len(others)} of its figures are others" if others else "its period is another"
        detail = f"The round is public, and {what}; say why."
        fault = Fault(pointer=pointer, code="missing", detail=detail)
        raise Problem(422, "restatement-unexplained", detail, errors=[fault])


def keep(
    session: AsyncSession, found: Round, before: Round | None, changed: Collection[Key], why: Why
) -> None:
    """Put a version of a round on record, with the places of which it tells otherwise."""
    session.add(
        RoundVersion(
            round_number=found.number,
            population=found.population,
            version=found.version,
            individuals=found.individuals,
            places=found.places,
            figures_changed=len(changed) if before else 0,
            places_changed=sorted({pcode for pcode, _, _ in changed}) if before else [],
            reason=why.reason,
            imported_by=why.by,
            imported_at=found.imported_at,
        )
    )


async def find(
    session: AsyncSession, number: int, population: str, after: int, limit: int
) -> Sequence[RoundVersion]:
    """Return the versions of a round, the oldest first."""
    statement = select(RoundVersion).where(
        col(RoundVersion.round_number) == number,
        col(RoundVersion.population) == population,
        col(RoundVersion.version) > after,
    )
    return (await session.exec(statement.order_by(col(RoundVersion.version)).limit(limit))).all()


def remarks(told: RoundCounts, before: Round, changed: Collection[Key]) -> Iterator[Remark]:
    """Tell whoever sends a round again in what it is another than the one that is kept."""
    if has_moved(told, before):
        detail = f"The round was kept as of {before.period or 'no period'}; now it is of this one."
        yield Remark(column=told.population, code="period_changed", detail=detail)
    if not changed:
        return
    places = len({pcode for pcode, _, _ in changed})
    detail = (
        f"The round was there: {len(changed)} figures of {places} places are others than in its "
        f"version {before.version}; {before.individuals} people are {told.individuals} now. "
        f"Which places, its versions say."
    )
    yield Remark(column=told.population, code="figures_changed", detail=detail)
    kept = {dimension for _, dimension, _ in told.figures}
    if gone := {dimension for _, dimension, _ in changed} - kept:
        named = ", ".join(sorted(gone))
        detail = f"The round was told by {named}, and is no more: a file is all that it is kept by."
        yield Remark(column=told.population, code="dimension_gone", detail=detail)
