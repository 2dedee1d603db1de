"""How the cells of somebody else's file become the cells of a register, without I/O."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from chassis import months
from chassis.problems import Fault, Problem
from chassis.strict import in_our_digits
from chassis.tabular import Line, Row, below_titles, each_row
from services.registration.imports.rules import (
    AGES,
    DAYS,
    REQUIRED,
    SEVERAL,
    WHOLE_NUMBER,
    read_person,
)
from services.registration.imports.unsaid import says_nothing
from services.registration.mappings.models import (
    BIRTH_DATE,
    FULL_NAME,
    ColumnIn,
    DayOrder,
    MappingIn,
    as_header,
)
from services.registration.mappings.repeats import HOUSEHOLD, PERSON, PREFIX
from services.registration.mappings.words import in_years

EXTERNAL_ID, HOUSEHOLD_REF = "external_id", "household_ref"
CALENDAR, PRECISION = "birth_date_calendar", "birth_date_precision"
BIRTHS = ("birth_date", "age")
DATE = re.compile(r"([0-9]{1,4})[-/. ]([0-9]{1,4})(?:[-/. ]([0-9]{1,4}))?")
TIME = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}.*")
BETWEEN = r"[\s./,،-]*"
A_WORD, A_YEAR = r"(?P<month>[^\W\d_]+(?: [^\W\d_]+)?)", "(?P<year>[0-9]{4})"
WITH_A_MONTH = (
    re.compile(f"(?:(?P<day>[0-9]{{1,2}})(?:er|st|nd|rd|th)?{BETWEEN})?{A_WORD}{BETWEEN}{A_YEAR}"),
    re.compile(f"{A_WORD}{BETWEEN}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?[\\s./,،-]+{A_YEAR}"),
)
BETWEEN_CHOICES = re.compile(r"[\s;,؛،]+")
YEAR_DIGITS = 4
LATIN = "abd abdel abdul abdoul abou abu al ben bin bint el ibn ould umm um"
ARABIC = "عبد أبو ابو أبي بن ابن بنت ال آل أم ام ولد"
ONE_OF = {
    "a name (given_name, full_name, or no_name_because)": {"given_name", "no_name_because"},
    "a birth (birth_date, age, or the birth_date_precision unknown)": {
        "birth_date",
        "age",
        "birth_date_precision",
    },
}
"""Of which a registration needs one, by what they tell."""
LEADING = frozenset(LATIN.split(" ") + ARABIC.split(" "))
"""Words that are a name only together with the next."""


def check(mapping: MappingIn) -> None:
    """Raise the problem of a mapping by which nobody could be registered, naming what it lacks."""
    faults = [
        Fault(pointer="/columns", code="field_missing", detail=f"Nothing tells {name}.")
        for name in REQUIRED
        if name not in mapping.fields() and name != EXTERNAL_ID
    ]
    faults += [
        Fault(pointer="/columns", code="field_missing", detail=f"Nothing tells {what}.")
        for what, names in ONE_OF.items()
        if mapping.fields().isdisjoint(names)
    ]
    faults += [
        Fault(pointer=f"/constants/{field}", code="not_possible", detail=reason)
        for field, value in mapping.constants.items()
        for reason in _wrong(field, [value])
    ]
    faults += [
        Fault(pointer=f"/columns/{number}/values", code="not_possible", detail=reason)
        for number, each in enumerate(mapping.columns)
        if each.field != FULL_NAME
        for reason in _wrong(each.field, each.values.values())
    ]
    if faults:
        raise Problem(422, "validation", "The mapping registers nobody as it is.", errors=faults)


def check_names_people(mapping: MappingIn) -> None:
    """Raise the problem of a mapping by which the rows of a file could not be told apart."""
    if EXTERNAL_ID not in mapping.fields() and not mapping.repeat:
        detail = "A file needs a mapping that tells external_id: by it rows are known again."
        fault = Fault(pointer="/query/mapping", code="field_missing", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])


def _wrong(field: str, values: Iterable[str]) -> Iterator[str]:
    for value in dict.fromkeys(values):
        read = read_person(Row(0, {field: value}))
        if not isinstance(read, list):
            continue
        for remark in read:
            if remark.column == field and remark.code != "missing":
                yield f"A value can never be that of {field}: {remark.detail}"
                return


def rows(lines: Iterable[Line], mapping: MappingIn, *, typed: bool = False) -> Iterator[Row]:
    """
    Go through the rows of a file that has at least the columns of the mapping.

    The whole file is refused when it lacks one, and the problem names it; others may be there.
    """
    columns = list(dict.fromkeys(each.column for each in mapping.columns))
    if EXTERNAL_ID not in mapping.fields():
        columns.append(PERSON)
    left = below_titles(lines, columns, as_header)
    header = [(number, _told_apart(names, columns)) for number, names in islice(left, 1)]
    return each_row(chain(header, left), columns, others=True, typed=typed)


def _told_apart(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the names of columns, the second of those that nobody asks for with its number."""
    met: Counter[str] = Counter()
    header = []
    for name in map(as_header, names):
        met[name] += 1
        is_another = name and met[name] > 1 and name not in wanted
        header.append(f"{name} ({met[name]})" if is_another else name)
    return header


def mapped(mapping: MappingIn, row: Row) -> Row:
    """Return the cells that a register of our own would have for a row."""
    cells: dict[str, str] = {}
    for each in mapping.columns:
        cell = row.cells.get(each.column, "").strip()
        if cell:
            for name, value in _told(each, cell).items():
                if name in SEVERAL and name in cells:
                    # A file has a column for each phone, or for each choice of a form.
                    cells[name] += f"; {value}"
                cells.setdefault(name, value)
    cells = _constants(mapping, cells) | cells
    if PERSON in row.cells:
        # Who has no number of their own is known by the submission's.
        cells.setdefault(EXTERNAL_ID, row.cells[PERSON])
        cells.setdefault(HOUSEHOLD_REF, row.cells.get(HOUSEHOLD, ""))
    return Row(row.line, cells, row.typed)


def _constants(mapping: MappingIn, cells: Mapping[str, str]) -> dict[str, str]:
    """Return what goes without a column; that a birth is unknown does where nothing tells it."""
    constants = dict(mapping.constants)
    if not cells.keys().isdisjoint(BIRTHS) and constants.get(PRECISION) == "unknown":
        del constants[PRECISION]
    return constants


def column_of(mapping: MappingIn, field: str) -> str:
    """Return the column from which a field came, or the field where a constant told it."""
    return next((each.column for each in mapping.columns if field in each.told()), field)


def _told(rule: ColumnIn, cell: str) -> Mapping[str, str]:
    cell = _meant(rule, cell)
    if says_nothing(rule.field, cell):
        return {}
    if rule.parts:
        return divided(cell, rule.parts)
    if rule.field in DAYS:
        cell = as_day(cell, rule.day_order)
        # Who names a month so tells no date of the Hijri calendar.
        cell = cell if rule.calendar == "hijri" else in_numbers(cell)
    if rule.field == EXTERNAL_ID:
        # ODK Central puts it before the key by which live intake knows a submission.
        cell = cell.removeprefix(PREFIX)
    if rule.field in AGES:
        cell = in_years(cell)
    if rule.field == BIRTH_DATE and rule.calendar:
        return {rule.field: cell, CALENDAR: rule.calendar}
    return {rule.field: cell}


def _meant(rule: ColumnIn, cell: str) -> str:
    """Return what a cell means; forms write the choices of one question with blanks between."""
    if not rule.values:
        return cell
    chosen = BETWEEN_CHOICES.split(cell) if rule.field in SEVERAL else []
    meant = [_value(rule.values, each) for each in chosen]
    several = None if None in meant else "; ".join(filter(None, meant))
    return _value(rule.values, cell) or several or cell


def _value(values: Mapping[str, str], text: str) -> str | None:
    if text in values:
        return values[text]
    # Programs write the codes of a column that has gaps as 1.0, and some lists as ١.
    alike = {text.casefold(), WHOLE_NUMBER.sub(r"\1", in_our_digits(text))}
    return next((value for key, value in values.items() if key.casefold() in alike), None)


def as_day(cell: str, order: DayOrder) -> str:
    """
    Return a date as YYYY-MM-DD, YYYY-MM or YYYY; what is none stays, and is refused as a row.

    A year of two digits stays too: nobody knows its century.
    """
    found = DATE.fullmatch(TIME.sub("", in_our_digits(cell)))
    if found is None:
        return cell
    parts = [part for part in found.groups() if part]
    if order == "dmy":
        parts.reverse()
    elif order == "mdy":
        parts = [parts[-1], *parts[:-1]]
    if len(parts[0]) != YEAR_DIGITS:
        return cell
    return "-".join([parts[0], *(part.zfill(2) for part in parts[1:])])


def in_numbers(cell: str) -> str:
    """Return a date whose month is a word, `1 février 1990`, as YYYY-MM-DD or YYYY-MM."""
    told = TIME.sub("", in_our_digits(cell))
    for found in filter(None, (pattern.fullmatch(told) for pattern in WITH_A_MONTH)):
        if number := months.month(found["month"]):
            day = f"-{found['day']:0>2}" if found["day"] else ""
            return f"{found['year']}-{number:02}{day}"
    return cell


def divided(name: str, parts: Sequence[str]) -> dict[str, str]:
    """
    Deal the words of a name out to its parts.

    The last word goes to the last part, so that of two words the second is a family's; words too
    many go to the last part as well.
    """
    words = _joined(name.split())
    if len(words) > len(parts):
        words = [*words[: len(parts) - 1], " ".join(words[len(parts) - 1 :])]
    if len(words) == 1:
        return {parts[0]: words[0]}
    return dict(zip([*parts[: len(words) - 1], parts[-1]], words, strict=True))


def _joined(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    held = ""
    for word in words:
        held = f"{held} {word}".strip()
        if word.casefold() not in LEADING:
            joined.append(held)
            held = ""
    return [*joined, held] if held else joined
