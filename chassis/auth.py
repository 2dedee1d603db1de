"""Who is calling: every service proves the token itself, and trusts no header that names them."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.caller import Caller, claimed
from chassis.issuer import KeySource
from chassis.policy import PUBLIC, policy
from chassis.problems import Problem

ALGORITHM = "ES256"
LEEWAY = 5
REMEMBERED = 4096
MOST_TOKEN = 12 * 1024


@dataclass(frozen=True)
class Trusted:
    """
    An issuer whose tokens are believed: by which keys and algorithms, meant for whom, read how.

    No algorithm here takes a secret, so a public key can never be used as one.
    """

    keys: KeySource
    issuer: str
    audience: str
    algorithms: tuple[str, ...] = (ALGORITHM,)
    read: Callable[[Mapping[str, Any]], Caller] = claimed

    def rules(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=None,
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )


class Verifier:
    """
    Turns a token into a caller, or refuses it; verified tokens are remembered until they end.

    The first issuer is this installation's own, whose list of ends counts for all callers.
    """

    def __init__(self, own: Trusted, *others: Trusted) -> None:
        self._revocations = own.keys.revocations
        self._trusted = {each.issuer: (each, each.rules()) for each in (*others, own)}
        self._known: dict[bytes, Caller] = {}

    async def verify(self, token: str) -> Caller:
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        caller = self._known.get(digest)
        if caller is None or caller.expires <= time.time():
            caller = await self._decode(token)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[digest] = caller
        if await self._revocations.refuses(caller):
            raise _unauthenticated()
        return caller

    async def _decode(self, token: str) -> Caller:
        if len(token) > MOST_TOKEN:
            raise _unauthenticated()
        try:
            kid, issuer = _says(token)
            trusted, rules = self._trusted[issuer]
            keys = await trusted.keys.get(kid)
            # A key set whose token names none of its keys would be tried with any of them.
            if not any(key.kid == kid for key in keys.keys):
                raise _unauthenticated()
            decoded = jwt.decode(token, keys, algorithms=list(trusted.algorithms))
            rules.validate(decoded.claims)
            caller = trusted.read(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise _unauthenticated() from None
        if caller.expires + LEEWAY <= time.time():
            raise _unauthenticated()
        return caller


def _says(token: str) -> tuple[str, str]:
    """Return which key and issuer a token names; nothing of it is believed yet."""
    from joserfc.jws import extract_compact  # noqa: PLC0415 - Only tokens not seen before need it.

    parts = extract_compact(token.encode("ascii"))
    kid, issuer = parts.headers()["kid"], json.loads(parts.payload)["iss"]
    if not isinstance(kid, str) or not isinstance(issuer, str):
        raise TypeError("the key or the issuer is not named")
    return kid, issuer


def _unauthenticated() -> Problem:
    # One answer for every reason: which check failed is nobody's business.
    return Problem(
        401,
        "unauthenticated",
        "Send a valid bearer token from POST /v1/token.",
        headers={"WWW-Authenticate": "Bearer"},
    )


class Authenticate:
    """Lets a request in only with a valid token, except on the paths that are open to all."""

    def __init__(
        self, app: ASGIApp, verifier: Verifier, public: Callable[[str, str], bool]
    ) -> None:
        self.app = app
        self.verifier = verifier
        self.public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self.public(scope["method"], scope["path"]):
            await self.app(scope, receive, send)
            return
        try:
            scope["caller"] = await self.verifier.verify(bearer(Headers(scope=scope)))
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)


def bearer(headers: Headers) -> str:
    sent = headers.getlist("authorization")
    if len(sent) != 1 or not sent[0].lower().startswith("bearer ") or not sent[0].isascii():
        raise _unauthenticated()
    return sent[0][7:].strip()


def public_operations(*services: str) -> Callable[[str, str], bool]:
    """Say which requests need no token: health, the description, what the policy calls public."""
    patterns = [
        re.compile(re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(name)))
        for service in services
        for name, operation in policy().operations.get(service, {}).items()
        if operation.open_to == PUBLIC
    ]

    def public(method: str, path: str) -> bool:
        if path.startswith("/health/") or path == "/openapi.json":
            return True
        return any(pattern.fullmatch(f"{method} {path}") for pattern in patterns)

    return public


def caller_of(request: Request) -> Caller:
    caller = request.scope.get("caller")
    if not isinstance(caller, Caller):
        raise _unauthenticated()
    return caller


# Dependencies that do not wait are async all the same: FastAPI sends others to a thread, which
# costs a request more than all of them do.
async def _caller_of(request: Request) -> Caller:
    return caller_of(request)


CallerDep = Annotated[Caller, Depends(_caller_of)]
