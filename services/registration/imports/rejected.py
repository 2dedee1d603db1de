"""
The file of the rows that were rejected: as they came, in the form in which they came.

It is written row by row: of a register in which everything is wrong, all rows are in it.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import chain, islice
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import sheets
from chassis.db import tables_of
from chassis.tabular import Row, guarded
from chassis.uploads import BYTE_ORDER_MARK
from chassis.workbooks import MEDIA_TYPE, Workbook
from services.registration.imports.rules import REASON

AT_ONCE = 5000
Table = Iterable[Iterable[str]]
Reasons = Mapping[int | None, str]


async def reasons_of(session: AsyncSession, job_id: UUID) -> Reasons:
    """Return why rows of a job were rejected, by their lines."""
    remark = tables_of(session).remark
    about = select(remark.number, remark.row, remark.column, remark.detail).where(
        col(remark.job_id) == job_id, col(remark.rejected)
    )
    reasons: dict[int | None, str] = {}
    # The same few are told of most rows, and need not be kept for each.
    kept: dict[str, str] = {}
    last = 0
    while True:
        page = about.where(col(remark.number) > last).order_by(col(remark.number)).limit(AT_ONCE)
        found = (await session.exec(page)).all()
        for _, row, column, detail in found:
            told = f"{column}: {detail}"
            whole = f"{reasons[row]} {told}" if row in reasons else told
            reasons[row] = kept.setdefault(whole, whole)
        if len(found) < AT_ONCE:
            return reasons
        last = found[-1][0]


def file_of(rows: Iterable[Row], reasons: Reasons, *, workbook: bool) -> bytes:
    """Return the rows that were rejected, each with the reasons; nothing where none was."""
    rejected = (row for row in rows if row.line in reasons)
    first = next(rejected, None)
    if first is None:
        return b""
    columns = [name for name in first.cells if name != REASON]
    cells = (
        [*(row.cells[name] for name in columns), reasons[row.line]]
        for row in chain([first], rejected)
    )
    table = chain([[*columns, REASON]], cells)
    return _workbook(table) if workbook else _csv(table)


def form_of(content: bytes) -> tuple[str, str]:
    """Return how the name of such a file ends, and its media type."""
    if sheets.is_workbook(content):
        return "xlsx", MEDIA_TYPE
    return "csv", "text/csv; charset=utf-8"


def _csv(table: Table) -> bytes:
    content = io.BytesIO()
    with io.TextIOWrapper(content, "utf-8", newline="") as target:
        target.write(BYTE_ORDER_MARK)
        csv.writer(target).writerows([guarded(cell) for cell in row] for row in table)
        target.flush()
        return content.getvalue()


def _workbook(table: Table) -> bytes:
    # Its cells are typed as text, so that no spreadsheet runs one.
    book, rows = Workbook("rejected"), iter(table)
    content = bytearray()
    while some := list(islice(rows, AT_ONCE)):
        content += book.rows(some)
    return bytes(content) + book.end()
