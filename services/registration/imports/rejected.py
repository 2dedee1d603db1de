"""The file of the rows that were rejected: as they came, in the form in which they came."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Protocol

from chassis import sheets
from chassis.uploads import BYTE_ORDER_MARK, Row, guarded
from chassis.workbooks import MEDIA_TYPE, Workbook
from services.registration.imports.rules import REASON


class Said(Protocol):
    """A remark, as told or as kept."""

    row: int | None
    column: str | None
    detail: str


def file_of(rows: Iterable[Row], remarks: Iterable[Said], *, workbook: bool) -> bytes:
    """Return the rows that remarks are about, each with the reasons; nothing where none is."""
    reasons: dict[int | None, list[str]] = {}
    for remark in remarks:
        reasons.setdefault(remark.row, []).append(f"{remark.column}: {remark.detail}")
    rejected = [row for row in rows if row.line in reasons]
    if not rejected:
        return b""
    columns = [name for name in rejected[0].cells if name != REASON]
    table = [[*columns, REASON]] + [
        [*(row.cells[name] for name in columns), " ".join(reasons[row.line])] for row in rejected
    ]
    return _workbook(table) if workbook else _csv(table)


def form_of(content: bytes) -> tuple[str, str]:
    """Return how the name of such a file ends, and its media type."""
    if sheets.is_workbook(content):
        return "xlsx", MEDIA_TYPE
    return "csv", "text/csv; charset=utf-8"


def _csv(table: Sequence[Sequence[str]]) -> bytes:
    target = io.StringIO(newline="")
    target.write(BYTE_ORDER_MARK)
    csv.writer(target).writerows([guarded(cell) for cell in row] for row in table)
    return target.getvalue().encode()


def _workbook(table: Sequence[Sequence[str]]) -> bytes:
    # Its cells are typed as text, so that no spreadsheet runs one.
    book = Workbook("rejected")
    return book.rows(table) + book.end()
