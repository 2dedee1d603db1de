"""HTTP in and out for surveys; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from services.tracking.surveys import service
from services.tracking.surveys.models import (
    ResultsOut,
    SheetsIn,
    SheetsOut,
    SurveyIn,
    SurveyOut,
    SurveysOut,
)

PATH = "/v1/tracking/flows/surveys"

router = Router(prefix="/v1/tracking/flows", tags=["flow monitoring"], route_class=Once)


@router.post("/surveys", status_code=201, responses={200: {"model": SurveyOut}})
async def plan_survey(
    form: SurveyIn, response: Response, access: AccessDep, session: WriteSession
) -> SurveyOut:
    """Tell what a survey asks, of whom, and how those who are asked are chosen."""
    survey, is_new = await service.plan(session, form, access)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{PATH}/{survey.id}"
    return SurveyOut.model_validate(survey, from_attributes=True)


@router.get("/surveys")
async def list_surveys(
    access: AccessDep, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> SurveysOut:
    found = await service.find(session, access, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    items = [SurveyOut.model_validate(each, from_attributes=True) for each in page]
    return SurveysOut(items=items, next_cursor=following)


@router.get("/surveys/{survey_id}")
async def get_survey(survey_id: UUID, access: AccessDep, session: ReadSession) -> SurveyOut:
    survey = await service.get(session, survey_id, access)
    return SurveyOut.model_validate(survey, from_attributes=True)


@router.post("/questionnaires")
async def record_questionnaires(
    form: SheetsIn, access: AccessDep, session: WriteSession
) -> SheetsOut:
    """Take in questionnaires; wrong ones are refused alone, and known ones count once."""
    return await service.take_in(session, form, access)


@router.get("/surveys/{survey_id}/results")
async def get_survey_results(
    survey_id: UUID,
    access: AccessDep,
    session: ReadSession,
    question: Annotated[str, Query(max_length=64)],
) -> ResultsOut:
    """Count the answers to a question; how the sample was taken is told, and nothing is scaled."""
    return await service.results(session, survey_id, question, access)
