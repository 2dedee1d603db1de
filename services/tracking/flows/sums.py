"""Flow tables and matrices, with how much was watched. Callers own the transaction."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, extract, func, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.authz import Access
from chassis.problems import Fault, Problem
from services.tracking.flows import rules
from services.tracking.flows.models import (
    GROUPS,
    SCOPING,
    By,
    FlowEntry,
    FlowHours,
    FlowOut,
    PairOut,
    WatchOut,
)
from services.tracking.sites.models import Site

LONGEST_DAYS = 3_660
EVERYBODY_S = true()
"""The reach of what is made of all entries, whoever counted them."""


@dataclass(frozen=True)
class Wanted:
    """Which entries are summed: of a period, both days within it, of a point or below a place."""

    since: date
    until: date
    site_id: UUID | None = None
    place: str | None = None

    def __post_init__(self) -> None:
        days = (self.until - self.since).days
        if not 0 <= days <= LONGEST_DAYS:
            detail = "A period ends after it starts, and lasts ten years at the most."
            fault = Fault(pointer="query/until", code="period", detail=detail)
            raise Problem(422, "validation", detail, errors=[fault])

    def of(self, table: type[FlowEntry] | type[FlowHours]) -> list[Any]:
        conditions: list[Any] = [
            col(table.day) >= self.since,
            col(table.day) <= self.until,
        ]
        if self.site_id:
            conditions.append(col(table.site_id) == self.site_id)
        if self.place:
            inside = select(Site.id).where(
                col(Site.place_pcode).startswith(self.place, autoescape=True)
            )
            conditions.append(col(table.site_id).in_(inside))
        return conditions


async def table(session: AsyncSession, access: Access, by: By, wanted: Wanted) -> list[FlowOut]:
    """Return the people seen by category, in order of it; nothing is scaled."""
    if by == "sex_age":
        return await _by_sex_and_age(session, access, wanted)
    keys = _keys(by)
    columns: Any = [*keys, func.sum(FlowEntry.total)]
    statement: Any = (
        select(*columns)
        .where(*wanted.of(FlowEntry), access.rows(SCOPING))
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        FlowOut(category=_category(row[:-1]), individuals=int(row[-1]))
        for row in await session.exec(statement)
    ]


def _keys(by: By) -> list[Any]:
    if by == "month":
        return [extract(part, col(FlowEntry.day)) for part in ("year", "month")]
    column = getattr(FlowEntry, "site_id" if by == "site" else by)
    return [func.coalesce(column, "unknown") if by == "vehicle" else column]


def _category(parts: Any) -> str:
    """Return `2024-05` for a month, and else the code, id or day itself."""
    return str(parts[0]) if len(parts) == 1 else f"{int(parts[0])}-{int(parts[1]):02d}"


async def _by_sex_and_age(session: AsyncSession, access: Access, wanted: Wanted) -> list[FlowOut]:
    columns: Any = [func.coalesce(func.sum(getattr(FlowEntry, name)), 0) for name in GROUPS]
    statement: Any = select(*columns).where(*wanted.of(FlowEntry), access.rows(SCOPING))
    sums = (await session.exec(statement)).one()
    return [
        FlowOut(category=name, individuals=int(each))
        for name, each in zip(GROUPS, sums, strict=True)
        if each
    ]


async def matrix(
    session: AsyncSession, access: Access, level: int, wanted: Wanted
) -> list[PairOut]:
    """Return from where to where people went, with Libya's places at one level."""
    found = await pairs(session, level, wanted, access.rows(SCOPING))
    return [
        PairOut(origin=origin, destination=destination, individuals=individuals)
        for (origin, destination), individuals in sorted(found.items())
    ]


async def pairs(
    session: AsyncSession, level: int, wanted: Wanted, reach: ColumnElement[bool] = EVERYBODY_S
) -> Counter[tuple[str, str]]:
    """Return the people seen by origin and destination, of the entries within reach."""
    pair: Any = (col(FlowEntry.origin), col(FlowEntry.destination))
    columns: Any = (*pair, func.sum(FlowEntry.total))
    statement: Any = select(*columns).where(*wanted.of(FlowEntry), reach).group_by(*pair)
    found = Counter[tuple[str, str]]()
    for origin, destination, individuals in await session.exec(statement):
        found[rules.at_level(origin, level), rules.at_level(destination, level)] += int(individuals)
    return found


async def watched(
    session: AsyncSession, wanted: Wanted, reach: ColumnElement[bool] = EVERYBODY_S
) -> WatchOut:
    """Return how much of the period was watched at the points that were, or that have entries."""
    columns: Any = (FlowHours.site_id, FlowHours.day, FlowHours.hours)
    hours: Any = select(*columns).where(*wanted.of(FlowHours))
    told = {(site, day): bits for site, day, bits in await session.exec(hours)}
    days: Any = (FlowEntry.site_id, FlowEntry.day)
    entries: Any = select(*days).where(*wanted.of(FlowEntry), reach).distinct()
    seen = {(site, day) for site, day in await session.exec(entries)}
    sites = {site for site, _ in [*told, *seen]}
    statement = select(Site).where(col(Site.id).in_(sites))
    days_open = {
        each.id: rules.days_open(each.opened_on, each.closed_on, wanted.since, wanted.until)
        for each in (await session.exec(statement)).all()
    }
    found = rules.watched(told, seen, days_open)
    return WatchOut(
        sites=len(sites),
        observed_hours=found.observed,
        hours=found.hours,
        observed_share=round(found.observed / found.hours, 4) if found.hours else None,
        days_without_hours=found.untold,
    )
