"""HTTP in and out for distributions; no decisions."""

from uuid import UUID

from fastapi import Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.assistance.distributions import service
from services.assistance.distributions.models import (
    DistributionIn,
    DistributionOut,
    DistributionsOut,
)

PATH = "/v1/assistance/distributions"

router = Router(prefix=PATH, tags=["distributions"], route_class=Once)


@router.post("", status_code=201)
async def deliver(
    form: DistributionIn, response: Response, access: AccessDep, session: WriteSession
) -> DistributionOut:
    """Deliver an entitlement, once; a second delivery is refused."""
    distribution = await service.deliver(session, form, access)
    response.headers["Location"] = f"{PATH}/{distribution.id}"
    return await service.see(session, distribution.id, access)


@router.get("")
async def list_distributions(
    access: AccessDep,
    session: ReadSession,
    programme_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DistributionsOut:
    found = await service.find(
        session, access, programme_id=programme_id, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    return DistributionsOut(items=list(page), next_cursor=following)


@router.get("/{distribution_id}")
async def get_distribution(
    distribution_id: UUID, access: AccessDep, session: ReadSession
) -> DistributionOut:
    return await service.see(session, distribution_id, access)
