"""What a device is answered: what the caller may see of whom or what each item is about."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Problem
from services.registration.devices import occasions, rules
from services.registration.devices.models import ItemIn, OutcomeOut
from services.registration.devices.rules import Placed
from services.registration.devices.sender import Device, Done
from services.registration.households import showing
from services.registration.households.shapes import HouseholdOut
from services.registration.occasions.models import EventOut
from services.registration.persons import service as persons
from services.registration.persons.models import Person
from services.registration.persons.shapes import PersonOut

Shown = PersonOut | HouseholdOut | EventOut
Seen = Mapping[UUID, Shown]


async def to(
    session: AsyncSession, device: Device, run: Sequence[Placed], done: Sequence[Done | Problem]
) -> list[OutcomeOut]:
    """Return the answer to each item of a run; nothing of whom the caller may not see."""
    told = [each for each in done if isinstance(each, Done)]
    seen = await _people(session, device, told) | await _households(session, device, told)
    seen |= await occasions.seen(session, device, told)
    return [
        rules.rejected(position, item.id, each)
        if isinstance(each, Problem)
        else _outcome(position, item, each, seen)
        for (position, item), each in zip(run, done, strict=True)
    ]


async def _people(session: AsyncSession, device: Device, told: Sequence[Done]) -> dict[UUID, Shown]:
    people = [each for each in told if each.about == "person"]
    corrected = [each for each in people if each.standing is not None]
    new = {each.id for each in people if each.outcome == "created"}
    others = {each.id for each in people} - new - {each.id for each in corrected}
    seen: dict[UUID, Shown] = {}
    seen |= await persons.see_all_new(session, new, device.may("C"))
    seen |= await persons.see_all(session, others, device.may("R"))
    for each in corrected:
        person = await session.get_one(Person, each.id)
        seen[each.id] = await persons.see_as(session, person, each.standing, device.may("R"))
    return seen


async def _households(
    session: AsyncSession, device: Device, told: Sequence[Done]
) -> dict[UUID, Shown]:
    seen: dict[UUID, Shown] = {}
    for each in told:
        if each.about == "household":
            access = device.may("R", "household")
            seen[each.id] = await showing.see_changed(session, each.id, access)
    return seen


def _outcome(position: int, item: ItemIn, done: Done, seen: Seen) -> OutcomeOut:
    shown = seen.get(done.id)
    if shown is None and done.about == "registration_event" and done.outcome == "unchanged":
        # Its enumerator reads it for a day; that it was taken, the device may hear later too.
        return OutcomeOut(
            position=position, id=item.id, outcome="unchanged", registration_event_id=done.id
        )
    if shown is None:
        # What is known of a number that is somebody else's is that it is taken, and no more.
        return rules.rejected(position, item.id, persons.refuse_other_content())
    return OutcomeOut(
        position=position,
        id=item.id,
        outcome=done.outcome,
        version=shown.version,
        base_version=item.base_version,
        sent=item.sent() if done.outcome == "conflict" else None,
        **_of(done, shown),
    )


def _of(done: Done, shown: Shown) -> dict[str, Any]:
    return {f"{done.about}_id": done.id, done.about: shown}
