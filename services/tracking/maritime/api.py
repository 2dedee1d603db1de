"""HTTP in and out for operations at sea; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.authz import AccessDep
from chassis.clock import today
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.strict import Day
from services.tracking.maritime import service
from services.tracking.maritime.models import (
    Authority,
    By,
    CountIn,
    OperationIn,
    OperationOut,
    OperationRow,
    OperationsOut,
    SumsOut,
)

PATH = "/v1/tracking/maritime/operations"
Since = Annotated[Day | None, Query(description="The first day.")]
Until = Annotated[Day | None, Query(description="The last day, still within.")]

router = Router(prefix="/v1/tracking/maritime", tags=["operations at sea"], route_class=Once)


@router.post("/operations", status_code=201, responses={200: {"model": OperationOut}})
async def record_operation(
    form: OperationIn, response: Response, access: AccessDep, session: WriteSession
) -> OperationOut:
    operation, is_new = await service.record(session, form, access)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{PATH}/{operation.id}"
    return await service.shown(session, operation)


@router.get("/operations")
async def list_operations(
    access: AccessDep,
    session: ReadSession,
    authority: Authority | None = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OperationsOut:
    found = await service.find(
        session,
        access,
        authority=authority,
        since=since,
        until=until,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    items = [OperationRow.model_validate(each, from_attributes=True) for each in page]
    return OperationsOut(items=items, next_cursor=following)


@router.get("/operations/{operation_id}")
async def get_operation(
    operation_id: UUID, access: AccessDep, session: ReadSession
) -> OperationOut:
    return await service.shown(session, await service.get(session, operation_id, access))


@router.post("/operations/{operation_id}/counts", status_code=201)
async def restate_operation(
    operation_id: UUID, form: CountIn, access: AccessDep, session: WriteSession
) -> OperationOut:
    """Keep another count, with its reason; the earlier ones stay as they were."""
    operation, _ = await service.recount(session, operation_id, form, access)
    return await service.shown(session, operation)


@router.get("/totals")
async def sum_operations(
    access: AccessDep,
    session: ReadSession,
    by: By = "year",
    since: Since = None,
    until: Until = None,
    as_of: Annotated[Day | None, Query(description="The day on which it was told.")] = None,
) -> SumsOut:
    """Sum the newest count of each operation; `as_of` sums what was the newest on a day."""
    day = as_of or today()
    items = await service.totals(session, access, by=by, since=since, until=until, as_of=day)
    return SumsOut(by=by, since=since, until=until, as_of=day, items=items)
