"""
What a caller may do, and with which rows: decided from contracts/authz.yaml before anything else.

A feature declares two things, once each:

1. In contracts/authz.yaml a row of the matrix for its resource, and for each operation the cell
   that it needs. The application's own dependency answers 403 when none of the caller's roles in
   force has that cell; else it leaves an `Access` for the operation to ask for (`AccessDep`).
2. In its models.py, per table, how the rows are scoped (chassis/scoping.py):

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

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Annotated, NamedTuple

from fastapi import Depends, Header, Request, Response
from pydantic import WithJsonSchema
from sqlalchemy import ColumnElement, true

from chassis.auth import caller_of
from chassis.caller import Caller, Grant
from chassis.db import database_of
from chassis.fields import Purpose, fields
from chassis.policy import ANYONE, LIST, PUBLIC, UNLISTED, Operation, Qualifier, policy
from chassis.problems import Problem
from chassis.scoping import (
    REMEMBERED,
    Clause,
    Ground,
    Scoping,
    Who,
    any_holds,
    in_force,
    lies_below,
    one_holds,
    refuse_fixed_moments,
    standing,
)

READING = frozenset({"R", LIST, "X"})
SCOPE_KEY = "masar.access"
PURPOSE = "X-Purpose"


class Allowance(NamedTuple):
    """One reason why a caller may: a grant in force, and the records that its cell counts for."""

    grant: Grant
    qualifier: Qualifier


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
        return any_holds(tuple(grounds), scoping, self.who(), reading=reading)

    def unclosed(self, scoping: Scoping) -> Clause:
        """Return the condition that a row, whosever it is, is not closed to the caller."""
        if scoping.closed is None:
            return true()
        return ~refuse_fixed_moments(scoping.closed(self.who()))

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

    def one_holds(self, wanted: Iterable[Ground], scoping: Scoping) -> Clause:
        """Return the condition that one of the grounds for reading holds for a row."""
        return one_holds(tuple(dict.fromkeys(wanted)), scoping, self.who(), reading=True)

    def standing(self, scoping: Scoping, grounds: Iterable[Ground]) -> ColumnElement[int]:
        """Return one bit for each ground, set where it holds for a row; the first is the lowest."""
        return standing(tuple(grounds), scoping, self.who())

    def who(self) -> Who:
        """Return what of the caller decides on rows."""
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
        # Only described: what is none of them is refused above, as a purpose and in words.
        WithJsonSchema({"type": "string", "enum": sorted(fields().purposes)}),
    ] = None,
) -> Access:
    access = request.scope[SCOPE_KEY]
    assert isinstance(access, Access)  # noqa: S101 - The application's own dependency put it there.
    return access


AccessDep = Annotated[Access, Depends(_access_of)]
