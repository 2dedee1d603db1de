"""
What can be done with households. Callers own the transaction.

Whoever locks both locks people first, then households, each in the order of their ids: so of two
who move a person at once the second sees where the first has moved them.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, versions
from chassis.authz import Access
from chassis.problems import Problem, not_found, wrong
from chassis.rows import insert_new
from chassis.scoping import Clause
from chassis.views import View
from services.registration.households import changing, membership, naming, rules, showing
from services.registration.households.models import HOUSEHOLD, Came, Household, Kind, Member
from services.registration.households.shapes import (
    HouseholdCorrectionIn,
    HouseholdIn,
    MemberIn,
    ReceivingIn,
    RelationIn,
)

RESOURCE = "household"


async def create(session: AsyncSession, form: HouseholdIn, access: Access) -> Household:
    """
    Make a household of people whom the caller knows of.

    409 when one of them is in a household, or the reference names one.
    """
    organisation = access.caller.organisation
    ids = [each.person_id for each in form.members]
    places = naming.named_in(form)
    known = await naming.people(session, [*places], access, organisation, places=places)
    if form.kind == HOUSEHOLD:
        await naming.refuse_elsewhere(session, ids, places)
        # Where they are by another registration they may count no more.
        await naming.to_change(session, (), access, ids)
    household = new(form, form.location_pcode, access, kind=form.kind)
    naming.refuse_collectors(household, naming.COLLECTORS, known)
    await insert(session, household)
    add_members(session, household, form.members, "added", access)
    note(session, access, "create", household, ids)
    return household


def receiving(form: ReceivingIn) -> set[UUID]:
    named = {form.collector_person_id, form.alternate_person_id}
    return {each for each in named if each}


def new(form: ReceivingIn, place: str, access: Access, *, kind: str) -> Household:
    told = form.model_dump(include={"household_ref", "head_absence", *naming.COLLECTORS})
    return Household(
        **told,
        kind=kind,
        case_number=rules.new_household_number(),
        organisation=access.caller.organisation,
        location_pcode=place,
        created_by=access.caller.id,
    )


async def insert(session: AsyncSession, household: Household) -> None:
    if not await insert_new(session, household):
        raise _reference_taken()


def _reference_taken() -> Problem:
    return Problem(409, "name-taken", "Your organisation has a household of this reference.")


def add_members(
    session: AsyncSession,
    household: Household,
    forms: Iterable[RelationIn],
    because: Came,
    access: Access,
    *,
    on: date | None = None,
) -> None:
    for each in forms:
        since = each.since if isinstance(each, MemberIn) else on
        assert since  # noqa: S101 - A day is told for each, or for all of them.
        session.add(
            Member(
                household_id=household.id,
                person_id=each.person_id,
                kind=household.kind,
                relationship_to_head=each.relationship_to_head,
                since=since,
                came_because=because,
                recorded_by=access.caller.id,
            )
        )


def note(
    session: AsyncSession,
    access: Access,
    action: str,
    household: Household,
    people: Iterable[UUID] = (),
    fields: Iterable[str] = (),
) -> None:
    audit.note(session, access.caller, action, RESOURCE, [household.id, *people], fields=fields)


async def get(
    session: AsyncSession, household_id: UUID, access: Access
) -> tuple[View, tuple[Household, int]]:
    """Return a household that the caller may see, with how much of it."""
    view = showing.view_of(access)
    statement = select(Household, view.standing).where(
        col(Household.id) == household_id, access.rows(showing.SCOPING)
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("household")
    return view, found


async def find(
    session: AsyncSession,
    access: Access,
    *,
    kind: Kind | None,
    case_number: str | None,
    household_ref: str | None,
    location_pcode: str | None,
    person_id: UUID | None,
    ended: bool | None,
    after: UUID | None,
    limit: int,
) -> tuple[View, Sequence[tuple[Household, int]]]:
    """Return the households that the caller may see, in the order in which they were formed."""
    view = showing.view_of(access)
    scoping = await showing.scoping_of_list(session, access.caller)
    statement = select(Household, view.standing).where(access.rows(scoping))
    if kind:
        statement = statement.where(col(Household.kind) == kind)
    if case_number:
        statement = statement.where(col(Household.case_number) == case_number)
    if household_ref:
        by_ref = col(Household.household_ref) == household_ref
        statement = statement.where(by_ref, view.showing("household_ref"))
    if location_pcode:
        below = col(Household.location_pcode).startswith(location_pcode, autoescape=True)
        statement = statement.where(below, view.showing("location_pcode"))
    if person_id:
        statement = statement.where(_with(person_id), view.showing("members"))
    if ended is not None:
        is_open = col(Household.ended_on).is_(None)
        statement = statement.where(~is_open if ended else is_open)
    if after:
        statement = statement.where(col(Household.id) > after)
    found = (await session.exec(statement.order_by(col(Household.id)).limit(limit))).all()
    return view, found


def _with(person_id: UUID) -> Clause:
    return exists().where(
        col(Member.household_id) == col(Household.id), col(Member.person_id) == person_id
    )


async def correct(
    session: AsyncSession,
    household_id: UUID,
    form: HouseholdCorrectionIn,
    access: Access,
    *,
    expected: int,
) -> Household:
    """
    Correct a household as the caller has read it; a correction without any changes nothing.

    412 when it has changed since; 409 for a second head, or a reference that another one has.
    """
    await naming.visible(session, household_id, access)
    places = naming.named_in(form)
    organisation = access.caller.organisation
    known = await naming.people(session, [*places], access, organisation, places=places)
    household = (await naming.to_change(session, [household_id], access))[household_id]
    if household.version != expected:
        raise versions.changed("household")
    changes = {
        name: value for name, value in form.changes().items() if value != getattr(household, name)
    }
    related = await _relate(session, household, form.relationships or [], access)
    if not changes and not related:
        return household
    if changes.get("head_absence"):
        await _refuse_with_head(session, household)
    if changes.get("household_ref"):
        await _refuse_taken(session, household, changes["household_ref"])
    for name, value in changes.items():
        setattr(household, name, value)
    naming.refuse_collectors(household, changes.keys(), known)
    changing.changed(household)
    fields = [*changes, *(["relationship_to_head"] if related else [])]
    note(session, access, "update", household, related, fields=fields)
    return household


async def _refuse_with_head(session: AsyncSession, household: Household) -> None:
    fellows = await membership.fellows(session, [household.id])
    if rules.has_head(fellows[household.id]):
        detail = "A member is the head; say who they are instead, or let them leave first."
        raise wrong("/head_absence", "has_head", detail)


async def _refuse_taken(session: AsyncSession, household: Household, ref: str) -> None:
    statement = select(Household.id).where(
        col(Household.organisation) == household.organisation,
        col(Household.kind) == household.kind,
        col(Household.household_ref) == ref,
        col(Household.ended_on).is_(None) | col(Household.joined_into).is_not(None),
    )
    if (await session.exec(statement)).first():
        raise _reference_taken()


async def _relate(
    session: AsyncSession, household: Household, told: Sequence[RelationIn], access: Access
) -> list[UUID]:
    before = await membership.members(session, household.id)
    here = {each.person_id: each for each in before}
    known = {id_: each.relationship_to_head for id_, each in here.items()}
    heads = naming.heads(before)
    if any(each.person_id not in here for each in told):
        raise not_found("member")
    anew = [each for each in told if known[each.person_id] != each.relationship_to_head]
    for each in anew:
        await changing.relate(
            session, here[each.person_id], each.relationship_to_head, access.caller.id
        )
    await naming.refuse_second_head(session, household.id, heads)
    return [each.person_id for each in anew]
