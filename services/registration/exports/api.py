"""HTTP in and out for exports of persons; no decisions."""

from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from chassis import audit
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.exports import service
from services.registration.exports.models import Export, ExportIn, ExportOut, ExportsOut
from services.registration.exports.rules import Status
from services.registration.exports.writing import MEDIA_TYPES
from services.registration.searches import service as searches

PATH = "/v1/registration/exports"
FILE: dict[str, dict[str, str]] = {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}

router = Router(prefix=PATH, tags=["exports"], route_class=Once)


@router.post("", status_code=202)
async def ask_for_export(
    form: ExportIn, request: Request, response: Response, access: AccessDep, session: WriteSession
) -> ExportOut:
    """
    Ask for a file of people whom you may take out, for the purpose in X-Purpose.

    Up to 100 people it is made at once; for more it waits until somebody else has approved it.
    """
    await searches.note(database_of(request), access.caller, form.filter.terms().told())
    export = await service.ask(session, form, access)
    response.headers["Location"] = f"{PATH}/{export.id}"
    return _shown(export)


@router.get("")
async def list_exports(
    access: AccessDep,
    session: ReadSession,
    status: Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ExportsOut:
    """List exports: your own, or to decide on those that are `waiting`."""
    found = await service.find(session, access, status=status, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    audit.read("export", [each.id for each in page])
    return ExportsOut(items=[_shown(each) for each in page], next_cursor=following)


@router.get("/{export_id}")
async def get_export(export_id: UUID, access: AccessDep, session: ReadSession) -> ExportOut:
    export = await service.get(session, export_id, access)
    audit.read("export", export.id)
    return _shown(export)


@router.get(
    "/{export_id}/file",
    response_class=StreamingResponse,
    responses={200: {"content": FILE, "description": "The file, for whoever asked for it alone."}},
)
async def download_export(
    export_id: UUID, request: Request, access: AccessDep, session: ReadSession
) -> StreamingResponse:
    """Give the file to who asked for it, as long as all that is in it is theirs to take out."""
    export = await service.hand_over(session, export_id, access)
    name = f"export-{export.id}.{export.format}"
    return StreamingResponse(
        service.content(database_of(request), export),
        media_type=MEDIA_TYPES[export.format],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            # What the application says of personal answers is not carried over to one made here.
            "Cache-Control": "no-store",
        },
    )


@router.post("/{export_id}/approval", status_code=202)
async def approve_export(export_id: UUID, access: AccessDep, session: WriteSession) -> ExportOut:
    """Let a file of more than 100 people be made; whoever asked for it cannot."""
    return _shown(await service.decide(session, export_id, access, approved=True))


@router.post("/{export_id}/refusal")
async def refuse_export(export_id: UUID, access: AccessDep, session: WriteSession) -> ExportOut:
    return _shown(await service.decide(session, export_id, access, approved=False))


def _shown(export: Export) -> ExportOut:
    return ExportOut.model_validate(export, from_attributes=True)
