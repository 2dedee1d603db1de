"""Passwords: slow to try, checked beside the event loop, a few at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Each takes 64 MiB and most of a core for as long as it runs."""


class Passwords:
    """Hashes and checks with argon2id; an account that is not there costs the same time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def match(self, hashed: str | None, password: str) -> bool:
        """Say whether it is the password; never, but as slowly, when there is none."""
        if self._nobody is None:
            self._nobody = await self.hash("nobody's password")
        async with self._turn:
            return await asyncio.to_thread(self._matches, hashed, password)

    def _matches(self, hashed: str | None, password: str) -> bool:
        try:
            self._hasher.verify(hashed or self._nobody or "", password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None
