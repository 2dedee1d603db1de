"""What can be done with registration events. Callers own the transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import false, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, versions
from chassis.authz import Access
from chassis.problems import Fault, Problem, not_found, wrong
from chassis.scoping import Clause
from chassis.views import View
from services.registration.occasions.models import (
    SCOPING,
    Context,
    EventCorrectionIn,
    EventIn,
    EventOut,
    RegistrationEvent,
)

RESOURCE = "registration_event"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """By what a list is narrowed; nothing at all means every event within reach."""

    context: Context | None = None
    place_pcode: str | None = None
    from_day: date | None = None
    to_day: date | None = None

    def conditions(self) -> list[Clause]:
        found: list[Clause] = []
        if self.context:
            found.append(col(RegistrationEvent.context) == self.context)
        if self.place_pcode:
            place = col(RegistrationEvent.place_pcode)
            found.append(place.startswith(self.place_pcode, autoescape=True))
        if self.from_day:
            found.append(col(RegistrationEvent.held_on) >= self.from_day)
        if self.to_day:
            found.append(col(RegistrationEvent.held_on) <= self.to_day)
        return found


async def hold(session: AsyncSession, form: EventIn, access: Access) -> EventOut:
    told = form.model_dump() | {"enumerator": form.enumerator or access.caller.id}
    event = RegistrationEvent(
        **told, organisation=access.caller.organisation, created_by=access.caller.id
    )
    session.add(event)
    audit.note(session, access.caller, "create", RESOURCE, event.id)
    view = View(access, RESOURCE, SCOPING)
    standing = view.standing_of_new(event.place_pcode, {"own", "mine", "loc", "free"})
    return view.shown(EventOut, event.model_dump(), standing)


async def get(session: AsyncSession, event_id: UUID, access: Access) -> EventOut:
    found = await _read(session, access, col(RegistrationEvent.id) == event_id)
    if not found:
        raise not_found("registration event")
    return found[0]


async def find(
    session: AsyncSession, access: Access, wanted: Wanted, *, after: UUID | None, limit: int
) -> Sequence[EventOut]:
    if wanted.from_day and wanted.to_day and wanted.to_day < wanted.from_day:
        # An empty list would say that nobody was registered then.
        raise wrong("query/to_day", "ends_before", "It is before `from_day`.")
    conditions = wanted.conditions()
    if after:
        conditions.append(col(RegistrationEvent.id) > after)
    return await _read(session, access, *conditions, limit=limit)


async def correct(
    session: AsyncSession, event_id: UUID, form: EventCorrectionIn, access: Access, *, expected: int
) -> EventOut:
    """Correct an event; 412 when it is not at the version that the caller has read."""
    statement = select(RegistrationEvent).where(
        col(RegistrationEvent.id) == event_id, access.rows(SCOPING)
    )
    event = (await session.exec(statement)).one_or_none()
    if event is None:
        raise not_found("registration event")
    if event.version != expected:
        raise versions.changed("registration event")
    kept = event.model_dump()
    changes = {name: value for name, value in form.changes().items() if value != kept[name]}
    if changes:
        corrected = await session.exec(
            update(RegistrationEvent)
            .where(col(RegistrationEvent.id) == event_id)
            .where(col(RegistrationEvent.version) == expected)
            .values(**changes, version=expected + 1)
        )
        if not corrected.rowcount:
            raise versions.changed("registration event")
        audit.note(session, access.caller, "update", RESOURCE, event_id, fields=sorted(changes))
        await session.refresh(event)
    view = View(access, RESOURCE, SCOPING)
    seen = select(view.standing).where(col(RegistrationEvent.id) == event_id)
    standing = (await session.exec(seen)).one()
    return view.shown(EventOut, event.model_dump(), standing)


async def refuse_out_of_reach(session: AsyncSession, event_id: UUID | None, access: Access) -> None:
    """Raise 422 where somebody is to be registered in an event that the caller cannot read."""
    if event_id and not await within_reach(session, {event_id}, access):
        raise refuse_unknown()


def refuse_unknown(pointer: str = "/registration_event_id") -> Problem:
    detail = "There is no such registration event."
    fault = Fault(pointer=pointer, code="unknown_event", detail=detail)
    return Problem(422, "unknown-registration-event", detail, errors=[fault])


async def within_reach(
    session: AsyncSession, ids: Collection[UUID], access: Access | None
) -> set[UUID]:
    """Return those of the events that the caller can read."""
    if not ids or access is None:
        return set()
    return await _those(session, ids, access.rows(SCOPING, RESOURCE, "R"))


async def held_at(
    session: AsyncSession, ids: Collection[UUID], organisation: str, places: Collection[str]
) -> set[UUID]:
    """Return those of the events that an organisation holds at one of the places, or below."""
    if not ids:
        return set()
    place = col(RegistrationEvent.place_pcode)
    there = or_(false(), *(place.startswith(each, autoescape=True) for each in places))
    return await _those(session, ids, col(RegistrationEvent.organisation) == organisation, there)


async def _those(session: AsyncSession, ids: Collection[UUID], *conditions: Clause) -> set[UUID]:
    statement = select(RegistrationEvent.id).where(col(RegistrationEvent.id).in_(ids), *conditions)
    return set((await session.exec(statement)).all())


async def place_of(session: AsyncSession, event_id: UUID | None) -> str | None:
    """Return where people are registered in an event, which must be within the caller's reach."""
    if event_id is None:
        return None
    statement = select(RegistrationEvent.place_pcode).where(col(RegistrationEvent.id) == event_id)
    return (await session.exec(statement)).one_or_none()


async def _read(
    session: AsyncSession, access: Access, *conditions: Clause, limit: int | None = None
) -> list[EventOut]:
    view = View(access, RESOURCE, SCOPING)
    statement = select(RegistrationEvent, view.standing).where(access.rows(SCOPING), *conditions)
    statement = statement.order_by(col(RegistrationEvent.id)).limit(limit)
    found = (await session.exec(statement)).all()
    if not found:
        audit.read(RESOURCE)
    return [view.shown(EventOut, event.model_dump(), standing) for event, standing in found]
