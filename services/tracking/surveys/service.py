"""What can be done with surveys and their questionnaires. Callers own the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.problems import Fault, Problem, not_found
from chassis.rows import insert_all, insert_all_unless_there, insert_new
from services.tracking.flows import batches
from services.tracking.flows.batches import Sorted
from services.tracking.flows.service import reach_point
from services.tracking.sites.standing import versions_of, was_open
from services.tracking.surveys import rules
from services.tracking.surveys.models import (
    SCOPING,
    AnswerOut,
    Reply,
    ResultsOut,
    Sheet,
    SheetIn,
    SheetsIn,
    SheetsOut,
    Survey,
    SurveyIn,
    SurveyOut,
)

SAME = ("survey_id", "site_id", "day", "sex", "age_group", "nationality", "organisation")


async def plan(session: AsyncSession, form: SurveyIn, access: Access) -> tuple[Survey, bool]:
    """Record a survey; say whether it is new. Sent again it is the first one."""
    survey = Survey(
        **form.model_dump(),
        organisation=access.caller.organisation,
        created_by=access.caller.id,
    )
    audit.note(session, access.caller, "create", "survey", survey.id)
    if await insert_new(session, survey):
        return survey, True
    statement = select(Survey).where(
        col(Survey.organisation) == access.caller.organisation,
        col(Survey.external_id) == form.external_id,
    )
    known = (await session.exec(statement)).one()
    if known.model_dump(include=set(SurveyIn.model_fields)) != form.model_dump():
        detail = "Your organisation has another survey under this external id."
        raise Problem(409, "conflict", detail)
    return known, False


async def find(
    session: AsyncSession, access: Access, after: UUID | None, limit: int
) -> Sequence[Survey]:
    statement = select(Survey).where(access.rows(SCOPING))
    if after:
        statement = statement.where(col(Survey.id) > after)
    return (await session.exec(statement.order_by(col(Survey.id)).limit(limit))).all()


async def get(session: AsyncSession, survey_id: UUID, access: Access) -> Survey:
    statement = select(Survey).where(col(Survey.id) == survey_id, access.rows(SCOPING))
    survey = (await session.exec(statement)).one_or_none()
    if survey is None:
        raise not_found("survey")
    return survey


async def take_in(session: AsyncSession, form: SheetsIn, access: Access) -> SheetsOut:
    """Keep the questionnaires that are right and new; each has its own fate."""
    await reach_point(session, form.site_id, access)
    survey = await session.get(Survey, form.survey_id)
    if survey is None or survey.organisation != access.caller.organisation:
        detail = "Your organisation has no such survey."
        fault = Fault(pointer="/survey_id", code="unknown_survey", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    sheets, faults = batches.read(form.sheets, SheetIn)
    versions = await versions_of(session, form.site_id)
    open_on = {sheet.day: was_open(versions, sheet.day) for _, sheet in sheets}
    found = rules.sort(sheets, SurveyOut.model_validate(survey, from_attributes=True), open_on)
    made = {
        "survey_id": form.survey_id,
        "site_id": form.site_id,
        "organisation": access.caller.organisation,
        "created_by": access.caller.id,
        "created_at": now(),
    }
    rows = [sheet.model_dump(exclude={"answers"}) | made for sheet in found.kept.values()]
    new = await insert_all_unless_there(session, Sheet, rows)
    replies = [
        {"sheet_id": sheet_id, "question": question, "answer": answer, "survey_id": survey.id}
        for sheet_id in new
        for question, said in found.kept[sheet_id].answers.items()
        for answer in said
    ]
    if replies:
        await insert_all(session, Reply, replies)
    await _compare(session, found, [row for row in rows if row["id"] not in new])
    audit.note(session, access.caller, "create", "survey_sheet", [form.survey_id, form.site_id])
    return SheetsOut(
        accepted=len(new),
        unchanged=found.unchanged,
        rejected=len(faults) + len(found.rejected),
        rejected_rows=sorted([*faults, *found.rejected], key=lambda each: each.row or 0),
        warnings=found.warnings,
    )


async def _compare(
    session: AsyncSession, found: Sorted[SheetIn], known: Sequence[dict[str, Any]]
) -> None:
    """Tell of questionnaires that were not new whether they say what is kept under their id."""
    if not known:
        return
    ids = [row["id"] for row in known]
    statement = select(Sheet).where(col(Sheet.id).in_(ids))
    kept = {each.id: each for each in (await session.exec(statement)).all()}
    replies = (await session.exec(select(Reply).where(col(Reply.sheet_id).in_(ids)))).all()
    said = {(each.sheet_id, each.question, each.answer) for each in replies}
    for row in known:
        sheet_id = row["id"]
        answers = {
            (sheet_id, question, answer)
            for question, told in found.kept[sheet_id].answers.items()
            for answer in told
        }
        same = answers == {each for each in said if each[0] == sheet_id}
        if same and all(getattr(kept[sheet_id], name) == row[name] for name in SAME):
            found.unchanged += 1
        else:
            detail = "Something else is kept under this id."
            found.refuse(found.rows[sheet_id], "id", "conflict", detail)


async def results(
    session: AsyncSession, survey_id: UUID, question: str, access: Access
) -> ResultsOut:
    """Count the answers to a question; small counts are hidden, and nothing is scaled."""
    survey = await get(session, survey_id, access)
    shown = SurveyOut.model_validate(survey, from_attributes=True)
    asked = next((each for each in shown.questions if each.code == question), None)
    if asked is None:
        raise not_found("question")
    here = (col(Reply.survey_id) == survey_id, col(Reply.question) == question)
    columns: Any = (Reply.answer, func.count())
    statement: Any = select(*columns).where(*here).group_by(col(Reply.answer))
    found = {answer: int(count) for answer, count in await session.exec(statement)}
    counts = {answer: found.get(answer, 0) for answer in asked.answers}
    sheets: Any = select(func.count()).where(col(Sheet.survey_id) == survey_id)
    replied: Any = select(func.count(func.distinct(Reply.sheet_id))).where(*here)
    answered = int((await session.exec(replied)).one())
    return ResultsOut(
        **shown.model_dump(include={"population", "sampling", "chosen"}),
        question=question,
        takes_several=asked.takes_several,
        questionnaires=(await session.exec(sheets)).one(),
        answered=None if 0 < answered < rules.FEWEST else answered,
        items=[
            AnswerOut(answer=answer, questionnaires=count)
            for answer, count in rules.told(counts).items()
        ],
    )
