"""
A key, and what it does: values are sealed so that they open in their own place only.

    UnreadableError       what was sealed cannot be read; the answer shows it as erased
      DestroyedError      its key is gone, as after an erasure
      MisplacedError      it was changed, or moved from the place that it was sealed for
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
FORM = b"\x01"
"""The first byte of whatever is sealed: AES-256-GCM, a nonce of 12 bytes, then the rest."""
NONCE_BYTES = 12


class UnreadableError(Exception):
    """What was sealed cannot be read; the text names the place, and never a value."""


class DestroyedError(UnreadableError):
    pass


class MisplacedError(UnreadableError):
    pass


def new_secret() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


class DataKey:
    """
    The key of one subject, or of nobody any more.

    Table, column, row and subject are sealed with the value, so a copy of it elsewhere does not
    open. `row` is needed where a subject has several rows in a table.
    """

    __slots__ = ("_cipher", "_seals", "subject")

    def __init__(self, subject: str, secret: bytes | None, *, seals: bool = True) -> None:
        self.subject = subject
        self._cipher = AESGCM(secret) if secret else None
        self._seals = seals

    def seal(self, table: str, column: str, text: str, *, row: object = "") -> bytes:
        return self.seal_bytes(table, column, text.encode(), row=row)

    def open(self, table: str, column: str, sealed: bytes, *, row: object = "") -> str:
        """Return what was sealed; UnreadableError when its key is gone or it is not in place."""
        return self.open_bytes(table, column, sealed, row=row).decode()

    def seal_bytes(self, table: str, column: str, content: bytes, *, row: object = "") -> bytes:
        if self._cipher is None:
            raise DestroyedError(f"{table}.{column}")
        if not self._seals:
            # A key from memory may be destroyed already: what it sealed could never be read.
            raise RuntimeError("Ask for the keys with create=True before sealing.")
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = self._place(table, column, row)
        return FORM + nonce + self._cipher.encrypt(nonce, content, place)

    def open_bytes(self, table: str, column: str, sealed: bytes, *, row: object = "") -> bytes:
        if self._cipher is None:
            raise DestroyedError(f"{table}.{column}")
        nonce, content = sealed[1 : NONCE_BYTES + 1], sealed[NONCE_BYTES + 1 :]
        try:
            if sealed[:1] != FORM:
                raise MisplacedError(f"{table}.{column}")
            return self._cipher.decrypt(nonce, content, self._place(table, column, row))
        except (InvalidTag, ValueError) as error:
            raise MisplacedError(f"{table}.{column}") from error

    def _place(self, table: str, column: str, row: object) -> bytes:
        return "\0".join((table, column, str(row), self.subject)).encode()
