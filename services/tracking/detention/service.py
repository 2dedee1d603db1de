"""What can be done with visits to detention centres. Callers own the transaction."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, outbox
from chassis.authz import Access
from chassis.clock import today
from chassis.problems import Problem, not_found, wrong
from contracts.tracking import CentreVisited
from services.tracking.detention import rules
from services.tracking.detention.models import HealthOut, SummaryOut, Visit, VisitIn, VisitOut
from services.tracking.sites.models import DETENTION, SCOPINGS, Site
from services.tracking.sites.standing import closed, versions_of, was_open

TABLE = "detention_visit"
SEALED = {"organisations", "refusal", "population", "health", "conditions", "reason"}


async def record(session: AsyncSession, site_id: UUID, form: VisitIn, access: Access) -> VisitOut:
    """Keep a visit, or the correction of one, which is corrected once."""
    # Two corrections at once must see each other: the second waits here for the first.
    site = await _centre(session, site_id, access, alone=True)
    if not was_open(await versions_of(session, site_id), form.visited_on):
        raise closed("/visited_on")
    content, warnings = _content(form)
    if form.corrects:
        await _refuse_wrong_correction(session, site_id, form.corrects)
    visit = Visit(
        site_id=site_id,
        visited_on=form.visited_on,
        entry=form.entry,
        corrects=form.corrects,
        content=b"",
        organisation=access.caller.organisation,
        recorded_by=access.caller.id,
    )
    key = crypto.service_key(session)
    visit.content = key.seal(TABLE, "content", json.dumps(content), row=visit.id)
    session.add(visit)
    audit.note(session, access.caller, "create", access.resource, [site_id, visit.id])
    event = CentreVisited(
        visit_id=visit.id,
        visited_on=form.visited_on,
        place_pcode=site.place_pcode[: rules.REGION],
        entry=form.entry,
        corrects=form.corrects,
    )
    outbox.publish(session, event, subject=str(visit.id), sequence=1)
    return _shown(session, visit, None, warnings)


def _content(form: VisitIn) -> tuple[dict[str, Any], list[str]]:
    """Return what is sealed of a visit, nationalities by code, and what was odd about labels."""
    content = form.model_dump(mode="json", include=SEALED)
    if form.population is None:
        return content, []
    try:
        counts, odd = rules.nationalities(form.population.by_nationality)
    except rules.UnknownNationalityError as error:
        detail = f"Label {error.position + 1} names no country; send its alpha-3 code."
        raise wrong("/population/by_nationality", "unknown_nationality", detail) from None
    content["population"]["by_nationality"] = counts
    return content, odd


async def _refuse_wrong_correction(session: AsyncSession, site_id: UUID, corrects: UUID) -> None:
    visits = await _visits(session, site_id)
    if corrects not in {each.id for each in visits}:
        raise wrong("/corrects", "unknown_visit", "There is no such visit to this centre.")
    if corrects in rules.corrected_by(visits):
        raise Problem(409, "conflict", "This visit was corrected before; correct that correction.")


async def _centre(
    session: AsyncSession, site_id: UUID, access: Access, *, alone: bool = False
) -> Site:
    """Return a centre at which the caller may do this; whoever may not learns of none."""
    statement = select(Site).where(
        col(Site.id) == site_id, col(Site.kind) == DETENTION, access.rows(SCOPINGS[Site])
    )
    if alone:
        statement = statement.with_for_update()
    site = (await session.exec(statement)).one_or_none()
    if site is None:
        raise not_found("centre")
    return site


async def _visits(session: AsyncSession, site_id: UUID) -> Sequence[Visit]:
    statement = select(Visit).where(col(Visit.site_id) == site_id)
    return (await session.exec(statement.order_by(col(Visit.id)))).all()


async def find(
    session: AsyncSession, site_id: UUID, access: Access, *, after: UUID | None, limit: int
) -> list[VisitOut]:
    """Return the visits to a centre in the order in which they were recorded, with corrections."""
    await _centre(session, site_id, access)
    visits = await _visits(session, site_id)
    replaced = rules.corrected_by(visits)
    audit.read(access.resource, [site_id])
    rows = [each for each in visits if after is None or each.id > after]
    return [_shown(session, each, replaced.get(each.id)) for each in rows[:limit]]


async def health(session: AsyncSession, site_id: UUID, access: Access) -> list[HealthOut]:
    """Return what the visits that stand tell of health, the last first."""
    await _centre(session, site_id, access)
    visits = await _visits(session, site_id)
    replaced = rules.corrected_by(visits)
    audit.read(access.resource, [site_id])
    standing = [each for each in visits if each.id not in replaced and each.entry != "refused"]
    standing.sort(key=lambda each: (each.visited_on, each.id), reverse=True)
    told = [(each, _opened(session, each)) for each in standing]
    return [
        HealthOut(
            visited_on=each.visited_on,
            total=(content["population"] or {}).get("total"),
            health=content["health"],
        )
        for each, content in told
    ]


async def summary(session: AsyncSession) -> SummaryOut:
    """Return people seen by region at the end of the last quarter, where it tells of no centre."""
    until = rules.last_quarter(today())
    visits = (await session.exec(select(Visit).where(col(Visit.visited_on) <= until))).all()
    seen = rules.last_seen(visits, until)
    places: Any = select(Site.id, Site.place_pcode).where(col(Site.id).in_(seen))
    pcodes = dict((await session.exec(places)).all())
    people = [
        (pcodes[site_id], population["total"])
        for site_id, visit in seen.items()
        if (population := _opened(session, visit)["population"])
    ]
    return SummaryOut(until=until, items=rules.summary(people))


def _opened(session: AsyncSession, visit: Visit) -> dict[str, Any]:
    key = crypto.service_key(session)
    content: dict[str, Any] = json.loads(key.open(TABLE, "content", visit.content, row=visit.id))
    return content


def _shown(
    session: AsyncSession,
    visit: Visit,
    corrected_by: UUID | None,
    warnings: Sequence[str] = (),
) -> VisitOut:
    return VisitOut.model_validate(
        visit.model_dump(include={"id", "site_id", "visited_on", "entry", "corrects"})
        | _opened(session, visit)
        | {"corrected_by": corrected_by, "warnings": list(warnings)}
    )
