"""HTTP in and out for likely duplicates; no decisions of the system's own."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis import jobs
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.duplicates import rescans, service
from services.registration.duplicates.models import (
    Band,
    DecisionIn,
    DuplicateOut,
    DuplicatesOut,
    Status,
)

PATH = "/v1/registration/duplicates"

router = Router(prefix=PATH, tags=["duplicates"], route_class=Once)


@router.get("")
async def list_duplicates(
    access: AccessDep,
    session: ReadSession,
    status: Annotated[Status | None, Query()] = None,
    band: Annotated[Band | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DuplicatesOut:
    """
    List pairs of registrations that may be one person's.

    `probable` are those that belong to one person by all their links; `possible` want a look.
    """
    found = await service.find(
        session, access, status=status, band=band, after=cursor, limit=limit + 1
    )
    page, following = next_cursor(found, limit)
    return DuplicatesOut(items=list(page), next_cursor=following)


@router.post("/rescans", status_code=202)
async def rescan_duplicates(
    response: Response, access: AccessDep, session: WriteSession
) -> jobs.JobOut:
    """
    Have the whole register looked through again, by the keys and weights of today.

    Decisions stay. While one is under way, asking again answers that one. The job counts people:
    `accepted` those in pairs that were not known, each by the side that was compared first.
    """
    job = await rescans.submit(session, access.caller)
    return jobs.accepted(job, f"{PATH}/rescans", response)


@router.get("/rescans/{job_id}")
async def get_rescan(job_id: UUID, access: AccessDep, session: ReadSession) -> jobs.JobOut:
    return await jobs.get(session, rescans.KIND, job_id, access)


@router.get("/{pair_id}")
async def get_duplicate(pair_id: UUID, access: AccessDep, session: ReadSession) -> DuplicateOut:
    return await service.see(session, pair_id, access)


@router.post("/{pair_id}/decision")
async def decide_duplicate(
    pair_id: UUID, form: DecisionIn, access: AccessDep, session: WriteSession
) -> DuplicateOut:
    """
    Say whether the two are one person. `different` is remembered until a reviewer changes it.

    Of two reviewers at once the second is answered 409 `out-of-order`; to change what is settled,
    say with `seen` what it was.
    """
    return await service.decide(session, pair_id, form, access)
