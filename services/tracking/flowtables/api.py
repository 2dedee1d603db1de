"""HTTP in and out for drafting and approving what is public of flows; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.auth import CallerDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.flowtables import reading, service
from services.tracking.flowtables.models import (
    FlowCellOut,
    FlowDraftIn,
    FlowPublication,
    FlowPublicationOut,
    FlowPublicationsOut,
    ReviewedFlowsOut,
)
from services.tracking.flowtables.rules import Pair

PATH = "/v1/tracking/flow-publications"
MOST_CELLS = 10_000
After = Annotated[str | None, Query(pattern=r"^([A-Z0-9]{3,4}|unknown)?~([A-Z0-9]{3,4}|unknown)?$")]

router = Router(prefix=PATH, tags=["publications"], route_class=Once)


@router.post("", status_code=201)
async def draft_flow_publication(
    form: FlowDraftIn, caller: CallerDep, session: WriteSession
) -> FlowPublicationOut:
    """Control origins and destinations of a month and keep them as a draft for another analyst."""
    return _shown(await service.draft(session, form, caller))


@router.get("")
async def list_flow_publications(
    session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> FlowPublicationsOut:
    page, following = next_cursor(await service.find(session, cursor, limit + 1), limit)
    return FlowPublicationsOut(items=[_shown(each) for each in page], next_cursor=following)


@router.get("/{publication_id}")
async def get_flow_publication(publication_id: UUID, session: ReadSession) -> FlowPublicationOut:
    return _shown(await service.get(session, publication_id))


@router.get("/{publication_id}/matrix")
async def review_flow_publication(
    publication_id: UUID,
    session: ReadSession,
    cursor: After = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CELLS)] = MOST_CELLS,
) -> ReviewedFlowsOut:
    """Show what is, or would be, public; to analysts with the reason of each hidden cell."""
    found = await service.get(session, publication_id)
    page = await reading.cells(session, found, after(cursor), limit + 1)
    return ReviewedFlowsOut(
        items=await reading.reviewed(session, found.id, page[:limit]),
        next_cursor=following(page, limit),
    )


@router.post("/{publication_id}/approval")
async def approve_flow_publication(
    publication_id: UUID, caller: CallerDep, session: WriteSession
) -> FlowPublicationOut:
    """Make a draft public, for good; whoever drafted it cannot."""
    return _shown(await service.approve(session, publication_id, caller))


@router.post("/{publication_id}/refusal")
async def refuse_flow_publication(
    publication_id: UUID, caller: CallerDep, session: WriteSession
) -> FlowPublicationOut:
    """Let a draft never be public; whoever drafted it may take it back so."""
    return _shown(await service.refuse(session, publication_id, caller))


def after(cursor: str | None) -> Pair | None:
    origin, _, destination = (cursor or "").partition("~")
    return (origin, destination) if cursor else None


def following(page: list[FlowCellOut], limit: int) -> str | None:
    """Return the cursor after a page that was asked for with one cell more."""
    if len(page) <= limit:
        return None
    last = page[limit - 1]
    return f"{last.origin or ''}~{last.destination or ''}"


def _shown(found: FlowPublication) -> FlowPublicationOut:
    return FlowPublicationOut.model_validate(
        found.model_dump() | {"published_at": found.decided_at if found.vintage else None}
    )
