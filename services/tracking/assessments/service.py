"""What can be done with sets of questions and with submissions. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.caller import Caller
from chassis.problems import Fault, Problem, not_found
from chassis.rows import insert_new
from services.tracking.assessments import questions
from services.tracking.assessments.mappings import FileMapping, MappingIn, Reader
from services.tracking.assessments.models import (
    SCOPING,
    IntakeMapping,
    MappingOut,
    QuestionSet,
    QuestionSetOut,
    Submission,
    SubmissionIn,
)
from services.tracking.assessments.questions import AnswerError, Choice, Question, QuestionSetIn
from services.tracking.places.known import refuse_unknown
from services.tracking.triangulation import service as triangulation

BY_LINES = questions.Written("\n")
"""How several choices stand in one text once they were a list."""
LISTED = ("id", "code", "version", "title", "component", "created_at")


async def add_questions(session: AsyncSession, form: QuestionSetIn, caller: Caller) -> QuestionSet:
    """Keep a set of questions as the next version of its code; the same again is the same."""
    content = form.model_dump(mode="json", include={"questions", "choices"}, exclude_defaults=True)
    latest = select(QuestionSet).where(col(QuestionSet.code) == form.code)
    before = (await session.exec(latest.order_by(col(QuestionSet.version).desc()))).first()
    told = (form.title, form.component, content)
    if before and (before.title, before.component, before.content) == told:
        audit.note(session, caller, "create", "question_set", before.id)
        return before
    found = QuestionSet(
        code=form.code,
        version=before.version + 1 if before else 1,
        title=form.title,
        component=form.component,
        content=content,
        created_by=caller.id,
    )
    if not await insert_new(session, found):
        raise Problem(409, "conflict", "Somebody has sent a version of this form just now.")
    audit.note(session, caller, "create", "question_set", found.id)
    return found


async def get_questions(session: AsyncSession, set_id: UUID) -> QuestionSet:
    found = await session.get(QuestionSet, set_id)
    if found is None:
        raise not_found("set of questions")
    return found


def shown(found: QuestionSet) -> QuestionSetOut:
    asked, choices = content_of(found)
    return QuestionSetOut(**found.model_dump(include=set(LISTED)), questions=asked, choices=choices)


def content_of(found: QuestionSet) -> tuple[list[Question], dict[str, list[Choice]]]:
    asked = [Question.model_validate(each) for each in found.content["questions"]]
    choices = {
        name: [Choice.model_validate(each) for each in several]
        for name, several in found.content.get("choices", {}).items()
    }
    return asked, choices


async def find_questions(
    session: AsyncSession, *, code: str | None, after: UUID | None, limit: int
) -> Sequence[QuestionSet]:
    statement = select(QuestionSet).order_by(col(QuestionSet.id)).limit(limit)
    if code:
        statement = statement.where(col(QuestionSet.code) == code)
    if after:
        statement = statement.where(col(QuestionSet.id) > after)
    return (await session.exec(statement)).all()


async def add_mapping(
    session: AsyncSession, set_id: UUID, form: MappingIn, caller: Caller
) -> MappingOut:
    """Keep a mapping; 409 if there is another of this code, 422 if it answers no question."""
    asked, choices = content_of(await get_questions(session, set_id))
    names = {each.name: each for each in asked}
    faults = [
        Fault(pointer=f"/answers/{at}", code="unknown_question", detail="Nothing asks this.")
        for at, each in enumerate(form.answers)
        if each.question not in names or not _may_choose(names[each.question], choices, each.choice)
    ]
    if faults:
        raise Problem(422, "validation", "Some answers have no question.", errors=faults)
    content = form.model_dump(mode="json", exclude={"code"}, exclude_defaults=True)
    mapping = IntakeMapping(
        question_set_id=set_id, code=form.code, content=content, created_by=caller.id
    )
    audit.note(session, caller, "create", "question_set", mapping.id)
    if not await insert_new(session, mapping):
        known = select(IntakeMapping).where(
            col(IntakeMapping.question_set_id) == set_id, col(IntakeMapping.code) == form.code
        )
        mapping = (await session.exec(known)).one()
        if mapping.content != content:
            raise Problem(409, "name-taken", "Another mapping has this code.")
    return shown_mapping(mapping)


def _may_choose(question: Question, choices: dict[str, list[Choice]], choice: str | None) -> bool:
    if choice is None:
        return True
    known = {each.name for each in choices.get(question.choices or "", ())}
    return question.type == "select_multiple" and choice in known


def shown_mapping(mapping: IntakeMapping) -> MappingOut:
    return MappingOut(
        id=mapping.id,
        code=mapping.code,
        mapping=FileMapping.model_validate(mapping.content),
        created_at=mapping.created_at,
    )


async def mappings_of(session: AsyncSession, set_id: UUID) -> list[MappingOut]:
    await get_questions(session, set_id)
    statement = select(IntakeMapping).where(col(IntakeMapping.question_set_id) == set_id)
    found = (await session.exec(statement.order_by(col(IntakeMapping.id)))).all()
    return [shown_mapping(each) for each in found]


async def reader_of(session: AsyncSession, mapping_id: UUID) -> tuple[QuestionSet, Reader]:
    """Return what reads files of a mapping; 404 when there is none."""
    mapping = await session.get(IntakeMapping, mapping_id)
    if mapping is None:
        raise not_found("mapping")
    found = await get_questions(session, mapping.question_set_id)
    return found, Reader(FileMapping.model_validate(mapping.content), *content_of(found))


async def submit(session: AsyncSession, form: SubmissionIn, access: Access) -> Submission:
    """Keep a filled-in form; sent again with other answers it is corrected by its sender only."""
    access.refuse_elsewhere(form.place_pcode)
    await refuse_unknown(session, {"/place_pcode": form.place_pcode})
    asked, choices = content_of(await _questions_of(session, form))
    submission = Submission(
        **form.model_dump(exclude={"answers"}),
        answers=_checked(asked, choices, form.answers),
        organisation=access.caller.organisation,
        created_by=access.caller.id,
    )
    kept, new = await keep(session, submission)
    if new:
        await triangulation.take_answers(session, [kept], asked)
    audit.note(session, access.caller, "create", "assessment", kept.id)
    return kept


async def _questions_of(session: AsyncSession, form: SubmissionIn) -> QuestionSet:
    found = await session.get(QuestionSet, form.question_set_id)
    if found is None:
        detail = "No set of questions has this id."
        fault = Fault(pointer="/question_set_id", code="unknown_question_set", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    return found


def _checked(
    asked: Sequence[Question], choices: dict[str, list[Choice]], told: dict[str, Any]
) -> questions.Answers:
    names = {each.name: each for each in asked}
    answers: questions.Answers = {}
    faults: list[Fault] = []
    for name, value in told.items():
        question = names.get(name)
        try:
            if question is None:
                raise AnswerError(name, "unknown_question", "Nothing asks this.")
            known = frozenset(each.name for each in choices.get(question.choices or "", ()))
            answer = questions.read(question, known, _as_told(name, value), BY_LINES)
        except AnswerError as error:
            where = f"/answers/{error.question}"
            faults.append(Fault(pointer=where, code=error.code, detail=error.detail))
        else:
            if answer is not None:
                answers[name] = answer
    if not faults and (name := questions.missing(names, answers) or ""):
        where = f"/answers/{name}"
        faults.append(Fault(pointer=where, code="required", detail="This is to be answered."))
    if faults:
        raise Problem(422, "validation", "Some answers cannot be accepted.", errors=faults)
    return answers


def _as_told(name: str, value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise AnswerError(name, "type", "An answer is a text, a number or a list of choices.")
    return str(value)


async def keep(session: AsyncSession, submission: Submission) -> tuple[Submission, bool]:
    """Keep a submission once; return it as it is kept, and whether it is new or was changed."""
    if await insert_new(session, submission):
        return submission, True
    known = select(Submission).where(
        col(Submission.question_set_id) == submission.question_set_id,
        col(Submission.external_id) == submission.external_id,
    )
    kept = (await session.exec(known.with_for_update())).one()
    if (kept.organisation, kept.created_by) != (submission.organisation, submission.created_by):
        detail = "Somebody else has sent a form under this external id."
        raise Problem(409, "already-registered", detail)
    told = ("round_number", "place_pcode", "place_told", "collected_on", "answers")
    changes = {name: getattr(submission, name) for name in told}
    if all(getattr(kept, name) == value for name, value in changes.items()):
        return kept, False
    kept.sqlmodel_update(changes | {"version": kept.version + 1})
    session.add(kept)
    return kept, True


async def get(session: AsyncSession, submission_id: UUID, access: Access) -> Submission:
    wanted = select(Submission).where(col(Submission.id) == submission_id, access.rows(SCOPING))
    found = (await session.exec(wanted)).one_or_none()
    if found is None:
        raise not_found("submission")
    return found


def within(place: str) -> ColumnElement[bool]:
    """Choose what is about a place or one within it, by our p-codes or by those that were told."""
    told = (col(each) for each in (Submission.place_pcode, Submission.place_told))
    return or_(*(each.startswith(place, autoescape=True) for each in told))


async def find(
    session: AsyncSession,
    access: Access,
    *,
    question_set: UUID | None,
    round_number: int | None,
    place: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Submission]:
    statement = select(Submission).where(access.rows(SCOPING))
    if question_set:
        statement = statement.where(col(Submission.question_set_id) == question_set)
    if round_number:
        statement = statement.where(col(Submission.round_number) == round_number)
    if place:
        statement = statement.where(within(place))
    if after:
        statement = statement.where(col(Submission.id) > after)
    return (await session.exec(statement.order_by(col(Submission.id)).limit(limit))).all()


async def assessed_places(
    session: AsyncSession, round_number: int, length: int, since: date | None = None
) -> set[str]:
    """Return the places, cut to a length of p-code, that the submissions of a round are about."""
    place = func.substr(Submission.place_pcode, 1, length)
    statement = select(place).where(
        col(Submission.round_number) == round_number,
        func.length(Submission.place_pcode) >= length,
    )
    if since:
        statement = statement.where(col(Submission.collected_on) >= since)
    return set((await session.exec(statement.distinct())).all())
