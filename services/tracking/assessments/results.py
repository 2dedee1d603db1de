"""What the filled-in forms of a set of questions come to: sums, and how often each choice."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Fault, Problem
from services.tracking.assessments import service
from services.tracking.assessments.models import Submission
from services.tracking.assessments.questions import SELECTS, Question, QuestionType

NUMBERS = frozenset({"integer", "decimal"})
COUNTED = NUMBERS | SELECTS
"""What is summed or counted; an answer in words, a day or a point is not."""
By = Literal["place"]
Form = Mapping[str, Any]
Times = dict[str, int | float]


@dataclass(frozen=True)
class Wanted:
    """
    What results are asked for: of which submissions and questions, and how they are counted.

    `crossed_with` counts what is chosen by the choices of another question, as needs by the
    reasons for them; `weighted_by` lets each form count as many as it answers there.
    """

    round_number: int | None = None
    place: str | None = None
    by: By | None = None
    question: str | None = None
    crossed_with: str | None = None
    weighted_by: str | None = None

    def refuse_unknown(self, asked: Sequence[Question]) -> None:
        """Raise 422 for a question that there is not, or that cannot be counted so."""
        types: dict[str, str] = {each.name: each.type for each in asked if each.kept}
        faults = [
            Fault(pointer=f"query/{where}", code="unknown_question", detail=f"{what} of the set.")
            for where, types_of, what in (
                ("question", COUNTED, "No question that is counted"),
                ("crossed_with", SELECTS, "No question with choices"),
                ("weighted_by", NUMBERS, "No question with a number"),
            )
            if (name := getattr(self, where)) and types.get(name) not in types_of
        ]
        if faults:
            raise Problem(422, "validation", "Some questions are not there.", errors=faults)


class ResultOut(BaseModel):
    """
    What was answered to a question, in all places or in one of them.

    A number has its sum and bounds, a choice how often it was made; `answered` of `submissions`.
    `crossed` has for each choice how often each choice of the other question was made beside it;
    a form that answers the other question not at all counts under an empty one.
    """

    place: str | None
    question: str
    type: QuestionType
    submissions: int
    answered: int
    sum: float | None = None
    lowest: float | None = None
    highest: float | None = None
    choices: Times | None = None
    crossed: dict[str, Times] | None = None


class ResultsOut(BaseModel):
    items: list[ResultOut]
    next_cursor: str | None


async def find(session: AsyncSession, set_id: UUID, wanted: Wanted) -> list[ResultOut]:
    """Return the results by place and question, in the order of the form; 404 without the set."""
    asked, _ = service.content_of(await service.get_questions(session, set_id))
    wanted.refuse_unknown(asked)
    statement = select(Submission.place_pcode, Submission.place_told, Submission.answers).where(
        col(Submission.question_set_id) == set_id
    )
    if wanted.round_number:
        statement = statement.where(col(Submission.round_number) == wanted.round_number)
    if wanted.place:
        statement = statement.where(service.within(wanted.place))
    places: dict[str | None, list[Form]] = {}
    for pcode, told, answers in await session.exec(statement):
        places.setdefault((pcode or told) if wanted.by else None, []).append(answers)
    questions = [
        each
        for each in asked
        if each.type in COUNTED and each.kept and wanted.question in {None, each.name}
    ]
    # Of thousands of forms it is seconds of counting, which other requests must not wait for.
    return await asyncio.to_thread(_results, places, questions, wanted)


def _results(
    places: Mapping[str | None, Sequence[Form]], questions: Sequence[Question], wanted: Wanted
) -> list[ResultOut]:
    return [
        _result(where, question, places[where], wanted)
        for where in sorted(places, key=lambda each: each or "")
        for question in questions
    ]


def _result(
    place: str | None, question: Question, forms: Sequence[Form], wanted: Wanted
) -> ResultOut:
    # Of a whole assessment these are a million answers, each of which is looked at once.
    name = question.name
    answered = [form for form in forms if name in form]
    result = ResultOut(
        place=place,
        question=name,
        type=question.type,
        submissions=len(forms),
        answered=len(answered),
    )
    if question.type in SELECTS:
        result.choices = _times(answered, name, wanted.weighted_by)
        if wanted.crossed_with and wanted.crossed_with != name:
            result.crossed = _crossed(answered, name, wanted)
    elif numbers := [form[name] for form in answered]:
        result.sum, result.lowest, result.highest = sum(numbers), min(numbers), max(numbers)
    return result


def _times(forms: Sequence[Form], question: str, weighted_by: str | None) -> Times:
    if not weighted_by:
        return _sorted(Counter(chain.from_iterable([_chosen(form[question]) for form in forms])))
    times = Counter[str]()
    for form in forms:
        for choice in _chosen(form[question]):
            times[choice] += form.get(weighted_by, 0)
    return _sorted(times)


def _crossed(forms: Sequence[Form], question: str, wanted: Wanted) -> dict[str, Times]:
    crossed: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for form in forms:
        weight = form.get(wanted.weighted_by, 0) if wanted.weighted_by else 1
        others = _chosen(form.get(wanted.crossed_with or "")) or [""]
        for choice in _chosen(form[question]):
            of_choice = crossed[choice]
            for other in others:
                of_choice[other] += weight
    return {choice: _sorted(of_choice) for choice, of_choice in sorted(crossed.items())}


def _sorted(times: Counter[str]) -> Times:
    return dict(sorted(times.items()))


def _chosen(answer: Any) -> list[str]:
    if isinstance(answer, list):
        return answer
    return [] if answer is None else [answer]
