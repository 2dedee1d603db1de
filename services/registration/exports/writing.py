"""How rows become a file: CSV, a workbook, or JSON Lines, a part at a time."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from chassis.tabular import guarded
from chassis.uploads import BYTE_ORDER_MARK
from chassis.workbooks import MEDIA_TYPE, Workbook
from services.registration.imports.rules import MARK

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": MEDIA_TYPE,
    "jsonl": "application/jsonl",
}
Rows = Sequence[Sequence[Any]]


class Writer(Protocol):
    """What makes a file of rows; each call returns the bytes that come next."""

    def head(self) -> bytes: ...

    def rows(self, rows: Rows) -> bytes: ...

    def tail(self) -> bytes: ...


def writer(form: str, columns: Sequence[str], mark: str, *, right_to_left: bool) -> Writer:
    """Return what writes these columns, and in each row the mark."""
    if form == "csv":
        return CsvWriter(columns, mark)
    if form == "xlsx":
        return SheetWriter(columns, mark, right_to_left=right_to_left)
    return LinesWriter(columns, mark)


def text_of(value: Any) -> str:
    """Return what a cell says: of several texts all, and records as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _unlike_guarded(value: Any) -> str:
    text = text_of(value)
    return guarded(text) if text.startswith("'") else text


class CsvWriter:
    """UTF-8 with a byte order mark, by which spreadsheets know it; no cell of it is a formula."""

    def __init__(self, columns: Sequence[str], mark: str) -> None:
        self._columns, self._mark = columns, mark

    def head(self) -> bytes:
        return BYTE_ORDER_MARK.encode() + self._lines([[*self._columns, MARK]])

    def rows(self, rows: Rows) -> bytes:
        mark = guarded(self._mark)
        # Most cells of a register are empty.
        return self._lines(
            [*("" if each is None else guarded(text_of(each)) for each in row), mark]
            for row in rows
        )

    def tail(self) -> bytes:
        return b""

    def _lines(self, rows: Iterable[Sequence[Any]]) -> bytes:
        target = io.StringIO(newline="")
        csv.writer(target).writerows(rows)
        return target.getvalue().encode()


class LinesWriter:
    """One JSON object a line, with every value as it is."""

    def __init__(self, columns: Sequence[str], mark: str) -> None:
        self._columns, self._mark = columns, mark

    def head(self) -> bytes:
        return b""

    def rows(self, rows: Rows) -> bytes:
        return b"".join(map(self._line, rows))

    def tail(self) -> bytes:
        return b""

    def _line(self, row: Sequence[Any]) -> bytes:
        told = dict(zip(self._columns, row, strict=True)) | {MARK: self._mark}
        return json.dumps(told, ensure_ascii=False).encode() + b"\n"


class SheetWriter:
    """
    A workbook of one sheet, every cell of it typed as text; packed as it is written.

    Only what looks guarded is guarded, or an import would take its own apostrophe off.
    """

    def __init__(self, columns: Sequence[str], mark: str, *, right_to_left: bool) -> None:
        self._columns, self._mark = columns, mark
        self._book = Workbook("persons", mark, right_to_left=right_to_left)

    def head(self) -> bytes:
        return self._book.rows([[*self._columns, MARK]])

    def rows(self, rows: Rows) -> bytes:
        return self._book.rows([*map(_unlike_guarded, row), self._mark] for row in rows)

    def tail(self) -> bytes:
        return self._book.end()
