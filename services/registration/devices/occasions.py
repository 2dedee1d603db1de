"""
What a device tells of registration events: that one was held, or what is right of one instead.

A registration names its event by the device's own id or by the register's.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.problems import Problem
from services.registration.devices.models import About, ItemIn, Outcome
from services.registration.devices.sender import Device, Done
from services.registration.occasions import service
from services.registration.occasions.models import (
    EventCorrectionIn,
    EventIn,
    EventOut,
    RegistrationEvent,
)
from services.registration.persons.rules import fingerprint
from services.registration.persons.sealed import fingerprint as keyed

STALE, NOT_THERE = 412, 404
ABOUT: About = "registration_event"
NAMING = ("registration", "enquiry", "completion")
"""What of an item may name a registration event."""


async def by_our_ids(
    session: AsyncSession, device: Device, items: Sequence[ItemIn]
) -> list[ItemIn]:
    """Return the items with the register's ids of the events in which people were registered."""
    named = {id_ for each in items if (id_ := _event_of(each))}
    if not named:
        return list(items)
    statement = select(RegistrationEvent.client_id, RegistrationEvent.id).where(
        col(RegistrationEvent.organisation) == device.organisation,
        among(session, col(RegistrationEvent.client_id), named),
    )
    ours = {by_device: id_ for by_device, id_ in await session.exec(statement) if by_device}
    return [_renamed(each, ours) for each in items]


def _event_of(item: ItemIn) -> UUID | None:
    return getattr(item.told, "registration_event_id", None)


def _renamed(item: ItemIn, ours: Mapping[UUID, UUID]) -> ItemIn:
    event_id = _event_of(item)
    if event_id is None or event_id not in ours:
        return item
    [name] = (each for each in NAMING if getattr(item, each) is not None)
    form = item.told.model_copy(update={"registration_event_id": ours[event_id]})
    return item.model_copy(update={name: form})


async def take(session: AsyncSession, device: Device, item: ItemIn) -> Done:
    """Take what is told of one registration event; a problem with it is raised."""
    statement = select(RegistrationEvent).where(
        col(RegistrationEvent.organisation) == device.organisation,
        col(RegistrationEvent.client_id) == item.id,
    )
    known = (await session.exec(statement)).one_or_none()
    if item.registration_event:
        return await _hold(session, device, item.id, item.registration_event, known)
    assert item.event_correction  # noqa: S101 - An item is one or the other.
    event_id = known.id if known else item.id
    return await _correct(session, device, event_id, item.event_correction, item.base_version or 0)


async def _hold(
    session: AsyncSession,
    device: Device,
    by_device: UUID,
    form: EventIn,
    known: RegistrationEvent | None,
) -> Done:
    """Hold an event as the operation does; sent again it changes nothing."""
    access = device.may("C", ABOUT)
    access.refuse_elsewhere(form.place_pcode)
    device.refuse_nowhere(form.place_pcode, ABOUT, "place_pcode")
    said = keyed(session, fingerprint(form.model_dump_json()))
    if known:
        return Done(known.id, "unchanged" if known.fingerprint == said else "conflict", ABOUT)
    event = await service.hold(session, form, access)
    # A device that made one id twice has no two events by it: the second one fails here.
    held = update(RegistrationEvent).where(col(RegistrationEvent.id) == event.id)
    await session.exec(held.values(client_id=by_device, fingerprint=said))
    return Done(event.id, "created", ABOUT)


async def _correct(
    session: AsyncSession, device: Device, event_id: UUID, form: EventCorrectionIn, expected: int
) -> Done:
    """Correct an event as the operation does, or say that it has changed since."""
    access = device.may("U", ABOUT)
    if form.place_pcode:
        access.refuse_elsewhere(form.place_pcode)
        device.refuse_nowhere(form.place_pcode, "event_correction", "place_pcode")
    try:
        event = await service.correct(session, event_id, form, access, expected=expected)
    except Problem as problem:
        if problem.status != STALE:
            raise
        return Done(event_id, await _how_it_is(session, event_id, form), ABOUT)
    return Done(event_id, "unchanged" if event.version == expected else "updated", ABOUT)


async def _how_it_is(session: AsyncSession, event_id: UUID, form: EventCorrectionIn) -> Outcome:
    """Say whether an event, at whatever version, is already as a correction would make it."""
    event = await session.get_one(RegistrationEvent, event_id)
    is_so = all(value == getattr(event, name) for name, value in form.changes().items())
    return "unchanged" if is_so else "conflict"


async def seen(session: AsyncSession, device: Device, told: Sequence[Done]) -> dict[UUID, EventOut]:
    """Return by id the events among what was done that the caller may read."""
    access = device.may("R", ABOUT)
    found: dict[UUID, EventOut] = {}
    for each in told:
        if each.about == ABOUT:
            try:
                found[each.id] = await service.get(session, each.id, access)
            except Problem as problem:
                if problem.status != NOT_THERE:
                    raise
    return found
