"""HTTP in and out for drafting and approving publications; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.publications import drafting, reading, service
from services.tracking.publications.models import (
    DraftIn,
    Publication,
    PublicationOut,
    PublicationsOut,
    ReviewedCellsOut,
)
from services.tracking.publications.reading import Page
from services.tracking.rounds import service as rounds
from services.tracking.rounds.api import PCODE, Number
from services.tracking.rounds.models import Dimension

PATH = "/v1/tracking/publications"
MOST_CELLS = 10_000
LEVELS = Query(ge=0, le=4)
AFTER = r"^[A-Z]{2}([0-9]{2}){0,4}~[a-zA-Z0-9_]{0,40}$"

router = Router(tags=["publications"], route_class=Once)


@router.post("/v1/tracking/rounds/{number}/publications", status_code=202)
async def draft_publication(
    number: Number, form: DraftIn, caller: CallerDep, session: WriteSession, response: Response
) -> jobs.JobOut:
    """
    Control a round's tables and keep them as a draft, which another analyst approves.

    The draft has the id of this job, and is there when the job is done. A job that fails says in
    its rejected row why nothing is drafted, and in its warnings which figures would come out.
    """
    total = (await service.ready(session, number, form)).figures
    payload, asked = form.model_dump_json().encode(), drafting.asked(number, caller)
    job = jobs.submit(session, drafting.KIND, payload, total=total, caller=caller, options=asked)
    return jobs.accepted(job, f"{PATH}/drafts", response)


@router.get(PATH + "/drafts/{job_id}")
async def get_publication_draft(
    job_id: UUID, access: AccessDep, session: ReadSession
) -> jobs.JobOut:
    """Say how far the drafting of a publication is, in figures of the round."""
    return await jobs.get(session, drafting.KIND, job_id, access)


@router.get("/v1/tracking/rounds/{number}/publications")
async def list_publications(
    number: Number, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> PublicationsOut:
    await rounds.refuse_unknown(session, number)
    found = await service.find(session, number, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return PublicationsOut(items=[_shown(each) for each in page], next_cursor=following)


@router.get(PATH + "/{publication_id}")
async def get_publication(publication_id: UUID, session: ReadSession) -> PublicationOut:
    return _shown(await service.get(session, publication_id))


@router.get(PATH + "/{publication_id}/figures")
async def review_publication(
    publication_id: UUID,
    session: ReadSession,
    level: Annotated[int, LEVELS],
    by: Dimension | None = None,
    parent: Annotated[str | None, Query(pattern=PCODE)] = None,
    cursor: Annotated[str | None, Query(pattern=AFTER)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CELLS)] = 1000,
) -> ReviewedCellsOut:
    """Show what is, or would be, public; to analysts with the reason of each hidden cell."""
    publication = await service.get(session, publication_id)
    page = page_of(level, by, parent, cursor, limit)
    found = await reading.reviewed(session, publication, page)
    last = found[limit - 1] if len(found) > limit else None
    following = f"{last.pcode}~{last.category or ''}" if last else None
    return ReviewedCellsOut(items=found[:limit], next_cursor=following)


@router.post(PATH + "/{publication_id}/approval")
async def approve_publication(
    publication_id: UUID, caller: CallerDep, session: WriteSession
) -> PublicationOut:
    """Make a draft public, for good; whoever drafted it cannot."""
    return _shown(await service.approve(session, publication_id, caller))


@router.post(PATH + "/{publication_id}/refusal")
async def refuse_publication(
    publication_id: UUID, caller: CallerDep, session: WriteSession
) -> PublicationOut:
    """Let a draft never be public; whoever drafted it may take it back so."""
    return _shown(await service.refuse(session, publication_id, caller))


def page_of(
    level: int, by: Dimension | None, parent: str | None, cursor: str | None, limit: int
) -> Page:
    """Return the page that a query asks for, with one cell more, which says that there is one."""
    at, _, last = (cursor or "").partition("~")
    return Page(level, by, parent, (at, last) if cursor else None, limit + 1)


def _shown(publication: Publication) -> PublicationOut:
    return PublicationOut.model_validate(publication, from_attributes=True)
