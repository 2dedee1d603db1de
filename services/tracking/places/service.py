"""What can be done with places. Callers own the transaction."""

import csv
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import outbox
from chassis.clock import new_id
from chassis.db import Database
from chassis.problems import not_found
from contracts.tracking import PLACES_AN_EVENT, PlacesChanged, PlaceVersion
from services.tracking.places import rules
from services.tracking.places.models import Ancestor, Place, PlaceOut

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
    wanted: dict[str, rules.Named] = {}
    for each in named:
        if each.pcode not in wanted or (each.name_en and each.name_ar):
            wanted[each.pcode] = each
    known = {place.pcode: place for place in await _by_pcode(session, wanted)}
    changed: list[Place] = []
    for pcode, each in wanted.items():
        place = known.get(pcode)
        if place is None:
            place = Place(**vars(each))
            place.name_en = each.name_en or each.name_ar
            place.name_ar = each.name_ar or each.name_en
        else:
            # A name that a row leaves out takes nothing away from what is known.
            name_en, name_ar = each.name_en or place.name_en, each.name_ar or place.name_ar
            if (name_en, name_ar) == (place.name_en, place.name_ar):
                continue
            place.name_en, place.name_ar = name_en, name_ar
            place.version += 1
        session.add(place)
        changed.append(place)
    _tell(session, changed)
    return {place.pcode for place in changed}


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


async def get(session: AsyncSession, pcode: str) -> PlaceOut:
    place = await session.get(Place, pcode)
    if place is None:
        raise not_found("place")
    above = await _by_pcode(session, rules.ancestors(pcode))
    return PlaceOut(
        **place.model_dump(exclude={"version"}),
        ancestors=[
            Ancestor(**each.model_dump(exclude={"version", "parent_pcode"}))
            for each in sorted(above, key=lambda each: each.level)
        ],
    )


async def find(
    session: AsyncSession, *, parent: str | None, level: int | None, after: str | None, limit: int
) -> Sequence[Place]:
    """Return places in order of p-code; `parent` stands for everything below it."""
    statement = select(Place).order_by(col(Place.pcode)).limit(limit)
    if parent:
        statement = statement.where(
            col(Place.pcode).startswith(parent, autoescape=True), col(Place.pcode) != parent
        )
    if level:
        statement = statement.where(col(Place.level) == level)
    if after:
        statement = statement.where(col(Place.pcode) > after)
    return (await session.exec(statement)).all()
