"""HTTP in and out for key informants; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.versions import ExpectedVersion
from services.tracking.informants import service
from services.tracking.informants.models import (
    InformantChange,
    InformantIn,
    InformantOut,
    InformantsOut,
    Reliability,
    Role,
)

router = Router(prefix="/v1/tracking/informants", tags=["informants"], route_class=Once)


@router.post("", status_code=201)
async def add_informant(
    form: InformantIn, response: Response, access: AccessDep, session: WriteSession
) -> InformantOut:
    """Know whom the team asks about a place; who they are is told to who asks them only."""
    return _told(response, await service.add(session, form, access))


@router.get("")
async def list_informants(
    access: AccessDep,
    session: ReadSession,
    place: Annotated[str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}$")] = None,
    role: Role | None = None,
    reliability: Reliability | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> InformantsOut:
    found = await service.find(
        session,
        access,
        place=place,
        role=role,
        reliability=reliability,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    return InformantsOut(items=list(page), next_cursor=following)


@router.get("/{informant_id}")
async def get_informant(
    informant_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> InformantOut:
    return _told(response, await service.get(session, informant_id, access))


@router.patch("/{informant_id}")
async def change_informant(
    informant_id: UUID,
    form: InformantChange,
    response: Response,
    access: AccessDep,
    session: WriteSession,
    expected: ExpectedVersion,
) -> InformantOut:
    """Say how far they can be relied on, or whether they may be called."""
    return _told(
        response, await service.change(session, informant_id, form, access, expected=expected)
    )


@router.delete("/{informant_id}", status_code=204)
async def forget_informant(informant_id: UUID, access: AccessDep, session: WriteSession) -> None:
    """Forget an informant; what they estimated stays."""
    await service.forget(session, informant_id, access)


def _told(response: Response, informant: InformantOut) -> InformantOut:
    response.headers["ETag"] = f'"{informant.version}"'
    return informant
