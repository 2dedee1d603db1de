"""
Workbooks of KoboToolbox, where each repeated group of a form has a sheet: read as one table.

A row there names the row that it is within: by its sheet in `_parent_table_name`, by its number in
`_parent_index`. What was asked outside of the group is added to each row of it, and so are two
columns by which its people are known again, and live together, as in a submission that comes in by
itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.problems import Fault, Problem
from chassis.uploads import Line

PERSON, HOUSEHOLD = "_person", "_household"
INDEX, PARENT_INDEX, PARENT = "_index", "_parent_index", "_parent_table_name"
SUBMISSION = "_submission__uuid"
LONGEST_NAME = 31
"""No sheet has a longer name; it is cut off."""

Sheets = Mapping[str, Sequence[Line]]
Cells = dict[str, str]


@dataclass(frozen=True)
class Entry:
    """A row of a sheet: where it is, what it says, and which it is of those within one row."""

    line: int
    cells: Cells
    number: int


def sheet_of(sheets: Sheets, repeat: str) -> str | None:
    """Return the name of the sheet that a repeated group has; the first is that of the form."""
    name = repeat.rpartition("/")[2][:LONGEST_NAME]
    return next((each for each in list(sheets)[1:] if each.strip() == name), None)


def is_of_group(header: Sequence[str]) -> bool:
    """Say whether a sheet is that of a repeated group."""
    return {PARENT, PARENT_INDEX} <= {name.strip() for name in header}


def table(sheets: Sheets, name: str, wanted: Sequence[str]) -> list[Line]:
    """
    Return the rows of a group's sheet as lines of one table, the header first.

    `wanted` are the columns that a mapping reads: where the sheets are without the names of groups,
    a column is found by the last part of its path.
    """
    entries = {each: _entries(lines) for each, lines in sheets.items()}
    joined: list[tuple[int, Cells]] = []
    met: Counter[str] = Counter()
    for entry in entries[name].values():
        cells, within = _joined(entries, name, entry)
        uuid = entry.cells.get(SUBMISSION, "")
        if not uuid:
            raise _unreadable(entry.line, f"{SUBMISSION} is empty; export the sheets with it.")
        met[uuid] += 1
        known = {PERSON: f"{uuid}/{met[uuid]}", HOUSEHOLD: f"{uuid}{within}"}
        joined.append((entry.line, cells | known))
    header = list(dict.fromkeys(column for _, cells in joined for column in cells))
    short = {each.rpartition("/")[2]: each for each in wanted if each not in header}
    named = [name if name in wanted else short.get(name, name) for name in header]
    rows = [(line, [cells.get(column, "") for column in header]) for line, cells in joined]
    return [(1, named), *rows]


def _entries(lines: Sequence[Line]) -> dict[str, Entry]:
    """Return the rows of a sheet by their own numbers, which are unique in it."""
    if not lines:
        return {}
    header = [name.strip() for name in lines[0][1]]
    within: Counter[str] = Counter()
    found: dict[str, Entry] = {}
    for line, row in lines[1:]:
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        within[cells.get(PARENT_INDEX, "")] += 1
        index = cells.get(INDEX) or str(line)
        if index in found:
            raise _unreadable(line, f"{INDEX} is that of another row of the sheet.")
        found[index] = Entry(line, cells, within[cells.get(PARENT_INDEX, "")])
    return found


def _joined(entries: Mapping[str, dict[str, Entry]], name: str, entry: Entry) -> tuple[Cells, str]:
    """Return what is asked in a row and in those that it is within, and which entries these are."""
    cells, numbers, form = dict(entry.cells), "", next(iter(entries))
    for _ in entries:
        parent = entry.cells.get(PARENT, "")
        # Kobo gives the form itself another name than its sheet has, where that is cut off.
        name = parent if parent in entries and parent != name else form
        found = entries[name].get(entry.cells.get(PARENT_INDEX, ""))
        if found is None:
            raise _unreadable(entry.line, "The row that it is within is not in the workbook.")
        entry = found
        cells = entry.cells | cells
        if name == form:
            break
        numbers = f"/{entry.number}{numbers}"
    return cells, numbers


def _unreadable(line: int, detail: str) -> Problem:
    fault = Fault(pointer=f"line/{line}", code="parent", detail=detail)
    detail = "The sheets of the workbook do not belong together."
    return Problem(422, "table-unreadable", detail, errors=[fault])
