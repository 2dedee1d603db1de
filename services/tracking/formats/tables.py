"""Where in a file a table is: on which of its sheets, and below which titles."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chassis import sheets
from chassis.problems import Fault, Problem
from chassis.tabular import Line, lines_of
from chassis.uploads import Upload, decode
from services.tracking.formats.numbers import decimal

HEADERS_WITHIN = 10
ABOUT = 0.8
SOME = 50
"""So many rows show what stands in a column."""
FEWEST_NUMBERS = 2
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]*")
"""A name that a program gave a column; people write words with spaces between."""


class Table(NamedTuple):
    """
    A table: the line of its header, its columns, and the lines below.

    `beside` is another header, where a table has two: names for programs and words for people.
    """

    line: int
    head: list[str]
    body: list[Line]
    beside: list[str] | None = None

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
            other = found.beside or []
            # Of two headers that fit, the one of codes is below, and says what it means.
            if fits(found.head) and not (fits(other) and _names(other) > _names(found.head)):
                return found
    return first or Table(1, [], [])


def by_size(upload: Upload) -> Iterator[Table]:
    """Return the tables of a file, the largest first."""
    found = [lines for lines in _tables(upload) if lines]
    found.sort(key=lambda lines: -sum(len(cells) for _, cells in lines))
    yield from map(_headed, found)


def _headed(lines: Sequence[Line]) -> Table:
    """Return lines as a table whose header is the first line that is about as full as any."""
    full = [sum(bool(cell.strip()) for cell in cells) for _, cells in lines[:HEADERS_WITHIN]]
    at = next((at for at, cells in enumerate(full) if cells >= ABOUT * max(full)), 0)
    found = _below(lines, at)
    if found.beside and _names(found.beside) > _names(found.head):
        below = next(n for n in range(at + 1, len(lines)) if any(map(str.strip, lines[n][1])))
        return _below(lines, below)._replace(beside=found.head)
    return found


def _names(cells: Sequence[str]) -> int:
    return sum(bool(NAME.fullmatch(cell)) for cell in cells)


def _below(lines: Sequence[Line], at: int) -> Table:
    number, cells = lines[at]
    head, body = [cell.strip() for cell in cells], list(lines[at + 1 :])
    beside = next((place for place, (_, row) in enumerate(body) if any(map(str.strip, row))), None)
    if beside is None or not _is_header(body[beside][1], body[beside + 1 :][:SOME]):
        return Table(number, head, body)
    return Table(number, head, body[beside + 1 :], [cell.strip() for cell in body[beside][1]])


def _is_header(cells: Sequence[str], below: Sequence[Line]) -> bool:
    """
    Say whether a row is a second header: words where all rows below it have numbers.

    No word of it stands twice, nor below it in its column, as words of a row of a table do.
    """
    told = [cell.strip() for cell in cells]
    words = [cell for cell in told if cell]
    if len(set(words)) < len(words) or any(map(_is_number, words)):
        return False
    columns = [
        [row[at].strip() for _, row in below if at < len(row) and row[at].strip()]
        for at in range(len(told))
    ]
    numbers = [at for at, column in enumerate(columns) if column and all(map(_is_number, column))]
    again = any(cell and cell in column for cell, column in zip(told, columns, strict=True))
    return not again and len(numbers) >= FEWEST_NUMBERS and all(told[at] for at in numbers)


def _is_number(cell: str) -> bool:
    return decimal(cell) is not None


def _tables(upload: Upload, sheet: str | None = None) -> Iterator[Sequence[Line]]:
    is_workbook = sheets.is_workbook(upload.content)
    if sheet:
        found = sheets.sheets(upload.content) if is_workbook else {}
        named = {name.strip(): lines for name, lines in found.items()}
        if sheet.strip() not in named:
            fault = Fault(pointer="query/sheet", code="sheet_missing", detail="It is not shown.")
            raise Problem(422, "workbook-sheets", "There is no such sheet.", errors=[fault])
        yield named[sheet.strip()]
        return
    if not is_workbook:
        yield lines_of(decode(upload))
        return
    first = sheets.sheets(upload.content, most=1)
    yield from first.values()
    try:
        others = sheets.sheets(upload.content)
    except Problem:
        # What is wrong on a sheet beside the table matters only where the table is not found.
        return
    yield from (lines for name, lines in others.items() if name not in first)
