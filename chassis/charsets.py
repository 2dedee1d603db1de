"""How the letters of a file are written: what may be named, and what the bytes show themselves."""

import codecs

CHARSETS = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "windows-1256": "cp1256",
    "iso-8859-6": "iso-8859-6",
    "windows-1252": "cp1252",
}
"""How files of the region are written, as MIME names it and as Python does."""
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Marks that no other text begins with, in this order: that of UTF-32 begins as one of UTF-16."""
CLEARLY = 10
"""How many times more of the zeros have to stand on one side of the letters than on the other."""
OFTEN = 64
"""One zero among so many bytes is no accident."""


def shown_by(content: bytes) -> str | None:
    """Return in which Unicode a file is written, if its bytes show it by a mark or by zeros."""
    for mark, charset in MARKS.items():
        if content.startswith(mark):
            return charset
    # Programs that leave the mark out write at least separators and digits with a zero beside.
    before, after = content[0::2].count(0), content[1::2].count(0)
    if len(content) % 2 or OFTEN * (before + after) <= len(content):
        return None
    if after > CLEARLY * before:
        return "utf-16-le"
    return "utf-16-be" if before > CLEARLY * after else None
