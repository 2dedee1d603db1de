"""How a file's columns become answers, as data: a file of another mission needs no new code."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chassis.jobs import Remark
from chassis.strict import Code, Strict
from chassis.tabular import Row
from services.tracking.assessments import questions
from services.tracking.assessments.questions import AnswerError, Answers, Name, Question, Written
from services.tracking.formats.days import DayOrder
from services.tracking.formats.numbers import Mark, whole

Column = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=400)]
Separator = Literal[" ", "/", ";", ",", "|"]
NOTHING = ["", "-", "NA", "N/A", "#N/A", "NaN", "NULL"]
TRUE, FALSE = frozenset({"1", "true", "yes", "oui"}), frozenset({"0", "false", "no", "non"})


class AnswerFrom(Strict):
    """
    The question that a column answers, and what its values mean there.

    A column that is one choice of a question (1 or 0, as in `needs/food`) names the `choice`; one
    whose several choices are parted otherwise than in the rest of the file, its `separator`.
    """

    column: Column
    question: Name
    choice: questions.ChoiceName | None = None
    separator: Separator | None = None
    values: dict[str, str] = Field(default_factory=dict, max_length=5000)


class FileMapping(Strict):
    """
    Where a file says what; without `answers` each column answers the question it is named as.

    A name of a place is looked for within the places that `within_columns` name, the largest first,
    and at `place_level` only. What cannot be an answer refuses its row, or leaves only this answer
    out (`faulty_answers`). Words for `nothing` count in any case of letters.
    """

    places: Literal["gazetteer", "as_told"] = "gazetteer"
    pcode_column: Column | None = None
    name_column: Column | None = None
    within_columns: list[Column] = Field(default_factory=list, max_length=5)
    place_level: Annotated[int, Field(strict=True, ge=1, le=4)] | None = None
    external_id_column: Column | None = None
    round_column: Column | None = None
    day_column: Column | None = None
    round_number: Annotated[int, Field(strict=True, ge=1, le=9999)] | None = None
    separator: Separator = " "
    day_order: DayOrder = "ymd"
    decimal_mark: Mark = "."
    faulty_answers: Literal["refuse_row", "leave_out"] = "refuse_row"
    nothing: list[str] = Field(default=NOTHING, max_length=20)
    answers: list[AnswerFrom] = Field(default_factory=list, max_length=5000)

    def columns(self) -> list[str]:
        """Return the columns that tell what a row is about, and not what it answers."""
        where = (self.pcode_column, self.name_column, *self.within_columns)
        told = (*where, self.round_column, self.day_column, self.external_id_column)
        return [each for each in told if each]

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
    """
    What one row says, before anybody has looked whether its place is known.

    `left_out` is what it says that cannot be an answer, where the rest of the row stands.
    """

    row: int
    external_id: str
    pcode: str
    place_name: str
    within: list[str]
    round_number: int | None
    collected_on: date | None
    answers: Answers = field(default_factory=dict)
    left_out: list[Remark] = field(default_factory=list)


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
        self._nothing = frozenset(each.casefold() for each in ["", *mapping.nothing])

    def columns(self, head: Sequence[str]) -> list[AnswerFrom]:
        """Return which columns of a file answer which questions."""
        if self.mapping.answers:
            return [each for each in self.mapping.answers if each.column in head]
        about = self.mapping.columns()
        return [found for column in head if column not in about and (found := self._named(column))]

    def _named(self, column: str) -> AnswerFrom | None:
        """Return what a column of an export answers: group/question, or group/question/choice."""
        *path, last = column.split("/")
        if last in self.asked:
            return AnswerFrom(column=column, question=last)
        for at, question in enumerate(path):
            # In the name of a choice may be a stroke too.
            choice = "/".join([*path[at + 1 :], last])
            if question in self.asked and choice in self._choices[question]:
                return AnswerFrom(column=column, question=question, choice=choice)
        return None

    def read(self, row: Row, columns: Sequence[AnswerFrom], alike: int = 0) -> Told | Remark:
        """Return what a row says; `alike` rows before it are about the same place and day."""
        try:
            return self._read(row, columns, alike)
        except AnswerError as error:
            at = [each.column for each in columns if each.question == error.question]
            return _remark(row, at[0] if at else error.question, error)

    def _read(self, row: Row, columns: Sequence[AnswerFrom], alike: int) -> Told:
        answers, left_out = self._answers(row, columns)
        mapping = self.mapping
        told = Told(
            row=row.line,
            external_id="",
            pcode=self._cell(row, mapping.pcode_column),
            place_name=self._cell(row, mapping.name_column),
            within=[self._cell(row, each) for each in mapping.within_columns],
            round_number=self._round(row),
            collected_on=self._day(row),
            answers=answers,
            left_out=left_out,
        )
        told.external_id = self.identity(row) or _fingerprint(told, alike)
        return told

    def _answers(self, row: Row, columns: Sequence[AnswerFrom]) -> tuple[Answers, list[Remark]]:
        answers: Answers = {}
        left_out: list[Remark] = []
        for each in columns:
            cell = row.cells[each.column].strip()
            if cell.casefold() in self._nothing:
                continue
            try:
                self._take(answers, each, cell)
            except AnswerError as error:
                if self.mapping.faulty_answers == "refuse_row":
                    raise
                left_out.append(_remark(row, each.column, error))
        if left_out and not answers:
            # As a second header is, which tells in words what the columns are.
            first = left_out[0]
            raise AnswerError(first.column or "", first.code, "No answer of the row is one.")
        if name := questions.missing(self.asked, answers):
            raise AnswerError(name, "required", "The question is to be answered.")
        return answers, left_out

    def _take(self, answers: Answers, told: AnswerFrom, cell: str) -> None:
        question = self.asked[told.question]
        choices = self._choices[told.question]
        if told.choice is None:
            separator: str = told.separator or self.mapping.separator
            if question.type == "select_multiple":
                named = divided(cell, separator, told.values, choices)
                cell = "\n".join(told.values.get(part, part) for part in named)
                separator = "\n"
            else:
                cell = told.values.get(cell, cell)
            written = Written(separator, self.mapping.day_order, self.mapping.decimal_mark)
            value = questions.read(question, choices, cell, written)
            if value is not None:
                answers[told.question] = value
            return
        if (word := cell.lower().removesuffix(".0")) not in TRUE | FALSE:
            raise AnswerError(told.question, "not_a_choice", "Neither 1 nor 0.")
        chosen = set(answers.get(told.question, []))
        answers[told.question] = sorted(chosen | ({told.choice} if word in TRUE else set()))

    def identity(self, row: Row) -> str:
        """Return the id that a row has in its file, if it has one."""
        return self._cell(row, self.mapping.external_id_column)[:200]

    def about(self, row: Row) -> tuple[str, ...]:
        """Return which place and day a row without an id is about, as its cells tell it."""
        return tuple(self._cell(row, column).casefold() for column in self.mapping.columns())

    def _cell(self, row: Row, column: str | None) -> str:
        cell = row.cells.get(column or "", "").strip()
        return "" if cell.casefold() in self._nothing else cell

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
        asked = questions.Question(name="day", type="date")
        try:
            written = Written("", self.mapping.day_order)
            return date.fromisoformat(questions.read(asked, frozenset(), cell, written))
        except AnswerError as error:
            raise AnswerError(column, error.code, error.detail) from None


def _remark(row: Row, column: str, error: AnswerError) -> Remark:
    return Remark(row=row.line, column=column[:80], code=error.code, detail=error.detail)


def divided(cell: str, separator: str, *known: Collection[str]) -> list[str]:
    """
    Return what a cell of several choices names.

    A label may itself have the separator in it, as Shelter/NFI: the longest known one counts.
    """
    parts = [part.strip() for part in cell.split(separator)]
    found, at = [], 0
    while at < len(parts):
        for end in range(len(parts), at, -1):
            several = separator.join(parts[at:end])
            if end == at + 1 or any(several in each for each in known):
                found.append(several)
                at = end
                break
    return [each for each in found if each]


def _fingerprint(told: Told, alike: int) -> str:
    """
    Return an id for a row that has none: the same for the same place, round and day.

    Several locations of one place are told apart by how many rows `alike` are before each.
    """
    parts: list[Any] = [told.pcode, told.place_name, told.round_number, told.collected_on]
    parts += [told.within] * bool(told.within) + [alike] * bool(alike)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
