"""Drafting and approving what is public of a month's flows. Callers own the transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.caller import Caller
from chassis.clock import today
from chassis.problems import Problem, not_found
from chassis.rows import insert_all
from chassis.turns import take_turns
from contracts.tracking import FlowsPublished, FlowsRestated
from services.tracking.disclosure.control import CannotProtectError
from services.tracking.disclosure.rules import Reason
from services.tracking.flows import sums
from services.tracking.flows.sums import Wanted
from services.tracking.flowtables import rules
from services.tracking.flowtables.models import (
    FlowDraftIn,
    FlowPublication,
    PublicFlow,
    WithheldFlow,
)
from services.tracking.flowtables.rules import DESIGN, Pair, Public
from services.tracking.publications import deciding
from services.tracking.publications.deciding import PUBLISHED


async def draft(session: AsyncSession, form: FlowDraftIn, by: Caller) -> FlowPublication:
    """
    Control a month's table and keep it as a draft.

    409 when the month is not over, or tells too little to be protected; 422 when it is public
    and no reason is given.
    """
    await take_turns(session, _turn(form.month))
    before = await vintages(session, form.month)
    if before:
        deciding.refuse_unexplained("month", form.reason)
    wanted = Wanted(*rules.bounds(form.month))
    if wanted.until >= today():
        raise Problem(409, "out-of-order", "The month is not over.")
    pairs = await sums.pairs(session, rules.LEVEL, wanted)
    told, hidden = await _controlled(pairs, [await _read(session, each) for each in before])
    watch = await sums.watched(session, wanted)
    found = FlowPublication(
        month=form.month,
        individuals=pairs.total(),
        observed_hours=watch.observed_hours,
        hours=watch.hours,
        k=DESIGN.k,
        beside=[str(each.id) for each in before],
        cells=len(told),
        suppressed=len(hidden),
        reason=form.reason,
        drafted_by=by.id,
    )
    session.add(found)
    await session.flush()
    await _keep(session, found.id, told, hidden)
    audit.note(session, by, "create", "publication", found.id)
    return found


async def _controlled(
    pairs: Mapping[Pair, int], before: Sequence[Public]
) -> tuple[dict[Pair, int], dict[Pair, Reason]]:
    if sum(pairs.values()) < DESIGN.k:
        detail = "Fewer people were seen in this month than a public figure may count."
        raise Problem(409, "publication-would-disclose", detail)
    try:
        return await asyncio.to_thread(rules.controlled, pairs, before)
    except CannotProtectError as error:
        detail = f"{len(error.cells)} figures would come out by what else is public of the month."
        raise Problem(409, "publication-would-disclose", detail) from None


async def _keep(
    session: AsyncSession,
    publication_id: UUID,
    told: Mapping[Pair, int],
    hidden: Mapping[Pair, Reason],
) -> None:
    rows = [
        {"publication_id": publication_id, "origin": origin, "destination": destination}
        | {"value": value}
        for (origin, destination), value in told.items()
    ]
    shown = [
        row | {"value": None} if (row["origin"], row["destination"]) in hidden else row
        for row in rows
    ]
    withheld = [
        row | {"reason": reason}
        for row in rows
        if (reason := hidden.get((str(row["origin"]), str(row["destination"]))))
    ]
    await insert_all(session, PublicFlow, shown)
    await insert_all(session, WithheldFlow, withheld)


async def _read(session: AsyncSession, publication: FlowPublication) -> Public:
    """Return a table as it was counted, hidden cells too: for the control of others only."""
    shown = select(PublicFlow).where(col(PublicFlow.publication_id) == publication.id)
    kept = select(WithheldFlow).where(col(WithheldFlow.publication_id) == publication.id)
    values = {
        (each.origin, each.destination): each.value or 0 for each in await session.exec(shown)
    }
    hidden = {(each.origin, each.destination): each.value for each in await session.exec(kept)}
    return Public(values | hidden, frozenset(hidden))


async def vintages(session: AsyncSession, month: str) -> Sequence[FlowPublication]:
    """Return what is public of a month, the oldest first."""
    statement = (
        select(FlowPublication)
        .where(col(FlowPublication.month) == month, col(FlowPublication.status) == PUBLISHED)
        .order_by(col(FlowPublication.vintage))
    )
    return (await session.exec(statement)).all()


async def get(
    session: AsyncSession, publication_id: UUID, *, lock: bool = False
) -> FlowPublication:
    statement = select(FlowPublication).where(col(FlowPublication.id) == publication_id)
    if lock:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("publication")
    return found


async def find(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[FlowPublication]:
    statement = select(FlowPublication).order_by(col(FlowPublication.id)).limit(limit)
    if after:
        statement = statement.where(col(FlowPublication.id) > after)
    return (await session.exec(statement)).all()


async def approve(session: AsyncSession, publication_id: UUID, by: Caller) -> FlowPublication:
    """
    Make a draft public for good; 403 for whoever drafted it.

    409 when the month's entries, or what is public of it, are not those it was drafted from.
    """
    found = await get(session, publication_id, lock=True)
    deciding.refuse_own(found, by)
    deciding.refuse_decided(found)
    await take_turns(session, _turn(found.month))
    before = await vintages(session, found.month)
    counted = await sums.pairs(session, rules.LEVEL, Wanted(*rules.bounds(found.month)))
    kept = (await _read(session, found)).values
    if [str(each.id) for each in before] != found.beside or counted != rules.pairs_of(kept):
        detail = "Entries, or other publications, have changed since the draft; draft it anew."
        raise Problem(409, "out-of-order", detail)
    found.vintage = len(before) + 1
    deciding.publish(session, found, by)
    _tell(session, found, before[-1] if before else None)
    return found


async def refuse(session: AsyncSession, publication_id: UUID, by: Caller) -> FlowPublication:
    found = await get(session, publication_id, lock=True)
    deciding.refuse_decided(found)
    deciding.refuse(session, found, by)
    return found


def _tell(session: AsyncSession, found: FlowPublication, before: FlowPublication | None) -> None:
    assert found.vintage  # noqa: S101 - It has just got it.
    event = FlowsPublished(
        publication_id=found.id,
        month=found.month,
        vintage=found.vintage,
        individuals=found.individuals,
    )
    subject = f"flows-{found.month}"
    outbox.publish(session, event, subject=subject, sequence=found.vintage)
    if before:
        restated = FlowsRestated(
            **event.model_dump(exclude={"publication_id"}), individuals_before=before.individuals
        )
        outbox.publish(session, restated, subject=subject, sequence=found.vintage)


def _turn(month: str) -> str:
    return f"flow publications {month}"
