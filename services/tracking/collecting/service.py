"""What can be done with the collection of a round. Callers own the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, versions
from chassis.caller import Caller
from chassis.clock import today
from chassis.problems import Fault, Problem, not_found
from chassis.rows import insert_new
from chassis.turns import take_turns
from services.tracking.assessments.models import Submission
from services.tracking.collecting import rules
from services.tracking.collecting.models import (
    CollectionChange,
    CollectionIn,
    CoverageOut,
    Covered,
    RoundCollection,
)
from services.tracking.places import rules as pcodes
from services.tracking.places import service as places
from services.tracking.publications.models import Publication
from services.tracking.rounds.models import Figure, Population, Round
from services.tracking.rounds.periods import bounds
from services.tracking.series.rules import last_day

LEVELS = (1, 2, 3, 4)
MUHALLA = 4
PUBLIC = ("published", "restated")
"""What a round is called with one public vintage, and with more."""
TURN = "round_collections"
"""Two that are planned at once must see each other."""


async def plan(session: AsyncSession, form: CollectionIn, caller: Caller) -> RoundCollection:
    """Plan a round; 409 when it is planned otherwise, or does not follow the one before it."""
    await take_turns(session, TURN)
    others = await _of_population(session, form.population)
    rules.refuse_disorder(form.round_number, form.starts_on, form.ends_on, others)
    found = RoundCollection(**form.model_dump(), created_by=caller.id)
    if not await insert_new(session, found):
        known = next(each for each in others if each.round_number == form.round_number)
        if any(getattr(known, name) != value for name, value in form.model_dump().items()):
            raise Problem(409, "conflict", "This round is planned already, otherwise.")
        found = known
    audit.note(session, caller, "create", "collection", found.id)
    return found


async def get(session: AsyncSession, collection_id: UUID) -> RoundCollection:
    found = await session.get(RoundCollection, collection_id)
    if found is None:
        raise not_found("collection")
    return found


async def status(session: AsyncSession, found: RoundCollection) -> str:
    """Return how far a round is: once it is public, its publications say so."""
    newest = select(func.max(Publication.vintage)).where(
        col(Publication.round_number) == found.round_number,
        col(Publication.population) == found.population,
    )
    vintage = (await session.exec(newest)).one()
    return PUBLIC[min(vintage, len(PUBLIC)) - 1] if vintage else found.status


async def refuse_unfinished(session: AsyncSession, number: int, population: str) -> None:
    """Raise 409 while a round that was planned here is still to be collected."""
    planned = select(RoundCollection.status).where(
        col(RoundCollection.round_number) == number,
        col(RoundCollection.population) == population,
    )
    if (await session.exec(planned)).first() not in {None, "validating"}:
        raise Problem(409, "out-of-order", "The round is not yet collected and in validation.")


async def find(
    session: AsyncSession, *, population: str | None, after: UUID | None, limit: int
) -> Sequence[RoundCollection]:
    statement = select(RoundCollection).order_by(col(RoundCollection.id)).limit(limit)
    if population:
        statement = statement.where(col(RoundCollection.population) == population)
    if after:
        statement = statement.where(col(RoundCollection.id) > after)
    return (await session.exec(statement)).all()


async def change(
    session: AsyncSession,
    collection_id: UUID,
    form: CollectionChange,
    caller: Caller,
    *,
    expected: int,
) -> RoundCollection:
    """Take a collection a step further or to other days; 412 when it is not as it was read."""
    await take_turns(session, TURN)
    found = await get(session, collection_id)
    if found.version != expected:
        raise versions.changed("collection")
    if await status(session, found) in PUBLIC:
        detail = "The round is public; it is restated by another publication, with a reason."
        raise Problem(409, "out-of-order", detail)
    told = {name: value for name, value in form.model_dump().items() if value is not None}
    told = {name: value for name, value in told.items() if value != getattr(found, name)}
    if not told:
        return found
    starts_on, ends_on = told.get("starts_on", found.starts_on), told.get("ends_on", found.ends_on)
    if ends_on < starts_on:
        detail = "A collection ends on the day it starts, or after it."
        fault = Fault(pointer="/ends_on", code="days", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    others = await _of_population(session, found.population)
    rules.refuse_disorder(found.round_number, starts_on, ends_on, others)
    if form.status and "status" in told:
        rules.refuse_step(found.status, form.status, starts_on, today())
    return await _changed(session, found, told, caller)


async def _changed(
    session: AsyncSession, found: RoundCollection, told: dict[str, Any], caller: Caller
) -> RoundCollection:
    as_read = (
        col(RoundCollection.id) == found.id,
        col(RoundCollection.version) == found.version,
    )
    values = told | {"version": found.version + 1}
    done = await session.exec(update(RoundCollection).where(*as_read).values(**values))
    if not done.rowcount:
        raise versions.changed("collection")
    await session.refresh(found)
    audit.note(session, caller, "update", "collection", found.id, fields=told)
    return found


async def _of_population(session: AsyncSession, population: str) -> Sequence[RoundCollection]:
    statement = select(RoundCollection).where(col(RoundCollection.population) == population)
    return (await session.exec(statement)).all()


async def coverage(
    session: AsyncSession, number: int, population: Population, parent: str | None
) -> CoverageOut:
    """Return how many places a round has assessed; 404 for a round that nobody knows of."""
    planned = select(RoundCollection).where(
        col(RoundCollection.round_number) == number,
        col(RoundCollection.population) == population,
    )
    collection = (await session.exec(planned)).one_or_none()
    kept = await session.get(Round, (number, population))
    if collection is None and kept is None:
        raise not_found("round")
    end = bounds(kept.period)[1] if kept else None
    on = collection.starts_on if collection else last_day(end) if end else today()
    listed = await places.find(session, parent=parent, level=None, on=on)
    reached = {
        above
        for pcode in await _assessed(session, number, population)
        for above in [*pcodes.ancestors(pcode), pcode]
    }
    levels = []
    for level in LEVELS:
        of_level = [place.pcode for place in listed if place.level == level]
        levels.append(
            Covered(level=level, assessed=len(reached.intersection(of_level)), of=len(of_level))
        )
    left = [each.pcode for each in listed if each.level == MUHALLA and each.pcode not in reached]
    return CoverageOut(
        round_number=number, population=population, on=on, levels=levels, not_assessed=left
    )


async def _assessed(session: AsyncSession, number: int, population: Population) -> set[str]:
    """Return the places that the round's figures or its filled-in forms are about."""
    counted = select(Figure.pcode).where(
        col(Figure.round_number) == number,
        col(Figure.population) == population,
        col(Figure.dimension) == "total",
    )
    visited = select(Submission.place_pcode).where(
        col(Submission.round_number) == number, col(Submission.place_pcode).is_not(None)
    )
    found = set((await session.exec(counted.distinct())).all())
    return found | {pcode for pcode in await session.exec(visited.distinct()) if pcode}
