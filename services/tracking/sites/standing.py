"""Whether a site of a kind was open on a day, for whoever records what happened there."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Fault, Problem
from services.tracking.sites.models import Site, SiteVersion
from services.tracking.sites.service import get_site


async def versions_of(session: AsyncSession, site_id: UUID) -> Sequence[SiteVersion]:
    """Return each version of a site, the first first."""
    wanted = select(SiteVersion).where(col(SiteVersion.id) == site_id)
    return (await session.exec(wanted.order_by(col(SiteVersion.version)))).all()


def was_open(versions: Sequence[SiteVersion], day: date) -> bool:
    """Say whether a site was open on a day; the day on which it closes is the last one."""
    begun = [each for each in versions if each.from_day is None or each.from_day <= day]
    return bool(begun) and (begun[-1].status == "open" or begun[-1].closed_on == day)


async def wanted_site(session: AsyncSession, site_id: UUID, kind: str) -> Site:
    """Return a site of a kind; 422 `unknown-site` for any other, which is not told apart."""
    site = await get_site(session, site_id)
    if site is None or site.kind != kind:
        detail = "There is no such site, or it is not of this kind."
        fault = Fault(pointer="/site_id", code="unknown_site", detail=detail)
        raise Problem(422, "unknown-site", detail, errors=[fault])
    return site


def closed(pointer: str = "/site_id") -> Problem:
    detail = "The site was closed, or not there yet, on that day."
    fault = Fault(pointer=pointer, code="site_closed", detail=detail)
    return Problem(422, "site-closed", detail, errors=[fault])


async def open_site_on(session: AsyncSession, site_id: UUID, kind: str, day: date) -> Site:
    """Return a site that was open on a day; 422 `unknown-site` or `site-closed` else."""
    site = await wanted_site(session, site_id, kind)
    if not was_open(await versions_of(session, site_id), day):
        raise closed()
    return site
