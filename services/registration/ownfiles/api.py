"""HTTP in and out for files that are closed to a user; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.ownfiles import service
from services.registration.ownfiles.models import OwnFileIn, OwnFileOut, OwnFilesOut

router = Router(prefix="/v1/registration/own-files", tags=["own files"], route_class=Once)


@router.post("", status_code=201)
async def close_own_file(form: OwnFileIn, access: AccessDep, session: WriteSession) -> OwnFileOut:
    """Close a person's file, and their household's, to a user who is that person or theirs."""
    own_file = await service.flag(session, form, access)
    return OwnFileOut.model_validate(own_file, from_attributes=True)


@router.get("")
async def list_own_files(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> OwnFilesOut:
    found = await service.find(session, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    items = [OwnFileOut.model_validate(each, from_attributes=True) for each in page]
    return OwnFilesOut(items=items, next_cursor=following)


@router.delete("/{own_file_id}", status_code=204)
async def open_own_file(own_file_id: UUID, access: AccessDep, session: WriteSession) -> None:
    """Open the file to the user again."""
    await service.reopen(session, own_file_id, access)
