"""What the filled-in forms of a set of questions come to: sums, and how often each choice."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.tracking.assessments import service
from services.tracking.assessments.models import Submission
from services.tracking.assessments.questions import SELECTS, Question, QuestionType

COUNTED = frozenset({"integer", "decimal", *SELECTS})
"""What is summed or counted; an answer in words, a day or a point is not."""
By = Literal["place"]


class ResultOut(BaseModel):
    """
    What was answered to a question, in all places or in one of them.

    A number has its sum and bounds, a choice how often it was made; `answered` of `submissions`.
    """

    place: str | None
    question: str
    type: QuestionType
    submissions: int
    answered: int
    sum: float | None = None
    lowest: float | None = None
    highest: float | None = None
    choices: dict[str, int] | None = None


class ResultsOut(BaseModel):
    items: list[ResultOut]
    next_cursor: str | None


async def find(
    session: AsyncSession,
    set_id: UUID,
    *,
    round_number: int | None,
    place: str | None,
    by: By | None,
) -> list[ResultOut]:
    """Return the results by place and question, in the order of the form; 404 without the set."""
    asked, _ = service.content_of(await service.get_questions(session, set_id))
    statement = select(Submission.place_pcode, Submission.place_told, Submission.answers).where(
        col(Submission.question_set_id) == set_id
    )
    if round_number:
        statement = statement.where(col(Submission.round_number) == round_number)
    if place:
        statement = statement.where(col(Submission.place_pcode).startswith(place, autoescape=True))
    places: dict[str | None, list[Mapping[str, Any]]] = {}
    for pcode, told, answers in await session.exec(statement):
        places.setdefault((pcode or told) if by else None, []).append(answers)
    return [
        _result(where, question, places[where])
        for where in sorted(places, key=lambda each: each or "")
        for question in asked
        if question.type in COUNTED and question.kept
    ]


def _result(place: str | None, question: Question, forms: Sequence[Mapping[str, Any]]) -> ResultOut:
    answers = [form[question.name] for form in forms if question.name in form]
    result = ResultOut(
        place=place,
        question=question.name,
        type=question.type,
        submissions=len(forms),
        answered=len(answers),
    )
    if question.type in SELECTS:
        result.choices = dict(sorted(Counter(_chosen(answers)).items()))
    elif answers:
        result.sum, result.lowest, result.highest = sum(answers), min(answers), max(answers)
    return result


def _chosen(answers: Iterable[Any]) -> Iterable[str]:
    for answer in answers:
        yield from answer if isinstance(answer, list) else [answer]
