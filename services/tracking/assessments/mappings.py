"""How a file's columns become answers, as data: a file of another mission needs no new code."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chassis.jobs import Remark
from chassis.strict import Code, Strict
from chassis.uploads import Row
from services.tracking.assessments import questions
from services.tracking.assessments.questions import AnswerError, Answers, Name, Question
from services.tracking.formats.numbers import whole

Column = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=400)]
Separator = Literal[" ", "/", ";", ",", "|"]
NOTHING = ["", "NA", "N/A", "n/a"]
TRUE, FALSE = frozenset({"1", "true", "yes", "oui"}), frozenset({"0", "false", "no", "non"})


class AnswerFrom(Strict):
    """
    The question that a column answers, and what its values mean there.

    A column that is one choice of a question (1 or 0, as in `needs/food`) names the `choice`.
    """

    column: Column
    question: Name
    choice: questions.ChoiceName | None = None
    values: dict[str, str] = Field(default_factory=dict, max_length=5000)


class FileMapping(Strict):
    """Where a file says what; without `answers` each column answers the question it is named as."""

    places: Literal["gazetteer", "as_told"] = "gazetteer"
    pcode_column: Column | None = None
    name_column: Column | None = None
    external_id_column: Column | None = None
    round_column: Column | None = None
    day_column: Column | None = None
    round_number: Annotated[int, Field(strict=True, ge=1, le=9999)] | None = None
    separator: Separator = " "
    day_order: questions.DayOrder = "ymd"
    nothing: list[str] = Field(default=NOTHING, max_length=20)
    answers: list[AnswerFrom] = Field(default_factory=list, max_length=5000)

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not (self.pcode_column or self.name_column):
            raise ValueError("A mapping names the column of p-codes or that of names of places.")
        if self.round_column and self.round_number:
            raise ValueError("The round is in a column, or the same for all rows.")
        return self


class MappingIn(FileMapping):
    code: Code


@dataclass
class Told:
    """What one row says, before anybody has looked whether its place is known."""

    row: int
    external_id: str
    pcode: str
    place_name: str
    round_number: int | None
    collected_on: date | None
    answers: Answers = field(default_factory=dict)


class Reader:
    """Reads rows by a mapping into answers to a set of questions."""

    def __init__(
        self,
        mapping: FileMapping,
        asked: Sequence[Question],
        choices: Mapping[str, Sequence[questions.Choice]],
    ) -> None:
        self.mapping = mapping
        self.asked = {each.name: each for each in asked}
        self._choices = {
            each.name: frozenset(choice.name for choice in choices.get(each.choices or "", ()))
            for each in asked
        }
        self._nothing = frozenset(mapping.nothing)

    def columns(self, head: Sequence[str]) -> list[AnswerFrom]:
        """Return which columns of a file answer which questions."""
        if self.mapping.answers:
            return [each for each in self.mapping.answers if each.column in head]
        return [found for column in head if (found := self._named(column))]

    def _named(self, column: str) -> AnswerFrom | None:
        """Return what a column of an export answers: group/question, or group/question/choice."""
        *path, last = column.split("/")
        if last in self.asked:
            return AnswerFrom(column=column, question=last)
        question = path[-1] if path else ""
        if question in self.asked and last in self._choices[question]:
            return AnswerFrom(column=column, question=question, choice=last)
        return None

    def read(self, row: Row, columns: Sequence[AnswerFrom]) -> Told | Remark:
        try:
            return self._read(row, columns)
        except AnswerError as error:
            at = [each.column for each in columns if each.question == error.question]
            column = at[0] if at else error.question
            return Remark(row=row.line, column=column[:80], code=error.code, detail=error.detail)

    def _read(self, row: Row, columns: Sequence[AnswerFrom]) -> Told:
        answers: Answers = {}
        for each in columns:
            cell = row.cells[each.column].strip()
            if cell in self._nothing:
                continue
            self._take(answers, each, cell)
        if name := questions.missing(self.asked, answers):
            raise AnswerError(name, "required", "The question is to be answered.")
        mapping = self.mapping
        told = Told(
            row=row.line,
            external_id="",
            pcode=self._cell(row, mapping.pcode_column),
            place_name=self._cell(row, mapping.name_column),
            round_number=self._round(row),
            collected_on=self._day(row),
            answers=answers,
        )
        told.external_id = self._cell(row, mapping.external_id_column)[:200] or _fingerprint(told)
        return told

    def _take(self, answers: Answers, told: AnswerFrom, cell: str) -> None:
        question = self.asked[told.question]
        choices = self._choices[told.question]
        if told.choice is None:
            separator: str = self.mapping.separator
            if question.type == "select_multiple":
                named = divided(cell, separator, told.values.keys() | choices)
                cell = "\n".join(told.values.get(part, part) for part in named)
                separator = "\n"
            else:
                cell = told.values.get(cell, cell)
            value = questions.read(question, choices, cell, separator, self.mapping.day_order)
            if value is not None:
                answers[told.question] = value
            return
        if (word := cell.lower().removesuffix(".0")) not in TRUE | FALSE:
            raise AnswerError(told.question, "not_a_choice", "Neither 1 nor 0.")
        chosen = set(answers.get(told.question, []))
        answers[told.question] = sorted(chosen | ({told.choice} if word in TRUE else set()))

    def _cell(self, row: Row, column: str | None) -> str:
        return row.cells.get(column or "", "").strip()

    def _round(self, row: Row) -> int | None:
        column = self.mapping.round_column
        cell = self._cell(row, column)
        if not column or not cell:
            return self.mapping.round_number
        number = whole(cell)
        if number is None or not 1 <= number <= 9999:  # noqa: PLR2004 - As everywhere.
            raise AnswerError(column, "round", "Not the number of a round.")
        return number

    def _day(self, row: Row) -> date | None:
        column = self.mapping.day_column
        cell = self._cell(row, column)
        if not column or not cell:
            return None
        day = questions.Question(name="day", type="date")
        try:
            told = questions.read(day, frozenset(), cell, "", self.mapping.day_order)
            return date.fromisoformat(told)
        except AnswerError as error:
            raise AnswerError(column, error.code, error.detail) from None


def divided(cell: str, separator: str, known: Collection[str]) -> list[str]:
    """
    Return what a cell of several choices names.

    A label may itself have the separator in it, as Shelter/NFI: the longest known one counts.
    """
    parts = [part.strip() for part in cell.split(separator)]
    found, at = [], 0
    while at < len(parts):
        for end in range(len(parts), at, -1):
            several = separator.join(parts[at:end])
            if several in known or end == at + 1:
                found.append(several)
                at = end
                break
    return [each for each in found if each]


def _fingerprint(told: Told) -> str:
    """Return an id for a row that has none: the same for the same place, round and day."""
    parts: list[Any] = [told.pcode, told.place_name, told.round_number, told.collected_on]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
