"""Whom a device carries and what: its user's own, and never all they could see at the office."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, union
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access, ground
from chassis.policy import LIST
from chassis.scoping import Clause, Scoping
from chassis.views import View
from services.registration.assignments.models import Assignment
from services.registration.consents import service as consents
from services.registration.devices.models import Copied, DeviceCopy, DeviceHousehold, ToCarry
from services.registration.households import showing
from services.registration.households.models import Household, Member
from services.registration.persons import service as persons
from services.registration.persons.models import SCOPING, Person

SCOPES = frozenset({"own", "mine", "asg"})
COPIES: Mapping[ToCarry, tuple[type[Copied], str]] = {
    "person": (DeviceCopy, "person_id"),
    "household": (DeviceHousehold, "household_id"),
}

Show = Callable[[AsyncSession, View, Sequence[tuple[Any, int]], Access], Awaitable[Sequence[Any]]]


@dataclass(frozen=True)
class Carried:
    """A kind of record on devices: which of it are the caller's, and how they are shown."""

    about: ToCarry
    table: type[Any]
    clause: Clause
    view: View
    show: Show

    @property
    def copies(self) -> type[Copied]:
        return COPIES[self.about][0]

    @property
    def held(self) -> Any:
        """The column of the copies that names of what they are."""
        table, name = COPIES[self.about]
        return col(getattr(table, name))


def kinds(access: Access) -> list[Carried]:
    """Return what a caller's device carries, whom before what they belong to."""
    whom, what = _people(access), _households(access)
    return [
        Carried("person", Person, whom, View(access, persons.SHAPE, SCOPING), _show_people),
        Carried("household", Household, what, showing.view_of(access), showing.shown),
    ]


async def _show_people(
    session: AsyncSession, view: View, found: Sequence[tuple[Any, int]], _access: Access
) -> Sequence[Any]:
    return await persons.shown(session, view, found)


def _theirs(access: Access, scoping: Scoping, about: ToCarry) -> Clause:
    """Return which records are the caller's by reasons that mask nothing, and not closed."""
    reasons = [
        ground(each)
        for each in access.allowances(about, "R")
        if each.qualifier.scope in SCOPES and not each.qualifier.limit
    ]
    return and_(
        access.one_holds(reasons, scoping),
        # What is closed to the caller is closed here too.
        access.rows(scoping, about, LIST),
        scoping.organisation == access.caller.organisation,
    )


def _among_theirs(user_id: str) -> Clause:
    """
    Return among whom they are, each by an index.

    What lets the caller see somebody is one condition with several sides, by which a database would
    look at everybody in the register.
    """
    one = aliased(Person)
    handed_over = (col(Assignment.worker_id) == user_id, col(Assignment.ended_at).is_(None))
    return col(Person.id).in_(
        union(
            select(col(one.id)).where(col(one.case_owner) == user_id),
            select(col(one.id)).where(col(one.created_by) == user_id),
            select(col(Assignment.person_id)).where(*handed_over),
        )
    )


def _people(access: Access) -> Clause:
    """Return whom: nobody who said no to the mission, or whose registration goes on as another."""
    return and_(
        _theirs(access, SCOPING, "person"),
        _among_theirs(access.caller.id),
        col(Person.merged_into).is_(None),
        ~consents.said_no(col(Person.id)),
        ~consents.said_no_elsewhere(),
    )


def _households(access: Access) -> Clause:
    """Return which households: those in which there is somebody whom the device carries."""
    with_one = (
        select(Member.household_id)
        .join(Person, col(Person.id) == col(Member.person_id))
        .where(col(Member.until).is_(None), _people(access))
    )
    return and_(
        _theirs(access, showing.SCOPING, "household"),
        col(Household.ended_on).is_(None),
        col(Household.id).in_(with_one),
    )
