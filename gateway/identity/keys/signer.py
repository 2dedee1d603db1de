"""The keys that sign tokens, made for this installation and replaced in turn, and the tokens."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.auth import ALGORITHM, LEEWAY
from chassis.clock import new_id
from gateway.routes import SERVICES

LIFETIME_SECONDS = 600
AUDIENCES = ("gateway", *SERVICES)
OWNER_ONLY = 0o600
LOOK_SECONDS = 1.0
"""How soon a process sees that another one has made a new key."""


@dataclass(frozen=True)
class SigningKey:
    """A key, and the instant from which it signs; the next one's instant ends that."""

    key: ECKey
    signs_from: float


class Signer:
    """
    Signs tokens with the installation's own ES256 keys, and shows the public halves.

    A new key is shown before it signs, so that no verifier meets a token of a key it cannot find;
    an old one is shown until the last token that it signed has ended.
    """

    def __init__(self, home: Path, issuer: str) -> None:
        self._path = home / "keys" / "signing.json"
        self._issuer = issuer
        _make_first(self._path)
        self._ring = _read(self._path)
        self._looked = time.monotonic()

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token of these claims that begins now and ends after LIFETIME_SECONDS."""
        now = time.time()
        key = _signing(self._keys(), now).key
        whole = {
            "iss": self._issuer,
            # To the millisecond, so that a token made after a revocation is told from one before.
            "iat": int(now * 1000) / 1000,
            "nbf": int(now),
            "exp": int(now) + LIFETIME_SECONDS,
            "jti": str(new_id()),
            **claims,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, whole, key)

    def jwks(self) -> dict[str, Any]:
        shown = [each.key for each in _in_use(self._keys(), time.time())]
        return dict(KeySet(list(shown)).as_dict(private=False))

    def in_use(self) -> list[SigningKey]:
        """Return the keys in use: those that still prove tokens, the one that signs, the next."""
        return _in_use(self._keys(), time.time())

    def rotate(self, after_seconds: float) -> SigningKey:
        """Make the next key, which signs after so many seconds; those in use stay."""
        with _locked(self._path):
            now = time.time()
            new = SigningKey(_new_key(), now + after_seconds)
            ring = [*_in_use(_read(self._path), now), new]
            _write(self._path, ring)
        self._ring = ring
        return new

    def _keys(self) -> list[SigningKey]:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._ring = _read(self._path)
            self._looked = time.monotonic()
        return self._ring


def _signing(ring: list[SigningKey], now: float) -> SigningKey:
    return max((each for each in ring if each.signs_from <= now), key=lambda each: each.signs_from)


def _in_use(ring: list[SigningKey], now: float) -> list[SigningKey]:
    """Leave out the keys whose last token has ended."""
    last_signed = now - LIFETIME_SECONDS - 2 * LEEWAY - LOOK_SECONDS
    oldest = _signing(ring, max(last_signed, min(each.signs_from for each in ring)))
    return [each for each in ring if each.signs_from >= oldest.signs_from]


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": str(new_id()), "use": "sig", "alg": ALGORITHM})


def _read(path: Path) -> list[SigningKey]:
    """Read the ring; an installation that never replaced its key has the bare key there."""
    told = json.loads(path.read_text())
    ring = told.get("ring", [{"signs_from": 0.0, "key": told}])
    return [SigningKey(ECKey.import_key(each["key"]), each["signs_from"]) for each in ring]


def _write(path: Path, ring: list[SigningKey]) -> None:
    content = [
        {"signs_from": each.signs_from, "key": each.key.as_dict(private=True)} for each in ring
    ]
    draft = path.with_suffix(f".{os.getpid()}")
    _write_draft(draft, {"ring": content})
    draft.replace(path)


def _write_draft(draft: Path, content: Mapping[str, Any]) -> None:
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY), "w") as f:
        json.dump(content, f)
        f.flush()
        os.fsync(f.fileno())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time replace the file."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_first(path: Path) -> None:
    """Make the first key if there is none; of several processes that start, one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    draft = path.with_suffix(f".{os.getpid()}")
    _write_draft(draft, _new_key().as_dict(private=True))
    try:
        # A link fails if the other process was first, and then its key is used.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
