"""What can be done with places. Callers own the transaction."""

import csv
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.clock import new_id
from chassis.db import Database
from chassis.problems import not_found
from contracts.tracking import PLACES_AN_EVENT, PlacesChanged, PlaceVersion
from services.tracking.places import history, rules
from services.tracking.places.models import (
    AliasOut,
    Ancestor,
    FormerName,
    Place,
    PlaceAlias,
    PlaceOut,
    PlaceShape,
)

GAZETTEER = Path(__file__).parent / "libya.csv"
"""Regions and mantikas; p-codes and names of the COD-AB list of OCHA for Libya."""


async def seed(database: Database) -> None:
    """Know the regions and mantikas from the first start, so that nothing needs a file."""
    async with database.write() as session:
        if (await session.exec(select(Place.pcode).limit(1))).first() is None:
            with GAZETTEER.open(encoding="utf-8") as file:
                rows = [
                    rules.Named(
                        row["pcode"],
                        len(row["pcode"]) // 2 - 1,
                        rules.parent(row["pcode"]),
                        row["name_en"],
                        row["name_ar"],
                    )
                    for row in csv.DictReader(file)
                ]
            await keep(session, rows)


async def keep(session: AsyncSession, named: Iterable[rules.Named]) -> set[str]:
    """Add or change places and tell the others; return the p-codes that were new or changed."""
    wanted, past = history.one_a_place(named)
    known = {place.pcode: place for place in await _by_pcode(session, wanted)}
    versions: list[rules.Named | FormerName] = [*past]
    versions += [one for code, one in wanted.items() if _tells_past(one, known.get(code))]
    wanted = {code: one for code, one in wanted.items() if not _tells_past(one, known.get(code))}
    changed: dict[str, Place] = {}
    for pcode, each in wanted.items():
        place = known.get(pcode)
        told = {
            name: value for name, value in _told(each).items() if value is not None and value != ""
        }
        if place is None:
            place = Place(**(_told(each) | told))
            place.name_en = each.name_en or each.name_ar
            place.name_ar = each.name_ar or each.name_en
        elif all(getattr(place, name) == value for name, value in told.items()):
            continue
        else:
            if before := history.before_renaming(each, place):
                versions.append(before)
            # What a row leaves out takes nothing away from what is known.
            place.sqlmodel_update(told)
            place.version += 1
        session.add(place)
        changed[pcode] = place
    shaped = await _keep_shapes(session, wanted.values())
    _tell(session, list(changed.values()))
    await session.flush()
    return changed.keys() | shaped | await history.keep(session, versions)


def _tells_past(each: rules.Named, known: Place | None) -> bool:
    return known is not None and history.is_past(each, known)


def _told(each: rules.Named) -> dict[str, Any]:
    """Return the columns of a place; where it has a shape and no centre, one from within it."""
    told = {name: value for name, value in vars(each).items() if name != "shape"}
    if each.shape and each.latitude is None:
        told |= {"latitude": each.shape.latitude, "longitude": each.shape.longitude}
    return told


async def _keep_shapes(session: AsyncSession, named: Iterable[rules.Named]) -> set[str]:
    """Keep the polygons of places; return the p-codes of those that were new or other."""
    shapes = {each.pcode: each for each in named if each.shape}
    statement = select(PlaceShape).where(col(PlaceShape.pcode).in_(shapes))
    known = {each.pcode: each for each in (await session.exec(statement)).all()} if shapes else {}
    await session.flush()
    changed: set[str] = set()
    for pcode, each in shapes.items():
        assert each.shape  # noqa: S101 - Those without one were left out above.
        columns = vars(each.shape).keys() - {"latitude", "longitude"}
        told = {name: getattr(each.shape, name) for name in columns}
        # As it comes back from the database, so that the same shape is seen to be the same.
        told["geometry"] = json.loads(json.dumps(told["geometry"]))
        before = known.get(pcode)
        if before and before.geometry == told["geometry"]:
            continue
        shape = before or PlaceShape(pcode=pcode, level=each.level, **told)
        shape.sqlmodel_update(told)
        session.add(shape)
        changed.add(pcode)
    return changed


async def known(session: AsyncSession, pcodes: Collection[str | None]) -> set[str]:
    """Return those of the p-codes that are known."""
    wanted = {pcode for pcode in pcodes if pcode}
    return {place.pcode for place in await _by_pcode(session, wanted)}


async def _by_pcode(session: AsyncSession, pcodes: Collection[str]) -> Sequence[Place]:
    return (await session.exec(select(Place).where(col(Place.pcode).in_(set(pcodes))))).all()


def _tell(session: AsyncSession, changed: Sequence[Place]) -> None:
    for start in range(0, len(changed), PLACES_AN_EVENT):
        places = [
            PlaceVersion(**place.model_dump(include=set(PlaceVersion.model_fields)))
            for place in changed[start : start + PLACES_AN_EVENT]
        ]
        event = PlacesChanged(change_id=new_id(), places=places)
        outbox.publish(session, event, subject=str(event.change_id), sequence=1)


async def get_place(session: AsyncSession, pcode: str) -> Place:
    place = await session.get(Place, pcode)
    if place is None:
        raise not_found("place")
    return place


async def get(session: AsyncSession, pcode: str, on: date) -> PlaceOut:
    """Return a place as it was called on a day, with what it lies in."""
    place = await get_place(session, pcode)
    above = await _by_pcode(session, rules.ancestors(pcode))
    await as_called(session, [place, *above], on)
    aliases = select(PlaceAlias).where(col(PlaceAlias.pcode) == pcode)
    return PlaceOut(
        **place.model_dump(exclude={"version"}),
        ancestors=[
            Ancestor(**each.model_dump(include=set(Ancestor.model_fields)))
            for each in sorted(above, key=lambda each: each.level)
        ],
        aliases=[
            AliasOut(id=each.id, name=each.name)
            for each in (await session.exec(aliases.order_by(col(PlaceAlias.id)))).all()
        ],
    )


async def find(
    session: AsyncSession,
    *,
    parent: str | None,
    level: int | None,
    on: date,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[Place]:
    """Return places on the list of a day, by p-code; `parent` stands for everything below it."""
    on_list = valid_on(on) | history.was_called(on)
    statement = select(Place).where(on_list).order_by(col(Place.pcode)).limit(limit)
    if parent:
        statement = statement.where(
            col(Place.pcode).startswith(parent, autoescape=True), col(Place.pcode) != parent
        )
    if level:
        statement = statement.where(col(Place.level) == level)
    if after:
        statement = statement.where(col(Place.pcode) > after)
    found = (await session.exec(statement)).all()
    await as_called(session, found, on)
    return found


async def as_called(session: AsyncSession, places: Sequence[Place], on: date) -> None:
    """Let places have the names that they had on a day; they are for showing only."""
    called = await history.called_on(session, on)
    for place in places:
        if version := called.get(place.pcode):
            session.expunge(place)
            for name in (*history.NAMES, "valid_from", "valid_until"):
                setattr(place, name, getattr(version, name))


def valid_on(day: date) -> ColumnElement[bool]:
    """Return that a place is on the list of a day."""
    begins, ends = col(Place.valid_from), col(Place.valid_until)
    return (begins.is_(None) | (begins <= day)) & (ends.is_(None) | (ends >= day))
