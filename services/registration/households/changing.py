"""What changes households besides their own operations: registrations, corrections, departures."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import merged
from chassis.among import among
from chassis.clock import today
from chassis.rows import insert_all_unless_there, new_row
from chassis.tables import core_table
from services.registration.households import membership, rules
from services.registration.households.models import HOUSEHOLD, Came, Household, Left, Member
from services.registration.persons.births import FIELDS
from services.registration.persons.models import Person

HOUSEHOLDS = core_table(Household)
COUNTED_BY = frozenset({"sex", "location_pcode", "population_category", *FIELDS})
"""What of a person is seen in what is said of their household."""


class Named(NamedTuple):
    """Of a person, what decides on the household that they name."""

    id: UUID
    organisation: str
    location_pcode: str
    household_ref: str | None
    relationship_to_head: str | None
    registered_on: date

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        return cls(*map(row.__getitem__, cls._fields))


async def form(
    session: AsyncSession, people: Sequence[Named], by: str, *, because: Came = "registered"
) -> None:
    """
    Let people of one organisation who name the same household be in one, whoever comes first.

    Where all households are new that is two statements, however many people there are.
    """
    told = [each for each in people if each.household_ref]
    if not told:
        return
    ids, known = await _held(session, told, by)
    # Who is new cannot be elsewhere; a person who is, stays there.
    here = [_member(each, ids[_name(each)], by, because) for each in told]
    await insert_all_unless_there(session, Member, here)
    if known:
        # As `changed` does it; their objects are not needed for that.
        later = {"version": HOUSEHOLDS.c.version + 1, "untold": True}
        await session.exec(
            update(HOUSEHOLDS).where(among(session, HOUSEHOLDS.c.id, known)).values(later)
        )


async def _held(
    session: AsyncSession, people: Sequence[Named], by: str
) -> tuple[dict[str, UUID], list[UUID]]:
    """Return which household each reference means, and those of them that were there, locked."""
    made: dict[str, UUID] = {}
    while True:
        new, known = await _households_named(session, people, by, but=made)
        made |= new
        # What was made just now nobody else can see, and it is told of as it will be.
        ends = await _ends(session, known.values()) if known else {}
        # One that ended while it was waited for is named no more, or leads on to another.
        if not any(ends.values()):
            return made | known, list(ends)


async def _ends(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, date | None]:
    """Lock households, as membership.lock does, and return when each has ended."""
    found = (
        select(HOUSEHOLDS.c.id, HOUSEHOLDS.c.ended_on)
        .where(among(session, HOUSEHOLDS.c.id, set(ids)))
        .order_by(HOUSEHOLDS.c.id)
        .with_for_update()
    )
    return dict((await session.exec(found)).all())


def _name(person: Named) -> str:
    assert person.household_ref  # noqa: S101 - Only who names a household is asked for it.
    return person.household_ref


def _member(person: Named, household_id: UUID, by: str, because: Came) -> dict[str, Any]:
    return new_row(
        Member,
        household_id=household_id,
        person_id=person.id,
        kind=HOUSEHOLD,
        relationship_to_head=person.relationship_to_head,
        since=person.registered_on if because == "registered" else today(),
        came_because=because,
        recorded_by=by,
    )


async def _households_named(
    session: AsyncSession, people: Sequence[Named], by: str, *, but: Collection[str] = ()
) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Return the ids of the households that these people name: of those made here, and others."""
    told = {_name(each): each.location_pcode for each in reversed(people)}
    places = {ref: place for ref, place in told.items() if ref not in but}
    organisation = people[0].organisation
    # In one order, so that two registers with the same households do not wait for each other.
    new = [
        new_row(
            Household,
            case_number=rules.new_household_number(),
            organisation=organisation,
            household_ref=ref,
            location_pcode=places[ref],
            created_by=by,
        )
        for ref in sorted(places)
    ]
    inserted = await insert_all_unless_there(session, Household, new)
    made = {str(each["household_ref"]): each["id"] for each in new if each["id"] in inserted}
    if len(made) == len(places):
        return made, {}
    known = select(Household.household_ref, Household.id, Household.joined_into).where(
        col(Household.organisation) == organisation,
        col(Household.kind) == HOUSEHOLD,
        among(session, col(Household.household_ref), places.keys() - made.keys()),
        or_(col(Household.ended_on).is_(None), col(Household.joined_into).is_not(None)),
    )
    rows = (await session.exec(known)).all()
    return made, {ref: await _led_on(session, id_, into) for ref, id_, into in rows if ref}


async def _led_on(session: AsyncSession, id_: UUID, into: UUID | None) -> UUID:
    while into:
        id_ = into
        into = (await session.exec(select(Household.joined_into).where(Household.id == id_))).one()
    return id_


def changed(household: Household) -> None:
    """Let the others be told, and whoever has read it before look again."""
    household.version += 1
    household.untold = True


async def follow_correction(
    session: AsyncSession, person: Person, changes: Mapping[str, Any], by: str
) -> None:
    """Let a person's household follow what was corrected of them."""
    if "household_ref" in changes:
        await _leave_for_another(session, person, by)
    elif "relationship_to_head" in changes:
        await _relate_anew(session, person, by)
    elif COUNTED_BY & changes.keys():
        await touch(session, person.id)


async def _leave_for_another(session: AsyncSession, person: Person, by: str) -> None:
    before = await membership.household_of(session, person.id)
    named = Named.of(person.model_dump(include=set(Named._fields)))
    ids: dict[str, UUID] = {}
    if person.household_ref:
        made, known = await _households_named(session, [named], by)
        ids = made | known
    old = {before.household_id} if before else set()
    these = old | set(ids.values())
    others = await membership.beside(session, [person.id], person.organisation) - these
    households = await membership.lock(session, these | others)
    for each in others:
        changed(households[each])
    if before and before.household_id not in ids.values():
        await leave(session, households[before.household_id], [before], "corrected", by)
    await form(session, [named], by, because="corrected")


async def _relate_anew(session: AsyncSession, person: Person, by: str) -> None:
    before = await membership.household_of(session, person.id)
    if before is None:
        return
    households = await membership.lock(session, [before.household_id])
    await relate(session, before, person.relationship_to_head, by)
    changed(households[before.household_id])


async def relate(session: AsyncSession, member: Member, relationship: str | None, by: str) -> None:
    """Let a member be somebody else to the head; what they were before stays in the history."""
    again = Member(
        **member.model_dump(include={"household_id", "person_id", "kind"}),
        relationship_to_head=relationship,
        since=max(member.since, today()),
        came_because="corrected",
        recorded_by=by,
    )
    member.until, member.left_because, member.ended_by = again.since, "corrected", by
    session.add(member)
    await session.flush()
    session.add(again)


async def leave(
    session: AsyncSession,
    household: Household,
    members: Sequence[Member],
    because: Left,
    by: str,
    *,
    on: date | None = None,
) -> None:
    """
    Let members leave a household that is locked; they receive for it no more.

    The last one ends it.
    """
    for each in members:
        each.until, each.left_because, each.ended_by = on or today(), because, by
        session.add(each)
    await session.flush()
    gone = {each.person_id for each in members}
    if household.collector_person_id in gone:
        household.collector_person_id = None
    if household.alternate_person_id in gone:
        household.alternate_person_id = None
    if not await membership.members(session, household.id):
        household.ended_on = on or today()
    changed(household)


async def touch(session: AsyncSession, person_id: UUID) -> None:
    """Let the households of a person be told anew, by whichever registration they are in them."""
    registrations = await merged.registrations_here(session, Person, person_id)
    for each in (await membership.lock(session, await _named_by(session, registrations))).values():
        changed(each)


async def _named_by(session: AsyncSession, people: Collection[UUID]) -> set[UUID]:
    here = select(Member.household_id).where(
        col(Member.person_id).in_(people), col(Member.until).is_(None)
    )
    received = select(Household.id).where(
        col(Household.ended_on).is_(None),
        or_(
            col(Household.collector_person_id).in_(people),
            col(Household.alternate_person_id).in_(people),
        ),
    )
    return {*(await session.exec(here)).all(), *(await session.exec(received)).all()}


async def hold(session: AsyncSession, person_id: UUID) -> None:
    """Lock all that a person, by any registration of theirs, was ever in, before any of it."""
    registrations = await merged.registrations_here(session, Person, person_id)
    ever = select(Member.household_id).where(col(Member.person_id).in_(registrations))
    named = await _named_by(session, registrations) | set((await session.exec(ever)).all())
    await membership.lock(session, named)


async def let_go(session: AsyncSession, person_id: UUID) -> None:
    """
    Let a person who is forgotten belong nowhere.

    A household of nobody else ends; where nobody else ever was in it, its reference goes too.
    """
    before = select(Member.household_id).where(col(Member.person_id) == person_id)
    # Where else they were, by a registration that stays, they may count from now on.
    registrations = await merged.registrations_here(session, Person, person_id)
    named = await _named_by(session, registrations) | set((await session.exec(before)).all())
    for each in (await membership.lock(session, named)).values():
        others = await _others(session, each.id, person_id)
        if each.ended_on is None and None not in others:
            each.ended_on = today()
        if not others:
            each.household_ref = None
        changed(each)


async def _others(session: AsyncSession, household_id: UUID, person_id: UUID) -> list[date | None]:
    """Return until when others were in a household; None for who still is."""
    statement = select(Member).where(
        col(Member.household_id) == household_id, col(Member.person_id) != person_id
    )
    return [each.until for each in (await session.exec(statement)).all()]
