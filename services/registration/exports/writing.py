"""
How rows become a file: CSV, a workbook, or JSON Lines, a part at a time.

A workbook is written here and by no library: those that need little memory lay the rows in
temporary files, and what is sealed in the database would lie beside it in the clear.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from typing import Any, Protocol
from xml.sax.saxutils import escape

from chassis.uploads import BYTE_ORDER_MARK, guarded
from services.registration.imports.rules import MARK

UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FRAME = {
    "[Content_Types].xml": (
        f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{KIND}package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}'
        'officedocument.spreadsheetml.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}'
        'officedocument.spreadsheetml.worksheet+xml"/>'
        f'<Override PartName="/docProps/core.xml" ContentType="{KIND}'
        'package.core-properties+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        f'<Relationship Id="rId2" Type="{PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="persons" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
"""What any workbook of one sheet consists of, besides its rows."""

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": f"{KIND}officedocument.spreadsheetml.sheet",
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
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class CsvWriter:
    """UTF-8 with a byte order mark, by which spreadsheets know it; no cell of it is a formula."""

    def __init__(self, columns: Sequence[str], mark: str) -> None:
        self._columns, self._mark = columns, mark

    def head(self) -> bytes:
        return BYTE_ORDER_MARK.encode() + self._lines([[*self._columns, MARK]])

    def rows(self, rows: Rows) -> bytes:
        return self._lines(
            [[guarded(text_of(each)) for each in (*row, self._mark)] for row in rows]
        )

    def tail(self) -> bytes:
        return b""

    def _lines(self, rows: Rows) -> bytes:
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
    """A workbook of one sheet, every cell of it typed as text; packed as it is written."""

    def __init__(self, columns: Sequence[str], mark: str, *, right_to_left: bool) -> None:
        self._columns, self._mark, self._right_to_left = columns, mark, right_to_left
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)

    def head(self) -> bytes:
        for name, content in FRAME.items():
            self._archive.writestr(name, XML + content)
        self._archive.writestr("docProps/core.xml", XML + self._properties())
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        direction = ' rightToLeft="1"' if self._right_to_left else ""
        view = f'<sheetViews><sheetView{direction} workbookViewId="0"/></sheetViews>'
        self._write(f'{XML}<worksheet xmlns="{MAIN}">{view}<sheetData>')
        return self._packed([[*self._columns, MARK]])

    def rows(self, rows: Rows) -> bytes:
        return self._packed([[*row, self._mark] for row in rows])

    def tail(self) -> bytes:
        self._write("</sheetData></worksheet>")
        self._sheet.close()
        self._archive.close()
        return self._sink.taken()

    def _properties(self) -> str:
        return (
            f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:description>{_escaped(self._mark)}</dc:description></cp:coreProperties>"
        )

    def _packed(self, rows: Rows) -> bytes:
        self._write("".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows))
        return self._sink.taken()

    def _write(self, text: str) -> None:
        self._sheet.write(text.encode())


class _Sink(io.RawIOBase):
    """Where an archive is written that is handed on at once: nobody goes back in it."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._written += content
        return len(content)

    def taken(self) -> bytes:
        found, self._written = bytes(self._written), bytearray()
        return found


def _cell(value: Any) -> str:
    text = text_of(value)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'


def _escaped(text: str) -> str:
    """Return text for XML; characters that it has no place for are written as spreadsheets do."""
    text = LOOKS_ESCAPED.sub("_x005F_", text)
    return escape(UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text))
