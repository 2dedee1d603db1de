"""The key that signs tokens, made for this installation, and the tokens it signs."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.auth import ALGORITHM, KeySource
from chassis.caller import grants_claim
from chassis.clock import new_id
from gateway.identity.models import Client
from gateway.routes import SERVICES

LIFETIME_SECONDS = 600
AUDIENCES = ("gateway", *SERVICES)
OWNER_ONLY = 0o600


class Signer:
    """Signs tokens with the installation's own ES256 key, and shows the public half."""

    def __init__(self, home: Path, issuer: str) -> None:
        self._key = _key(home / "keys" / "signing.json")
        self._issuer = issuer

    def sign(self, client: Client, audience: Sequence[str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": client.client_id,
            "aud": list(audience),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": str(new_id()),
            "organisation": client.organisation,
            "grants": grants_claim(client.roles, client.places),
            "sid": client.client_id,
            "amr": ["secret"],
            "auth_time": now,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid}, claims, self._key)

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet([self._key]).as_dict(private=False))

    def source(self) -> KeySource:
        """Return the public keys for verifiers in this process."""

        async def fetch() -> dict[str, Any]:
            return self.jwks()

        return KeySource(fetch)


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
