"""HTTP in and out for breaking the glass; no decisions."""

from uuid import UUID

from chassis import audit
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.breakglass import service
from services.registration.breakglass.models import (
    BreakingIn,
    BreakingOut,
    BreakingsOut,
    ReviewIn,
)

router = Router(prefix="/v1/registration/break-glass", tags=["break-glass"], route_class=Once)


@router.post("")
async def break_glass(form: BreakingIn, access: AccessDep, session: WriteSession) -> BreakingOut:
    """
    Open one person's file for 60 minutes though there is no link between you and them.

    It needs a reason, an explanation, and a second factor shown within the last five minutes. The
    data-protection officer is told at once, and somebody else reviews it within three working days.
    """
    breaking = await service.break_glass(session, form, access)
    return await service.shown(session, breaking, access)


@router.get("")
async def list_breakings(
    access: AccessDep,
    session: ReadSession,
    status: service.Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> BreakingsOut:
    """Tell which files were opened in this way: `unreviewed` is the inbox of who reviews."""
    found = await service.find(session, access, status=status, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    items = [await service.shown(session, each, access) for each in page]
    return BreakingsOut(items=items, next_cursor=following)


@router.get("/{breaking_id}")
async def get_breaking(breaking_id: UUID, access: AccessDep, session: ReadSession) -> BreakingOut:
    breaking = await service.get(session, breaking_id, access)
    audit.read("breaking", service.subjects_of([breaking]))
    return await service.shown(session, breaking, access)


@router.post("/{breaking_id}/co-signature")
async def cosign_breaking(
    breaking_id: UUID, access: AccessDep, session: WriteSession
) -> BreakingOut:
    """Open the medical notes too to the protection officer who broke the glass."""
    return await service.shown(session, await service.cosign(session, breaking_id, access), access)


@router.post("/{breaking_id}/review")
async def review_breaking(
    breaking_id: UUID, form: ReviewIn, access: AccessDep, session: WriteSession
) -> BreakingOut:
    """Say whether it was justified; until then, or if not, the user cannot do it again."""
    breaking = await service.review(session, breaking_id, form, access)
    return await service.shown(session, breaking, access)
