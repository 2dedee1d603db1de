"""How people come into a household, go to another and leave. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import Problem, not_found, wrong
from services.registration.households import changing, membership, naming
from services.registration.households.models import HOUSEHOLD, Came, Household, Left, Member
from services.registration.households.service import (
    add_members,
    insert,
    new,
    note,
    receiving,
)
from services.registration.households.shapes import (
    JoinIn,
    LeavingIn,
    MemberIn,
    MoveIn,
    RelationIn,
    SplitIn,
)


async def add(
    session: AsyncSession, household_id: UUID, form: MemberIn, access: Access
) -> Household:
    """Add somebody who is in no household, or to a group; 409 for a member or a second head."""
    await naming.visible(session, household_id, access)
    await naming.people(session, [form.person_id], access, access.caller.organisation)
    found = await naming.to_change(session, [household_id], access, [form.person_id])
    household = found[household_id]
    before = await membership.members(session, household.id)
    if any(each.person_id == form.person_id for each in before):
        raise Problem(409, "conflict", "They are a member of it already.")
    if household.kind == HOUSEHOLD:
        await naming.refuse_elsewhere(session, [form.person_id])
    add_members(session, household, [form], "added", access)
    await naming.refuse_second_head(session, household.id, naming.heads(before))
    changing.changed(household)
    note(session, access, "add_member", household, [form.person_id])
    return household


async def leave(
    session: AsyncSession, household_id: UUID, person_id: UUID, form: LeavingIn, access: Access
) -> Household:
    """Let a member go where no household is known; the last one ends it."""
    household = (await naming.to_change(session, [household_id], access, [person_id]))[household_id]
    [member] = await _here(session, household, [person_id])
    await _go(session, household, [member], "left", form.on, access)
    note(session, access, "remove_member", household, [person_id])
    return household


async def move(
    session: AsyncSession, household_id: UUID, person_id: UUID, form: MoveIn, access: Access
) -> Household:
    """Move a member to another household of the kind, in one step; return that one."""
    await naming.visible(session, household_id, access)
    if form.to == household_id:
        raise wrong("/to", "same_household", "They are in this household.")
    both = await naming.to_change(session, [household_id, form.to], access, [person_id])
    old, to = both[household_id], both[form.to]
    _refuse_other_kind(old, to, "/to")
    [member] = await _here(session, old, [person_id])
    await _go(session, old, [member], "moved", form.on, access)
    await _come(session, to, [_related(form, person_id)], form.on, access)
    note(session, access, "move_member", old, [to.id, person_id])
    return to


def _related(form: MoveIn, person_id: UUID) -> RelationIn:
    return RelationIn(person_id=person_id, relationship_to_head=form.relationship_to_head)


async def split(
    session: AsyncSession, household_id: UUID, form: SplitIn, access: Access
) -> Household:
    """Let some members be a household of their own, and return it; somebody stays in the other."""
    await naming.visible(session, household_id, access)
    places, organisation = naming.named_in(form), access.caller.organisation
    known = await naming.people(session, receiving(form), access, organisation, places=places)
    ids = [each.person_id for each in form.members]
    old = (await naming.to_change(session, [household_id], access, ids))[household_id]
    going = await _here(session, old, ids)
    if len(going) == len(await membership.members(session, old.id)):
        raise wrong(
            "/members", "nobody_stays", "Somebody has to stay; correct the household instead."
        )
    made = new(form, form.location_pcode or old.location_pcode, access, kind=old.kind)
    naming.refuse_collectors(made, naming.COLLECTORS, known)
    await insert(session, made)
    await _go(session, old, going, "split", form.on, access)
    add_members(session, made, form.members, "split", access, on=form.on)
    note(session, access, "split", old, [made.id, *ids])
    return made


async def join(
    session: AsyncSession, household_id: UUID, form: JoinIn, access: Access
) -> Household:
    """
    Let all members of a household be members of another, and return that one.

    Who was the head is nobody to the other's head until somebody says who.
    """
    await naming.visible(session, household_id, access)
    if form.into == household_id:
        raise wrong("/into", "same_household", "A household is not joined with itself.")
    whose = await _all(session, household_id)
    both = await naming.to_change(session, [household_id, form.into], access, whose)
    old, into = both[household_id], both[form.into]
    _refuse_other_kind(old, into, "/into")
    going = await membership.members(session, old.id)
    told = {each.person_id: each for each in form.relationships}
    if told.keys() - {each.person_id for each in going}:
        raise not_found("member")
    await _go(session, old, going, "joined", form.on, access)
    old.ended_on, old.joined_into = form.on, into.id
    there = {each.person_id for each in await membership.members(session, into.id)}
    coming = [
        told.get(each.person_id, RelationIn(person_id=each.person_id))
        for each in going
        if each.person_id not in there
    ]
    await _come(session, into, coming, form.on, access, because="joined")
    note(session, access, "join", old, [into.id, *(each.person_id for each in going)])
    return into


async def end(
    session: AsyncSession, household_id: UUID, form: LeavingIn, access: Access
) -> Household:
    """Dissolve a household: nobody is in it any more, and its history stays."""
    whose = await _all(session, household_id)
    household = (await naming.to_change(session, [household_id], access, whose))[household_id]
    going = await membership.members(session, household.id)
    await _go(session, household, going, "ended", form.on, access)
    household.ended_on = form.on
    note(session, access, "end", household, [each.person_id for each in going])
    return household


async def _all(session: AsyncSession, household_id: UUID) -> list[UUID]:
    return [each.person_id for each in await membership.members(session, household_id)]


async def _here(session: AsyncSession, household: Household, ids: Sequence[UUID]) -> list[Member]:
    """Return members by the ids of their persons; 404 when one of them is not here any more."""
    here = {each.person_id: each for each in await membership.members(session, household.id)}
    if set(ids) - here.keys():
        raise not_found("member")
    return [here[each] for each in ids]


async def _go(
    session: AsyncSession,
    household: Household,
    going: Sequence[Member],
    because: Left,
    on: date,
    access: Access,
) -> None:
    naming.refuse_before(going, on)
    await changing.leave(session, household, going, because, access.caller.id, on=on)


async def _come(
    session: AsyncSession,
    household: Household,
    coming: Sequence[RelationIn],
    on: date,
    access: Access,
    because: Came = "moved",
) -> None:
    before = await membership.members(session, household.id)
    if {each.person_id for each in before} & {each.person_id for each in coming}:
        raise Problem(409, "conflict", "They are a member of it already.")
    add_members(session, household, coming, because, access, on=on)
    await naming.refuse_second_head(session, household.id, naming.heads(before))
    changing.changed(household)


def _refuse_other_kind(one: Household, other: Household, pointer: str) -> None:
    if one.kind != other.kind:
        raise wrong(pointer, "other_kind", "It is of another kind.")
