"""Taking in what was seen at a point of flow monitoring. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Fault, Problem
from chassis.rows import insert_all_unless_there, put
from services.tracking.flows import batches, rules
from services.tracking.flows.batches import Sorted
from services.tracking.flows.models import (
    BatchIn,
    EntryIn,
    FlowEntry,
    FlowHours,
    HoursIn,
    HoursOut,
    IntakeOut,
)
from services.tracking.places.models import Place
from services.tracking.sites.standing import versions_of, wanted_site, was_open

POINT = "flow_monitoring_point"
TOLD_OF_OTHERS = {"organisation", "created_by", "created_at"}


async def take_in(session: AsyncSession, batch: BatchIn, access: Access) -> IntakeOut:
    """Keep the rows of a batch that are right and new; each row has its own fate."""
    await reach_point(session, batch.site_id, access)
    entries, faults = batches.read(batch.entries, EntryIn)
    days = await _open_days(session, batch.site_id, {entry.day for _, entry in entries})
    places = await _known_places(session, rules.pcodes(entries))
    found = rules.sort(entries, days=days, places=places)
    made = {
        "site_id": batch.site_id,
        "organisation": access.caller.organisation,
        "created_by": access.caller.id,
        "created_at": now(),
    }
    rows = [values | made for values in found.kept.values()]
    new = await insert_all_unless_there(session, FlowEntry, rows)
    await _compare(session, found, new, rows)
    audit.note(session, access.caller, "create", "flow", batch.site_id)
    return IntakeOut(
        accepted=len(new),
        unchanged=found.unchanged,
        rejected=len(faults) + len(found.rejected),
        rejected_rows=sorted([*faults, *found.rejected], key=lambda each: each.row or 0),
        warnings=found.warnings,
    )


async def reach_point(session: AsyncSession, site_id: UUID, access: Access) -> None:
    """Raise 422 where there is no such point, 403 where the caller may not count there."""
    site = await wanted_site(session, site_id, POINT)
    access.refuse_elsewhere(site.place_pcode)


async def _open_days(session: AsyncSession, site_id: UUID, days: set[date]) -> Mapping[date, bool]:
    versions = await versions_of(session, site_id)
    return {day: was_open(versions, day) for day in days}


async def _known_places(session: AsyncSession, pcodes: set[str]) -> set[str]:
    if not pcodes:
        return set()
    statement = select(Place.pcode).where(col(Place.pcode).in_(pcodes))
    return set((await session.exec(statement)).all())


async def _compare(
    session: AsyncSession,
    found: Sorted[dict[str, Any]],
    new: set[UUID],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Tell of the rows that were not new whether they say what is kept under their id."""
    known = [row for row in rows if row["id"] not in new]
    if not known:
        return
    statement = select(FlowEntry).where(col(FlowEntry.id).in_([row["id"] for row in known]))
    kept = {each.id: each for each in (await session.exec(statement)).all()}
    for row in known:
        told = {name: value for name, value in row.items() if name not in TOLD_OF_OTHERS}
        there = kept[row["id"]]
        same = there.organisation == row["organisation"]
        if same and all(getattr(there, name) == value for name, value in told.items()):
            found.unchanged += 1
        else:
            detail = "Something else is kept under this id; a correction is another entry."
            found.refuse(found.rows[row["id"]], "id", "conflict", detail)


async def watch(session: AsyncSession, form: HoursIn, access: Access) -> HoursOut:
    """Keep in which hours a point was watched; a day that is told again is told anew."""
    await reach_point(session, form.site_id, access)
    bits = rules.hours(form.watched)
    days = await _open_days(session, form.site_id, set(bits))
    faults = [
        Fault(
            pointer=f"/watched/{number}/day",
            code="site_closed",
            detail="The point was not open on that day.",
        )
        for number, each in enumerate(form.watched)
        if not days[each.day]
    ]
    if faults:
        detail = "The point was not open on each of these days; nothing was kept."
        raise Problem(422, "site-closed", detail, errors=faults)
    for day, hours in sorted(bits.items()):
        row = FlowHours(site_id=form.site_id, day=day, hours=hours, recorded_by=access.caller.id)
        await put(session, row)
    audit.note(session, access.caller, "update", "flow", form.site_id)
    return HoursOut(days=len(bits), hours=sum(each.bit_count() for each in bits.values()))
