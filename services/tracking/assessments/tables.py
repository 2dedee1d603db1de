"""The table of submissions in a file, with what is to be said of the file as a whole."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from chassis import sheets
from chassis.jobs import Remark
from chassis.tabular import Line, are_tags
from chassis.uploads import Upload
from services.tracking.formats import tables
from services.tracking.formats.hidden import hidden_sheets
from services.tracking.formats.numbers import Mark
from services.tracking.formats.tables import Table

NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")


class Found(NamedTuple):
    """
    A table: the line of its header, its columns, the lines below, and what is to be said.

    `called` is what a second header calls the columns.
    """

    line: int
    head: list[str]
    body: list[Line]
    remarks: list[Remark]
    called: dict[str, str]


def find(upload: Upload, wanted: Collection[str], mark: Mark) -> Found:
    """Return the table that has the columns wanted, wherever in the file; else the first one."""
    found = tables.find(upload, lambda head: set(wanted) <= set(head))
    return _told(upload, found, mark)


def by_size(upload: Upload) -> Iterator[Found]:
    """Return the tables of a file, the largest first."""
    return (_told(upload, each, ".") for each in tables.by_size(upload))


def _told(upload: Upload, found: Table, mark: Mark) -> Found:
    body = found.body
    if mark == "," and sheets.is_workbook(upload.content):
        # A workbook keeps numbers as such, which are told with a point; texts have their comma.
        body = [
            (line, [_with_comma(cell) if NUMBER.fullmatch(cell) else cell for cell in cells])
            for line, cells in body
        ]
    words = [] if are_tags(found.beside or []) else found.beside or []
    called = {name: word for name, word in zip(found.head, words, strict=False) if word}
    remarks = hidden_sheets(upload.content)
    if called:
        detail = "The table has a second header beside this one, which was not read as a row."
        remarks.append(Remark(row=found.line, code="two_headers", detail=detail))
    return Found(found.line, found.head, body, remarks, called)


def _with_comma(cell: str) -> str:
    return cell.replace(".", ",")
