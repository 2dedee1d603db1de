"""Tables that come as workbooks in XLSX: the sheets that are shown, their cells as they read."""

import io
from datetime import date, datetime, time

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from chassis import archive
from chassis.uploads import Line

ZIP = b"PK\x03\x04"
VISIBLE = SheetVisibleEnum.Visible
MOST_SHEETS = 50


def is_workbook(content: bytes) -> bool:
    return content.startswith(ZIP)


def lines(content: bytes) -> list[Line]:
    """Return the rows of the first sheet that is shown, by the number that the sheet gives them."""
    return next(iter(sheets(content, most=1).values()))


def sheets(content: bytes, most: int = MOST_SHEETS) -> dict[str, list[Line]]:
    """Return the rows of each sheet that is shown, by its name, the first of them first."""
    archive.check(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        shown = [each.name for each in book.sheets_metadata if each.visible == VISIBLE]
        found = {name: _lines(book.get_sheet_by_name(name)) for name in shown[:most]}
    except (CalamineError, ValueError, OSError):
        raise archive.unreadable("The workbook cannot be opened.") from None
    if not found:
        raise archive.unreadable("The workbook cannot be opened.")
    return found


def _lines(sheet: CalamineSheet) -> list[Line]:
    begun = (sheet.start or (0, 0))[0] + 1
    rows = sheet.to_python(skip_empty_area=True)
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
