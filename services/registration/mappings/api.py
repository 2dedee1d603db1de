"""HTTP in and out for mappings; no decisions."""

import asyncio
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from chassis.uploads import MULTIPART, read_files
from chassis.versions import ExpectedVersion
from services.registration.mappings import service
from services.registration.mappings.models import (
    Mapping,
    MappingIn,
    MappingOut,
    MappingsOut,
    MappingVersionsOut,
)
from services.registration.mappings.proposals import ProposalOut, propose
from services.registration.mappings.questions import questions_of

PATH = "/v1/registration/mappings"

router = Router(prefix=PATH, tags=["mappings"], route_class=Once)


@router.post("", status_code=201)
async def save_mapping(
    form: MappingIn, response: Response, access: AccessDep, session: WriteSession
) -> MappingOut:
    """Save how the columns of somebody's files become registrations, for imports to come."""
    saved = await service.save(session, form, access)
    response.headers["Location"] = f"{PATH}/{saved.id}"
    response.headers["ETag"] = f'"{saved.version}"'
    return saved


@router.post("/proposals", openapi_extra=MULTIPART)
async def propose_mapping(request: Request) -> ProposalOut:
    """
    Propose a mapping from a register in CSV or XLSX, or from an XLSForm; nothing is kept.

    Heads of columns, questions and labels are understood in English, Arabic and French. Answers
    are looked at to tell codes and dates, and only those that mean a code are repeated.
    """
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one file at a time.")
    return await asyncio.to_thread(lambda: propose(questions_of(uploads[0])))


@router.get("")
async def list_mappings(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> MappingsOut:
    later = [col(Mapping.id) > cursor] if cursor else []
    found = await service.find(session, access, *later, limit=limit + 1)
    page, following = next_cursor(found, limit)
    return MappingsOut(items=list(page), next_cursor=following)


@router.get("/{mapping_id}")
async def get_mapping(
    mapping_id: UUID, response: Response, access: AccessDep, session: ReadSession
) -> MappingOut:
    found = await service.get(session, mapping_id, access)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.put("/{mapping_id}")
async def correct_mapping(
    mapping_id: UUID,
    form: MappingIn,
    expected: ExpectedVersion,
    response: Response,
    access: AccessDep,
    session: WriteSession,
) -> MappingOut:
    """Write the next version of a mapping; imports that have begun go on by theirs."""
    corrected = await service.correct(session, mapping_id, form, access, expected=expected)
    response.headers["ETag"] = f'"{corrected.version}"'
    return corrected


@router.get("/{mapping_id}/versions")
async def list_mapping_versions(
    mapping_id: UUID, access: AccessDep, session: ReadSession
) -> MappingVersionsOut:
    """Read what a mapping said from its first version to now."""
    return MappingVersionsOut(items=list(await service.versions(session, mapping_id, access)))
