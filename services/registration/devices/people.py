"""What a device tells of people: registrations, corrections, and who has rung the hotline."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.among import among
from chassis.problems import Problem
from chassis.tables import core_table
from services.registration.corrections import service as corrections
from services.registration.corrections.models import CorrectionIn
from services.registration.devices.models import ItemIn, Outcome
from services.registration.devices.sender import Device, Done
from services.registration.enquiries import service as enquiries
from services.registration.enquiries.models import CompletionIn, EnquiryIn
from services.registration.occasions import service as occasions
from services.registration.persons import registering
from services.registration.persons import service as persons
from services.registration.persons.models import SCOPING, Person, PersonIn

STALE, OTHERWISE = 412, "already-registered"
PERSONS = core_table(Person)
NAMED = (
    update(PERSONS)
    .where(PERSONS.c.id == bindparam("whom"))
    .values(client_id=bindparam("as_device_says"))
)


class Known(NamedTuple):
    """Whom the caller's organisation has under a device's id."""

    id: UUID
    external_id: str


async def known(session: AsyncSession, device: Device, ids: Collection[UUID]) -> dict[UUID, Known]:
    """Return by a device's ids whom its organisation has; of others' nobody learns."""
    statement = select(Person.client_id, Person.id, Person.external_id).where(
        col(Person.organisation) == device.organisation,
        among(session, col(Person.client_id), ids),
    )
    rows = (await session.exec(statement)).all()
    return {by: Known(id_, external_id) for by, id_, external_id in rows if by}


async def meant(session: AsyncSession, device: Device, ids: Collection[UUID]) -> dict[UUID, Known]:
    """
    Return by a device's ids whom they mean, but for ids that are the register's own of somebody.

    Whoever made such an id theirs, by a slip or not, would be told what others tell of that person;
    of whom the caller cannot read they learn nothing by it.
    """
    here = await known(session, device, ids)
    if not here:
        return here
    theirs = among(session, col(Person.id), list(here))
    own = select(Person.id).where(theirs, device.may("R").rows(SCOPING))
    registers = set(await session.exec(own))
    return {by: each for by, each in here.items() if by not in registers}


async def register(
    session: AsyncSession, device: Device, items: Sequence[ItemIn]
) -> list[Done | Problem]:
    """
    Register people as the operation for one does; known again, nothing changes.

    Each is a problem, or what became of them, in their order; nobody is told twice.
    """
    told = {item.id: item.registration for item in items if item.registration}
    here = await known(session, device, told)
    done: dict[UUID, Done | Problem] = {}
    done |= await _refused(session, device, told, here)
    done |= {
        id_: Done(here[id_].id, "conflict")
        for id_, form in told.items()
        if id_ in here and id_ not in done and here[id_].external_id != form.external_id
    }
    taken = {id_: form for id_, form in told.items() if id_ not in done}
    done |= await _made(session, device, taken)
    return [done[item.id] for item in items]


async def _refused(
    session: AsyncSession,
    device: Device,
    told: Mapping[UUID, PersonIn],
    here: Collection[UUID],
) -> dict[UUID, Problem]:
    """
    Return why some may not be registered at all, asked once for all of them.

    Who is `here` was registered while the sender could read the event, which may be over.
    """
    access = device.may("C")
    numbers = [form.external_id for form in told.values()]
    erased = await persons.erased_external_ids(session, device.organisation, numbers)
    events = {form.registration_event_id for form in told.values() if form.registration_event_id}
    within_reach = await occasions.within_reach(session, events, access)

    def check(id_: UUID, form: PersonIn) -> None:
        access.refuse_elsewhere(form.location_pcode)
        access.refuse_without(persons.resources_of(form.model_fields_set), "C")
        device.refuse_nowhere(form.location_pcode, "registration")
        event_id = form.registration_event_id
        if event_id and id_ not in here and event_id not in within_reach:
            raise occasions.refuse_unknown("/registration/registration_event_id")
        if form.external_id in erased:
            raise persons.refuse_erased()

    refused: dict[UUID, Problem] = {}
    for id_, form in told.items():
        try:
            check(id_, form)
        except Problem as problem:
            refused[id_] = problem
    return refused


async def _made(
    session: AsyncSession, device: Device, told: Mapping[UUID, PersonIn]
) -> dict[UUID, Done]:
    registered = await registering.register_all(
        session,
        list(told.values()),
        organisation=device.organisation,
        by=device.access.caller.id,
        case_owner=persons.owner(device.access.caller),
    )
    made = [
        (by_device, person_id, outcome)
        for by_device, (person_id, outcome) in zip(told, registered, strict=True)
    ]
    await _name(session, {each: person for each, person, outcome in made if outcome == "created"})
    return {
        by_device: Done(person_id, "conflict" if outcome == "different" else outcome)
        for by_device, person_id, outcome in made
    }


async def _name(session: AsyncSession, made: Mapping[UUID, UUID]) -> None:
    """
    Keep by which ids the device knows whom it has registered.

    A device that made one id twice has no two people by it: the second one fails here.
    """
    if made:
        ids = [{"whom": person_id, "as_device_says": each} for each, person_id in made.items()]
        await session.exec(NAMED, params=ids)


async def take(session: AsyncSession, device: Device, item: ItemIn) -> Done:
    """Take what is told of one person besides a registration; a problem with it is raised."""
    if isinstance(item.told, EnquiryIn):
        here = (await known(session, device, [item.id])).get(item.id)
        return await _enquire(session, device, item, item.told, here)
    by_device = (await meant(session, device, [item.id])).get(item.id)
    person_id = by_device.id if by_device else item.id
    expected = item.base_version or 0
    if isinstance(item.told, CompletionIn):
        return await _complete(session, device, person_id, item.told, expected)
    assert isinstance(item.told, CorrectionIn)  # noqa: S101 - The rest is told elsewhere.
    return await _correct(session, device, person_id, item.told, expected)


async def _enquire(
    session: AsyncSession, device: Device, item: ItemIn, form: EnquiryIn, here: Known | None
) -> Done:
    device.refuse_nowhere(form.location_pcode, "enquiry")
    if here and here.external_id != form.external_id:
        return Done(here.id, "conflict")
    person, outcome = await enquiries.note(session, form, device.may("C"))
    if outcome == "created":
        await _name(session, {item.id: person.id})
    return Done(person.id, "conflict" if outcome == "different" else outcome)


async def _complete(
    session: AsyncSession, device: Device, person_id: UUID, form: CompletionIn, expected: int
) -> Done:
    """Complete an enquiry as the operation does, or say that the register says otherwise."""
    device.refuse_nowhere(form.location_pcode, "completion")
    access = device.may("U")
    waits = select(Person.is_enquiry).where(col(Person.id) == person_id)
    was_open = (await session.exec(waits)).one_or_none()
    try:
        person = await enquiries.complete(session, person_id, form, access, expected=expected)
    except Problem as problem:
        if problem.status != STALE and problem.slug != OTHERWISE:
            raise
        return Done(person_id, "conflict")
    return Done(person.id, "updated" if was_open else "unchanged")


async def _correct(
    session: AsyncSession, device: Device, person_id: UUID, form: CorrectionIn, expected: int
) -> Done:
    """Correct a record as the operation for one person does, or say that it has changed since."""
    device.refuse_nowhere(form.location_pcode, "correction")
    access = device.may("U")
    standing = await persons.standing_to(session, person_id, access)
    try:
        person = await corrections.correct(session, person_id, form, access, expected=expected)
    except Problem as problem:
        if problem.status != STALE:
            raise
        is_so = await corrections.says_so(session, person_id, form, access)
        return Done(person_id, "unchanged" if is_so else "conflict", standing=standing)
    outcome: Outcome = "unchanged" if person.version == expected else "updated"
    return Done(person.id, outcome, standing=standing)
