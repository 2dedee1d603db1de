"""
Who was erased, kept outside the database: a backup of the database cannot bring them back.

One line of JSON for each erasure, only ever added: when, which, and keyed hashes of what the
subject could be known by again. It says nothing to whoever does not have the key.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

OWNER_ONLY = 0o600


class LedgerError(Exception):
    """The ledger cannot be read; whoever starts us must put it right before anything is served."""


@dataclass(frozen=True)
class Entry:
    """One erasure; `marks` are the keyed hashes."""

    erasure_id: UUID
    erased_at: datetime
    marks: tuple[str, ...]


class Ledger:
    """A file beside no database."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Sequence[Entry]:
        """Return all entries; a last line that a crash cut off is no entry yet."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LedgerError(f"The ledger {self.path} cannot be read.") from error
        return [
            self._entry(number, line) for number, line in enumerate(lines[:-1], 1) if line.strip()
        ]

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            told = json.loads(line)
            return Entry(
                erasure_id=UUID(told["erasure"]),
                erased_at=datetime.fromisoformat(told["at"]),
                marks=tuple(map(str, told["marks"])),
            )
        except (ValueError, KeyError, TypeError) as error:
            detail = f"Line {number} of the ledger {self.path} is damaged; put back a whole copy."
            raise LedgerError(detail) from error

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries, and return when they are on the disk."""
        text = "".join(
            json.dumps(
                {
                    "at": entry.erased_at.isoformat(),
                    "erasure": str(entry.erasure_id),
                    "marks": list(entry.marks),
                }
            )
            + "\n"
            for entry in entries
        )
        if not text:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            _drop_cut_off_line(file.fileno())
            file.write(text.encode())
            os.fsync(file.fileno())
        _to_disk(self.path.parent)


def _drop_cut_off_line(handle: int) -> None:
    size = os.fstat(handle).st_size
    if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
        return
    # It is not longer than an entry; the erasure it began to tell of is told again.
    tail = os.pread(handle, min(size, 64 * 1024), max(0, size - 64 * 1024))
    os.ftruncate(handle, size - len(tail) + tail.rfind(b"\n") + 1)


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
