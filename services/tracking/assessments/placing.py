"""Which place of the gazetteer a row is about: by its p-code, or by names as they are spelt."""

from collections.abc import Iterable, Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import today
from chassis.jobs import Remark
from chassis.worker import Tally
from services.tracking.assessments.mappings import FileMapping, Reader, Told
from services.tracking.places import service as places
from services.tracking.places.models import Place
from services.tracking.places.spelling import folded, likeness

SURELY_LIKE, PROBABLY_LIKE = 0.97, 0.85
LONGEST_PLACE = 200
Gazetteer = Mapping[str, Place]


async def gazetteer_of(session: AsyncSession, reader: Reader) -> Gazetteer:
    """Return the places that rows may be about, by p-code; none where they are not ours."""
    if reader.mapping.places == "as_told":
        return {}
    found = await places.find(session, parent=None, level=None, on=today())
    ended = select(Place).where(col(Place.valid_until).is_not(None))
    return {place.pcode: place for place in [*found, *(await session.exec(ended)).all()]}


def as_told(told: Told) -> str:
    """Return what a file of another mission calls a place: its p-code, else its names."""
    return (told.pcode or " / ".join([*filter(None, told.within), told.place_name]))[:LONGEST_PLACE]


def placed(
    told: Told, mapping: FileMapping, gazetteer: Gazetteer, tally: Tally
) -> str | Remark | None:
    """Return the p-code of a row's place; None where places are kept as they are told."""
    if not (told.pcode or told.place_name):
        return Remark(row=told.row, code="place_missing", detail="The row names no place.")
    if mapping.places == "as_told":
        return None
    if not told.pcode:
        return _by_name(told, mapping, gazetteer, tally)
    if told.pcode in gazetteer:
        return told.pcode
    column, detail = (
        (mapping.pcode_column or "")[:80],
        "No place has this p-code; `as_told` keeps places of others.",
    )
    return Remark(row=told.row, column=column, code="unknown_place", detail=detail)


def _by_name(told: Told, mapping: FileMapping, gazetteer: Gazetteer, tally: Tally) -> str | Remark:
    """Return the one place that a name means; a spelling that is not its own is told."""
    column, around = (mapping.name_column or "")[:80], _around(told, gazetteer)
    ranked = _ranked(told.place_name, gazetteer.values(), around, mapping.place_level)
    if not ranked or ranked[0][0] < PROBABLY_LIKE:
        detail = "No place has a name like this."
        return Remark(row=told.row, column=column, code="unknown_place", detail=detail)
    like, pcode = ranked[0]
    if len(ranked) > 1 and ranked[1][0] >= min(like, SURELY_LIKE):
        detail = "Several places have this name; give the p-code."
        return Remark(row=told.row, column=column, code="several_places", detail=detail)
    if like < SURELY_LIKE:
        detail = f"Read as {pcode}, whose name is spelt nearly so."
        tally.warn(Remark(row=told.row, column=column, code="place_by_name", detail=detail))
    return pcode


def _around(told: Told, gazetteer: Gazetteer) -> str:
    """Return the p-code of the smallest place that the row names and its own lies in."""
    around = ""
    for name in filter(None, told.within):
        if name in gazetteer:
            around = name
            continue
        ranked = _ranked(name, gazetteer.values(), around)
        # Of a baladiya and a muhalla with one name, the larger is what others lie in.
        like = [code for likeness_, code in ranked if likeness_ >= max(ranked[0][0], PROBABLY_LIKE)]
        around = min(like, key=len) if like else around
    return around


def _ranked(
    name: str, known: Iterable[Place], around: str, level: int | None = None
) -> list[tuple[float, str]]:
    """
    Return the places within another by how like their names are, the likest first.

    Where a name sounds the same as it is told, those that are only nearly so are not asked.
    """
    sound = folded(name)
    may = [
        place
        for place in known
        if place.pcode.startswith(around)
        and place.pcode != around
        and (level is None or place.level == level)
    ]
    same = [place for place in may if sound in {folded(place.name_en), folded(place.name_ar)}]
    return sorted(
        (
            (max(likeness(name, each) for each in (place.name_en, place.name_ar)), place.pcode)
            for place in same or may
        ),
        reverse=True,
    )
