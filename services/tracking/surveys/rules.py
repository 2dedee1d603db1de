"""Which questionnaires are taken, and which counts of answers are told; no I/O."""

from collections.abc import Iterable, Mapping
from datetime import date

from chassis.jobs import Remark
from services.tracking.flows import countries
from services.tracking.flows.batches import Sorted
from services.tracking.surveys.models import QuestionIn, SheetIn, SurveyOut

FEWEST = 10


def sort(
    sheets: Iterable[tuple[int, SheetIn]], survey: SurveyOut, open_on: Mapping[date, bool]
) -> Sorted[SheetIn]:
    """Sort questionnaires by whether they belong to the survey and answer what it asks."""
    found = Sorted[SheetIn]()
    questions = {each.code: each for each in survey.questions}
    for row, sheet in sheets:
        if not survey.starts_on <= sheet.day <= survey.ends_on:
            found.refuse(row, "day", "outside_survey", "The survey was not held on that day.")
        elif not open_on[sheet.day]:
            found.refuse(row, "day", "site_closed", "The point was not open on that day.")
        elif wrong := _wrong_answer(sheet, questions):
            found.refuse(row, "answers", *wrong)
        elif (nationality := countries.nationality(sheet.nationality)) is None:
            detail = "No country has this name; send its ISO 3166-1 alpha-3 code, or 'unknown'."
            found.refuse(row, "nationality", "unknown_nationality", detail)
        else:
            _keep(found, row, sheet, *nationality)
    return found


def _keep(
    found: Sorted[SheetIn], row: int, sheet: SheetIn, nationality: str, odd: str | None
) -> None:
    sheet = sheet.model_copy(
        update={
            "nationality": nationality,
            "answers": {question: sorted(set(said)) for question, said in sheet.answers.items()},
        }
    )
    if sheet.id in found.kept and found.kept[sheet.id] == sheet:
        found.unchanged += 1
    elif sheet.id in found.kept:
        found.refuse(row, "id", "twice", "Another row of the batch has this id.")
    else:
        found.kept[sheet.id], found.rows[sheet.id] = sheet, row
        if odd:
            remark = Remark(row=row, column="nationality", code="label", detail=odd)
            found.warnings.append(remark)


def _wrong_answer(sheet: SheetIn, questions: Mapping[str, QuestionIn]) -> tuple[str, str] | None:
    for code, said in sheet.answers.items():
        question = questions.get(code)
        if question is None:
            return "unknown_question", "The survey does not ask one of these."
        if set(said) - set(question.answers):
            return "unknown_answer", "One of these is no answer to its question."
        if len(said) > 1 and not question.takes_several:
            return "several_answers", "A question that takes one answer has several."
    return None


def told(counts: Mapping[str, int]) -> dict[str, int | None]:
    """
    Return the counts of answers, with those of fewer than ten people hidden.

    Where one alone would be hidden, or the hidden ones together are fewer than ten, the smallest
    of the others goes with them: who knows how many have answered could subtract.
    """
    hidden = {answer for answer, count in counts.items() if 0 < count < FEWEST}
    rest = sorted(
        (count, answer) for answer, count in counts.items() if count and answer not in hidden
    )
    while hidden and rest and (len(hidden) == 1 or _sum(counts, hidden) < FEWEST):
        hidden.add(rest.pop(0)[1])
    return {answer: None if answer in hidden else count for answer, count in counts.items()}


def _sum(counts: Mapping[str, int], answers: Iterable[str]) -> int:
    return sum(counts[answer] for answer in answers)
