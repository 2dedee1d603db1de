"""HTTP in and out for the collection of rounds, and what it has covered; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.versions import ExpectedVersion
from services.tracking.collecting import service
from services.tracking.collecting.models import (
    CollectionChange,
    CollectionIn,
    CollectionOut,
    CollectionsOut,
    CoverageOut,
    RoundCollection,
)
from services.tracking.rounds.models import Population

router = Router(prefix="/v1/tracking/collections", tags=["collections"], route_class=Once)
of_rounds = Router(prefix="/v1/tracking/rounds", tags=["rounds"], route_class=Once)


@router.post("", status_code=201)
async def plan_collection(
    form: CollectionIn, response: Response, caller: CallerDep, session: WriteSession
) -> CollectionOut:
    """Plan when a round of a population is collected."""
    return await _told(session, response, await service.plan(session, form, caller))


@router.get("")
async def list_collections(
    session: ReadSession,
    population: Population | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CollectionsOut:
    found = await service.find(session, population=population, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    items = [await _shown(session, each) for each in page]
    return CollectionsOut(items=items, next_cursor=following)


@router.get("/{collection_id}")
async def get_collection(
    collection_id: UUID, response: Response, session: ReadSession
) -> CollectionOut:
    return await _told(session, response, await service.get(session, collection_id))


@router.patch("/{collection_id}")
async def change_collection(
    collection_id: UUID,
    form: CollectionChange,
    response: Response,
    caller: CallerDep,
    session: WriteSession,
    expected: ExpectedVersion,
) -> CollectionOut:
    """Begin to collect, begin to validate, take up again, or move the days."""
    found = await service.change(session, collection_id, form, caller, expected=expected)
    return await _told(session, response, found)


@of_rounds.get("/{number}/coverage")
async def get_coverage(
    number: Annotated[int, Path(ge=1, le=9999)],
    session: ReadSession,
    population: Population = "migrant",
    parent: Annotated[str | None, Query(pattern=r"^[A-Z]{2}([0-9]{2}){1,4}$")] = None,
) -> CoverageOut:
    """Tell how many places a round has assessed, out of how many, and which muhallas it has not."""
    return await service.coverage(session, number, population, parent)


async def _told(session: AsyncSession, response: Response, found: RoundCollection) -> CollectionOut:
    response.headers["ETag"] = f'"{found.version}"'
    return await _shown(session, found)


async def _shown(session: AsyncSession, found: RoundCollection) -> CollectionOut:
    status = await service.status(session, found)
    return CollectionOut.model_validate(found.model_dump() | {"status": status})
