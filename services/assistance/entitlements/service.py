"""What can be done with entitlements. Callers own the transaction."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged
from chassis.authz import Access
from chassis.clock import today
from chassis.problems import not_found
from chassis.rows import insert_all_unless_there, new_row
from chassis.scoping import Clause
from chassis.turns import take_turns
from chassis.views import View
from chassis.worker import Work
from services.assistance.entitlements import kits
from services.assistance.entitlements.models import Entitlement, EntitlementOut, Status
from services.assistance.entitlements.rules import MERGED, settled
from services.assistance.households.service import members, received_by
from services.assistance.people.models import Person
from services.assistance.programmes import rules
from services.assistance.programmes.models import Programme
from services.assistance.programmes.service import TURN, going_on
from services.assistance.scoping import ENTITLEMENTS, PEOPLE

PEOPLE_A_STEP = 200
ALONE = col(Entitlement.household_id).is_(None)
"""Of one person, and not of a household for which they stand."""


async def entitle(session: AsyncSession, people: Sequence[Person], by: audit.Actor) -> None:
    """Open an entitlement in each programme that covers one of them and has none for them."""
    await _entitle(session, await going_on(session), people, by)


async def _entitle(
    session: AsyncSession,
    programmes: Sequence[Programme],
    people: Sequence[Person],
    by: audit.Actor,
) -> int:
    """Do so in these programmes; return how many are new."""
    rows = [
        new_row(Entitlement, programme_id=programme.id, person_id=person.id)
        for person in people
        for programme in programmes
        if programme.item_per != kits.HOUSEHOLD and _covers(programme, person)
    ]
    new = await insert_all_unless_there(session, Entitlement, rows)
    opened = [row for row in rows if row["id"] in new]
    for row in opened:
        audit.note(session, by, "create", "entitlement", [row["person_id"], row["id"]])
    for_households = [each for each in programmes if each.item_per == kits.HOUSEHOLD]
    ids = {each.id for each in people} if opened or for_households else set()
    for each in await merged.merged_into(session, Person, ids) if ids else ():
        if any(row["person_id"] == each for row in opened):
            await settle(session, each, by)
        ids |= await merged.registrations_of(session, Person, each)
    return len(opened) + await kits.settle_of(session, for_households, ids, by)


def _covers(programme: Programme, person: Person) -> bool:
    goes_on = person.departed_on is None and person.merged_into is None
    return goes_on and rules.covers(
        programme,
        kept_by=person.organisation,
        category=person.population_category,
        pcode=person.location_pcode,
        today=today(),
    )


async def settle(session: AsyncSession, person_id: UUID, by: audit.Actor) -> None:
    """
    Let a person who is registered more than once receive each programme's item once.

    Of several entitlements in a programme the one that was delivered counts, or the oldest; the
    others are set aside, and come back when their registrations are taken apart.
    """
    people = await merged.registrations_of(session, Person, person_id)
    theirs = col(Entitlement.person_id).in_(people) & ALONE
    in_play = or_(
        col(Entitlement.status).in_(("open", "delivered")),
        col(Entitlement.closed_because) == MERGED,
    )
    found = await session.exec(
        # A delivery in the same moment is waited for, and then counts.
        select(Entitlement).where(theirs, in_play).order_by(col(Entitlement.id)).with_for_update()
    )
    by_programme: dict[UUID, list[Entitlement]] = defaultdict(list)
    for each in found:
        by_programme[each.programme_id].append(each)
    left = select(Person.id).where(col(Person.id).in_(people), col(Person.departed_on).is_not(None))
    departed = (await session.exec(left)).first() is not None
    for several in by_programme.values():
        for each, status, reason in settled(several, departed=departed):
            each.status, each.closed_because = status, reason
            each.version += 1
            session.add(each)
            subjects = [each.person_id or person_id, each.id]
            audit.note(
                session, by, "update", "entitlement", subjects, fields=["status"], reason=reason
            )


async def settle_households(session: AsyncSession, person_id: UUID, by: audit.Actor) -> None:
    """Let the household of somebody who is another than before have what it should."""
    theirs = await merged.registrations_of(session, Person, person_id)
    await kits.settle_of(session, await going_on(session), theirs, by)


async def entitle_people(work: Work) -> None:
    """Entitle the people whom a new programme finds already registered; a job, in steps."""
    programme_id = UUID(work.payload.decode())
    by = audit.Actor(work.job.created_by, work.job.organisation)
    after: UUID | None = None
    while True:
        async with work.step(work.job.position + PEOPLE_A_STEP) as (session, tally):
            # Whoever is being registered in this moment is waited for, once and for all.
            await take_turns(session, TURN)
            programme = await session.get(Programme, programme_id)
            people = await _people(session, after)
            new = await _entitle(session, [programme], people, by) if programme else 0
            tally.accepted += new
            tally.unchanged += len(people) - new
        if not people:
            return
        after = people[-1].id


async def _people(session: AsyncSession, after: UUID | None) -> Sequence[Person]:
    statement = select(Person).order_by(col(Person.id)).limit(PEOPLE_A_STEP)
    if after:
        statement = statement.where(col(Person.id) > after)
    return (await session.exec(statement)).all()


async def close_all(session: AsyncSession, person_id: UUID, reason: str, by: audit.Actor) -> None:
    """Close what a person has not received; what they have received stays as it is."""
    closed = await session.exec(
        update(Entitlement)
        .where(col(Entitlement.person_id) == person_id, col(Entitlement.status) == "open", ALONE)
        .values(status="closed", closed_because=reason, version=col(Entitlement.version) + 1)
    )
    if closed.rowcount:
        audit.note(
            session, by, "update", "entitlement", person_id, fields=["status"], reason=reason
        )


async def find(
    session: AsyncSession,
    access: Access,
    *,
    person_id: UUID | None,
    household_id: UUID | None,
    programme_id: UUID | None,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> list[EntitlementOut]:
    """Return as much as the caller may see of the entitlements that they may see, in order."""
    view = View(access, EntitlementOut.shape, ENTITLEMENTS)
    statement = joined(select(Entitlement, view.standing)).where(access.rows(ENTITLEMENTS))
    if person_id:
        theirs = await _of_theirs(session, person_id)
        statement = statement.where(theirs, view.showing("person_id"))
    if household_id:
        together = View(access, "person_in_assistance", PEOPLE).showing("household_id")
        here = or_(
            ALONE & col(Entitlement.person_id).in_(members(household_id)),
            col(Entitlement.household_id) == household_id,
        )
        statement = statement.where(here, together)
    if programme_id:
        statement = statement.where(col(Entitlement.programme_id) == programme_id)
    if status:
        statement = statement.where(col(Entitlement.status) == status, view.showing("status"))
    if after:
        statement = statement.where(col(Entitlement.id) > after)
    found = await session.exec(statement.order_by(col(Entitlement.id)).limit(limit))
    return [
        view.shown(EntitlementOut, entitlement.model_dump(), standing)
        for entitlement, standing in found
    ]


async def _of_theirs(session: AsyncSession, person_id: UUID) -> Clause:
    """Return the condition that somebody receives it, be it for their household as an alternate."""
    people = await merged.registrations_of(session, Person, person_id)
    return or_(
        col(Entitlement.person_id).in_(people),
        col(Entitlement.household_id).in_(received_by(people)),
    )


async def of_person(
    session: AsyncSession, access: Access, person_id: UUID
) -> list[tuple[Entitlement, Programme]]:
    theirs = await _of_theirs(session, person_id)
    statement = (
        joined(select(Entitlement, Programme))
        .where(theirs, access.rows(ENTITLEMENTS))
        .order_by(col(Entitlement.id))
    )
    return [(entitlement, programme) for entitlement, programme in await session.exec(statement)]


async def get(session: AsyncSession, entitlement_id: UUID, access: Access) -> Entitlement:
    """Return an entitlement with which the caller may do what they ask to."""
    statement = joined(select(Entitlement)).where(
        col(Entitlement.id) == entitlement_id, access.rows(ENTITLEMENTS)
    )
    found: Entitlement | None = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("entitlement")
    return found


def joined(statement: Any) -> Any:
    """Join what the scoping of entitlements looks at: the programme, and the person."""
    return statement.join(Programme, col(Programme.id) == col(Entitlement.programme_id)).join(
        Person, col(Person.id) == col(Entitlement.person_id)
    )
