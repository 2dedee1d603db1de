"""The key that signs tokens, made for this installation, and the tokens it signs."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.auth import ALGORITHM
from chassis.clock import new_id
from gateway.routes import SERVICES

LIFETIME_SECONDS = 600
AUDIENCES = ("gateway", *SERVICES)
OWNER_ONLY = 0o600


class Signer:
    """Signs tokens with the installation's own ES256 key, and shows the public half."""

    def __init__(self, home: Path, issuer: str) -> None:
        self._key = _key(home / "keys" / "signing.json")
        self._issuer = issuer

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token of these claims that begins now and ends after LIFETIME_SECONDS."""
        now = time.time()
        whole = {
            "iss": self._issuer,
            # To the millisecond, so that a token made after a revocation is told from one before.
            "iat": int(now * 1000) / 1000,
            "nbf": int(now),
            "exp": int(now) + LIFETIME_SECONDS,
            "jti": str(new_id()),
            **claims,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, whole, self._key)

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet([self._key]).as_dict(private=False))


def _key(path: Path) -> ECKey:
    """Read the key, or make it; of several processes that start at once, one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        key = ECKey.generate_key("P-256", {"kid": str(new_id()), "use": "sig", "alg": ALGORITHM})
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY), "w") as f:
            json.dump(key.as_dict(private=True), f)
            f.flush()
            os.fsync(f.fileno())
        try:
            # A link fails if the other process was first, and then its key is used.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return ECKey.import_key(json.loads(path.read_text()))
