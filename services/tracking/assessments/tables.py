"""Where in a file the table of submissions is: on which sheet, and below which titles."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from chassis import sheets
from chassis.jobs import Remark
from chassis.problems import Problem
from chassis.uploads import Line, Upload, decode, lines_of
from services.tracking.formats.hidden import hidden_sheets
from services.tracking.formats.numbers import Mark

HEADERS_WITHIN = 10
ABOUT = 0.8
NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")


class Found(NamedTuple):
    """A table: the line of its header, its columns, the lines below, and what is to be said."""

    line: int
    head: list[str]
    body: list[Line]
    remarks: list[Remark]


def find(upload: Upload, wanted: Collection[str], mark: Mark = ".") -> Found:
    """
    Return the table that has the columns wanted, wherever in the file; else the first one.

    A workbook may have a sheet of explanations first, and a table titles above its header.
    """
    first: Found | None = None
    for lines in _tables(upload):
        for at, (number, cells) in enumerate(lines[:HEADERS_WITHIN]):
            head = [cell.strip() for cell in cells]
            found = Found(number, head, list(lines[at + 1 :]), [])
            first = first or found
            if set(wanted) <= set(head):
                return _told(upload, found, mark)
    return _told(upload, first or Found(1, [], [], []), mark)


def largest(upload: Upload) -> Found:
    """Return the largest table of a file, whose header is the first line that is about as full."""
    lines = max(_tables(upload), key=lambda each: sum(len(cells) for _, cells in each), default=[])
    full = [sum(bool(cell.strip()) for cell in cells) for _, cells in lines[:HEADERS_WITHIN]]
    at = next((at for at, cells in enumerate(full) if cells >= ABOUT * max(full)), 0)
    number, cells = lines[at] if lines else (1, [])
    return _told(upload, Found(number, [each.strip() for each in cells], list(lines[at + 1 :]), []))


def _tables(upload: Upload) -> Iterator[Sequence[Line]]:
    if not sheets.is_workbook(upload.content):
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


def _told(upload: Upload, found: Found, mark: Mark = ".") -> Found:
    if not sheets.is_workbook(upload.content):
        return found
    hidden = hidden_sheets(upload.content)
    body = found.body
    if mark == ",":
        # A workbook keeps numbers as such, which are told with a point; texts have their comma.
        body = [
            (line, [_with_comma(cell) if NUMBER.fullmatch(cell) else cell for cell in cells])
            for line, cells in body
        ]
    return Found(found.line, found.head, body, hidden)


def _with_comma(cell: str) -> str:
    return cell.replace(".", ",")
