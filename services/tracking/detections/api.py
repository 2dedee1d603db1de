"""HTTP in and out for detected displacement; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.detections import service
from services.tracking.detections.models import (
    AcknowledgementIn,
    DetectionOut,
    DetectionsOut,
    ThresholdIn,
    ThresholdOut,
    ThresholdsOut,
)
from services.tracking.rounds.models import Population

PATH = "/v1/tracking/detections"

router = Router(prefix=PATH, tags=["detections"], route_class=Once)


@router.get("")
async def list_detections(
    session: ReadSession,
    acknowledged: bool | None = None,
    population: Population | None = None,
    place: Annotated[str | None, Query(pattern=r"^LY([0-9]{2}){0,4}$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DetectionsOut:
    """List what figures told of, the oldest first; `acknowledged=false` is what is to be read."""
    found = await service.find(
        session,
        acknowledged=acknowledged,
        population=population,
        place=place,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    return DetectionsOut(items=[service.shown(each) for each in page], next_cursor=following)


@router.post("/{detection_id}/acknowledgement")
async def acknowledge_detection(
    detection_id: UUID, form: AcknowledgementIn, caller: CallerDep, session: WriteSession
) -> DetectionOut:
    """Say what a detection was found to be; nobody says it a second time."""
    return service.shown(await service.acknowledge(session, detection_id, form, caller))


@router.post("/thresholds")
async def set_detection_threshold(
    form: ThresholdIn, caller: CallerDep, session: WriteSession
) -> ThresholdOut:
    """Set, change or end the threshold of a population in a place."""
    await service.set_threshold(session, form, caller)
    return ThresholdOut(**form.model_dump())


@router.get("/thresholds")
async def list_detection_thresholds(session: ReadSession) -> ThresholdsOut:
    found = await service.thresholds(session)
    items = [ThresholdOut.model_validate(each, from_attributes=True) for each in found]
    return ThresholdsOut(items=items, next_cursor=None)
