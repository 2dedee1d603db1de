"""
Workbooks that go out: one sheet of text, packed as it is written.

It is written here and by no library: those that need little memory lay the rows in temporary
files, and what is sealed in the database would lie beside it in the clear.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
AS_IT_IS = re.compile("[^&<>_\x00-\x08\x0b-\x1f\ufffe\uffff]*")
"""Text that needs nothing done to it for XML."""
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
        '<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
"""What any workbook of one sheet consists of, besides its rows."""
MEDIA_TYPE = f"{KIND}officedocument.spreadsheetml.sheet"


class Workbook:
    """A sheet whose cells are all typed as text; each call returns the bytes that come next."""

    def __init__(self, sheet: str, description: str = "", *, right_to_left: bool = False) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        for name, content in FRAME.items():
            self._archive.writestr(name, XML + content.replace("{name}", _escaped(sheet)))
        self._archive.writestr("docProps/core.xml", XML + _properties(description))
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        direction = ' rightToLeft="1"' if right_to_left else ""
        view = f'<sheetViews><sheetView{direction} workbookViewId="0"/></sheetViews>'
        self._write(f'{XML}<worksheet xmlns="{MAIN}">{view}<sheetData>')

    def rows(self, rows: Iterable[Iterable[str]]) -> bytes:
        self._write("".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows))
        return self._sink.taken()

    def end(self) -> bytes:
        self._write("</sheetData></worksheet>")
        self._sheet.close()
        self._archive.close()
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


def _properties(description: str) -> str:
    return (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:description>{_escaped(description)}</dc:description></cp:coreProperties>"
    )


def _cell(text: str) -> str:
    if not text:
        return "<c/>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'


def _escaped(text: str) -> str:
    """Return text for XML; characters that it has no place for are written as spreadsheets do."""
    if AS_IT_IS.fullmatch(text):
        return text
    text = LOOKS_ESCAPED.sub("_x005F_", text)
    return escape(UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text))
