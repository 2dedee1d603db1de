"""HTTP in and out for devices that were offline; no decisions."""

from typing import Annotated

from fastapi import Query, Request

from chassis.authz import AccessDep
from chassis.db import WriteSession, database_of
from chassis.operations import Router
from services.registration.devices import feeds, service
from services.registration.devices.models import (
    MOST_CHANGES,
    BatchIn,
    ChangesOut,
    FeedCursor,
    OutcomesOut,
)

router = Router(prefix="/v1/registration/sync", tags=["devices"])


@router.post("")
async def take_in_from_device(batch: BatchIn, request: Request, access: AccessDep) -> OutcomesOut:
    """
    Take in what was done offline: registrations, and corrections of a version that was seen.

    Each item is `created`, `updated`, `unchanged`, in `conflict` with what the register says, or
    `rejected` with the reason. The same batch sent again changes nothing.
    """
    return OutcomesOut(items=await service.take_in(database_of(request), batch, access))


@router.get("")
async def get_changes_for_device(
    access: AccessDep,
    session: WriteSession,
    cursor: Annotated[
        FeedCursor | None, Query(description="`next_cursor` of the answer that is safe by now.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CHANGES)] = 100,
) -> ChangesOut:
    """
    Tell a device whom its user carries now, and whom it has to delete.

    Without a cursor a feed begins, for a device that holds nothing.
    """
    return await feeds.next_page(session, access, cursor, limit)
