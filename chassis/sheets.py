"""Tables that come as workbooks in XLSX: the sheets that are shown, their cells as they read."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetMetadata,
    SheetVisibleEnum,
)

from chassis import archive
from chassis.problems import Fault, Problem
from chassis.tabular import Line, lines_of
from chassis.uploads import Upload, decode

ZIP = b"PK\x03\x04"
VISIBLE = SheetVisibleEnum.Visible
MOST_SHEETS = 50
MOST_FAULTS = 100
CELL = re.compile(rb"<c\b")
VALUE = re.compile(rb"<v[^>]*>[^<]|<is\b")
ERROR, NO_VALUE = b't="e"', b"<v>#N/A<"
REFERENCE = re.compile(rb'\br="([A-Z]{1,3}[0-9]{1,7})"')
Range = tuple[tuple[int, int], tuple[int, int]]
"""Cells that are one: the first row and column of them, and the last, from zero."""


def is_workbook(content: bytes) -> bool:
    return content.startswith(ZIP)


def lines(content: bytes, *, counts: bool = True, sheet: str | None = None) -> list[Line]:
    """
    Return the rows of a sheet that is shown, by their numbers there.

    Without its name it is the first that is not empty.
    """
    if sheet is not None:
        return sheets(content, counts=counts, only=sheet)[sheet]
    first = next(iter(sheets(content, most=1, counts=counts).values()))
    return first or next(filter(None, sheets(content, counts=counts).values()), [])


def beside(content: bytes, sheet: str | None = None) -> list[str]:
    """
    Return the names of the sheets that are shown and hold rows, and that `lines` does not read.

    None of a workbook in which a sheet that was not read cannot be.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [each.name for each in book.sheets_metadata if each.visible == VISIBLE]
        held = [name for name in shown[:MOST_SHEETS] if book.get_sheet_by_name(name).height]
        return [name for name in held if name != (sheet or held[0])]
    except (CalamineError, ValueError, OSError):
        return []


def table(upload: Upload) -> list[Line]:
    """Return the lines of a table, whether it is a workbook or CSV, the header first."""
    return lines(upload.content) if is_workbook(upload.content) else lines_of(decode(upload))


def sheets(
    content: bytes, most: int = MOST_SHEETS, *, counts: bool = True, only: str | None = None
) -> dict[str, list[Line]]:
    """
    Return the rows of each sheet that is shown, or of the `only` one, by name, the first first.

    An archive of CSV files is read as a workbook, of which each is a sheet. Where numbers are
    `counts`, one in merged cells is refused; else it is told of each of their rows, as words are.
    """
    if tables := archive.tables(content):
        return {name: lines_of(decode(Upload(name, body))) for name, body in tables.items()}
    archive.check(content)
    refuse_unreckoned(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [each.name for each in book.sheets_metadata if each.visible == VISIBLE]
        wanted = [only] if only in shown else shown[:most]
        found = {name: _lines(book.get_sheet_by_name(name), counts=counts) for name in wanted}
    except MergedError as error:
        faults = [_fault(cell, "merged", "Merged cells hold a number.") for cell in error.cells]
        detail = "Whose a number in merged cells is, nobody can tell; divide them."
        raise Problem(422, "workbook-cells", detail, errors=faults) from None
    except (CalamineError, ValueError, OSError):
        raise archive.unreadable("The workbook cannot be opened.") from None
    if not found:
        raise archive.unreadable("The workbook cannot be opened.")
    return found


def shown(content: bytes) -> list[str]:
    """Return the names of the sheets that are shown, in their order; an archive's are its files."""
    if tables := archive.tables(content):
        return list(tables)
    return [each.name for each in _metadata(content) if each.visible == VISIBLE]


def names(content: bytes) -> list[str]:
    """Return the names of all sheets, hidden ones too, in their order."""
    return [each.name for each in _metadata(content)]


def hidden(content: bytes) -> list[str]:
    """Return the names of the sheets that are not shown, in their order."""
    return [each.name for each in _metadata(content) if each.visible != VISIBLE]


def _metadata(content: bytes) -> list[SheetMetadata]:
    archive.check(content)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content)).sheets_metadata
    except (CalamineError, ValueError, OSError):
        raise archive.unreadable("The workbook cannot be opened.") from None


def refuse_unreckoned(content: bytes) -> None:
    """
    Raise 422 for formulas that were written by a program and never reckoned, or went wrong.

    Either reads as an empty cell; `#N/A` is one, by which sheets say that there is no value.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        faults = [
            _fault(cell, "formula", "A formula without its value, or whose value is an error.")
            for name in parts.namelist()
            if name.startswith("xl/worksheets/")
            for cell in _unreckoned(parts.read(name))
        ]
    if faults:
        detail = "Some formulas have no value; open the workbook, mend them, and send it again."
        raise Problem(422, "workbook-cells", detail, errors=faults[:MOST_FAULTS])


def _unreckoned(text: bytes) -> Iterator[str]:
    if b"<f" not in text and ERROR not in text:
        return
    # Divided at the beginnings, each byte is read once, however the cells end.
    for piece in CELL.split(text)[1:]:
        attributes, _, rest = piece.partition(b">")
        inside = b"" if attributes.endswith(b"/") else rest.partition(b"</c>")[0]
        # A formula whose value is an empty text is kept as a text.
        empty = b"<f" in inside and not VALUE.search(inside) and b't="str"' not in attributes
        if empty or (ERROR in attributes and NO_VALUE not in inside):
            found = REFERENCE.search(attributes)
            yield found[1].decode() if found else "?"


def _fault(cell: str, code: str, detail: str) -> Fault:
    return Fault(pointer=f"cell/{cell}", code=code, detail=detail)


class MergedError(Exception):
    """Cells are merged below the header, and hold a number that is of none of them."""

    def __init__(self, cells: list[str]) -> None:
        super().__init__(", ".join(cells))
        self.cells = cells


def divide_merged(
    rows: list[list[object]],
    ranges: Sequence[Range],
    start: tuple[int, int] = (0, 0),
    *,
    counts: bool = True,
) -> None:
    """
    Let what merged cells say be said in each of their rows; `sheets` tells what `counts` are.

    Among counts nothing goes on from the first row, which is the header, and a number is refused.
    """
    wrong = []
    for (first, left), (last, _) in ranges:
        at, column = first - start[0], left - start[1]
        if at < counts or column < 0 or at >= len(rows) or column >= len(rows[at]):
            continue
        value = rows[at][column]
        if counts and isinstance(value, int | float) and not isinstance(value, bool):
            wrong.append(f"row {first + 1}")
        for row in rows[at + 1 : last - start[0] + 1]:
            row[column] = value
    if wrong:
        raise MergedError(wrong[:MOST_FAULTS])


def _lines(sheet: CalamineSheet, *, counts: bool) -> list[Line]:
    start = sheet.start or (0, 0)
    begun = start[0] + 1
    rows: list[list[object]] = [list(row) for row in sheet.to_python(skip_empty_area=True)]
    divide_merged(rows, sheet.merged_cell_ranges or (), start, counts=counts)
    # A column that is only formatted is none.
    used = [at for at, column in enumerate(zip(*rows, strict=True)) if any(map(_text, column))]
    return [
        (number, [_text(cells[at]) for at in used])
        for number, cells in enumerate(rows, begun)
        if any(map(_text, cells))
    ]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        # A workbook has no whole numbers: a phone is kept as one with a point.
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return str(cell)
