"""What places were called before. Callers own the transaction."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import today
from services.tracking.places.models import FormerName, NamedOut, Place, PlaceHistoryOut
from services.tracking.places.rules import Named

NAMES = ("name_en", "name_ar", "name_fr")
DAY = timedelta(days=1)


def one_a_place(named: Iterable[Named]) -> tuple[dict[str, Named], list[Named]]:
    """Return what is told of each place as it is now, and what of times that ended before that."""
    current: dict[str, Named] = {}
    past: list[Named] = []
    for each in named:
        before = current.get(each.pcode)
        if before and _ends_before(each, before.valid_from):
            past.append(each)
            continue
        if before and _ends_before(before, each.valid_from):
            past.append(before)
            before = None
        current[each.pcode] = _both(before, each) if before else each
    return current, past


def is_past(told: Named, known: Place) -> bool:
    """Say whether a row tells of a place as it was before what is known of it."""
    if told.valid_until is None:
        return False
    if _ends_before(told, known.valid_from):
        return True
    ends_later = known.valid_until is None or known.valid_until > told.valid_until
    return ends_later and _renamed(told, known)


def before_renaming(told: Named, known: Place) -> FormerName | None:
    """Return what a place was called until a row calls it otherwise; None when it does not."""
    if not _renamed(told, known):
        return None
    last = (told.valid_from or today()) - DAY
    first = known.valid_from if known.valid_from and known.valid_from <= last else None
    names = {name: getattr(known, name) for name in NAMES}
    return FormerName(pcode=known.pcode, valid_from=first, valid_until=last, **names)


async def keep(session: AsyncSession, past: Iterable[Named | FormerName]) -> set[str]:
    """Keep what places were called; return those of which it was new or other."""
    changed = set()
    for each in past:
        version = each if isinstance(each, FormerName) else _version(each)
        known = select(FormerName).where(
            col(FormerName.pcode) == version.pcode,
            col(FormerName.valid_until) == version.valid_until,
        )
        before = (await session.exec(known)).one_or_none()
        told = version.model_dump(include={*NAMES, "valid_from"})
        if before is None:
            session.add(version)
        elif any(getattr(before, name) != value for name, value in told.items()):
            before.sqlmodel_update(told)
            session.add(before)
        else:
            continue
        await session.flush()
        changed.add(version.pcode)
    return changed


async def called_on(
    session: AsyncSession, day: date, pcodes: Collection[str] | None = None
) -> dict[str, FormerName]:
    """Return by p-code the places that had other names on a day."""
    statement = select(FormerName).where(_covers(day))
    if pcodes is not None:
        statement = statement.where(col(FormerName.pcode).in_(set(pcodes)))
    order = statement.order_by(col(FormerName.valid_until).desc())
    return {each.pcode: each for each in (await session.exec(order)).all()}


def was_called(day: date) -> ColumnElement[bool]:
    """Return that a place had a name of its own on a day, whatever it is called now."""
    return col(Place.pcode).in_(select(FormerName.pcode).where(_covers(day)))


async def former_names(session: AsyncSession) -> Iterable[tuple[str, str]]:
    """Return every former name with the p-code of its place."""
    found = await session.exec(
        select(
            FormerName.pcode,
            FormerName.name_en,
            FormerName.name_ar,
            FormerName.name_fr,
        )
    )
    return [(pcode, name) for pcode, *names in found for name in names if name]


async def of(session: AsyncSession, place: Place) -> PlaceHistoryOut:
    statement = select(FormerName).where(col(FormerName.pcode) == place.pcode)
    versions = (await session.exec(statement.order_by(col(FormerName.valid_until)))).all()
    begun = place.valid_from or (versions[-1].valid_until + DAY if versions else None)
    named: list[FormerName | Place] = [*versions, place]
    items = [
        NamedOut(
            **{name: getattr(each, name) for name in NAMES},
            parent_pcode=place.parent_pcode,
            valid_from=begun if each is place else each.valid_from,
            valid_until=each.valid_until,
        )
        for each in named
    ]
    return PlaceHistoryOut(items=items)


def _version(told: Named) -> FormerName:
    assert told.valid_until  # noqa: S101 - What has no end is no past.
    return FormerName(
        pcode=told.pcode,
        name_en=told.name_en or told.name_ar,
        name_ar=told.name_ar or told.name_en,
        name_fr=told.name_fr,
        valid_from=told.valid_from,
        valid_until=told.valid_until,
    )


def _covers(day: date) -> ColumnElement[bool]:
    begins = col(FormerName.valid_from)
    return (col(FormerName.valid_until) >= day) & (begins.is_(None) | (begins <= day))


def _ends_before(told: Named, day: date | None) -> bool:
    return bool(told.valid_until and day and told.valid_until < day)


def _renamed(told: Named, known: Place) -> bool:
    said = {name: getattr(told, name) for name in NAMES}
    return any(value and value != getattr(known, name) for name, value in said.items())


def _both(one: Named, other: Named) -> Named:
    """Return what two rows tell of one place: the later, but for what it leaves out."""
    told = {name: value for name, value in vars(other).items() if value not in (None, "")}
    return replace(one, **told)
