"""
Which rows of a table a caller reaches, as conditions of SQL.

What a caller may do at all is decided before (chassis/authz.py); what it comes to for a row is
said here, from how the table is scoped.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

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

from chassis.caller import Agreement, Grant
from chassis.clock import UtcDateTime, now

OWN_FOR = timedelta(hours=24)
REMEMBERED = 4096
"""So many conditions are kept: of a few hundred callers at a time."""
ON_THE_ROW = frozenset({"any", "loc", "own", "mine"})
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


class Ground(NamedTuple):
    """What has to hold for a row; allowances that ask for the same share it."""

    scope: str
    places: tuple[str, ...]
    programmes: tuple[str, ...]


# Conditions are the same for every request of a caller, and take longer to make than to be sent.
@lru_cache(maxsize=REMEMBERED)
def any_holds(grounds: tuple[Ground, ...], scoping: Scoping, who: Who, *, reading: bool) -> Clause:
    """Return the condition that one of the grounds holds for a row, and nothing closes it."""
    reached = one_holds(grounds, scoping, who, reading=reading)
    if scoping.closed is None:
        return reached
    return and_(reached, ~refuse_fixed_moments(scoping.closed(who)))


@lru_cache(maxsize=REMEMBERED)
def one_holds(grounds: tuple[Ground, ...], scoping: Scoping, who: Who, *, reading: bool) -> Clause:
    """Return the condition that one of the grounds holds for a row, closed or not."""
    first = sorted(grounds, key=_is_elsewhere)
    return or_(false(), *(holds(each, scoping, who, reading=reading) for each in first))


def _is_elsewhere(wanted: Ground) -> bool:
    """Say whether a ground is looked for in another table: that is asked if no other holds."""
    return wanted.scope not in ON_THE_ROW


@lru_cache(maxsize=REMEMBERED)
def standing(grounds: tuple[Ground, ...], scoping: Scoping, who: Who) -> ColumnElement[int]:
    """Return one bit for each ground, set where it holds for a row; the first is the lowest."""
    bits = [
        case((holds(each, scoping, who, reading=True), 1 << number), else_=0)
        for number, each in enumerate(grounds)
    ]
    total: ColumnElement[int] = literal(0, Integer)
    for bit in bits:
        total += bit
    return total.label("standing")


@lru_cache(maxsize=REMEMBERED)
def holds(wanted: Ground, scoping: Scoping, who: Who, *, reading: bool) -> Clause:
    """Return the condition that a ground holds for a row; `reading` counts agreements as well."""
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
    return refuse_fixed_moments(condition(who)) if condition else false()


def moment(ago: timedelta = timedelta(0)) -> BindParameter[datetime]:
    """
    Return the moment at which a query is sent, or one so long before it.

    A condition is kept and used again, so it must hold no moment but this.
    """
    return bindparam("moment", type_=UtcDateTime(), callable_=lambda: now() - ago, unique=True)


def refuse_fixed_moments(condition: Clause) -> Clause:
    for part in iterate(condition):
        if isinstance(part, BindParameter) and isinstance(part.value, datetime):
            raise TypeError("A condition is kept; compare with chassis.scoping.moment() instead.")
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
