"""
What a household receives once for all who live in it. Callers own the transaction.

An entitlement of a household follows who lives there until it is delivered. From then on each who
lived there is marked as served (Served), and it changes no more.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged
from chassis.caller import Caller
from chassis.clock import today
from chassis.problems import Problem
from chassis.rows import insert_new, new_row, note_new
from services.assistance.entitlements.models import Entitlement, Served
from services.assistance.entitlements.rules import SERVED, WHY, closed_because
from services.assistance.households import service as households
from services.assistance.households.models import Household
from services.assistance.people.models import Person
from services.assistance.programmes import rules
from services.assistance.programmes.models import Programme
from services.assistance.programmes.service import going_on

HOUSEHOLD = "household"
By = Caller | audit.Actor


async def settle_everywhere(session: AsyncSession, household_id: UUID, by: By) -> None:
    """Let a household that is another than before have what it should in each programme."""
    household = await session.get(Household, household_id)
    for programme in await going_on(session):
        if household and programme.item_per == HOUSEHOLD:
            await settle(session, programme, household, by)


async def settle_of(
    session: AsyncSession, programmes: Sequence[Programme], people: Collection[UUID], by: By
) -> int:
    """Do so for the households in which one of these registrations is; count the new ones."""
    for_households = [each for each in programmes if each.item_per == HOUSEHOLD]
    if not for_households:
        return 0
    new = 0
    for household in await households.of_people(session, people):
        for programme in for_households:
            new += await settle(session, programme, household, by)
    return new


async def settle(session: AsyncSession, programme: Programme, household: Household, by: By) -> bool:
    """
    Open, close or open again what a household has in a programme; say whether it is new.

    As with people, nothing is closed because of a correction of where they are or what they are.
    """
    if household.kind != HOUSEHOLD:
        return False
    people = await _people(session, household)
    present = [each for each in people if each.departed_on is None]
    # Locked, so that a delivery in the same moment is waited for, and then counts.
    ours = select(Entitlement).where(
        col(Entitlement.programme_id) == programme.id,
        col(Entitlement.household_id) == household.id,
    )
    found = (await session.exec(ours.with_for_update())).one_or_none()
    if found and found.status == "delivered":
        return False
    because = closed_because(
        ended=household.ended_on is not None,
        departed=not present,
        served=await _is_served(session, programme.id, {each.id for each in people}),
    )
    if found:
        _change(session, found, because, _standing_for(household, present), by)
        return False
    if because or not _covers(programme, household, present):
        return False
    entitlement = Entitlement(
        programme_id=programme.id,
        household_id=household.id,
        person_id=_standing_for(household, present),
    )
    if not await insert_new(session, entitlement):
        return False
    audit.note(session, by, "create", "entitlement", _subjects(entitlement))
    return True


def _covers(programme: Programme, household: Household, people: Sequence[Person]) -> bool:
    return any(
        rules.covers(
            programme,
            kept_by=household.organisation,
            category=each.population_category,
            pcode=household.location_pcode,
            today=today(),
        )
        for each in people
    )


def _standing_for(household: Household, people: Sequence[Person]) -> UUID | None:
    here = sorted(each.id for each in people)
    told = (household.collector_person_id, household.head_person_id, *here)
    return next((each for each in told if each in here), None)


def _change(
    session: AsyncSession,
    entitlement: Entitlement,
    because: str | None,
    person_id: UUID | None,
    by: By,
) -> None:
    status = "closed" if because else "open"
    standing_for = person_id or entitlement.person_id
    now = (entitlement.status, entitlement.closed_because, entitlement.person_id)
    if now == (status, because, standing_for):
        return
    entitlement.status, entitlement.closed_because = status, because
    entitlement.person_id = standing_for
    entitlement.version += 1
    session.add(entitlement)
    audit.note(
        session,
        by,
        "update",
        "entitlement",
        _subjects(entitlement),
        fields=["person_id", "status"],
        reason=because,
    )


def _subjects(entitlement: Entitlement) -> list[UUID]:
    return [each for each in (entitlement.person_id, entitlement.id) if each]


async def _people(session: AsyncSession, household: Household) -> Sequence[Person]:
    """Return who lives there by each registration that assistance has heard of."""
    members = (await session.exec(households.members(household.id))).all()
    ids: set[UUID] = set()
    for each in members:
        ids |= await merged.registrations_of(session, Person, each)
    return (await session.exec(select(Person).where(col(Person.id).in_(ids)))).all()


async def _is_served(session: AsyncSession, programme_id: UUID, people: Collection[UUID]) -> bool:
    statement = select(Served.person_id).where(
        col(Served.programme_id) == programme_id, col(Served.person_id).in_(people)
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def hand_over(
    session: AsyncSession, entitlement: Entitlement, collected_by: UUID | None, by: By
) -> None:
    """
    Mark everybody in a household as served; 409 when somebody is, or somebody else came for it.

    Who receives for a household is its collector or the alternate, else its head, else anybody who
    lives there.
    """
    household = await session.get_one(Household, entitlement.household_id)
    if collected_by is None or not await _receives(session, household, collected_by):
        detail = (
            "A household receives this: tell in `collected_by` its collector or alternate; where "
            "it has neither, its head."
        )
        raise Problem(409, "not-the-collector", detail)
    people = {each.id for each in await _people(session, household)}
    programme = await session.get_one(Programme, entitlement.programme_id)
    is_served = await _is_served(session, programme.id, people)
    if is_served or not await _mark(session, entitlement, household):
        raise Problem(409, "entitlement-closed", f"This entitlement is closed: {WHY[SERVED]}.")
    for other in await households.of_people(session, people):
        if other.id != household.id:
            await settle(session, programme, other, by)


async def _mark(session: AsyncSession, entitlement: Entitlement, household: Household) -> bool:
    """
    Mark who counts in a household as served; say whether nobody was.

    Another registration of theirs is not: taken apart again, it may be somebody else's. The key
    decides between two households that are served at the same moment, and not a look before.
    """
    members = (await session.exec(households.members(household.id))).all()
    marks = [
        new_row(
            Served,
            programme_id=entitlement.programme_id,
            person_id=each,
            entitlement_id=entitlement.id,
        )
        for each in members
    ]
    return len(await note_new(session, Served, marks)) == len(marks)


async def _receives(session: AsyncSession, household: Household, person_id: UUID) -> bool:
    told = {household.collector_person_id, household.alternate_person_id} - {None}
    told = told or {household.head_person_id} - {None}
    if not told:
        told = set((await session.exec(households.members(household.id))).all())
    return bool(told & await merged.registrations_of(session, Person, person_id))
