"""The issuer of tokens of this installation: what signs them, and what it shows to verifiers."""

from pathlib import Path
from typing import Any

from chassis.db import Database
from chassis.issuer import KeySource, Revocations
from gateway.identity.keys.signer import Signer
from gateway.identity.revocations import service as revocations

FOLLOW_SECONDS = 1.0
"""How soon another process of the gateway sees an end; the one that made it sees it at once."""


class Issuer:
    """One for each process of the gateway; in one process all services verify by it too."""

    def __init__(self, home: Path, name: str) -> None:
        self.signer = Signer(home, name)
        self.revocations = Revocations(self._ended, FOLLOW_SECONDS)
        self.keys = KeySource(self._jwks, self.revocations)
        self._database: Database | None = None
        self._known: dict[str, float] | None = None
        self._mark: int | None = None

    def open(self, database: Database) -> None:
        """Begin to read what was ended; until then nobody's token is let in."""
        self._database, self._known = database, None

    async def _ended(self) -> dict[str, float]:
        if self._database is None:
            raise LookupError("the gateway has not started yet")
        if self._known is None or not self._database.is_still(self._mark):
            # One whose time is over stays until then: its tokens are over as well.
            self._mark = self._database.mark()
            self._known = await revocations.ended(self._database)
        return self._known

    async def _jwks(self) -> dict[str, Any]:
        return self.signer.jwks()
