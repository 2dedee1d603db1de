"""A set of questions as data: what is asked, and whether an answer is one; no I/O."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from chassis.problems import Fault
from chassis.strict import Code, Prose, Strict, Text
from services.tracking.formats.days import DayOrder, NoDayError, day
from services.tracking.formats.numbers import Mark, decimal, whole
from services.tracking.rounds.models import Population

Component = Literal["B1", "B2", "MSLA"]
"""Baseline of an area, baseline of a location, assessment of a location over several sectors."""
QuestionType = Literal[
    "integer", "decimal", "text", "date", "select_one", "select_multiple", "geopoint"
]
SELECTS = frozenset({"select_one", "select_multiple"})
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,119}$")]
ChoiceName = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[^\s](?:[^\r\n\t]{0,118}[^\s])?$")
]
"""Words where a file has words instead of codes, but in one line."""
Expression = Annotated[str, StringConstraints(strict=True, max_length=4000)]
Answers = dict[str, Any]

MOST_COUNT = 10_000_000
"""More people than live in the country are in no place of it."""
MOST_TEXT = 2000
MOST_QUESTIONS, MOST_CHOICES = 2000, 5000


class Labels(Strict):
    en: Prose | None = None
    ar: Prose | None = None
    fr: Prose | None = None


class FigureOf(Strict):
    """What figure of a round the answer estimates; without a dimension, the whole population."""

    population: Population
    dimension: Code = "total"
    category: Annotated[str, StringConstraints(strict=True, max_length=64)] = ""


class Choice(Strict):
    name: ChoiceName
    labels: Labels = Labels()


class Question(Strict):
    """
    One question; the conditions are kept as the form writes them.

    An answer in free words is kept only where `kept` says so: it may name somebody.
    """

    name: Name
    type: QuestionType
    labels: Labels = Labels()
    group: Annotated[str, StringConstraints(strict=True, max_length=400)] = ""
    choices: Annotated[str, StringConstraints(strict=True, max_length=120)] | None = None
    required: bool = False
    relevant: Expression = ""
    constraint: Expression = ""
    choice_filter: Expression = ""
    kept: bool = True
    figure: FigureOf | None = None

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if (self.type in SELECTS) is not bool(self.choices):
            raise ValueError("A question to choose from names its list, and no other does.")
        if self.figure and self.type != "integer":
            raise ValueError("A figure is estimated by a whole number.")
        return self


class QuestionSetIn(Strict):
    """Questions of one component; the same code again, with others, is its next version."""

    code: Code
    title: Text
    component: Component
    questions: Annotated[list[Question], Field(min_length=1, max_length=MOST_QUESTIONS)]
    choices: dict[str, Annotated[list[Choice], Field(max_length=MOST_CHOICES)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if faults := list(self.faults()):
            raise ValueError(faults[0].detail)
        return self

    def faults(self) -> Iterator[Fault]:
        """Yield what contradicts itself in the set."""
        for name, times in Counter(each.name for each in self.questions).items():
            if times > 1:
                yield Fault(pointer="/questions", code="twice", detail=f"{name} is asked twice.")
        for each in self.questions:
            if each.choices and not self.choices.get(each.choices):
                detail = f"{each.name} is chosen from a list that has no choices."
                yield Fault(pointer="/questions", code="choices", detail=detail)
        for choices in self.choices.values():
            for name, times in Counter(each.name for each in choices).items():
                if times > 1:
                    detail = f"The choice {name} is in its list twice."
                    yield Fault(pointer="/choices", code="twice", detail=detail)


class AnswerError(Exception):
    """An answer cannot be one of its question: which question, which rule, and why."""

    def __init__(self, question: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.question, self.code, self.detail = question, code, detail


class Written(NamedTuple):
    """How answers are written: what parts several choices, the order of a day, the decimal mark."""

    separator: str
    day_order: DayOrder = "ymd"
    mark: Mark = "."


def read(question: Question, choices: frozenset[str], told: str, written: Written) -> Any:
    """Return an answer as it is kept; None when it is not, AnswerError when it is none."""
    match question.type:
        case "integer":
            return _integer(question, told, written.mark)
        case "decimal":
            if (number := decimal(told, written.mark)) is None:
                raise AnswerError(question.name, "not_a_number", "Not a number.")
            return number
        case "date":
            return _day(question, told, written.day_order)
        case "select_one":
            return _chosen(question, choices, told)
        case "select_multiple":
            parts = [part.strip() for part in told.split(written.separator)]
            chosen = {_chosen(question, choices, part) for part in parts if part}
            return sorted(chosen)
        case _:
            if question.kept and len(told) > MOST_TEXT:
                raise AnswerError(question.name, "too_long", "The text is too long.")
            return told if question.kept else None


def _integer(question: Question, told: str, mark: Mark) -> int:
    value = whole(told.removeprefix("-"), mark)
    if value is None:
        raise AnswerError(question.name, "not_a_count", "Not a whole number.")
    if told.startswith("-") or value > MOST_COUNT:
        detail = f"Not a count from 0 to {MOST_COUNT}."
        raise AnswerError(question.name, "not_a_count", detail)
    return value


def _day(question: Question, told: str, order: DayOrder) -> str:
    try:
        return day(told, order).isoformat()
    except NoDayError:
        written = {"ymd": "YYYY-MM-DD", "dmy": "DD/MM/YYYY", "mdy": "MM/DD/YYYY"}[order]
        detail = f"Not a day written as {written} (the `day_order` of a mapping)."
        raise AnswerError(question.name, "day", detail) from None


def _chosen(question: Question, choices: frozenset[str], told: str) -> str:
    if told not in choices:
        raise AnswerError(question.name, "choice_unknown", "Not one of the choices.")
    return told


def missing(questions: Mapping[str, Question], answers: Answers) -> str | None:
    """Return a question that is always to be answered and is not."""
    return next(
        (
            name
            for name, question in questions.items()
            if question.required and question.kept and not question.relevant and name not in answers
        ),
        None,
    )
