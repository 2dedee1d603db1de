"""Whether a file is a workbook that may be opened at all, decided before anything unpacks it."""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Collection, Sequence

from chassis.problems import Problem

MOST_ENTRY = 20 * 1024 * 1024
MOST_TOTAL = 50 * 1024 * 1024
MOST_ENTRIES = 200
MOST_RATIO = 100
"""A published round unpacks to 8 times its size; a bomb to a thousand times."""
SMALL = 100 * 1024
"""Below this an entry may be all zeros without doing harm."""
MOST_CELLS = 5_000_000
"""From its first to its last cell a sheet is laid out whole, the empty ones too: 160 MB at most."""
NEEDED = ("[Content_Types].xml", "xl/workbook.xml")
OTHER_KINDS = ("xl/workbook.bin", "content.xml")
"""A reader may take a file with these for one of another kind, whose cells nobody has counted."""
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(NotImplementedError, EOFError, OSError, ValueError),
)
"""How an archive fails that is cut off, changed on the way, or packed in a way unknown here."""
TABLE = ".csv"
ENCRYPTED = 0x1
CELLS, CELLS_IN_UTF_16 = b"sheetData", "sheetData".encode("utf-16-le")
"""What no cell is read without."""
PLACED = re.compile(rb"<(?:\w+:)?(?:c|row)(?=[\s/>])")
WELL_PLACED = re.compile(
    rb"<(?:\w+:)?(?:c|row)(?:\s+(?:r\s*=\s*(?:\"(?:[A-Za-z]{1,3})?[1-9][0-9]{0,6}\""
    rb"|'(?:[A-Za-z]{1,3})?[1-9][0-9]{0,6}')"
    rb"|(?!r\s*=)[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')))*\s*/?>"
)
"""A cell or a row that says nowhere, or as spreadsheets do, where it is."""
CELL_START = re.compile(rb"<(?:\w+:)?c[\s/>]")
ROW_START = re.compile(rb"<(?:\w+:)?row[\s/>]")
ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\b[^<>]*?\br\s*=\s*[\"']0*([0-9]{1,9})")
REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,7})([0-9]{1,9})[\"']")
CLOSED = re.compile(rb"(?:\s+[\w:]+\s*=\s*\"[^\"<>]*\")*\s*/>")
"""The rest of a cell in which nothing is: whole rows are formatted that way."""


def check(content: bytes) -> None:
    """Raise the problem of a file that is no workbook, or is made to exhaust its reader."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_sizes(entries)
            _check_names(entries)
            _check_xml(archive, entries)
    except BROKEN:
        raise unreadable("The file is not a workbook in XLSX.") from None


def tables(content: bytes) -> dict[str, bytes]:
    """
    Return the CSV files of an archive by their names, without the ending; none of a workbook's.

    The shortest name is the first: ODK Central calls a group's file as the form's, and more.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if any(entry.filename in (*NEEDED, *OTHER_KINDS) for entry in entries):
                return {}
            found = [each for each in entries if each.filename.lower().endswith(TABLE)]
            _check_sizes(found)
            _check_paths(found)
            names = sorted(found, key=lambda each: (len(each.filename), each.filename))
            return {each.filename[: -len(TABLE)]: _whole(archive, each) for each in names}
    except BROKEN:
        return {}


def unreadable(detail: str) -> Problem:
    return Problem(422, "workbook-unreadable", detail)


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    too_large = (
        len(entries) > MOST_ENTRIES
        or sum(entry.file_size for entry in entries) > MOST_TOTAL
        or any(
            entry.file_size > MOST_ENTRY
            or (
                entry.file_size > SMALL
                and entry.file_size > MOST_RATIO * max(entry.compress_size, 1)
            )
            for entry in entries
        )
    )
    if too_large:
        raise Problem(413, "body-too-large", "The workbook unpacks to more than is read here.")


def _check_paths(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if any(name.startswith(("/", "\\")) or ".." in name.split("/") for name in names):
        raise unreadable("The workbook names files outside itself.")
    if len(set(names)) != len(names) or any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise unreadable("The workbook is encrypted, or holds a part twice.")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    _check_paths(entries)
    names = [entry.filename for entry in entries]
    if missing := [name for name in NEEDED if name not in names]:
        raise unreadable(f"The file is not a workbook in XLSX: it lacks {', '.join(missing)}.")
    if any(name in names for name in OTHER_KINDS):
        raise unreadable("The file is not a workbook in XLSX alone; save it as one.")


def _check_xml(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    # A sheet is where the workbook says it is, whatever the name there ends in.
    for entry in entries:
        text = _whole(archive, entry)
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"D\0O\0C\0T\0Y\0P\0E" in text:
            raise unreadable("The workbook declares entities, which no spreadsheet does.")
        if CELLS_IN_UTF_16 in text:
            raise unreadable("The workbook is not written in UTF-8.")
        if CELLS not in text:
            continue
        if len(PLACED.findall(text)) > len(WELL_PLACED.findall(text)):
            # The reader would reckon with such a place, and might end the process for want of room.
            raise unreadable("A cell of the workbook lies where no spreadsheet has one.")
        if area(text) > MOST_CELLS:
            detail = (
                "The cells of a sheet lie too far apart to be read: one far below or beside the "
                "others holds something. Delete what is outside of the table."
            )
            raise Problem(413, "body-too-large", detail)


def _whole(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as part:
        # Declared sizes may lie, so no more than was declared is ever read.
        content = part.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise unreadable("The workbook is broken.")
    return content


def area(text: bytes) -> int:
    """Return how many cells there are from a sheet's first to its last one, the empty ones too."""
    told = REFERENCE.findall(text)
    wide, high = _corner(told)
    if wide * high > MOST_CELLS:
        # Formatted rows and columns reach far, and where nothing is in them nothing is laid out.
        wide, high = _corner(
            [
                each.groups()
                for each in REFERENCE.finditer(text)
                if not CLOSED.match(text, each.end())
            ]
        )
    if len(told) < len(CELL_START.findall(text)):
        # A cell that does not say where it is stands beside the one before it.
        rows = ROW_START.split(text)
        numbers = [int(found[1]) for found in ROW_NUMBER.finditer(text)]
        wide = max(wide, *(len(CELL_START.findall(row)) for row in rows))
        high = max(high, len(rows), *numbers)
    return wide * high


def _corner(cells: Collection[Sequence[bytes]]) -> tuple[int, int]:
    """Return the farthest column and row of cells, each as its letters and its number."""
    letters, numbers = {each for each, _ in cells}, {each for _, each in cells}
    return max(map(_column, letters), default=0), max(map(int, numbers), default=0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
