"""HTTP in and out for sets of questions and submissions; no decisions."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from chassis import jobs
from chassis.auth import CallerDep
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from chassis.strict import Code
from chassis.uploads import MULTIPART, Upload, read_files
from services.tracking.assessments import imports, proposals, results, service, xlsforms
from services.tracking.assessments.mappings import MappingIn
from services.tracking.assessments.models import (
    MappingOut,
    MappingsOut,
    QuestionSetOut,
    QuestionSetRow,
    QuestionSetsOut,
    SubmissionIn,
    SubmissionOut,
    SubmissionsOut,
)
from services.tracking.assessments.questions import Component, Name, QuestionSetIn

SETS, SUBMISSIONS = "/v1/tracking/question-sets", "/v1/tracking/submissions"

MOST_RESULTS = 10_000
ANY_PCODE = r"^[A-Z]{2}[A-Z0-9]{0,16}$"
"""Of another mission too, whose places are kept as they are told."""

question_sets = Router(prefix=SETS, tags=["question sets"], route_class=Once)
submissions = Router(prefix=SUBMISSIONS, tags=["submissions"], route_class=Once)


@question_sets.post("", status_code=201)
async def add_question_set(
    form: QuestionSetIn, caller: CallerDep, session: WriteSession
) -> QuestionSetOut:
    """Keep a set of questions; the same code with other questions is its next version."""
    return service.shown(await service.add_questions(session, form, caller))


@question_sets.post("/forms", status_code=201, openapi_extra=MULTIPART)
async def import_form(
    request: Request, component: Component, caller: CallerDep, session: WriteSession
) -> QuestionSetOut:
    """Take a form in XLSForm as a set of questions."""
    form = xlsforms.read((await _one_file(request)).content, component)
    return service.shown(await service.add_questions(session, form, caller))


@question_sets.post("/proposals", openapi_extra=MULTIPART)
async def propose_question_set(
    request: Request,
    component: Component,
    code: Annotated[Code, Query()],
    places: Literal["gazetteer", "as_told"] = "as_told",
) -> proposals.ProposalOut:
    """
    Propose the questions and the mapping of an unknown file, to be looked at and then sent.

    Nothing is kept. Counts, days, choices in one column or in several are told by what stands in
    them; what may name somebody is left out.
    """
    upload = await _one_file(request)
    ours = places == "gazetteer"
    return await asyncio.to_thread(proposals.propose, upload, code, component, ours=ours)


@question_sets.get("")
async def list_question_sets(
    session: ReadSession,
    code: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> QuestionSetsOut:
    found = await service.find_questions(session, code=code, after=cursor, limit=limit + 1)
    page, following = next_cursor(found, limit)
    items = [QuestionSetRow.model_validate(each, from_attributes=True) for each in page]
    return QuestionSetsOut(items=items, next_cursor=following)


@question_sets.get("/{set_id}")
async def get_question_set(set_id: UUID, session: ReadSession) -> QuestionSetOut:
    return service.shown(await service.get_questions(session, set_id))


@question_sets.get("/{set_id}/results")
async def get_results(
    set_id: UUID,
    session: ReadSession,
    round_number: Annotated[int | None, Query(ge=1, le=9999)] = None,
    place: Annotated[str | None, Query(pattern=ANY_PCODE)] = None,
    by: results.By | None = None,
    question: Name | None = None,
    crossed_with: Name | None = None,
    weighted_by: Name | None = None,
    cursor: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_RESULTS)] = MOST_RESULTS,
) -> results.ResultsOut:
    """
    Sum what was answered and count what was chosen, in all or by place; `place` narrows it.

    `question=needs&crossed_with=reason` counts needs by the reasons for them, in forms, or in
    people with `weighted_by=idps`.
    """
    wanted = results.Wanted(round_number, place, by, question, crossed_with, weighted_by)
    found = await results.find(session, set_id, wanted)
    end = cursor + limit
    following = str(end) if len(found) > end else None
    return results.ResultsOut(items=found[cursor:end], next_cursor=following)


@question_sets.post("/{set_id}/mappings", status_code=201)
async def add_intake_mapping(
    set_id: UUID, form: MappingIn, caller: CallerDep, session: WriteSession
) -> MappingOut:
    """Say how the columns of a file answer the questions, in whatever codes they are."""
    return await service.add_mapping(session, set_id, form, caller)


@question_sets.get("/{set_id}/mappings")
async def list_intake_mappings(set_id: UUID, session: ReadSession) -> MappingsOut:
    return MappingsOut(items=await service.mappings_of(session, set_id))


@submissions.post("/imports", status_code=202, openapi_extra=MULTIPART)
async def import_submissions(
    request: Request, response: Response, mapping_id: UUID, caller: CallerDep, session: WriteSession
) -> jobs.JobOut:
    """Take a file of submissions in CSV or XLSX, read by a mapping."""
    upload = await _one_file(request)
    _, reader = await service.reader_of(session, mapping_id)
    # A file of thousands of rows takes seconds, which other requests must not wait for.
    file = await asyncio.to_thread(imports.read, upload, reader)
    payload = await asyncio.to_thread(imports.pack, file, reader)
    options = {"mapping_id": str(mapping_id)}
    job = jobs.submit(
        session,
        imports.KIND,
        payload,
        total=len(file.rows),
        caller=caller,
        options=options,
    )
    return jobs.accepted(job, f"{SUBMISSIONS}/imports", response)


@submissions.get("/imports/{job_id}")
async def get_submissions_import(
    job_id: UUID, access: AccessDep, session: ReadSession
) -> jobs.JobOut:
    return await jobs.get(session, imports.KIND, job_id, access)


@submissions.post("", status_code=201)
async def submit_assessment(
    form: SubmissionIn, response: Response, access: AccessDep, session: WriteSession
) -> SubmissionOut:
    """Send a filled-in form; sent again under its external id, it corrects what was sent."""
    found = await service.submit(session, form, access)
    response.headers["Location"] = f"{SUBMISSIONS}/{found.id}"
    return SubmissionOut.model_validate(found, from_attributes=True)


@submissions.get("")
async def list_submissions(
    access: AccessDep,
    session: ReadSession,
    question_set: UUID | None = None,
    round_number: Annotated[int | None, Query(ge=1, le=9999)] = None,
    place: Annotated[str | None, Query(pattern=ANY_PCODE)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SubmissionsOut:
    found = await service.find(
        session,
        access,
        question_set=question_set,
        round_number=round_number,
        place=place,
        after=cursor,
        limit=limit + 1,
    )
    page, following = next_cursor(found, limit)
    items = [SubmissionOut.model_validate(each, from_attributes=True) for each in page]
    return SubmissionsOut(items=items, next_cursor=following)


@submissions.get("/{submission_id}")
async def get_submission(
    submission_id: UUID, access: AccessDep, session: ReadSession
) -> SubmissionOut:
    found = await service.get(session, submission_id, access)
    return SubmissionOut.model_validate(found, from_attributes=True)


async def _one_file(request: Request) -> Upload:
    uploads = await read_files(request)
    if len(uploads) > 1:
        raise Problem(422, "one-file", "Send one file at a time.")
    return uploads[0]
