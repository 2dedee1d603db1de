"""HTTP in and out for sites; detention centres have paths, and rights, of their own."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Day
from chassis.versions import ExpectedVersion
from services.tracking.sites import service
from services.tracking.sites.models import (
    DetentionCentreIn,
    Kind,
    Site,
    SiteChange,
    SiteHistoryOut,
    SiteIn,
    SiteOut,
    SitesOut,
    Status,
)

Place = Annotated[str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}$")]
OnDay = Annotated[Day | None, Query(description="As it stood on this day.")]

sites = Router(prefix="/v1/tracking/sites", tags=["sites"], route_class=Once)
detention_centres = Router(
    prefix="/v1/tracking/detention-centres", tags=["detention centres"], route_class=Once
)


@sites.post("", status_code=201)
async def open_site(
    form: SiteIn, response: Response, access: AccessDep, session: WriteSession
) -> SiteOut:
    """Know a settlement, a camp, a point of flow monitoring, or another site in a muhalla."""
    return _told(response, await service.open_site(session, form, access))


@detention_centres.post("", status_code=201)
async def open_detention_centre(
    form: DetentionCentreIn, response: Response, access: AccessDep, session: WriteSession
) -> SiteOut:
    """Know a detention centre; where one is, nobody is told who does not work with it."""
    return _told(response, await service.open_site(session, form, access))


@sites.get("")
async def list_sites(
    access: AccessDep,
    session: ReadSession,
    kind: Kind | None = None,
    place: Place = None,
    status: Status | None = None,
    on: OnDay = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SitesOut:
    """List sites, those of a place with all below it; with `on` as they stood on that day."""
    found = await service.find(
        session,
        access,
        kind=kind,
        place=place,
        status=status,
        on=on,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    return SitesOut(items=list(page), next_cursor=following)


@detention_centres.get("")
async def list_detention_centres(
    access: AccessDep,
    session: ReadSession,
    place: Place = None,
    status: Status | None = None,
    on: OnDay = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SitesOut:
    """List detention centres, those of a place with all below it."""
    return await list_sites(access, session, None, place, status, on, cursor, limit)


@sites.get("/{site_id}")
@detention_centres.get("/{site_id}", name="get_detention_centre")
async def get_site(
    site_id: UUID, response: Response, access: AccessDep, session: ReadSession, on: OnDay = None
) -> SiteOut:
    if on:
        return await service.get_on(session, site_id, access, on)
    return _told(response, await service.get(session, site_id, access))


@sites.patch("/{site_id}")
@detention_centres.patch("/{site_id}", name="change_detention_centre")
async def change_site(
    site_id: UUID,
    form: SiteChange,
    response: Response,
    access: AccessDep,
    session: WriteSession,
    expected: ExpectedVersion,
) -> SiteOut:
    """Close a site, open it again, rename it, hand it over, move it, or correct the record."""
    return _told(response, await service.change(session, site_id, form, access, expected=expected))


@sites.get("/{site_id}/history")
@detention_centres.get("/{site_id}/history", name="get_detention_centre_history")
async def get_site_history(
    site_id: UUID, access: AccessDep, session: ReadSession
) -> SiteHistoryOut:
    return SiteHistoryOut(items=await service.history(session, site_id, access))


def _told(response: Response, site: Site) -> SiteOut:
    response.headers["ETag"] = f'"{site.version}"'
    return SiteOut.model_validate(site, from_attributes=True)
