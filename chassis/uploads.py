"""Files that come in: read with limits, decoded strictly, tables checked before any row is used."""

import codecs
import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from chassis.problems import Fault, Problem

MOST_FILES = 20
CHARSETS = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1256": "cp1256",
    "iso-8859-6": "iso-8859-6",
    "windows-1252": "cp1252",
}
"""How files of the region are written, as MIME names it and as Python does."""
SEPARATORS = ",;\t"
"""What stands between cells: spreadsheets write a semicolon where the comma is for decimals."""
BYTE_ORDER_MARK = "\ufeff"
"""By it spreadsheets know UTF-8."""
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
    charset: str | None = None
    """In what its text is written, if that was told."""


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
    files = [
        Upload(part.filename or "file", await part.read(), _charset(part.content_type))
        for part in parts
    ]
    await form.close()
    if not files:
        raise Problem(422, "file-missing", "The request has no file; send it as the part `file`.")
    return files


def _charset(content_type: str | None) -> str | None:
    header = Message()
    header["Content-Type"] = content_type or ""
    return header.get_content_charset()


def decode(upload: Upload) -> str:
    """
    Return the text of a file: UTF-8, UTF-16 by its byte order mark, or what its part names.

    A spreadsheet on Windows writes Arabic in windows-1256, in which any bytes are some letters, so
    it is never guessed: `Content-Type: text/csv; charset=windows-1256` of the part says it.
    """
    charset = upload.charset or "utf-8"
    if upload.content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"
    if charset not in CHARSETS:
        detail = f"The charset of the part is one of: {', '.join(CHARSETS)}."
        raise Problem(422, "wrong-encoding", detail)
    try:
        text = upload.content.decode(CHARSETS[charset])
    except UnicodeDecodeError as error:
        line = upload.content[: error.start].count(b"\n") + 1
        fault = Fault(pointer=f"line/{line}", code="encoding", detail=f"Not {charset} from here.")
        detail = f"The file is not {charset}; save it as 'CSV UTF-8', or name its charset."
        raise Problem(422, "wrong-encoding", detail, errors=[fault]) from None
    if "\0" in text:
        raise Problem(422, "wrong-encoding", "The file holds NUL bytes; it is not a text file.")
    return text


@dataclass(frozen=True)
class Row:
    """A line of a table: `line` as an editor counts, cells by column, absent ones empty."""

    line: int
    cells: dict[str, str]


Line = tuple[int, list[str]]


def read_table(text: str, required: Collection[str], optional: Collection[str] = ()) -> list[Row]:
    """Read CSV with a header row into rows, as `rows_of` does."""
    return rows_of(lines_of(text), required, optional)


def lines_of(text: str) -> list[Line]:
    """Return the lines of CSV by number, whatever they hold, the header first."""
    return list(each_line(text.encode()))


def rows_of(
    lines: Iterable[Line],
    required: Collection[str],
    optional: Collection[str] = (),
    *,
    others: bool = False,
) -> list[Row]:
    """
    Return the rows below a header, and below the tags of HXL if there are any.

    The whole table is refused when a required column is missing, one is there twice, or a row has
    more cells than the header; and when an unknown column is there, unless `others` may be.
    """
    return list(each_row(lines, required, optional, others=others))


def each_line(content: bytes) -> Iterator[Line]:
    """Go through the lines of CSV in UTF-8, of which only one is in memory besides the content."""
    header = content.partition(b"\n")[0].decode()
    # Names of columns hold none of them, so what the header has most of is what separates.
    separator = max(SEPARATORS, key=header.count)
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    begun = 1
    try:
        for cells in reader:
            yield begun, cells
            begun = reader.line_num + 1
    except csv.Error:
        where = f"line/{reader.line_num}"
        fault = Fault(
            pointer=where, code="csv", detail="A quote stands alone, or a cell is too long."
        )
        detail = "The file is not a CSV table."
        raise Problem(422, "table-unreadable", detail, errors=[fault]) from None


def each_row(
    lines: Iterable[Line],
    required: Collection[str],
    optional: Collection[str] = (),
    *,
    others: bool = False,
) -> Iterator[Row]:
    """Go through the rows as `rows_of` returns them; at the end a table may be refused yet."""
    left = iter(lines)
    first = next(left, None)
    if first is None:
        raise Problem(422, "table-unreadable", "The file is empty.")
    header = [name.strip() for name in first[1]]
    _check_header(header, required, optional, others=others)
    faults = []
    for number, (line, cells) in enumerate(left):
        if len(cells) > len(header):
            fault = {"code": "too_many_cells", "detail": "More cells than columns."}
            faults.append(Fault(pointer=f"line/{line}", **fault))
        elif any(cell.strip() for cell in cells) and not (number == 0 and are_tags(cells)):
            absent = [""] * (len(header) - len(cells))
            yield Row(line, dict(zip(header, cells + absent, strict=True)))
    if faults:
        raise Problem(422, "table-unreadable", "Some rows do not fit the header.", errors=faults)


def are_tags(cells: Sequence[str]) -> bool:
    """Say whether a line is that of HXL, which stands below the header: each cell is a tag."""
    return all(cell.strip().startswith("#") for cell in cells if cell.strip())


def _check_header(
    header: list[str], required: Collection[str], optional: Collection[str], *, others: bool
) -> None:
    faults = [
        Fault(pointer="line/1", code="column_missing", detail=f"The column {name} is missing.")
        for name in required
        if name not in header
    ]
    if not others and set(header) - set(required) - set(optional):
        known = ", ".join([*required, *optional])
        detail = f"A column is not known. Known: {known}."
        faults.append(Fault(pointer="line/1", code="column_unknown", detail=detail))
    named = [name for name in header if name or not others]
    if len(set(named)) != len(named):
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
