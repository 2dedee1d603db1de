"""Which households a caller may reach, and how much of one they see."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, or_, union
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import today
from chassis.policy import LIST
from chassis.scoping import Clause, Scoping, Who
from chassis.views import View
from services.registration.assignments.models import Assignment
from services.registration.households import membership, rules
from services.registration.households.models import Household, Member
from services.registration.households.rules import Collector, Fellow
from services.registration.households.shapes import HouseholdOut
from services.registration.persons.births import Birth
from services.registration.persons.models import Person, own_registrations

SHAPE = "household"
MANY = 5000
"""Whoever carries so many people is asked of each household whether it is theirs."""
OF_AN_END = ("ended", "joined")


def _of_it(member: Any) -> Clause:
    """Return whether somebody is in the household of a row, or was when it ended."""
    return or_(col(member.until).is_(None), col(member.left_because).in_(OF_AN_END))


def _member_of_it(member: Any) -> Clause:
    return and_(col(member.household_id) == col(Household.id), _of_it(member))


def _assigned(caller: Who) -> Clause:
    """
    Return whether a member is the caller's: who carries one sees whom they live with.

    Each of the two ways to be the caller's is found by an index of its own: of a large register no
    household is looked at but theirs.
    """
    member, person = aliased(Member), aliased(Person)
    handed_over = (col(Assignment.worker_id) == caller.id, col(Assignment.ended_at).is_(None))
    theirs = union(
        select(col(person.id)).where(col(person.case_owner) == caller.id),
        select(col(Assignment.person_id)).where(*handed_over),
    )
    with_one = select(col(member.household_id)).where(
        col(member.person_id).in_(theirs), _of_it(member)
    )
    return col(Household.id).in_(with_one)


def _closed(caller: Who) -> Clause:
    member = aliased(Member)
    return exists().where(
        _member_of_it(member),
        col(member.person_id).in_(own_registrations(caller.id)),
    )


SCOPING = Scoping(
    organisation=col(Household.organisation),
    place=col(Household.location_pcode),
    created_by=col(Household.created_by),
    created_at=col(Household.created_at),
    assigned=_assigned,
    closed=_closed,
)


def _assigned_with(caller: Who) -> Clause:
    """Return the same of the one household of a row, without looking for all that are theirs."""
    member, person = aliased(Member), aliased(Person)
    carried = exists().where(
        col(person.id) == col(member.person_id), col(person.case_owner) == caller.id
    )
    handed_over = exists().where(
        col(Assignment.person_id) == col(member.person_id),
        col(Assignment.worker_id) == caller.id,
        col(Assignment.ended_at).is_(None),
    )
    return exists().where(
        _member_of_it(member),
        or_(carried.correlate(member), handed_over.correlate(member)),
    )


ROW_BY_ROW = replace(SCOPING, assigned=_assigned_with)


def view_of(access: Access) -> View:
    # A page is of a hundred households, whoever's: each is asked about by itself.
    return View(access, SHAPE, ROW_BY_ROW)


async def scoping_of_list(session: AsyncSession, caller: Caller) -> Scoping:
    """
    Return how households are scoped for a list.

    For whoever carries a few hundred people, theirs are looked up among all households; whoever
    has sent a register carries all of it, and looking up so many takes seconds for each page.
    """
    theirs = select(Person.id).where(col(Person.case_owner) == caller.id)
    carries_many = (await session.exec(theirs.offset(MANY - 1).limit(1))).first() is not None
    return ROW_BY_ROW if carries_many else SCOPING


async def see_changed(session: AsyncSession, household_id: UUID, access: Access) -> HouseholdOut:
    """Return as much as the caller may still see of a household that they have changed just now."""
    view = view_of(access)
    await session.flush()
    statement = select(Household, view.standing).where(col(Household.id) == household_id)
    found = (await session.exec(statement)).one()
    return (await shown(session, view, [found], access))[0]


async def shown(
    session: AsyncSession, view: View, found: Sequence[tuple[Household, int]], access: Access
) -> list[HouseholdOut]:
    """Return what the view lets be seen of each, with all that follows from the members."""
    ids = [household.id for household, _ in found]
    fellows = await membership.fellows(session, ids)
    rows = await _rows(session, ids)
    collectors = await _collectors(session, [household for household, _ in found])
    answers = []
    for household, standing in found:
        values = household.model_dump()
        values |= _derived(household, fellows[household.id], collectors[household.id])
        values |= _members(rows[household.id], fellows[household.id])
        answers.append(view.shown(HouseholdOut, values, standing))
        if not view.hides("members", standing):
            _put_on_record(rows[household.id], access)
    return answers


def _put_on_record(rows: Sequence[Member], access: Access) -> None:
    """Let each of them know who has seen with whom they live."""
    people = sorted({row.person_id for row in rows})
    listed = "listed" if access.action == LIST else None
    audit.read(SHAPE, people, fields=["members"], reason=listed)


def _derived(
    household: Household, fellows: Sequence[Fellow], collectors: Sequence[Collector]
) -> dict[str, Any]:
    on = today()
    flags = rules.flags(
        household.kind, household.location_pcode, household.head_absence, fellows, collectors, on
    )
    return {
        "head_person_id": rules.head_of(fellows),
        # Whoever has come to be the head, by whichever way, is absent no more.
        "head_absence": None if rules.has_head(fellows) else household.head_absence,
        "size": len(rules.counted(fellows)),
        "composition": rules.composition(fellows, on),
        "flags": flags if household.ended_on is None else [],
    }


def _members(rows: Sequence[Member], fellows: Sequence[Fellow]) -> dict[str, Any]:
    counted = {each.member_id for each in rules.counted(fellows)}
    told = [(row, row.model_dump() | {"counted": row.id in counted}) for row in rows]
    wanted = ("person_id", "relationship_to_head", "since", "until", "left_because", "counted")
    named = [(row, {name: values[name] for name in wanted}) for row, values in told]
    return {
        "members": [values for row, values in named if row.until is None],
        "former_members": [values for row, values in named if row.until is not None],
    }


async def _rows(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[Member]]:
    statement = select(Member).where(col(Member.household_id).in_(ids)).order_by(col(Member.id))
    found: dict[UUID, list[Member]] = defaultdict(list)
    for row in (await session.exec(statement)).all():
        found[row.household_id].append(row)
    return found


async def _collectors(
    session: AsyncSession, households: Sequence[Household]
) -> dict[UUID, list[Collector]]:
    """Return what matters of those who receive for each household."""
    named = {
        each.id: {each.collector_person_id, each.alternate_person_id} - {None}
        for each in households
    }
    wanted = {person_id for several in named.values() for person_id in several}
    statement = select(Person).where(col(Person.id).in_(wanted))
    people = (await session.exec(statement)).all() if wanted else []
    known = {
        each.id: Collector(
            minor=Birth.of(each).minor(today()), departed=each.departed_on is not None
        )
        for each in people
    }
    return {
        id_: [known[each] for each in several if each in known] for id_, several in named.items()
    }
