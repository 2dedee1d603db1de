"""Whether a file is a workbook that may be opened at all, decided before anything unpacks it."""

import io
import zipfile

from chassis.problems import Problem

MOST_ENTRY = 20 * 1024 * 1024
MOST_TOTAL = 50 * 1024 * 1024
MOST_ENTRIES = 200
MOST_RATIO = 100
"""A published round unpacks to 8 times its size; a bomb to a thousand times."""
SMALL = 100 * 1024
"""Below this an entry may be all zeros without doing harm."""
NEEDED = ("[Content_Types].xml", "xl/workbook.xml")
ENCRYPTED = 0x1


def check(content: bytes) -> None:
    """Raise the problem of a file that is no workbook, or is made to exhaust its reader."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_sizes(entries)
            _check_names(entries)
            _check_xml(archive, entries)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError):
        raise unreadable("The file is not a workbook in XLSX.") from None


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


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if any(name.startswith(("/", "\\")) or ".." in name.split("/") for name in names):
        raise unreadable("The workbook names files outside itself.")
    if len(set(names)) != len(names) or any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise unreadable("The workbook is encrypted, or holds a part twice.")
    if missing := [name for name in NEEDED if name not in names]:
        raise unreadable(f"The file is not a workbook in XLSX: it lacks {', '.join(missing)}.")


def _check_xml(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                # Declared sizes may lie, so no more than was declared is ever read.
                text = part.read(entry.file_size + 1)
            if len(text) != entry.file_size:
                raise unreadable("The workbook is broken.")
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"D\0O\0C\0T\0Y\0P\0E" in text:
                raise unreadable("The workbook declares entities, which no spreadsheet does.")
