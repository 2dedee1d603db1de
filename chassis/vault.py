"""
The keys that live outside the database: those that wrap its keys, and the one that hashes.

A file for each service, which only its owner can read; a key service can stand in for it.
"""

import base64
import hashlib
import hmac
import json
import os
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.sealing import NONCE_BYTES, DataKey, new_secret

OWNER_ONLY = 0o600
KEPT_SECONDS = 15.0
"""So long a process may still read with a key that another one has destroyed."""
MOST_KEPT = 10_000


class VaultError(Exception):
    """The keys are not there, or not the ones; the text is a sentence for whoever starts us."""


class KeysAwayError(VaultError):
    """The keys are at a key service that cannot be asked just now: try again."""


Wrapped = tuple[bytes, int, str]
"""A wrapped key, the version that it is wrapped under, and its context."""


class KeyWrapper(Protocol):
    """What wraps the keys that the database keeps: a file here, or a key service."""

    @property
    def hashing_key(self) -> bytes:
        """The key of all blind indexes and keyed hashes; it stays the same for ever."""

    async def wrap(self, key: bytes, context: str) -> tuple[int, bytes]:
        """Wrap a key for this context under the newest version; return that too."""

    async def unwrap(self, wrapped: bytes, version: int, context: str) -> bytes:
        """Return the key; VaultError when it was not wrapped here, or for another context."""

    async def wrap_all(self, keys: Sequence[tuple[bytes, str]]) -> list[tuple[int, bytes]]:
        """Do the same with several keys and their contexts, in one go where that is faster."""

    async def unwrap_all(self, wrapped: Sequence[Wrapped]) -> list[bytes]:
        """Return several keys, in one go where that is faster."""

    async def missing(self) -> str | None:
        """Return why keys cannot be unwrapped just now, in a word for operators, or None."""

    async def close(self) -> None:
        """Let go of what it holds; it is used no more."""


class OneByOne:
    """For a wrapper that is as fast with each key alone, and holds nothing."""

    async def wrap(self, key: bytes, context: str) -> tuple[int, bytes]:
        raise NotImplementedError

    async def unwrap(self, wrapped: bytes, version: int, context: str) -> bytes:
        raise NotImplementedError

    async def wrap_all(self, keys: Sequence[tuple[bytes, str]]) -> list[tuple[int, bytes]]:
        return [await self.wrap(*each) for each in keys]

    async def unwrap_all(self, wrapped: Sequence[Wrapped]) -> list[bytes]:
        return [await self.unwrap(*each) for each in wrapped]

    async def missing(self) -> str | None:
        return None

    async def close(self) -> None:
        pass


class HashesOnly(OneByOne):
    """For a process that makes keys, and leaves it to another one to wrap and keep them."""

    def __init__(self, hashing_key: bytes) -> None:
        self.hashing_key = hashing_key


class KeyFile(OneByOne):
    """
    Wrapping keys by version, and the hashing key, in a file beside no database.

    Another process may write it anew in the middle (`masar keys rotate`), so it is looked at
    before each key is wrapped. Versions that are gone from the file stay in memory: a row that
    was read a moment ago may still need them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = 0
        self.versions: set[int] = set()
        self.hashing_key = b""
        self._ciphers: dict[int, AESGCM] = {}
        self._seen: tuple[int, int] | None = None
        self.look()

    def look(self) -> None:
        """Read the file if it has changed; VaultError when it is gone or cannot be read."""
        try:
            state = self.path.stat()
            if self._seen == (state.st_ino, state.st_mtime_ns):
                return
            content = json.loads(self.path.read_text())
            wrapping = {
                int(version): AESGCM(base64.b64decode(key))
                for version, key in content["wrapping"].items()
            }
            self.hashing_key = base64.b64decode(content["hashing"])
            self.version, self.versions = max(wrapping), set(wrapping)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise VaultError(f"The key file {self.path} cannot be read.") from error
        self._ciphers |= wrapping
        self._seen = (state.st_ino, state.st_mtime_ns)

    async def begin_rotation(self) -> None:
        """Make the next version, unless a rotation that was cut off has made one already."""
        if len(self.versions) == 1:
            self.add_version()

    async def rewrap(self, wrapped: Sequence[Wrapped]) -> list[tuple[int, bytes]]:
        """Wrap under the newest version what is wrapped under an older one."""
        opened = await self.unwrap_all(wrapped)
        return await self.wrap_all(
            [(key, context) for key, (_, _, context) in zip(opened, wrapped, strict=True)]
        )

    def add_version(self) -> None:
        """Put a new version into the file; from now on keys are wrapped under it."""
        content = json.loads(self.path.read_text())
        content["wrapping"][str(self.version + 1)] = _text(new_secret())
        self._replace(content)

    async def retire(self) -> None:
        """Take all versions but the newest out of the file."""
        content = json.loads(self.path.read_text())
        newest = str(self.version)
        self._replace(content | {"wrapping": {newest: content["wrapping"][newest]}})

    def _replace(self, content: dict[str, Any]) -> None:
        write_over(self.path, content)
        self.look()

    async def wrap_all(self, keys: Sequence[tuple[bytes, str]]) -> list[tuple[int, bytes]]:
        # Many at once are under one version: looking takes about as long as wrapping one.
        self.look()
        return [self._wrap(*each) for each in keys]

    async def wrap(self, key: bytes, context: str) -> tuple[int, bytes]:
        self.look()
        return self._wrap(key, context)

    def _wrap(self, key: bytes, context: str) -> tuple[int, bytes]:
        nonce = os.urandom(NONCE_BYTES)
        wrapped = self._ciphers[self.version].encrypt(nonce, key, context.encode())
        return self.version, nonce + wrapped

    async def unwrap(self, wrapped: bytes, version: int, context: str) -> bytes:
        if version not in self._ciphers:
            self.look()
        try:
            cipher = self._ciphers[version]
            return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context.encode())
        except (KeyError, InvalidTag, ValueError) as error:
            raise VaultError(
                f"The keys in {self.path} are not those that this database was sealed with; "
                "put back the key file that belongs to it."
            ) from error


def key_file(path: Path, *, may_make: bool) -> KeyFile:
    """
    Return the key file, made if it may be; of several processes that start, one makes it.

    VaultError when it is missing and may not be made: a new key would open nothing.
    """
    if not path.exists():
        if not may_make:
            raise VaultError(
                f"The key file {path} is missing, and the database holds records sealed with it; "
                "put it back from its backup: a new one would open nothing."
            )
        write_once(path, {"wrapping": {"1": _text(new_secret())}, "hashing": _text(new_secret())})
    return KeyFile(path)


def write_once(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file for its owner, at once and durably; of several processes one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, content)
    try:
        # A link fails if another process was first, and then its keys are used.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _to_disk(path.parent)


def write_over(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file anew, at once and durably."""
    _draft(path, content).rename(path)
    _to_disk(path.parent)


def set_aside(path: Path) -> None:
    """Give a key file that opens nothing any more another name, for somebody to destroy it."""
    path.rename(path.with_suffix(".moved"))
    _to_disk(path.parent)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _draft(path: Path, content: Mapping[str, Any]) -> Path:
    draft = path.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@lru_cache(maxsize=1)
def _begun(key: bytes) -> hmac.HMAC:
    """Return a hash that has taken in its key alone, which takes longer than a short text."""
    return hmac.new(key, digestmod=hashlib.sha256)


class Vault:
    """A service's keys in use: the wrapper, the service's own key, and those read just now."""

    def __init__(self, wrapper: KeyWrapper, service_key: DataKey) -> None:
        self.wrapper = wrapper
        self.service_key = service_key
        self._kept: OrderedDict[str, tuple[float, DataKey]] = OrderedDict()

    def blind_index(self, purpose: str, text: str) -> bytes:
        """Return what finds an equal text again, and says nothing without the key."""
        return self._mac("index", purpose, text)

    def keyed_hash(self, purpose: str, text: str) -> str:
        """Return a name for the text that means nothing without the key: 64 hex digits."""
        return self._mac("hash", purpose, text).hex()

    def _mac(self, kind: str, purpose: str, text: str) -> bytes:
        mac = _begun(self.wrapper.hashing_key).copy()
        mac.update(f"{kind}\0{purpose}\0{text}".encode())
        return mac.digest()

    def kept(self, subjects: Iterable[str]) -> dict[str, DataKey]:
        """Return those keys that were read within KEPT_SECONDS."""
        oldest = time.monotonic() - KEPT_SECONDS
        found = {}
        for subject in subjects:
            read_at, key = self._kept.get(subject, (0.0, None))
            if key and read_at > oldest:
                found[subject] = key
        return found

    def keep(self, keys: Iterable[DataKey]) -> None:
        now = time.monotonic()
        for key in keys:
            self._kept[key.subject] = (now, key)
            self._kept.move_to_end(key.subject)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def drop(self, subject: str) -> None:
        self._kept.pop(subject, None)
