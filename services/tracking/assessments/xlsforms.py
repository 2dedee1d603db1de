"""A form in XLSForm as a set of questions: what it asks, and not how a telephone shows it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from chassis import sheets
from chassis.problems import Fault, Problem
from chassis.tabular import Line
from services.tracking.assessments.questions import Component, QuestionSetIn

TYPES = {
    "integer": "integer",
    "int": "integer",
    "decimal": "decimal",
    "range": "decimal",
    "text": "text",
    "string": "text",
    "date": "date",
    "datetime": "date",
    "select_one": "select_one",
    "select one": "select_one",
    "select_multiple": "select_multiple",
    "select multiple": "select_multiple",
    "geopoint": "geopoint",
}
SELECT = re.compile(r"(select[_ ](?:one|multiple))\s+(\S+)(?:\s+or_other)?")
CODED = re.compile(r"(?:rank|select_(?:one|multiple)_(?:from_file|external))\s+\S.*")
BEGIN, END = re.compile(r"begin[_ ](group|repeat)"), re.compile(r"end[_ ](group|repeat)")
LANGUAGES = {"en": "en", "english": "en", "ar": "ar", "arabic": "ar", "fr": "fr", "french": "fr"}
YES = frozenset({"yes", "true", "true()", "1"})
CONDITIONS = ("relevant", "constraint", "choice_filter")
LONGEST_LABEL = 8000

Cells = Mapping[str, str]


def read(content: bytes, component: Component) -> QuestionSetIn:
    """
    Return the set of questions of a form; 422 `form-invalid` with each row that is wrong.

    What is not asked (notes, calculations, what the telephone adds) is left out. Answers in free
    words are not kept, as they may name somebody.
    """
    found = {name.strip().lower(): lines for name, lines in sheets.sheets(content).items()}
    survey, choices = _table(found.get("survey", [])), _table(found.get("choices", []))
    if not survey:
        raise _invalid([_fault("survey", 1, "sheet_missing", "The sheet survey is missing.")])
    faults: list[Fault] = []
    questions = _questions(survey, faults)
    lists = _lists(choices)
    for row, question in questions:
        if question["choices"] and question["choices"] not in lists:
            detail = "The list of its choices is not in the sheet choices."
            faults.append(_fault("survey", row, "choices", detail))
    if faults:
        raise _invalid(faults)
    settings = next((cells for _, cells in _table(found.get("settings", []))), {})
    used = {question["choices"] for _, question in questions}
    told = {
        "code": settings.get("form_id") or "form",
        "title": settings.get("form_title") or settings.get("form_id") or "Form",
        "component": component,
        "questions": [question for _, question in questions],
        "choices": {name: each for name, each in lists.items() if name in used},
    }
    try:
        return QuestionSetIn.model_validate(told)
    except ValidationError as error:
        raise _invalid([_of(each) for each in error.errors()]) from None


def _of(error: Any) -> Fault:
    where = "/".join(str(part) for part in error["loc"])[:120]
    detail = str(error["msg"]).removeprefix("Value error, ")[:300]
    return Fault(pointer=where or "form", code=str(error["type"]), detail=detail)


def _table(lines: Sequence[Line]) -> list[tuple[int, Cells]]:
    if not lines:
        return []
    (_, head), *body = lines
    names = [name.strip().lower() for name in head]
    return [(number, dict(zip(names, cells, strict=False))) for number, cells in body]


def _questions(
    survey: Sequence[tuple[int, Cells]], faults: list[Fault]
) -> list[tuple[int, dict[str, Any]]]:
    found: list[tuple[int, dict[str, Any]]] = []
    groups: list[tuple[str, str]] = []
    for row, cells in survey:
        kind = " ".join(cells.get("type", "").split()).lower()
        name = cells.get("name", "").strip()
        if begun := BEGIN.fullmatch(kind):
            groups.append((begun[1], name))
        elif ended := END.fullmatch(kind):
            if not groups or groups.pop()[0] != ended[1]:
                detail = "It ends a group that has not begun."
                faults.append(_fault("survey", row, "group", detail))
        elif question := _question(cells, kind, name):
            question["group"] = "/".join(name for _, name in groups)
            found.append((row, question))
    if groups:
        faults.append(_fault("survey", survey[-1][0], "group", "A group does not end."))
    if not found and not faults:
        faults.append(_fault("survey", 1, "questions", "The form asks nothing."))
    return found


def _question(cells: Cells, kind: str, name: str) -> dict[str, Any] | None:
    # The name of a list may have capitals, which `kind` has lost.
    select = SELECT.fullmatch(" ".join(cells.get("type", "").split()))
    # Chosen from a list that the form does not hold, or put in an order: codes, not free words.
    coded = CODED.fullmatch(kind)
    kind = "text" if coded else TYPES.get(select[1] if select else kind, "")
    if not kind:
        return None
    return {
        "name": name,
        "type": kind,
        "choices": select[2] if select and not coded else None,
        "labels": _labels(cells),
        "required": cells.get("required", "").strip().lower() in YES,
        "kept": coded is not None or kind not in {"text", "geopoint"},
        **{each: cells.get(each, "").strip() for each in CONDITIONS},
    }


def _lists(choices: Sequence[tuple[int, Cells]]) -> dict[str, list[dict[str, Any]]]:
    lists: dict[str, list[dict[str, Any]]] = {}
    for _, cells in choices:
        name = (cells.get("list_name") or cells.get("list name") or "").strip()
        if name:
            choice = {"name": cells.get("name", "").strip(), "labels": _labels(cells)}
            lists.setdefault(name, []).append(choice)
    return lists


def _labels(cells: Cells) -> dict[str, str]:
    labels: dict[str, str] = {}
    for column, cell in cells.items():
        word, _, language = column.partition("::")
        code = LANGUAGES.get(language.split("(")[0].strip() or "en")
        text = " ".join(cell.split())[:LONGEST_LABEL]
        if word.strip() == "label" and code and text:
            labels[code] = text
    return labels


def _fault(sheet: str, row: int, code: str, detail: str) -> Fault:
    return Fault(pointer=f"{sheet}/row {row}", code=code, detail=detail)


def _invalid(faults: Sequence[Fault]) -> Problem:
    detail = "The form does not define a set of questions; nothing of it was kept."
    return Problem(422, "form-invalid", detail, errors=faults)
