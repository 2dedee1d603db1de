"""Files that come in: read with limits, decoded strictly, tables checked before any row is used."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from chassis.problems import Fault, Problem

MOST_FILES = 20
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

MULTIPART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""What an operation that reads files says of itself in OpenAPI."""


@dataclass(frozen=True)
class Upload:
    """One file of a request, whole in memory; the chassis has bounded its size."""

    name: str
    content: bytes


async def read_files(request: Request) -> list[Upload]:
    """Return the files of a multipart request, in order, whatever their fields are called."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Problem(415, "unsupported-media", "Send the file as multipart/form-data.")
    try:
        form = await request.form(max_files=MOST_FILES, max_fields=MOST_FILES)
    except (MultiPartException, ValueError, KeyError, UnicodeDecodeError):
        raise Problem(400, "malformed-body", "The multipart body could not be read.") from None
    parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    files = [Upload(part.filename or "file", await part.read()) for part in parts]
    await form.close()
    if not files:
        raise Problem(422, "file-missing", "The request has no file; send it as the part `file`.")
    return files


def decode(upload: Upload) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        text = upload.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = upload.content[: error.start].count(b"\n") + 1
        fault = Fault(pointer=f"line/{line}", code="encoding", detail="Not UTF-8 from here.")
        detail = "The file is not UTF-8; save it as 'CSV UTF-8'."
        raise Problem(422, "wrong-encoding", detail, errors=[fault]) from None
    if "\0" in text:
        raise Problem(422, "wrong-encoding", "The file holds NUL bytes; it is not a text file.")
    return text


@dataclass(frozen=True)
class Row:
    """A line of a table: `line` as an editor counts, cells by column, absent ones empty."""

    line: int
    cells: dict[str, str]


def read_table(text: str, required: Collection[str], optional: Collection[str] = ()) -> list[Row]:
    """
    Read CSV with a header row into rows.

    The whole table is refused when a required column is missing, an unknown one is there, one
    is there twice, or a row has more cells than the header.
    """
    try:
        lines = list(_lines(text))
    except csv.Error:
        raise Problem(422, "table-unreadable", "The file is not a CSV table.") from None
    if not lines:
        raise Problem(422, "table-unreadable", "The file is empty.")
    (_, header), *body = lines
    header = [name.strip() for name in header]
    _check_header(header, required, optional)
    faults = [
        Fault(pointer=f"line/{line}", code="too_many_cells", detail="More cells than columns.")
        for line, cells in body
        if len(cells) > len(header)
    ]
    if faults:
        raise Problem(422, "table-unreadable", "Some rows do not fit the header.", errors=faults)
    return [
        Row(line, dict.fromkeys(header, "") | dict(zip(header, cells, strict=False)))
        for line, cells in body
        if any(cell.strip() for cell in cells)
    ]


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begun = 1
    for cells in reader:
        yield begun, cells
        begun = reader.line_num + 1


def _check_header(header: list[str], required: Collection[str], optional: Collection[str]) -> None:
    faults = [
        Fault(pointer="line/1", code="column_missing", detail=f"The column {name} is missing.")
        for name in required
        if name not in header
    ]
    if set(header) - set(required) - set(optional):
        known = ", ".join([*required, *optional])
        detail = f"A column is not known. Known: {known}."
        faults.append(Fault(pointer="line/1", code="column_unknown", detail=detail))
    if len(set(header)) != len(header):
        faults.append(Fault(pointer="line/1", code="column_twice", detail="A column is twice."))
    if faults:
        raise Problem(422, "table-header", "The columns are not those expected.", errors=faults)


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet would run the cell instead of showing it."""
    return cell.startswith(FORMULA_STARTS)


def guarded(cell: str) -> str:
    """Return the cell with an apostrophe before it if a spreadsheet would run it, else as it is."""
    # What looks guarded already is guarded once more, or its own apostrophe would be taken off.
    return f"'{cell}" if is_formula(cell.lstrip("'")) else cell


def unguarded(cell: str) -> str:
    """Return the cell without the one apostrophe that `guarded` puts before such cells."""
    return cell[1:] if cell.startswith("'") and is_formula(cell.lstrip("'")) else cell
