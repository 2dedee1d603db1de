"""Which places a name or a point may mean. Callers own the transaction."""

from datetime import date
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.problems import not_found, wrong
from chassis.rows import insert_new
from services.tracking.places import geography, history, service, shapes
from services.tracking.places.models import (
    AliasIn,
    AliasOut,
    Likely,
    LikelyOut,
    Located,
    Place,
    PlaceAlias,
    PlaceRow,
    PlaceShape,
    ShapeOut,
)
from services.tracking.places.spelling import likeness

LEAST_LIKE = 0.75
"""Less like than this, a name means another place."""


async def by_name(
    session: AsyncSession,
    name: str,
    *,
    parent: str | None,
    level: int | None,
    on: date,
    limit: int,
) -> LikelyOut:
    """Return the places of a day whose name or alias is spelt alike, the likeliest first."""
    places = await service.find(session, parent=parent, level=level, on=on)
    aliases: dict[str, list[str]] = {}
    for pcode, alias in await session.exec(select(PlaceAlias.pcode, PlaceAlias.name)):
        aliases.setdefault(pcode, []).append(alias)
    for pcode, former in await history.former_names(session):
        aliases.setdefault(pcode, []).append(former)
    found: list[Likely] = []
    for place in places:
        names = [place.name_en, place.name_ar, place.name_fr, *aliases.get(place.pcode, [])]
        like, nearest = max((likeness(name, each), each) for each in names if each)
        if like >= LEAST_LIKE:
            found.append(Likely(place=shown(place), name=nearest, likeness=round(like, 3)))
    # Of places that are equally like, the larger is the likelier.
    found.sort(key=lambda each: (-each.likeness, each.place.level, each.place.pcode))
    return LikelyOut(items=found[:limit])


async def at(
    session: AsyncSession, latitude: float, longitude: float, *, level: int | None, on: date
) -> Located:
    """
    Return the deepest place of a day that a point lies in, else the one whose centre is nearest.

    422 for a point outside the country; 404 while neither shapes nor centres are known.
    """
    if misplaced := geography.misplaced(latitude, longitude):
        raise wrong("query/latitude", "coordinates", misplaced)
    around = select(PlaceShape, Place).where(
        col(PlaceShape.pcode) == col(Place.pcode),
        col(PlaceShape.west) <= longitude,
        col(PlaceShape.east) >= longitude,
        col(PlaceShape.south) <= latitude,
        col(PlaceShape.north) >= latitude,
        service.valid_on(on),
    )
    if level:
        around = around.where(col(PlaceShape.level) == level)
    deepest_first = around.order_by(col(PlaceShape.level).desc(), col(PlaceShape.pcode))
    for shape, place in await session.exec(deepest_first):
        if shapes.has(shape.geometry, latitude, longitude):
            return Located(place=shown(place), inside=True, distance_km=0)
    return await _nearest(session, latitude, longitude, level=level, on=on)


async def _nearest(
    session: AsyncSession, latitude: float, longitude: float, *, level: int | None, on: date
) -> Located:
    centred = select(Place).where(col(Place.latitude).is_not(None), service.valid_on(on))
    if level:
        centred = centred.where(col(Place.level) == level)
    distances = [
        (shapes.distance_km((latitude, longitude), (place.latitude, place.longitude)), place)
        for place in (await session.exec(centred)).all()
        if place.latitude is not None and place.longitude is not None
    ]
    if not distances:
        raise not_found("place with a shape or a centre")
    distance, place = min(distances, key=lambda each: (each[0], -each[1].level, each[1].pcode))
    return Located(place=shown(place), inside=False, distance_km=round(distance, 3))


async def shape_of(session: AsyncSession, pcode: str) -> ShapeOut:
    place = await service.get_place(session, pcode)
    shape = await session.get(PlaceShape, pcode)
    if shape is None:
        raise not_found("shape of this place")
    return ShapeOut(id=pcode, properties=shown(place), geometry=shape.geometry)


async def add_alias(session: AsyncSession, pcode: str, form: AliasIn, caller: Caller) -> AliasOut:
    """Know a place by another name too; known already, it stays as it is."""
    await service.get_place(session, pcode)
    audit.note(session, caller, "create", "gazetteer", pcode)
    alias = PlaceAlias(pcode=pcode, name=form.name, added_by=caller.id)
    if not await insert_new(session, alias):
        known = select(PlaceAlias).where(
            col(PlaceAlias.pcode) == pcode, col(PlaceAlias.name) == form.name
        )
        alias = (await session.exec(known)).one()
    return AliasOut(id=alias.id, name=alias.name)


async def drop_alias(session: AsyncSession, alias_id: UUID, caller: Caller) -> None:
    wanted = delete(PlaceAlias).where(col(PlaceAlias.id) == alias_id)
    if not (await session.exec(wanted)).rowcount:
        raise not_found("alias")
    audit.note(session, caller, "delete", "gazetteer", alias_id)


def shown(place: Place) -> PlaceRow:
    return PlaceRow(**place.model_dump(exclude={"version"}))
