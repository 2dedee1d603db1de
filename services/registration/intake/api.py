"""HTTP in and out for forms that send by themselves, and what they sent; no decisions."""

import base64
import binascii
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.registration.intake import receiving, rules, service
from services.registration.intake.models import (
    FormIn,
    FormMade,
    FormsOut,
    Received,
    Source,
    Status,
    Submission,
    SubmissionsOut,
)

STATUS = {"accepted": 201, "rejected": 202, "conflict": 202}
"""What is rejected or in conflict is kept for somebody to look at: sending it again is no help."""

PATH = "/v1/registration"

router = Router(prefix=PATH, tags=["intake"], route_class=Once)
doors = Router(prefix=f"{PATH}/intake", tags=["intake"])
"""Where submissions come in: each is taken once by its own uuid, without a key for that."""


@router.post("/forms", status_code=201)
async def let_form_in(form: FormIn, access: AccessDep, session: WriteSession) -> FormMade:
    """Let a form of KoboToolbox or ODK Central send submissions; its secret is shown this once."""
    return await service.let_in(session, form, access)


@router.get("/forms")
async def list_forms(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> FormsOut:
    found = await service.forms(session, access, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return FormsOut(items=list(page), next_cursor=following)


@router.post("/forms/{form_id}/secret")
async def renew_form_secret(form_id: UUID, access: AccessDep, session: WriteSession) -> FormMade:
    """Give a form another secret; the one before counts no more."""
    return await service.renew_secret(session, form_id, access)


@router.delete("/forms/{form_id}", status_code=204)
async def end_form(form_id: UUID, access: AccessDep, session: WriteSession) -> None:
    """Take nothing more from a form; what it sent stays."""
    await service.end(session, form_id, access)


@router.get("/intake/submissions")
async def list_submissions(
    access: AccessDep,
    session: ReadSession,
    status: Status | None = None,
    form_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SubmissionsOut:
    """List what became of submissions; the reasons name questions and never an answer."""
    conditions = [
        *([col(Submission.status) == status] if status else []),
        *([col(Submission.form_id) == form_id] if form_id else []),
        *([col(Submission.id) > cursor] if cursor else []),
    ]
    found = await service.submissions(session, access, *conditions, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return SubmissionsOut(items=list(page), next_cursor=following)


@doors.post("/kobo/{form_id}")
async def receive_from_kobo(
    form_id: UUID,
    body: dict[str, Any],
    request: Request,
    response: Response,
    session: WriteSession,
) -> Received:
    """
    Take a submission as KoboToolbox's REST services send it.

    201: its people are registered, all of them. 200: it was before. 202: it is rejected, or was
    edited since; the answer and the list of submissions say why.
    """
    return await _receive("kobo", form_id, body, request, response, session)


@doors.post("/odk/{form_id}")
async def receive_from_odk(
    form_id: UUID,
    body: dict[str, Any],
    request: Request,
    response: Response,
    session: WriteSession,
) -> Received:
    """
    Take a submission of ODK Central: as its OData shows one with `$expand=*`, or as news with XML.

    The answers are those of a submission from KoboToolbox. News of another kind are ignored.
    """
    return await _receive("odk", form_id, body, request, response, session)


async def _receive(
    source: Source,
    form_id: UUID,
    body: dict[str, Any],
    request: Request,
    response: Response,
    session: WriteSession,
) -> Received:
    database = database_of(request)
    form = await receiving.form_of(database, form_id, source, _secret(request))
    sent = rules.sent(source, body)
    if sent is None:
        return Received(id=None, status="ignored", people=0, reasons=[])
    received = await receiving.receive(database, session, form, sent)
    response.status_code = STATUS.get(received.status, 200)
    response.headers["Cache-Control"] = "no-store"
    return received


def _secret(request: Request) -> str:
    """Return the secret that was sent, or nothing: KoboToolbox knows both ways, others one."""
    told = request.headers.get("X-API-Key", "")
    kind, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if told or kind.lower() != "basic":
        return told
    try:
        pair = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]
