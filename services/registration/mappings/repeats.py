"""
Exports where each repeated group of a form has a sheet, or a file: read as one table.

A row there names the row that it is within: that of KoboToolbox by its sheet, `_parent_table_name`,
and its number, `_parent_index`; that of ODK Central, whose files come in one archive, by its key,
`PARENT_KEY`. What was asked outside of the group is added to each row of it, and so are two columns
by which its people are known again, and live together, as in a submission that comes in by itself.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chassis.problems import Fault, Problem
from chassis.tabular import Line

PERSON, HOUSEHOLD = "_person", "_household"
INDEX, PARENT_INDEX, PARENT = "_index", "_parent_index", "_parent_table_name"
KEY, PARENT_KEY = "KEY", "PARENT_KEY"
UUID, PREFIX = "_uuid", "uuid:"
PLACE = re.compile(r"^[0-9]+$|(?<=\[)[0-9]+(?=\])")
"""Where a row stands in its submission: by its number, or in its key, `…/homes[1]/people[2]`."""
LONGEST_NAME = 31
"""No sheet has a longer name; it is cut off."""

Sheets = Mapping[str, Sequence[Line]]
Cells = dict[str, str]


@dataclass(frozen=True)
class Entry:
    """
    A row of a sheet: where it is, what it says, and which it is of those within one row.

    `place` is where it stood when it was exported: a sheet may have been sorted since.
    """

    line: int
    cells: Cells
    place: list[int]
    number: int = 0


def sheet_of(sheets: Sheets, repeat: str) -> str | None:
    """Return the name of the sheet that a repeated group has; the first is that of the form."""
    form, *others = sheets
    name = repeat.rpartition("/")[2]
    as_file = f"{form}-{repeat.replace('/', '-')}"
    wanted = {name[:LONGEST_NAME], as_file, f"{form}-{name}"}
    return next((each for each in others if each.strip() in wanted), None)


def is_of_group(header: Sequence[str]) -> bool:
    """Say whether a sheet is that of a repeated group."""
    names = {name.strip() for name in header}
    return {PARENT, PARENT_INDEX} <= names or PARENT_KEY in names


def table(sheets: Sheets, name: str, wanted: Sequence[str]) -> list[Line]:
    """
    Return the rows of a group's sheet as lines of one table, the header first.

    `wanted` are the columns that a mapping reads: where the sheets are without the names of groups,
    a column is found by the last part of its path.
    """
    entries = {each: _entries(lines) for each, lines in sheets.items()}
    joined: list[tuple[int, Cells]] = []
    met: Counter[str] = Counter()
    for entry in sorted(entries[name].values(), key=lambda each: each.place):
        cells, within, form = _joined(entries, name, entry)
        uuid = (form.cells.get(UUID) or form.cells.get(KEY, "")).removeprefix(PREFIX)
        if not uuid:
            raise _unreadable(entry.line, f"Nothing names its submission: no {UUID}, no {KEY}.")
        met[uuid] += 1
        known = {PERSON: f"{uuid}/{met[uuid]}", HOUSEHOLD: f"{uuid}{within}"}
        joined.append((entry.line, cells | known))
    joined.sort(key=lambda each: each[0])
    header = list(dict.fromkeys(column for _, cells in joined for column in cells))
    left = [each for each in wanted if each not in header]
    short = {each.rpartition("/")[2]: each for each in left}
    short |= {each.replace("/", "-"): each for each in left}
    named = [name if name in wanted else short.get(name, name) for name in header]
    rows = [(line, [cells.get(column, "") for column in header]) for line, cells in joined]
    return [(1, named), *rows]


def _entries(lines: Sequence[Line]) -> dict[str, Entry]:
    """Return the rows of a sheet by their own numbers, or keys, which are unique in it."""
    if not lines:
        return {}
    header = [name.strip() for name in lines[0][1]]
    found: dict[str, Entry] = {}
    for line, row in lines[1:]:
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        index = cells.get(INDEX) or cells.get(KEY) or str(line)
        if index in found:
            raise _unreadable(line, "It has the number, or the key, of another row of the sheet.")
        found[index] = Entry(line, cells, [int(each) for each in PLACE.findall(index)])
    within: Counter[str] = Counter()
    for index, entry in sorted(found.items(), key=lambda each: each[1].place):
        parent = _parent_of(entry.cells)
        within[parent] += 1
        found[index] = replace(entry, number=within[parent])
    return found


def _parent_of(cells: Cells) -> str:
    return cells.get(PARENT_INDEX) or cells.get(PARENT_KEY, "")


def _joined(
    entries: Mapping[str, dict[str, Entry]], name: str, entry: Entry
) -> tuple[Cells, str, Entry]:
    """
    Return what is asked in a row and in those that it is within.

    With it in which entries of other groups that is, and the row of the form.
    """
    cells, numbers, form = dict(entry.cells), "", next(iter(entries))
    for _ in entries:
        name = _sheet_of_parent(entries, name, entry, form)
        found = entries[name].get(_parent_of(entry.cells))
        if found is None:
            raise _unreadable(entry.line, "The row that it is within is not in the workbook.")
        entry = found
        cells = entry.cells | cells
        if name == form:
            break
        numbers = f"/{entry.number}{numbers}"
    return cells, numbers, entry


def _sheet_of_parent(
    entries: Mapping[str, dict[str, Entry]], name: str, entry: Entry, form: str
) -> str:
    if key := entry.cells.get(PARENT_KEY):
        return next((each for each in entries if each != name and key in entries[each]), form)
    parent = entry.cells.get(PARENT, "")
    # Kobo gives the form itself another name than its sheet has, where that is cut off.
    return parent if parent in entries and parent != name else form


def _unreadable(line: int, detail: str) -> Problem:
    fault = Fault(pointer=f"line/{line}", code="parent", detail=detail)
    detail = "The sheets of the workbook do not belong together."
    return Problem(422, "table-unreadable", detail, errors=[fault])
