"""HTTP in and out for the tokens of clients; no decisions."""

import base64
import binascii
import time
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request, Response

from chassis.db import database_of
from chassis.operations import Router
from chassis.problems import Problem
from gateway.identity.clients import service as clients
from gateway.identity.clients.admission import Admission
from gateway.identity.clients.models import Client
from gateway.identity.failures import Failure, Failures
from gateway.identity.issuer import Issuer
from gateway.identity.keys.signer import AUDIENCES, LIFETIME_SECONDS
from gateway.identity.limits.attempts import WRONG_SECRETS, Attempts, peer
from gateway.identity.tokens import service
from gateway.identity.tokens.models import TokenOut

MOST_FORM = 8192
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials"]},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                        "audience": {"type": "string", "description": "Some services only."},
                        "scope": {"type": "string"},
                    },
                }
            }
        },
    }
}

router = Router(tags=["identity"])


@router.post("/v1/token", openapi_extra=FORM)
async def issue_token(request: Request, response: Response) -> TokenOut:
    """Give a client a token for ten minutes (OAuth 2.0 client credentials, RFC 6749 4.4)."""
    form = await _form(request)
    if form.get("grant_type") != "client_credentials":
        raise Problem(400, "unsupported-grant-type", "Ask with grant_type=client_credentials.")
    audience = _audience(form.get("audience", ""))
    client = await _client(request, form)
    issuer: Issuer = request.app.state.issuer
    async with database_of(request).write() as session:
        rights = await service.rights(session, client.client_id, client.organisation)
        # Nobody ends the client while its rights are held; until then somebody may have.
        await clients.authenticate(session, *_credentials(request, form))
    token = issuer.signer.sign(
        rights
        | {
            "aud": audience,
            "sid": client.client_id,
            "amr": ["secret"],
            "auth_time": int(time.time()),
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(access_token=token, expires_in=LIFETIME_SECONDS)


async def _client(request: Request, form: dict[str, str]) -> Client:
    """Return who proved their secret, from an address that the client may come from."""
    attempts: Attempts = request.app.state.attempts
    admission: Admission = request.app.state.admission
    failures: Failures = request.app.state.failures
    try:
        attempts.refuse_more(WRONG_SECRETS, peer(request))
    except Problem:
        failures.count("token", peer(request))
        raise
    named, secret = _credentials(request, form)
    try:
        async with database_of(request).read() as session:
            client = await clients.authenticate(session, named, secret)
    except Problem:
        await attempts.count(WRONG_SECRETS, peer(request))
        async with database_of(request).write() as session:
            account = await clients.account(session, named)
            failures.note(session, Failure("token", peer(request), account, named))
        raise
    admission.refuse_address(client, peer(request))
    return client


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "unsupported-media", "Send application/x-www-form-urlencoded.")
    body = await request.body()
    try:
        pairs = parse_qsl(
            body[: MOST_FORM + 1].decode("ascii"), strict_parsing=bool(body), errors="strict"
        )
    except ValueError:
        raise Problem(400, "malformed-body", "The form could not be read.") from None
    if len(body) > MOST_FORM or len(dict(pairs)) != len(pairs):
        raise Problem(400, "malformed-body", "The form is too long, or has a field twice.")
    return dict(pairs)


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    if not header.lower().startswith("basic "):
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        decoded = base64.b64decode(header[6:], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    name, _, secret = decoded.partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _audience(wanted: str) -> list[str]:
    services = wanted.split() or list(AUDIENCES)
    if not set(services) <= set(AUDIENCES):
        known = " ".join(AUDIENCES)
        raise Problem(400, "invalid-target", f"An audience is not known. Known: {known}.")
    return services
