"""What can be done with incidents and estimates. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.problems import Fault, Problem, not_found, wrong
from chassis.rows import insert_new
from contracts.tracking import DisplacementEstimated
from services.tracking.incidents import rules, trends
from services.tracking.incidents.models import (
    SCOPING,
    Cause,
    ContradictionOut,
    Estimate,
    EstimateIn,
    EstimateOut,
    GroupOut,
    Incident,
    IncidentIn,
    IncidentOut,
    IncidentRow,
    TotalOut,
)
from services.tracking.places.known import refuse_unknown


async def open_incident(
    session: AsyncSession, form: IncidentIn, access: Access
) -> tuple[Incident, bool]:
    """Record an incident; say whether it is new. Sent again it is the first one."""
    access.refuse_elsewhere(form.place_pcode)
    await refuse_unknown(session, {"/place_pcode": form.place_pcode})
    incident = Incident(
        **form.model_dump(),
        organisation=access.caller.organisation,
        created_by=access.caller.id,
    )
    audit.note(session, access.caller, "create", "incident", incident.id)
    if await insert_new(session, incident):
        return incident, True
    statement = select(Incident).where(
        col(Incident.organisation) == access.caller.organisation,
        col(Incident.external_id) == form.external_id,
    )
    known = (await session.exec(statement)).one()
    if known.model_dump(include=set(IncidentIn.model_fields)) != form.model_dump():
        detail = "Your organisation has recorded another incident under this external id."
        raise Problem(409, "conflict", detail)
    return known, False


async def estimate(
    session: AsyncSession, incident_id: UUID, form: EstimateIn, access: Access
) -> Estimate:
    """Keep what a source said of a group's size; the same said again is not kept twice."""
    # Two estimates at once must see each other: the second waits here for the first.
    incident = await get(session, incident_id, access, alone=True)
    if form.published_on < incident.occurred_on:
        raise wrong("/published_on", "too_early", "The incident had not happened on that day.")
    places = {"/from_pcode": form.from_pcode, "/to_pcode": form.to_pcode}
    await refuse_unknown(session, places)
    earlier = await _estimates(session, incident_id)
    told = {"replaces": _in_a_row(form, earlier)}
    row = Estimate(
        **form.model_dump(exclude={"replaces"}) | told,
        incident_id=incident_id,
        recorded_by=access.caller.id,
    )
    if known := next((each for each in earlier if _same(each, row)), None):
        audit.note(session, access.caller, "read", "incident", incident_id)
        return known
    if not form.reason and any(rules.group_of(each) == rules.group_of(row) for each in earlier):
        detail = "There are estimates of this group: say why there is another one."
        fault = Fault(pointer="/reason", code="missing", detail=detail)
        raise Problem(422, "restatement-unexplained", detail, errors=[fault])
    session.add(row)
    incident.version += 1
    session.add(incident)
    audit.note(session, access.caller, "update", "incident", incident_id)
    _tell(session, incident, row)
    return row


def _in_a_row(form: EstimateIn, earlier: Sequence[Estimate]) -> str | None:
    if form.replaces is None:
        return None
    if set(form.replaces) - {each.id for each in earlier}:
        raise wrong("/replaces", "unknown_estimate", "One of these is no estimate of it.")
    return " ".join(sorted({str(each) for each in form.replaces}))


def _same(one: Estimate, other: Estimate) -> bool:
    apart = {"id", "recorded_by", "recorded_at", "reason"}
    return one.model_dump(exclude=apart) == other.model_dump(exclude=apart)


def _tell(session: AsyncSession, incident: Incident, row: Estimate) -> None:
    event = DisplacementEstimated(
        incident_id=incident.id,
        estimate_id=row.id,
        cause=incident.cause,
        population=row.population,
        from_pcode=row.from_pcode,
        to_pcode=row.to_pcode,
        individuals=row.individuals,
        households=row.households,
        published_on=row.published_on,
    )
    outbox.publish(session, event, subject=str(incident.id), sequence=incident.version)


async def get(
    session: AsyncSession, incident_id: UUID, access: Access, *, alone: bool = False
) -> Incident:
    statement = select(Incident).where(col(Incident.id) == incident_id, access.rows(SCOPING))
    if alone:
        statement = statement.with_for_update()
    incident = (await session.exec(statement)).one_or_none()
    if incident is None:
        raise not_found("incident")
    return incident


async def see(session: AsyncSession, incident_id: UUID, access: Access, as_of: date) -> IncidentOut:
    """Return an incident as it was believed to be on a day."""
    incident = await get(session, incident_id, access)
    estimates = await _estimates(session, incident_id)
    groups = rules.believed(estimates, as_of)
    return IncidentOut(
        **incident.model_dump(include=set(IncidentRow.model_fields)),
        as_of=as_of,
        groups=[_group(each) for each in groups],
        totals=[
            TotalOut(population=population, lowest=lowest, highest=highest)  # type: ignore[arg-type]  # It was one when it came in.
            for population, (lowest, highest) in sorted(rules.totals(groups).items())
        ],
        contradictions=[
            ContradictionOut.model_validate(each._asdict()) for each in rules.contradictions(groups)
        ],
    )


def _group(told: rules.Believed) -> GroupOut:
    lowest, highest = told.range or (None, None)
    return GroupOut.model_validate(
        told.group._asdict()
        | {
            "lowest": lowest,
            "highest": highest,
            "standing": [shown(each) for each in told.standing],
            "estimates": told.estimates,
        }
    )


def shown(row: Estimate, replaced_on: date | None = None) -> EstimateOut:
    return EstimateOut.model_validate(row.model_dump() | {"replaced_on": replaced_on})


async def vintages(
    session: AsyncSession, incident_id: UUID, access: Access, *, after: UUID | None, limit: int
) -> list[EstimateOut]:
    """Return every estimate of an incident as it came in, with the day that ended each."""
    await get(session, incident_id, access)
    estimates = await _estimates(session, incident_id)
    gone = rules.replaced_on(estimates)
    rows = [each for each in estimates if after is None or each.id > after]
    return [shown(each, gone.get(each.id)) for each in rows[:limit]]


async def trend(
    session: AsyncSession, incident_id: UUID, access: Access, by: trends.By, place: str, until: date
) -> list[trends.EventPoint]:
    """Return an incident as a series of periods, as it was known on a day."""
    incident = await get(session, incident_id, access)
    estimates = await _estimates(session, incident_id)
    return trends.trend(estimates, incident.occurred_on, until, by, place)


async def _estimates(session: AsyncSession, incident_id: UUID) -> Sequence[Estimate]:
    statement = (
        select(Estimate).where(col(Estimate.incident_id) == incident_id).order_by(col(Estimate.id))
    )
    return (await session.exec(statement)).all()


async def find(
    session: AsyncSession,
    access: Access,
    *,
    cause: Cause | None,
    place: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Incident]:
    statement = select(Incident).where(access.rows(SCOPING))
    if cause:
        statement = statement.where(col(Incident.cause) == cause)
    if place:
        statement = statement.where(col(Incident.place_pcode).startswith(place, autoescape=True))
    if after:
        statement = statement.where(col(Incident.id) > after)
    return (await session.exec(statement.order_by(col(Incident.id)).limit(limit))).all()
