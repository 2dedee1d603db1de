"""Where in a file a table is: on which of its sheets, and below which titles."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chassis import sheets
from chassis.problems import Fault, Problem
from chassis.uploads import Line, Upload, decode, lines_of

HEADERS_WITHIN = 10
ABOUT = 0.8


class Table(NamedTuple):
    """A table: the line of its header, its columns, and the lines below."""

    line: int
    head: list[str]
    body: list[Line]

    @property
    def lines(self) -> list[Line]:
        return [(self.line, self.head), *self.body]


def find(upload: Upload, fits: Callable[[list[str]], bool], sheet: str | None = None) -> Table:
    """
    Return the table whose header fits, wherever in the file or on one sheet; else the first one.

    A workbook may have a sheet of explanations first, and a table titles above its header.
    """
    first: Table | None = None
    for lines in _tables(upload, sheet):
        for at in range(min(HEADERS_WITHIN, len(lines))):
            found = _below(lines, at)
            first = first or found
            if fits(found.head):
                return found
    return first or Table(1, [], [])


def largest(upload: Upload) -> Table:
    """Return the largest table of a file, whose header is the first line that is about as full."""
    lines = max(_tables(upload), key=lambda each: sum(len(cells) for _, cells in each), default=[])
    full = [sum(bool(cell.strip()) for cell in cells) for _, cells in lines[:HEADERS_WITHIN]]
    at = next((at for at, cells in enumerate(full) if cells >= ABOUT * max(full)), 0)
    return _below(lines, at) if lines else Table(1, [], [])


def _below(lines: Sequence[Line], at: int) -> Table:
    number, cells = lines[at]
    return Table(number, [cell.strip() for cell in cells], list(lines[at + 1 :]))


def _tables(upload: Upload, sheet: str | None = None) -> Iterator[Sequence[Line]]:
    if not sheets.is_workbook(upload.content):
        yield lines_of(decode(upload))
        return
    if sheet:
        named = {name.strip(): lines for name, lines in sheets.sheets(upload.content).items()}
        if sheet.strip() not in named:
            fault = Fault(pointer="query/sheet", code="sheet_missing", detail="It is not shown.")
            raise Problem(422, "workbook-sheets", "There is no such sheet.", errors=[fault])
        yield named[sheet.strip()]
        return
    first = sheets.sheets(upload.content, most=1)
    yield from first.values()
    try:
        others = sheets.sheets(upload.content)
    except Problem:
        # What is wrong on a sheet beside the table matters only where the table is not found.
        return
    yield from (lines for name, lines in others.items() if name not in first)
