"""Whom a household may name: members, heads and collectors, each refused where they cannot be."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.clock import today
from chassis.problems import Fault, Problem, not_found, unacceptable
from services.registration.households import changing, membership, rules
from services.registration.households.models import HOUSEHOLD, Household, Member
from services.registration.households.shapes import ReceivingIn
from services.registration.households.showing import SCOPING
from services.registration.persons import service as persons
from services.registration.persons.births import Birth
from services.registration.persons.models import SCOPING as PERSONS
from services.registration.persons.models import Person

COLLECTORS = ("collector_person_id", "alternate_person_id")


Places = Mapping[UUID, str]
"""Where in what was sent somebody is named, as a JSON pointer, by their id."""


def named_in(form: ReceivingIn) -> Places:
    """Return where the members and who receives for them are named."""
    members = enumerate(getattr(form, "members", ()))
    told = {name: getattr(form, name) for name in COLLECTORS}
    found = {person_id: f"/{name}" for name, person_id in told.items() if person_id}
    return found | {each.person_id: f"/members/{number}/person_id" for number, each in members}


def _faults(ids: Collection[UUID], places: Places, code: str, detail: str) -> list[Fault]:
    named = sorted(places[each] for each in ids if each in places)
    return [Fault(pointer=where, code=code, detail=detail) for where in named]


async def people(
    session: AsyncSession,
    ids: Collection[UUID],
    access: Access,
    organisation: str,
    *,
    places: Places = MappingProxyType({}),
) -> dict[UUID, Person]:
    """
    Return people whom the caller knows of, whom nobody else moves meanwhile, by id.

    422 for whom they do not know of, or another organisation has registered; 409 for a registration
    that is merged, and for an enquiry, of which nobody lives anywhere yet.
    """
    statement = (
        select(Person)
        .where(
            col(Person.id).in_(set(ids)),
            col(Person.organisation) == organisation,
            access.rows(PERSONS, "person", "R"),
        )
        .order_by(col(Person.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {each.id: each for each in (await session.exec(statement)).all()}
    if unknown := set(ids) - found.keys():
        faults = _faults(unknown, places, "unknown_person", "Nobody of this id is registered.")
        detail = "Somebody named here is not registered."
        raise Problem(422, "unknown-person", detail, errors=faults)
    for each in found.values():
        persons.refuse_merged(each)
        persons.refuse_enquiry(each)
    return found


async def to_change(
    session: AsyncSession, ids: Collection[UUID], access: Access, whose: Collection[UUID] = ()
) -> dict[UUID, Household]:
    """
    Return households that the caller may change, locked, by id; 409 for one that has ended.

    404 unless they may change all of them. `whose` are those who come or go: the households where
    they are by another registration have changed with these.
    """
    theirs = select(Household.id).where(
        col(Household.id).in_(set(ids)), access.rows(SCOPING, action="U")
    )
    if set(ids) - set((await session.exec(theirs)).all()):
        raise not_found("household")
    others = await membership.beside(session, whose, access.caller.organisation) - set(ids)
    # All at once, in the one order in which households are locked.
    found = await membership.lock(session, {*ids, *others})
    for each in others:
        changing.changed(found.pop(each))
    if any(each.ended_on for each in found.values()):
        raise Problem(409, "household-ended", "This household has ended; its history is all of it.")
    return found


async def visible(session: AsyncSession, household_id: UUID, access: Access) -> None:
    """404 unless the caller may change the household; before anybody is named or locked."""
    statement = select(Household.id).where(
        col(Household.id) == household_id, access.rows(SCOPING, action="U")
    )
    if (await session.exec(statement)).one_or_none() is None:
        raise not_found("household")


async def refuse_elsewhere(
    session: AsyncSession, ids: Collection[UUID], places: Places = MappingProxyType({})
) -> None:
    """409 for who is in a household already: they move, so that the other one knows of it."""
    statement = select(Member.person_id).where(
        col(Member.person_id).in_(set(ids)),
        col(Member.kind) == HOUSEHOLD,
        col(Member.until).is_(None),
    )
    if there := set((await session.exec(statement)).all()):
        faults = _faults(there, places, "in_a_household", "This person is in a household.")
        detail = "Somebody named here is in a household; let them move from it, or leave it."
        raise Problem(409, "in-another-household", detail, errors=faults)


async def refuse_second_head(session: AsyncSession, household_id: UUID, before: int = 0) -> None:
    """409 for one head more than there may be; two that a register told of are left as they are."""
    await session.flush()
    if heads(await membership.members(session, household_id)) > max(1, before):
        detail = "The household has a head; say who they are to the new one in the same request."
        raise Problem(409, "head-taken", detail)


def heads(members: Sequence[Member]) -> int:
    return sum(rules.is_head(each.relationship_to_head) for each in members)


def refuse_collectors(
    household: Household, named: Collection[str], known: dict[UUID, Person]
) -> None:
    """422 for a collector who is a child or has departed, or who is the alternate too."""
    faults = []
    for name in COLLECTORS:
        person = known.get(getattr(household, name)) if name in named else None
        if person and Birth.of(person).minor(today()):
            detail = "Who receives for all is of full age."
            faults.append(_fault(name, "collector_is_minor", detail))
        elif person and person.departed_on:
            faults.append(_fault(name, "collector_departed", "They have left the country."))
    if household.collector_person_id and (
        household.collector_person_id == household.alternate_person_id
    ):
        detail = "Nobody is their own alternate."
        faults.append(_fault("alternate_person_id", "own_alternate", detail))
    refuse(faults)


def _fault(name: str, code: str, detail: str) -> Fault:
    return Fault(pointer=f"/{name}", code=code, detail=detail)


def refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise unacceptable(*faults)


def refuse_before(members: Sequence[Member], day: object, name: str = "on") -> None:
    """422 for an end before its beginning."""
    if any(each.since > day for each in members):  # type: ignore[operator]  # It is a day.
        detail = "It is before they came."
        refuse([_fault(name, "before_they_came", detail)])
