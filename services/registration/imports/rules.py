"""How a row of a register in CSV becomes a registration, or the reasons why it cannot."""

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chassis.bodies import one_meaning
from chassis.jobs import Remark
from chassis.problems import pointer
from chassis.strict import in_our_digits
from chassis.tabular import Row, is_formula, unguarded
from chassis.wording import in_words
from services.registration.imports.unsaid import says_nothing
from services.registration.persons.births import Span
from services.registration.persons.disability import QUESTIONS
from services.registration.persons.models import PersonIn
from services.registration.persons.names import LATIN
from services.registration.persons.rules import e164

MARK = "export_mark"
"""The column by which our exports name who asked for them; it says nothing of the person."""
REASON = "rejected_because"
"""The column by which a file of rejected rows says why; whoever corrects a row may leave it."""
OF_THE_RECORD = ("id", "case_number", "with_disability", "departed_on", "status")
"""Columns by which our exports tell of a record what no registration tells."""
ASIDE = (MARK, REASON, *OF_THE_RECORD)
REQUIRED = (
    "external_id",
    "sex",
    "nationality",
    "population_category",
    "location_pcode",
)
DISABILITY = tuple(f"disability_{question}" for question in QUESTIONS)
DOCUMENT = ("type", "number", "issuer", "expires_on")
WHOLE = ("documents", "disability")
"""Columns that hold records, as our exports write them."""
OTHER_PHONES = "other_phones"
SEVERAL = ("other_names", "languages", OTHER_PHONES)
"""Columns that hold several texts, with a semicolon or a comma between them."""
OPTIONAL = (
    "no_name_because",
    "given_name",
    "father_name",
    "grandfather_name",
    "family_name",
    *LATIN.values(),
    *SEVERAL,
    "stateless",
    "place_before",
    "place_of_origin",
    *DISABILITY,
    "birth_date",
    "birth_date_precision",
    "birth_date_calendar",
    "age",
    "age_to",
    "age_as_of",
    "phone",
    *(f"document_{name}" for name in DOCUMENT),
    "household_ref",
    "relationship_to_head",
    "registration_event_id",
    "registered_on",
    "consent_given",
    *ASIDE,
)
KNOWN = (*OPTIONAL, *WHOLE)
"""What a register of our own columns may have beside those that it must have."""
NUMBER = re.compile("[0-9٠-٩۰-۹]{1,3}")
WHOLE_NUMBER = re.compile("^(-?[0-9٠-٩۰-۹]+)[.٫][0٠۰]+$")
"""So programs write the whole numbers of a column that has gaps."""
BELOW_NOTHING = re.compile("-[0-9]+([.]0+)?")
AGES = ("age", "age_to")
NEITHER = {(("stateless",), "bool_type"), (("consent",), "value_error")}
"""What is wrong with a cell that asks for yes or no, and says something else."""
NO_AGE = "is not an age in whole years; of an infant tell 0, or the month of birth as birth_date"
BETWEEN = re.compile(f"({NUMBER.pattern}) ?[-–] ?({NUMBER.pattern})")
DAYS = ("birth_date", "registered_on", "age_as_of", "document_expires_on")
OF_DAYS = (*DAYS, "birth_date_calendar")
PHONE = re.compile(r"[+]?[0-9٠-٩۰-۹ ().-]+(?:(?:ext|x)[.]? ?[0-9]+)?")
NUMBERS = (*AGES, *DAYS, "phone")
OF_LISTS = ("external_id", "household_ref")
"""Numbers that lists give, some in Arabic-Indic digits; they are the same ones in ours."""
WHOLE_ONES = (*NUMBERS, "household_ref")
"""Not the external id: by it a record is known, erased ones too, as it was first told."""
BETWEEN_TEXTS = re.compile("[;,؛،\n]")
BETWEEN_PHONES = re.compile(rf"{BETWEEN_TEXTS.pattern}|\b(?:or|and|ou|et)\b|أو|او|و|&")
TIME = re.compile(r"(?<=[0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9]{1,2}:[0-9]{2}(:[0-9.]+)?$")
"""A spreadsheet keeps a day together with a time, and some keep one that nobody has told."""
SERIAL = re.compile("[1-6][0-9]{4}")
FIRST_DAY = date(1899, 12, 30)
"""From here spreadsheets count the days of a date that has lost its form."""
TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def read_person(row: Row) -> PersonIn | list[Remark]:
    """Return the registration a row holds, or one remark for each thing wrong with it."""
    as_they_came = {
        name: text
        for name, cell in row.cells.items()
        if (text := cell.strip()) and not says_nothing(name, text)
    }
    cells = {
        name: unguarded(text) if text.startswith("'") else text
        for name, text in as_they_came.items()
    }
    formulas = [
        name
        for name, text in as_they_came.items()
        if not row.typed and is_formula(text) and name not in ASIDE and _runs(name, text)
    ]
    if formulas:
        detail = "A spreadsheet would run this cell; write it as text."
        return [remark(row, name, "formula", detail) for name in formulas]
    for column in ASIDE:
        cells.pop(column, None)
    if twice := _told_twice(row, cells):
        return twice
    cells |= {name: WHOLE_NUMBER.sub(r"\1", cells[name]) for name in WHOLE_ONES if name in cells}
    cells |= {name: TIME.sub("", cells[name]) for name in DAYS if name in cells}
    cells |= {name: in_our_digits(cells[name]) for name in OF_LISTS if name in cells}
    cells |= _counted_days(cells)
    document = {
        name: cells.pop(f"document_{name}") for name in DOCUMENT if f"document_{name}" in cells
    }
    form: dict[str, object] = dict(cells) | _ages(cells) | _several(cells) | _phones(cells)
    form |= _records(cells)
    if document:
        form["documents"] = [document]
    answers = {
        name.removeprefix("disability_"): form.pop(name) for name in DISABILITY if name in form
    }
    if answers:
        form["disability"] = answers
    if "stateless" in cells:
        form["stateless"] = TRUTH.get(cells["stateless"].lower(), cells["stateless"])
    consent = form.pop("consent_given", None)
    if consent is not None:
        form["consent"] = TRUTH.get(str(consent).lower(), consent)
    try:
        return PersonIn.model_validate(form)
    except ValidationError as error:
        return [
            remark(row, _column(each["loc"], cells), each["type"], _in_words(each))
            for each in error.errors(include_input=False, include_url=False)
        ]


def _in_words(each: ErrorDetails) -> str:
    if each["type"] == "int_type" and each["loc"][0] in AGES:
        return NO_AGE
    if (each["loc"], each["type"]) in NEITHER:
        return "is neither `yes` nor `no`"
    return in_words(each)


def _counted_days(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the dates that a spreadsheet left as numbers: 36526 is the first day of 2000."""
    if cells.get("birth_date_calendar", "gregorian") != "gregorian":
        return {}
    return {
        name: (FIRST_DAY + timedelta(days=int(cells[name]))).isoformat()
        for name in DAYS
        if SERIAL.fullmatch(cells.get(name, ""))
    }


def counted_days(row: Row) -> list[Remark]:
    """Return a warning for each date that was told as a number of days."""
    cells = {name: cell for name in OF_DAYS if (cell := row.cells.get(name, "").strip())}
    return [
        remark(row, name, "day_counted", f"A number of days was read as the date {day}.")
        for name, day in _counted_days(cells).items()
    ]


def born_later(row: Row, form: PersonIn, born: Span) -> list[Remark]:
    """Return a warning for who is said to be born after they were registered."""
    if born.earliest is None or born.earliest <= form.registered_on:
        return []
    detail = "They are said to be born after the day of the registration; look at both dates."
    return [remark(row, "birth_date", "born_later", detail)]


def _ages(cells: Mapping[str, str]) -> dict[str, object]:
    """Return ages as numbers, `16-18` as two; what is no number stays text, and is refused."""
    ages = {name: cells[name] for name in AGES if name in cells}
    if between := BETWEEN.fullmatch(cells.get("age", "")):
        ages |= dict(zip(("age", "age_to"), between.groups(), strict=True))
    return {
        name: int(in_our_digits(text)) if NUMBER.fullmatch(text.removeprefix("-")) else text
        for name, text in ages.items()
    }


def _several(cells: Mapping[str, str]) -> dict[str, object]:
    return {name: _texts(cells[name]) for name in SEVERAL if name in cells}


def _phones(cells: Mapping[str, str]) -> dict[str, object]:
    """Return the numbers of a cell that is for one, and in many lists holds two."""
    parts = BETWEEN_PHONES.split(cells.get("phone", ""))
    told = [each for part in parts for each in _between_strokes(part)]
    first, *others = [each.strip() for each in told if each.strip()] or [""]
    if not others:
        return {}
    return {"phone": first, OTHER_PHONES: [*others, *_texts(cells.get(OTHER_PHONES, ""))]}


def _between_strokes(phones: str) -> list[str]:
    """Return the numbers between strokes, unless one number is written with them (091/2345671)."""
    try:
        return [phones] if "/" not in phones or e164(phones) else []
    except ValueError:
        return phones.split("/")


def _texts(cell: str) -> list[str]:
    return [text.strip() for text in BETWEEN_TEXTS.split(cell) if text.strip()]


def _records(cells: Mapping[str, str]) -> dict[str, object]:
    """Return records told as JSON; what is none stays text, and is refused."""
    found: dict[str, object] = {}
    for name in WHOLE:
        try:
            found |= {name: one_meaning(cells[name])} if name in cells else {}
        except (ValueError, RecursionError):
            found[name] = cells[name]
    return found


def _told_twice(row: Row, cells: Collection[str]) -> list[Remark]:
    parts = {"documents": [f"document_{name}" for name in DOCUMENT], "disability": DISABILITY}
    detail = "This is told as a whole, and by a column of its own as well."
    return [
        remark(row, name, "told_twice", detail)
        for name, columns in parts.items()
        if name in cells and any(column in cells for column in columns)
    ]


def _runs(column: str, cell: str) -> bool:
    """Say whether a cell that looks like a formula is one."""
    # A phone number begins with a plus sign by right, and a number below nought is only wrong.
    if column in {"phone", OTHER_PHONES}:
        numbers = BETWEEN_PHONES.split(cell.replace("/", ";"))
        return not all(PHONE.fullmatch(each.strip()) for each in numbers if each.strip())
    return not (column in NUMBERS and BELOW_NOTHING.fullmatch(cell))


def _column(location: tuple[int | str, ...], told: Collection[str]) -> str:
    where = pointer(("body", *location)).removeprefix("/")
    if where.partition("/")[0] in WHOLE and where.partition("/")[0] in told:
        return where.partition("/")[0]
    if where.startswith("documents/0/"):
        return "document_" + where.removeprefix("documents/0/")
    if where.startswith("disability/"):
        return where.replace("/", "_")
    if where.startswith(OTHER_PHONES) and OTHER_PHONES not in told:
        return "phone"
    if where.partition("/")[0] in SEVERAL:
        return where.partition("/")[0]
    return "consent_given" if where.startswith("consent") else where


def remark(row: Row, column: str, code: str, detail: str) -> Remark:
    return Remark(row=row.line, column=column, code=code, detail=detail)
