"""
What a device tells of households: that one was made, or what has changed of one.

Who belongs to it is named by the device's own ids or by the register's.
"""

from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import Problem
from services.registration.devices import people, rules
from services.registration.devices.models import ItemIn, Outcome
from services.registration.devices.sender import Device, Done
from services.registration.devices.shapes import HouseholdChangeIn
from services.registration.households import membership, moving, naming, service, showing
from services.registration.households.models import Household
from services.registration.households.shapes import HouseholdIn, LeavingIn
from services.registration.persons.rules import fingerprint
from services.registration.persons.sealed import fingerprint as keyed

TAKEN = "name-taken"


async def take(session: AsyncSession, device: Device, item: ItemIn) -> Done:
    """Take what is told of one household; a problem with it is raised."""
    ours = await people.meant(session, device, rules.ids_named(item.told))
    whose = {by_device: each.id for by_device, each in ours.items()}
    known = await _known(session, device, item.id)
    if item.household:
        form = rules.by_our_ids(item.household, whose, "household")
        device.refuse_nowhere(form.location_pcode, "household")
        return await _make(session, device, item.id, form, known)
    assert item.household_correction  # noqa: S101 - An item is one or the other.
    change = rules.by_our_ids(item.household_correction, whose, "household_correction")
    device.refuse_nowhere(change.location_pcode, "household_correction")
    access = device.may("U", "household")
    household_id = known.id if known else item.id
    return await _change(session, household_id, change, access, item.base_version or 0)


async def _known(session: AsyncSession, device: Device, client_id: UUID) -> Household | None:
    statement = select(Household).where(
        col(Household.organisation) == device.organisation, col(Household.client_id) == client_id
    )
    return (await session.exec(statement)).one_or_none()


async def _make(
    session: AsyncSession,
    device: Device,
    by_device: UUID,
    form: HouseholdIn,
    known: Household | None,
) -> Done:
    """Make a household as the operation for one does; sent again it changes nothing."""
    access = device.may("C", "household")
    access.refuse_elsewhere(form.location_pcode)
    said = keyed(session, fingerprint(_canonical(form)))
    if known:
        return Done(known.id, "unchanged" if known.fingerprint == said else "conflict", "household")
    try:
        household = await service.create(session, form, access)
    except Problem as problem:
        named = await _named(session, device, form) if problem.slug == TAKEN else None
        if named is None:
            raise
        return Done(named, "conflict", "household")
    # A device that made one id twice has no two households by it: the second one fails here.
    whose = update(Household).where(col(Household.id) == household.id)
    await session.exec(whose.values(client_id=by_device, fingerprint=said))
    return Done(household.id, "created", "household")


def _canonical(form: HouseholdIn) -> str:
    """Return what makes two tellings of a household the same, whenever they are sent."""
    return to_json(form.model_dump(exclude={"members": {"__all__": {"since"}}})).decode()


async def _named(session: AsyncSession, device: Device, form: HouseholdIn) -> UUID | None:
    """Return the household that has the reference already, where the caller may see it."""
    statement = select(Household.id).where(
        col(Household.organisation) == device.organisation,
        col(Household.kind) == form.kind,
        col(Household.household_ref) == form.household_ref,
        col(Household.ended_on).is_(None),
        device.may("R", "household").rows(showing.SCOPING),
    )
    return (await session.exec(statement)).one_or_none()


async def _change(
    session: AsyncSession, household_id: UUID, change: HouseholdChangeIn, access: Access, base: int
) -> Done:
    """Change a household that is as the device has shown it, or say that it is not."""
    await naming.visible(session, household_id, access)
    household = (await membership.lock(session, [household_id]))[household_id]
    if household.version != base:
        is_so = await _says_so(session, household, change)
        return Done(household_id, "unchanged" if is_so else "conflict", "household")
    for gone in change.left:
        await moving.leave(session, household_id, gone.person_id, LeavingIn(on=gone.on), access)
    await service.correct(session, household_id, change, access, expected=household.version)
    for come in change.joined:
        await moving.add(session, household_id, come, access)
    outcome: Outcome = "unchanged" if household.version == base else "updated"
    return Done(household_id, outcome, "household")


async def _says_so(session: AsyncSession, household: Household, change: HouseholdChangeIn) -> bool:
    """Say whether a household, at whatever version, is already as a change would make it."""
    here = {
        each.person_id: each.relationship_to_head
        for each in await membership.members(session, household.id)
    }
    told = [*(change.relationships or []), *change.joined]
    is_gone = all(each.person_id not in here for each in change.left)
    is_there = all(
        here.get(each.person_id, "") == each.relationship_to_head and each.person_id in here
        for each in told
    )
    is_so = all(value == getattr(household, name) for name, value in change.changes().items())
    return is_gone and is_there and is_so
