"""HTTP out for shares: to the staff who sent them, and to the recipients who collect them."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import col

from chassis import audit
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.scoping import Scoping
from chassis.sharing.models import (
    ContentOut,
    ReceivedListOut,
    ReceivedOut,
    ShareOut,
    SharesOut,
    ShareWithLogOut,
    State,
    StepOut,
)
from chassis.sharing.service import Sharing
from chassis.sharing.tables import ShareColumns


def shown(share: ShareColumns) -> ShareOut:
    return ShareOut.model_validate(share, from_attributes=True)


def routes(sharing: Sharing, prefix: str) -> list[Router]:
    """Return what every service that shares answers alike, under its own prefix."""
    return [_for_staff(sharing, prefix), _for_recipients(sharing, prefix)]


def _for_staff(sharing: Sharing, prefix: str) -> Router:
    router = Router(prefix=f"{prefix}/shares", tags=["shares"], route_class=Once)
    scoping = sharing.scoping

    @router.get("")
    async def list_shares(
        access: AccessDep,
        session: ReadSession,
        *,
        person_id: UUID | None = None,
        state: State | None = None,
        unconfirmed: bool = False,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> SharesOut:
        """List transfers; `unconfirmed` are those whose deletion is overdue."""
        found = await sharing.find(
            session,
            access.rows(scoping),
            person_id=person_id,
            state=state,
            unconfirmed=unconfirmed,
            after=cursor,
            limit=limit + 1,
        )
        page, following = next_cursor(found, limit)
        audit.read("share", [each.person_id for each in page])
        return SharesOut(items=[shown(each) for each in page], next_cursor=following)

    @router.get("/{share_id}")
    async def get_share(share_id: UUID, access: AccessDep, session: ReadSession) -> ShareWithLogOut:
        """Return a transfer with its log: what happened to it, when, by whom and why."""
        share = await sharing.get(session, share_id, access.rows(scoping))
        audit.read("share", share.person_id)
        log = [
            StepOut.model_validate(each, from_attributes=True)
            for each in await sharing.log(session, share.id)
        ]
        return ShareWithLogOut(**shown(share).model_dump(), log=log)

    @router.get("/{share_id}/content")
    async def hand_over_share(
        share_id: UUID, access: AccessDep, session: WriteSession
    ) -> ContentOut:
        """Return what is handed over to a recipient who has no access of their own."""
        share = await sharing.get(session, share_id, access.rows(scoping))
        content = await sharing.collect(session, share, access.caller)
        return ContentOut(share_id=share.id, content=content)

    @router.post("/{share_id}/confirmation")
    async def note_deletion_of_share(
        share_id: UUID, access: AccessDep, session: WriteSession
    ) -> ShareOut:
        """Note that a recipient who has no access of their own confirmed the deletion."""
        share = await sharing.get(session, share_id, access.rows(scoping), lock=True)
        sharing.confirm(session, share, access.caller)
        return shown(share)

    return router


def _for_recipients(sharing: Sharing, prefix: str) -> Router:
    router = Router(prefix=f"{prefix}/received-shares", tags=["shares"], route_class=Once)
    # Whose a received share is: the recipient's, wherever the person is.
    scoping = Scoping(
        organisation=func.replace(col(sharing.tables.share.recipient), "partner:", "")
    )
    open_to_them = col(sharing.tables.share.state).in_(("sent", "ended", "confirmed"))

    @router.get("")
    async def list_received_shares(
        access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
    ) -> ReceivedListOut:
        """List what was shared with the caller's organisation, and what of it has ended."""
        rows = access.rows(scoping) & open_to_them
        found = await sharing.find(session, rows, after=cursor, limit=limit + 1)
        page, following = next_cursor(found, limit)
        audit.read("share", [each.person_id for each in page])
        items = [ReceivedOut.model_validate(each, from_attributes=True) for each in page]
        return ReceivedListOut(items=items, next_cursor=following)

    @router.get("/{share_id}/content")
    async def collect_share(share_id: UUID, access: AccessDep, session: WriteSession) -> ContentOut:
        """Return what was shared, if it may still be: each time is asked and logged anew."""
        rows = access.rows(scoping) & open_to_them
        share = await sharing.get(session, share_id, rows)
        content = await sharing.collect(session, share, access.caller)
        return ContentOut(share_id=share.id, content=content)

    @router.post("/{share_id}/confirmation")
    async def confirm_deletion_of_share(
        share_id: UUID, access: AccessDep, session: WriteSession
    ) -> ReceivedOut:
        """Confirm, after the sharing has ended, that nothing of the record was kept."""
        rows = access.rows(scoping) & open_to_them
        share = await sharing.get(session, share_id, rows, lock=True)
        sharing.confirm(session, share, access.caller)
        return ReceivedOut.model_validate(share, from_attributes=True)

    return router
