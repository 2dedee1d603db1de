"""Lets in whoever reads displacement by a key instead of a token, as IOM's own programs do."""

import time

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.problems import Problem
from gateway.identity.clients.service import hash_of
from gateway.identity.failures import Failure, Failures
from gateway.identity.issuer import Issuer
from gateway.identity.limits.attempts import WRONG_SECRETS, Attempts, peer
from gateway.identity.subscriptions import service
from gateway.identity.tokens.service import rights
from gateway.routes import DISPLACEMENT

HEADER = b"ocp-apim-subscription-key"
AUDIENCES = ["gateway", "tracking"]
MOST_KEY = 200
KNOWN_SECONDS = 30.0
"""So long a key is exchanged without asking the database; then its end is seen."""
MOST_KNOWN = 1000


class Subscribed:
    """
    Exchanges the key of a request for a token, by which everything further in is decided.

    The key goes no further than here: a service sees the token of the client, whose addresses,
    bounds and end count as with any other token. It is of use on these paths only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._known: dict[str, tuple[str, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(DISPLACEMENT):
            keys = [value for name, value in scope["headers"] if name == HEADER]
            if keys:
                try:
                    token = await self._token(Request(scope), keys)
                except Problem as problem:
                    await problem.response()(scope, receive, send)
                    return
                scope["headers"] = _with_token(scope, token)
        await self.app(scope, receive, send)

    async def _token(self, request: Request, keys: list[bytes]) -> str:
        key = keys[0].decode("latin-1")
        token, until = self._known.get(hash_of(key), ("", 0.0))
        if len(keys) == 1 and until > time.monotonic():
            return token
        attempts: Attempts = request.app.state.attempts
        failures: Failures = request.app.state.failures
        try:
            attempts.refuse_more(WRONG_SECRETS, peer(request))
        except Problem:
            failures.count("subscription key", peer(request))
            raise
        claims = None
        async with request.app.state.database.write() as session:
            client = await service.owner(session, key) if len(keys) == 1 else None
            if client and len(key) <= MOST_KEY:
                claims = await rights(session, client.client_id, client.organisation)
        if claims is None:
            await attempts.count(WRONG_SECRETS, peer(request))
            async with request.app.state.database.write() as session:
                failures.note(session, Failure("subscription key", peer(request)))
            raise Problem(401, "unauthenticated", "The subscription key is wrong.")
        return self._keep(request, key, claims)

    def _keep(self, request: Request, key: str, claims: dict[str, object]) -> str:
        issuer: Issuer = request.app.state.issuer
        named = {"aud": AUDIENCES, "sid": claims["sub"], "amr": ["secret"]}
        token: str = issuer.signer.sign(claims | named | {"auth_time": int(time.time())})
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[hash_of(key)] = (token, time.monotonic() + KNOWN_SECONDS)
        return token


def _with_token(scope: Scope, token: str) -> list[tuple[bytes, bytes]]:
    kept = [each for each in scope["headers"] if each[0] not in {HEADER, b"authorization"}]
    return [*kept, (b"authorization", f"Bearer {token}".encode())]
