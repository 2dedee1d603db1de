"""What can be done with sites. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, versions
from chassis.authz import Access
from chassis.problems import Fault, Problem, not_found
from services.tracking.places.models import Place
from services.tracking.sites import rules
from services.tracking.sites.models import (
    DETENTION,
    SCOPINGS,
    DetentionCentreIn,
    Site,
    SiteChange,
    SiteIn,
    SiteOut,
    SiteVersion,
    SiteVersionOut,
    Status,
)

MUHALLA = 4


async def get_site(session: AsyncSession, site_id: UUID) -> Site | None:
    """Return a site of any kind, whoever asks: the caller decides who may know of it."""
    return await session.get(Site, site_id)


async def open_site(session: AsyncSession, form: DetentionCentreIn, access: Access) -> Site:
    """Know a site from now on; 422 unless it lies in a muhalla, 403 where the caller may not."""
    access.refuse_elsewhere(form.place_pcode)
    place = await session.get(Place, form.place_pcode)
    if place is None or place.level != MUHALLA:
        detail = "A site lies in a muhalla; none has this p-code."
        fault = Fault(pointer="/place_pcode", code="unknown_place", detail=detail)
        raise Problem(422, "unknown-place", detail, errors=[fault])
    site = Site(
        kind=form.kind if isinstance(form, SiteIn) else DETENTION,
        **form.model_dump(exclude={"kind"}),
        organisation=access.caller.organisation,
        created_by=access.caller.id,
    )
    session.add(site)
    await session.flush()
    _keep_version(session, site, site.opened_on, "happened")
    audit.note(session, access.caller, "create", access.resource, site.id)
    return site


async def get(session: AsyncSession, site_id: UUID, access: Access) -> Site:
    """Return a site that the caller may reach; 404 else, and for a site of the other sort."""
    audit.looking()
    wanted = select(Site).where(col(Site.id) == site_id, _reach(access, Site))
    site = (await session.exec(wanted)).one_or_none()
    if site is None:
        raise not_found("site")
    _read(access, [site.id])
    return site


async def get_on(session: AsyncSession, site_id: UUID, access: Access, day: date) -> SiteOut:
    """Return a site as it stood on a day; 404 when it was not there yet."""
    await get(session, site_id, access)
    wanted = select(SiteVersion).where(col(SiteVersion.id) == site_id, _stood_on(day))
    version = (await session.exec(wanted)).one_or_none()
    if version is None:
        raise not_found("site")
    return SiteOut.model_validate(version, from_attributes=True)


async def find(
    session: AsyncSession,
    access: Access,
    *,
    kind: str | None,
    place: str | None,
    status: Status | None,
    on: date | None,
    after: UUID | None,
    limit: int,
) -> list[SiteOut]:
    """Return sites in a place or below it, as they stand, or as they stood on a day."""
    audit.looking()
    kept: type[Site | SiteVersion] = SiteVersion if on else Site
    statement = select(kept).where(_reach(access, kept))
    if on:
        statement = statement.where(_stood_on(on))
    if kind:
        statement = statement.where(col(kept.kind) == kind)
    if place:
        statement = statement.where(col(kept.place_pcode).startswith(place, autoescape=True))
    if status:
        statement = statement.where(col(kept.status) == status)
    if after:
        statement = statement.where(col(kept.id) > after)
    rows = (await session.exec(statement.order_by(col(kept.id)).limit(limit))).all()
    found = [SiteOut.model_validate(each, from_attributes=True) for each in rows]
    _read(access, [each.id for each in found])
    return found


async def change(
    session: AsyncSession, site_id: UUID, form: SiteChange, access: Access, *, expected: int
) -> Site:
    """Change a site and keep how it stood before; 412 when it is not as the caller has read it."""
    site = await get(session, site_id, access)
    if site.version != expected:
        raise versions.changed("site")
    from_day = (await _versions(session, site_id))[0].from_day
    told = rules.changed(site, from_day, form)
    if not told:
        return site
    starts = rules.starts(site, from_day, form)
    done = await session.exec(
        update(Site)
        .where(col(Site.id) == site_id, col(Site.version) == expected)
        .values(**told, version=expected + 1)
    )
    if not done.rowcount:
        raise versions.changed("site")
    await session.refresh(site)
    _keep_version(session, site, starts, form.because, by=access.caller.id)
    audit.note(session, access.caller, "update", access.resource, site_id, fields=told)
    return site


async def history(session: AsyncSession, site_id: UUID, access: Access) -> list[SiteVersionOut]:
    await get(session, site_id, access)
    return [
        SiteVersionOut.model_validate(each, from_attributes=True)
        for each in await _versions(session, site_id)
    ]


async def _versions(session: AsyncSession, site_id: UUID) -> Sequence[SiteVersion]:
    wanted = select(SiteVersion).where(col(SiteVersion.id) == site_id)
    return (await session.exec(wanted.order_by(col(SiteVersion.version).desc()))).all()


def _keep_version(
    session: AsyncSession, site: Site, from_day: date | None, because: str, by: str | None = None
) -> None:
    version = SiteVersion(
        **site.model_dump(), from_day=from_day, because=because, recorded_by=by or site.created_by
    )
    session.add(version)


def _reach(access: Access, kept: type[Site] | type[SiteVersion]) -> ColumnElement[bool]:
    """Return which sites a caller may reach: who asks for sites never reaches a detention one."""
    detention = access.resource == DETENTION
    sort = col(kept.kind) == DETENTION if detention else col(kept.kind) != DETENTION
    return sort & access.rows(SCOPINGS[kept])


def _stood_on(day: date) -> ColumnElement[bool]:
    """Return that a version is the last one of its site that had begun on a day."""
    begun = or_(col(SiteVersion.from_day).is_(None), col(SiteVersion.from_day) <= day)
    last = select(SiteVersion.id, func.max(SiteVersion.version).label("version")).where(begun)
    newest = last.group_by(col(SiteVersion.id)).subquery()
    return (
        select(newest.c.id)
        .where(newest.c.id == col(SiteVersion.id), newest.c.version == col(SiteVersion.version))
        .exists()
    )


def _read(access: Access, sites: Sequence[UUID]) -> None:
    if access.resource == DETENTION:
        audit.read(DETENTION, sites)
