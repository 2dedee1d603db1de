"""A set of questions and a mapping that an unknown file suggests; somebody looks, then keeps."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel

from chassis.jobs import Remark
from chassis.orthography import ARABIC_SCRIPT
from chassis.problems import Fault, Problem
from chassis.strict import readable
from chassis.tabular import are_tags
from chassis.uploads import Upload
from services.tracking.assessments import guesses, tables
from services.tracking.assessments.guesses import Column
from services.tracking.assessments.mappings import NOTHING, AnswerFrom, MappingIn
from services.tracking.assessments.questions import MOST_QUESTIONS, Component, QuestionSetIn
from services.tracking.assessments.tables import Found

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,119}")
MOST_NAME = 110
MOST_TABLES = 5
MOST_WITHIN = 5
LONGEST = 400
"""The longest name of a column that a mapping takes."""


class ProposalOut(BaseModel):
    """
    What to send to keep a file's questions, and then its mapping; nothing of it is kept yet.

    `remarks` tell of each column why nothing is proposed for it.
    """

    question_set: QuestionSetIn
    mapping: MappingIn
    remarks: list[Remark]


def propose(upload: Upload, code: str, component: Component, *, ours: bool) -> ProposalOut:
    """
    Return the questions that the columns of a file seem to answer; 422 when there are none.

    Values of the file are proposed as choices only where they are told often; what may name
    somebody is left out. With `ours` its p-codes are those of the gazetteer.
    """
    refused: Problem | None = None
    for found in islice(tables.by_size(upload), MOST_TABLES):
        try:
            return _proposed(found, code, component, ours=ours)
        except Problem as problem:
            # A list of choices may be longer than what was chosen; it tells no places.
            refused = refused or problem
    raise refused or Problem(422, "table-unreadable", "The file is empty.")


def _proposed(found: Found, code: str, component: Component, *, ours: bool) -> ProposalOut:
    rows = [cells for _, cells in found.body if not are_tags(cells)]
    times = Counter(found.head)
    if len(times) > MOST_QUESTIONS:
        detail = f"The file has more than {MOST_QUESTIONS} columns."
        raise Problem(422, "table-header", detail)
    fit = {name for name, several in times.items() if several == 1 and 0 < len(name) <= LONGEST}
    columns = [each for each in guesses.columns(found.head, rows) if each.name in fit]
    proposal = Proposal(columns, found.called, ours=ours)
    for name in times.keys() - fit - {""}:
        detail = "Several columns have this name, or it is too long for one."
        proposal.leave(name, "column_name", detail)
    proposal.ask()
    if not proposal.questions:
        detail = "No column of the file holds counts, days or choices."
        raise Problem(422, "table-header", detail)
    return ProposalOut(
        question_set=QuestionSetIn.model_validate(
            {
                "code": code,
                "title": code,
                "component": component,
                "questions": proposal.questions,
                "choices": proposal.choices,
            }
        ),
        mapping=MappingIn.model_validate(
            {"code": code, "answers": proposal.answers} | proposal.mapping
        ),
        remarks=[*found.remarks, *proposal.remarks],
    )


class Proposal:
    """Goes through the columns of a file: first those that say what a row is about."""

    def __init__(self, columns: Sequence[Column], called: dict[str, str], *, ours: bool) -> None:
        self.questions: list[dict[str, Any]] = []
        self.choices: dict[str, list[dict[str, Any]]] = {}
        self.answers: list[AnswerFrom] = []
        self.remarks: list[Remark] = []
        self._called = called
        self._left = {each.name: each for each in columns}
        self._ours = ours
        self._mark = guesses.decimal_mark(columns)
        self._counted: set[str] = set()
        # Dirt in one cell of an unknown file is no reason to lose its row.
        self.mapping: dict[str, Any] = {
            "places": "gazetteer" if ours else "as_told",
            "decimal_mark": self._mark,
            "faulty_answers": "leave_out",
            "nothing": [*NOTHING, *guesses.NOTHING_ELSEWHERE],
        }
        self._about()

    def _about(self) -> None:
        """Find what tells the place, the day, the round and the id of a row."""
        columns = list(self._left.values())
        pcodes = sorted(filter(guesses.is_pcode, columns), key=guesses.level)
        names = [each for each in columns if guesses.is_place(each) and each not in pcodes]
        names.sort(key=guesses.level)
        self._take("pcode_column", [each for each in pcodes if each.is_full][-1:])
        self._take("name_column", [each for each in names if each.is_full][-1:])
        own = self.mapping.get("name_column")
        if own:
            self.mapping["within_columns"] = [
                each.name for each in names[: [each.name for each in names].index(own)]
            ][-MOST_WITHIN:]
        elif "pcode_column" not in self.mapping:
            detail = "No column tells the places by p-codes (`…pcode`) or by names (`adm3_name`)."
            fault = Fault(pointer="line/1", code="column_missing", detail=detail)
            raise Problem(422, "table-header", "The file tells no places.", errors=[fault])
        for each in (*pcodes, *names):
            self._left.pop(each.name, None)
        self._take("external_id_column", self._ids()[:1])
        rounds = [each for each in columns if guesses.ROUND.search(each.key)]
        self._take("round_column", [each for each in rounds if guesses.is_count(each, ".")][:1])
        self._take("day_column", self._days()[:1])

    def _take(self, role: str, columns: Sequence[Column]) -> None:
        for each in columns:
            self.mapping[role] = each.name
            self._left.pop(each.name, None)

    def _ids(self) -> list[Column]:
        own = [
            each
            for each in self._left.values()
            if len(each.different) == each.rows == len(each.cells) > 0
        ]
        return [each for form in guesses.IDS for each in own if form.search(each.key)]

    def _days(self) -> list[Column]:
        days = [each for each in self._left.values() if guesses.DAY.search(each.key)]
        days.sort(key=lambda each: not guesses.OF_ASSESSMENT.search(each.key))
        return [each for each in days if each.is_full and self._is_day(each)]

    def _is_day(self, column: Column) -> bool:
        """Say whether a column has days in the order of the others; the first has what it has."""
        order = guesses.day_order(column.cells)
        return order is not None and order in {self.mapping.setdefault("day_order", order), "ymd"}

    def ask(self) -> None:
        """Propose a question for each column that is left, or say why there is none."""
        for parent, parts in self._in_parts().items():
            self._ask_parts(parent, parts)
        for each in self._left.values():
            if not each.cells:
                self.leave(each.name, "empty", "Nothing stands in it.")
            elif not self._ask_number(each) and not self._ask_choice(each):
                detail = "Free words may name somebody; nothing of them is proposed."
                self.leave(each.name, "free_words", detail)

    def _in_parts(self) -> dict[str, list[Column]]:
        """Return the columns that are one choice each, as `needs/food`, by what is before that."""
        alike = [each for each in self._left.values() if each.is_yes_or_no]
        times = Counter(before for each in alike for before in _before(each.name))
        found: dict[str, list[Column]] = {}
        for each in alike:
            # In the name of a choice may be a stroke too: what most columns share is the question.
            if shared := max(_before(each.name), key=lambda one: times[one], default=""):
                found.setdefault(shared, []).append(each)
        return {
            before: parts
            for before, parts in found.items()
            if len(parts) > 1 or before[:-1] in self._left
        }

    def _ask_parts(self, parent: str, parts: Sequence[Column]) -> None:
        name = self._named(parent[:-1].rpartition("/")[2])
        coded = _coded([each.name.removeprefix(parent) for each in parts])
        self._add(name, "select_multiple", coded, parent[:-1])
        for each in parts:
            choice = coded[each.name.removeprefix(parent)]
            self.answers.append(AnswerFrom(column=each.name, question=name, choice=choice))
            self._left.pop(each.name)
        if whole := self._left.pop(parent[:-1], None):
            self.leave(whole.name, "told_in_parts", "Its choices have columns of their own.")

    def _ask_number(self, column: Column) -> bool:
        kind = ""
        if guesses.is_count(column, self._mark):
            kind = "integer"
        elif guesses.is_number(column, self._mark):
            kind = "decimal"
        elif self._is_day(column):
            kind = "date"
        if not kind:
            return False
        question: dict[str, Any] = {"name": self._named(column.name), "type": kind}
        question |= self._labelled(column.name, question["name"])
        population = guesses.population(column) if kind == "integer" and self._ours else None
        if population and population not in self._counted:
            self._counted.add(population)
            question |= {"figure": {"population": population}}
        self._add_answer(question, column)
        return True

    def _ask_choice(self, column: Column) -> bool:
        if guesses.PERSONAL.search(column.key) and not guesses.PLACE.search(column.key):
            return False
        several = guesses.separator(column)
        labels = Counter(column.different)
        if several:
            labels = Counter()
            for cell, times in column.different.items():
                labels.update(dict.fromkeys(guesses.parts(cell, several), times))
        if not guesses.is_chosen(labels):
            return False
        coded = _coded(sorted(labels))
        name = self._named(column.name)
        self._add(name, "select_multiple" if several else "select_one", coded, column.name)
        values = {label: choice for label, choice in coded.items() if label != choice}
        self.answers.append(
            AnswerFrom(column=column.name, question=name, separator=several, values=values)
        )
        return True

    def _add(self, name: str, kind: str, coded: dict[str, str], told: str) -> None:
        question = {"name": name, "type": kind, "choices": name} | self._labelled(told, name)
        self.questions.append(question)
        self.choices[name] = [
            {"name": choice, "labels": _labels(label)} for label, choice in coded.items()
        ]

    def _labelled(self, column: str, name: str) -> dict[str, Any]:
        words = self._called.get(column, column)
        return {} if words == name else {"labels": _labels(words)}

    def _add_answer(self, question: dict[str, Any], column: Column) -> None:
        self.questions.append(question)
        self.answers.append(AnswerFrom(column=column.name, question=question["name"]))

    def _named(self, column: str) -> str:
        """Return a name for a question: the column's own where it can be one."""
        key = guesses.key(column)
        own = f"q_{key}"[:MOST_NAME] if key else "question"
        name = column if NAME.fullmatch(column) else own
        taken = {each["name"] for each in self.questions}
        return next(
            each for each in (name, *(f"{name}_{n}" for n in range(2, 2000))) if each not in taken
        )

    def leave(self, column: str, code: str, detail: str) -> None:
        self.remarks.append(Remark(row=1, column=column[:80], code=code, detail=detail))


def _before(column: str) -> list[str]:
    """Return what may be the question in the name of a column, the shortest last."""
    ends = [at + 1 for at, letter in enumerate(column) if letter in "/." and at]
    return [column[:end] for end in reversed(ends)]


def _coded(labels: Sequence[str]) -> dict[str, str]:
    """Return a code for each label: the label itself where it can be one, or has other letters."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for at, label in enumerate(labels, 1):
        may = _reads(label) and (not label.isascii() or re.fullmatch(r"[^\s/]+", label))
        code = label if may else guesses.key(label)[:MOST_NAME]
        found[label] = f"choice_{at}" if not code or code in taken else code
        taken.add(found[label])
    return found


def _labels(text: str) -> dict[str, str]:
    """Return a label in the language of its letters; none for what nobody can read."""
    language = "ar" if ARABIC_SCRIPT.search(text) else "en"
    return {language: text} if _reads(text) else {}


def _reads(label: str) -> bool:
    try:
        return readable(label) == label and len(label) <= MOST_NAME
    except ValueError:
        return False
