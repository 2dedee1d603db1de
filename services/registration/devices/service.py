"""
What becomes of what a device sends: each item as if it had come alone.

An item is a transaction of its own, so that one which fails leaves the others, and a batch that is
cut short goes on where it was when it is sent again: nothing that was done is done twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.db import Database
from chassis.problems import Problem, unavailable
from services.registration.corrections import service as corrections
from services.registration.corrections.models import CorrectionIn
from services.registration.devices import feeds, rules
from services.registration.devices.models import BatchIn, ItemIn, Outcome, OutcomeOut
from services.registration.occasions import service as occasions
from services.registration.persons import registering
from services.registration.persons import service as persons
from services.registration.persons.models import Person, PersonIn, PersonOut
from services.registration.places import service as places

log = structlog.get_logger()

PATIENCE_SECONDS = 3.0
STALE = 412


@dataclass(frozen=True)
class Device:
    """Who sends a batch, with what they may do, and by which feed they are told of others' work."""

    database: Database
    access: Access
    feed_id: UUID | None
    nowhere: Collection[str]

    def may(self, action: str) -> Access:
        return Access(self.access.caller, "person", action, self.access.purpose)


async def take_in(database: Database, batch: BatchIn, access: Access) -> list[OutcomeOut]:
    """Take a batch in, item by item, in its order; 410 when the cursor is none of the caller's."""
    # A batch of which nothing is taken is on record too.
    audit.looking()
    feed_id = None
    if batch.cursor:
        async with database.write() as session:
            feed_id = (await feeds.open_feed(session, access, batch.cursor)).id
    items = [rules.read(each) for each in batch.items]
    pcodes = _places(items)
    nowhere = await places.unknown(database, pcodes, PATIENCE_SECONDS) if pcodes else set()
    device = Device(database, access, feed_id, nowhere)
    return [
        await _outcome(device, position, told, item)
        for position, (told, item) in enumerate(zip(batch.items, items, strict=True))
    ]


def _places(items: Sequence[ItemIn | Problem]) -> set[str]:
    told = [each.registration or each.correction for each in items if not isinstance(each, Problem)]
    return {each.location_pcode for each in told if each and each.location_pcode}


async def _outcome(
    device: Device, position: int, told: Mapping[str, Any], item: ItemIn | Problem
) -> OutcomeOut:
    try:
        if isinstance(item, Problem):
            raise item
        try:
            answer = await _take(device, item)
        except IntegrityError:
            # Somebody has registered the same in the same moment: now it is known.
            answer = await _take(device, item)
    except Problem as problem:
        return rules.rejected(position, rules.id_of(told), problem)
    except Exception as error:  # noqa: BLE001 - One item that breaks does not stop the others.
        log.error("item_failed", error=type(error).__name__)
        broken = Problem(500, "internal", "Something failed here; it has been logged.")
        if isinstance(error, DBAPIError):
            broken = unavailable("This was not taken; send it again later.")
        return rules.rejected(position, rules.id_of(told), broken)
    answer.position = position
    return answer


async def _take(device: Device, item: ItemIn) -> OutcomeOut:
    async with device.database.write() as session:
        known = await _known(session, item.id, device.access)
        if item.registration:
            person_id, outcome = await _register(session, device, item, item.registration, known)
        else:
            person_id, outcome = await _correct(session, device, item, known)
        if device.feed_id and outcome in {"created", "updated", "unchanged"}:
            await feeds.note_sent(session, device.feed_id, person_id)
        return await _answer(session, device, item, person_id, outcome)


async def _known(session: AsyncSession, client_id: UUID, access: Access) -> Person | None:
    """Return whom the caller's organisation has under a device's id; of others' nobody learns."""
    statement = select(Person).where(
        col(Person.organisation) == access.caller.organisation,
        col(Person.client_id) == client_id,
    )
    return (await session.exec(statement)).one_or_none()


async def _register(
    session: AsyncSession, device: Device, item: ItemIn, form: PersonIn, known: Person | None
) -> tuple[UUID, Outcome]:
    """Register somebody as the operation for one person does; known again, nothing changes."""
    access = device.may("C")
    access.refuse_elsewhere(form.location_pcode)
    access.refuse_without(persons.resources_of(form.model_fields_set), "C")
    _refuse_nowhere(device, form.location_pcode, "/registration/location_pcode")
    await occasions.refuse_out_of_reach(session, form.registration_event_id, access)
    organisation = access.caller.organisation
    if await persons.erased_external_ids(session, organisation, [form.external_id]):
        raise persons.refuse_erased()
    if known and known.external_id != form.external_id:
        return known.id, "conflict"
    person, outcome = await registering.register(
        session,
        form,
        organisation=organisation,
        by=access.caller.id,
        case_owner=persons.owner(access.caller),
    )
    if outcome == "created":
        # A device that made one id twice has no two people by it: the second insert fails here.
        named = update(Person).where(col(Person.id) == person.id).values(client_id=item.id)
        await session.exec(named)
    return person.id, "conflict" if outcome == "different" else outcome


async def _correct(
    session: AsyncSession, device: Device, item: ItemIn, known: Person | None
) -> tuple[UUID, Outcome]:
    """Correct a record as the operation for one person does, or say that it has changed since."""
    access, form = device.may("U"), item.correction
    person_id = known.id if known else item.id
    assert isinstance(form, CorrectionIn)  # noqa: S101 - An item is one or the other.
    assert item.base_version  # noqa: S101 - And a correction names its version.
    if form.location_pcode:
        _refuse_nowhere(device, form.location_pcode, "/correction/location_pcode")
    try:
        person = await corrections.correct(
            session, person_id, form, access, expected=item.base_version
        )
    except Problem as problem:
        if problem.status != STALE:
            raise
        is_so = await corrections.says_so(session, person_id, form, access)
        return person_id, "unchanged" if is_so else "conflict"
    return person.id, "unchanged" if person.version == item.base_version else "updated"


def _refuse_nowhere(device: Device, pcode: str, pointer: str) -> None:
    if pcode in device.nowhere:
        raise places.refuse_unknown(pointer)


async def _answer(
    session: AsyncSession, device: Device, item: ItemIn, person_id: UUID, outcome: Outcome
) -> OutcomeOut:
    """Return what the caller may see of whom the item is about; nothing of whom they may not."""
    await session.flush()
    person = await _seen(session, device, person_id, outcome, is_new=bool(item.registration))
    return OutcomeOut(
        position=0,
        id=item.id,
        outcome=outcome,
        person_id=person_id,
        version=person.version,
        base_version=item.base_version,
        person=person,
        sent=item.sent() if outcome == "conflict" else None,
    )


async def _seen(
    session: AsyncSession, device: Device, person_id: UUID, outcome: Outcome, *, is_new: bool
) -> PersonOut:
    if outcome == "created":
        made = await session.get_one(Person, person_id)
        return await persons.see_new(session, made, device.may("C"))
    try:
        return await persons.see(session, person_id, device.may("R"))
    except Problem:
        # What is known of a number that is somebody else's is that it is taken, and no more.
        if is_new:
            raise persons.refuse_other_content() from None
        raise
