"""
What a caller may do, and with which rows: decided from contracts/authz.yaml before anything else.

A feature declares two things, once each:

1. In contracts/authz.yaml a row of the matrix for its resource, and for each operation the cell
   that it needs. The application's own dependency answers 403 when none of the caller's roles in
   force has that cell; else it leaves an `Access` for the operation to ask for (`AccessDep`).
2. In its models.py, per table, how the rows are scoped:

       SCOPING = Scoping(
           organisation=col(Person.organisation),      # whose record it is
           place=col(Person.location_pcode),           # where; left out: it is at no one place
           created_by=col(Person.created_by), created_at=col(Person.created_at),
           assigned=lambda caller: exists().where(…),  # whether its person is the caller's
           conditions={"bg": lambda caller: …},        # what else authz.yaml names
       )

   and filters every query of its service by it, in SQL, a get as well as a list:

       select(Person).where(col(Person.id) == person_id, access.rows(SCOPING))

What is not found that way is not there: 404. A condition that the scoping does not have holds for
no row. Where a row does not exist yet, `access.at(place)` says whether the caller may make it.
"""

import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    false,
    literal,
    or_,
    true,
)
from sqlalchemy.sql.visitors import iterate

from chassis.auth import caller_of
from chassis.caller import Agreement, Caller, Grant
from chassis.clock import UtcDateTime, now
from chassis.db import database_of
from chassis.fields import Purpose, fields
from chassis.policy import ANYONE, LIST, PUBLIC, UNLISTED, Operation, Qualifier, policy
from chassis.problems import Problem

OWN_FOR = timedelta(hours=24)
REMEMBERED = 4096
"""So many conditions are kept: of a few hundred callers at a time."""
READING = frozenset({"R", LIST, "X"})
SCOPE_KEY = "masar.access"
PURPOSE = "X-Purpose"

IS_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Column = SQLColumnExpression[Any]
Clause = ColumnElement[bool]


class Who(NamedTuple):
    """Of a caller, what decides on rows: with the grants and the agreements that are in force."""

    id: str
    organisation: str
    grants: tuple[Grant, ...]
    agreements: tuple[Agreement, ...]


Condition = Callable[[Who], Clause]


@dataclass(frozen=True, eq=False)
class Scoping:
    """
    How the rows of a table are scoped.

    Without `place` a row is at no one place, and every place of a role counts for it. Without
    `programme` a role held for some programmes only counts for the rows that are the caller's own
    or assigned to them. The conditions named in `anywhere` count wherever the row is. Where
    `closed` holds, nothing lets the caller reach the row.
    """

    organisation: Column
    place: Column | None = None
    programme: Column | None = None
    created_by: Column | None = None
    created_at: Column | None = None
    assigned: Condition | None = None
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    anywhere: frozenset[str] = frozenset()
    closed: Condition | None = None


class Allowance(NamedTuple):
    """One reason why a caller may: a grant in force, and the records that its cell counts for."""

    grant: Grant
    qualifier: Qualifier


class Ground(NamedTuple):
    """What has to hold for a row; allowances that ask for the same share it."""

    scope: str
    places: tuple[str, ...]
    programmes: tuple[str, ...]


def ground(allowance: Allowance) -> Ground:
    scope = allowance.qualifier.scope
    if scope == "any":
        return Ground(scope, (), ())
    return Ground(scope, allowance.grant.places, allowance.grant.programmes)


class Access:
    """What the caller of one request may do with one resource."""

    def __init__(
        self, caller: Caller, resource: str, action: str, purpose: Purpose | None = None
    ) -> None:
        self.caller = caller
        self.purpose = purpose
        self.resource = resource
        self.action = action
        self.grants = tuple(caller.in_force())

    def allowances(self, resource: str = "", action: str = "") -> list[Allowance]:
        """Return why the caller may; nothing: they may not, with no record at all."""
        return list(allowances(self.grants, resource or self.resource, action or self.action))

    def may(self, resource: str, action: str) -> bool:
        return bool(self.allowances(resource, action))

    def rows(self, scoping: Scoping, resource: str = "", action: str = "") -> Clause:
        """Return the condition that a row is one which the caller may reach."""
        reading = (action or self.action) in READING
        grounds = dict.fromkeys(map(ground, self.allowances(resource, action)))
        return _any_holds(tuple(grounds), scoping, self._who(), reading=reading)

    def unclosed(self, scoping: Scoping) -> Clause:
        """Return the condition that a row, whosever it is, is not closed to the caller."""
        if scoping.closed is None:
            return true()
        return ~_refuse_fixed_moments(scoping.closed(self._who()))

    def at(self, place: str, resource: str = "", action: str = "") -> bool:
        """Say whether the caller may do this at a place, with a record that is being made."""
        return any(
            each.qualifier.scope == "any" or lies_below(place, each.grant.places)
            for each in self.allowances(resource, action)
        )

    def refuse_without(self, resources: Iterable[str], action: str) -> None:
        """Raise the problem of who fills in or changes what none of their roles may."""
        if not all(self.may(resource, action) for resource in resources):
            raise Problem(403, "forbidden", "None of your roles may write one of these fields.")

    def refuse_elsewhere(self, place: str) -> None:
        if not self.at(place):
            raise Problem(403, "forbidden", "None of your roles counts at this place.")

    def holds(self, wanted: Ground, scoping: Scoping) -> Clause:
        """Return the condition that a ground for reading holds for a row."""
        return _holds(wanted, scoping, self._who(), reading=True)

    def standing(self, scoping: Scoping, grounds: Iterable[Ground]) -> ColumnElement[int]:
        """Return one bit for each ground, set where it holds for a row; the first is the lowest."""
        return _standing(tuple(grounds), scoping, self._who())

    def _who(self) -> Who:
        in_force_now = tuple(each for each in self.caller.agreements if in_force(each))
        return Who(self.caller.id, self.caller.organisation, self.grants, in_force_now)


# What a caller may is the same for each of their requests, as long as the same grants count.
@lru_cache(maxsize=REMEMBERED)
def allowances(grants: tuple[Grant, ...], resource: str, action: str) -> tuple[Allowance, ...]:
    """Return why somebody with these grants may do something with a resource."""
    rules = policy()
    return tuple(
        Allowance(grant, qualifier)
        for grant in grants
        for qualifier in rules.cell(resource, action, grant.role)
    )


# Conditions are the same for every request of a caller, and take longer to make than to be sent.
@lru_cache(maxsize=REMEMBERED)
def _any_holds(grounds: tuple[Ground, ...], scoping: Scoping, who: Who, *, reading: bool) -> Clause:
    reached = or_(false(), *(_holds(each, scoping, who, reading=reading) for each in grounds))
    if scoping.closed is None:
        return reached
    return and_(reached, ~_refuse_fixed_moments(scoping.closed(who)))


@lru_cache(maxsize=REMEMBERED)
def _standing(grounds: tuple[Ground, ...], scoping: Scoping, who: Who) -> ColumnElement[int]:
    bits = [
        case((_holds(each, scoping, who, reading=True), 1 << number), else_=0)
        for number, each in enumerate(grounds)
    ]
    total: ColumnElement[int] = literal(0, Integer)
    for bit in bits:
        total += bit
    return total.label("standing")


@lru_cache(maxsize=REMEMBERED)
def _holds(wanted: Ground, scoping: Scoping, who: Who, *, reading: bool) -> Clause:
    if wanted.scope == "any":
        return true()
    if wanted.programmes and scoping.programme is not None:
        programme: Clause = scoping.programme.in_(_ids(wanted.programmes))
    elif wanted.programmes and wanted.scope == "loc":
        return false()
    else:
        programme = true()
    place = None if wanted.scope in scoping.anywhere else scoping.place
    own = and_(scoping.organisation == who.organisation, _below(place, wanted.places))
    # Who made a record did so for their own organisation; agreements only widen reading.
    if wanted.scope in {"own", "mine"}:
        return and_(_scope(wanted.scope, scoping, who), own, programme)
    shared = _agreed(scoping, place, wanted.places, who) if reading else []
    return and_(_scope(wanted.scope, scoping, who), or_(own, *shared), programme)


def _agreed(
    scoping: Scoping, place: Column | None, places: Iterable[str], who: Who
) -> list[Clause]:
    # An agreement says where whatever opens the row, and so does not ask for `anywhere`.
    return [
        and_(
            scoping.organisation == each.organisation,
            _below(scoping.place, each.places),
            _below(place, places),
        )
        for each in who.agreements
    ]


def _scope(scope: str, scoping: Scoping, who: Who) -> Clause:
    if scope == "loc":
        return true()
    if scope in {"own", "mine"} and scoping.created_by is not None:
        mine = scoping.created_by == who.id
        if scope == "mine":
            return mine
        if scoping.created_at is not None:
            return and_(mine, scoping.created_at > moment(OWN_FOR))
    condition = scoping.assigned if scope == "asg" else scoping.conditions.get(scope)
    return _refuse_fixed_moments(condition(who)) if condition else false()


def moment(ago: timedelta = timedelta(0)) -> BindParameter[datetime]:
    """
    Return the moment at which a query is sent, or one so long before it.

    A condition is kept and used again, so it must hold no moment but this.
    """
    return bindparam("moment", type_=UtcDateTime(), callable_=lambda: now() - ago, unique=True)


def _refuse_fixed_moments(condition: Clause) -> Clause:
    for part in iterate(condition):
        if isinstance(part, BindParameter) and isinstance(part.value, datetime):
            raise TypeError("A condition is kept; compare with chassis.authz.moment() instead.")
    return condition


def _ids(programmes: Iterable[str]) -> list[UUID]:
    return [UUID(each) for each in programmes if IS_ID.fullmatch(each)]


def in_force(agreement: Agreement) -> bool:
    return agreement.until is None or agreement.until > time.time()


def _below(place: Column | None, places: Iterable[str]) -> Clause:
    if place is None:
        return true()
    return or_(false(), *(place.startswith(each, autoescape=True) for each in places))


def lies_below(place: str, places: Iterable[str]) -> bool:
    """Say whether a place is one of the places or below one: a p-code begins with its parents'."""
    return any(place.startswith(each) for each in places)


def decide(operation: Operation, caller: Caller, purposes: Sequence[str] = ()) -> Access:
    """
    Return what the caller may do by an operation, for the purpose that was told.

    403 when none of their roles in force has its cell, or none is for the purpose; 400 when the
    purpose is none that there is.
    """
    access = Access(caller, operation.resource, operation.action)
    if operation.open_to != ANYONE and not access.allowances():
        raise Problem(403, "forbidden", "None of your roles may do this.")
    if purposes:
        access.purpose = _purpose(purposes, caller)
    return access


def _purpose(told: Sequence[str], caller: Caller) -> Purpose:
    known = fields().purposes
    if len(told) != 1 or told[0] not in known:
        names = ", ".join(sorted(known))
        raise Problem(400, "unknown-purpose", f"{PURPOSE} is there once, and one of: {names}.")
    purpose = known[told[0]]
    if not purpose.roles & caller.roles:
        raise Problem(403, "purpose-not-allowed", "None of your roles is for this purpose.")
    return purpose


def authorise(service: str) -> Callable[[Request, Response], Awaitable[None]]:
    """Return the dependency that refuses what the matrix does not grant; unlisted is refused."""
    operations = policy().operations.get(service, {})

    async def check(request: Request, response: Response) -> None:
        operation = operations.get(f"{request.method} {request.scope['route'].path}", UNLISTED)
        if operation.open_to == PUBLIC:
            return
        caller = caller_of(request)
        if caller.id in database_of(request).frozen:
            detail = "The account is frozen until a data-protection officer has looked at it."
            raise Problem(403, "account-frozen", detail)
        purposes = request.headers.getlist(PURPOSE)
        request.scope[SCOPE_KEY] = decide(operation, caller, purposes)
        if policy().personal(operation.resource):
            response.headers["Cache-Control"] = "no-store"

    return check


async def _access_of(
    request: Request,
    _purpose: Annotated[
        str | None,
        Header(alias=PURPOSE, description="What special fields are read for; without, masked."),
    ] = None,
) -> Access:
    access = request.scope[SCOPE_KEY]
    assert isinstance(access, Access)  # noqa: S101 - The application's own dependency put it there.
    return access


AccessDep = Annotated[Access, Depends(_access_of)]
