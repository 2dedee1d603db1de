"""HTTP in and out for tokens, keys and clients; no decisions."""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chassis.db import ReadSession, WriteSession
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import Problem
from gateway.identity import service
from gateway.identity.models import (
    ClientIn,
    ClientOut,
    ClientSecret,
    ClientsOut,
    TokenOut,
)
from gateway.identity.tokens import AUDIENCES, LIFETIME_SECONDS, Signer

CLIENTS = "/v1/identity/clients"
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

router = APIRouter(tags=["identity"])


@router.post("/v1/token", openapi_extra=FORM)
async def issue_token(request: Request, response: Response, session: ReadSession) -> TokenOut:
    """Give a client a token for ten minutes (OAuth 2.0 client credentials, RFC 6749 4.4)."""
    form = await _form(request)
    if form.get("grant_type") != "client_credentials":
        raise Problem(400, "unsupported-grant-type", "Ask with grant_type=client_credentials.")
    audience = _audience(form.get("audience", ""))
    client = await service.authenticate(session, *_credentials(request, form))
    signer: Signer = request.app.state.signer
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(access_token=signer.sign(client, audience), expires_in=LIFETIME_SECONDS)


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


@router.get("/.well-known/jwks.json")
async def get_keys(request: Request) -> dict[str, Any]:
    """Show the public keys by which anybody can prove a token."""
    signer: Signer = request.app.state.signer
    return signer.jwks()


@router.post(CLIENTS, status_code=201)
async def create_client(form: ClientIn, response: Response, session: WriteSession) -> ClientSecret:
    """Make a client; its secret is in this answer and nowhere else."""
    client, secret = await service.create(session, form)
    response.headers["Location"] = f"{CLIENTS}/{client.id}"
    response.headers["Cache-Control"] = "no-store"
    return ClientSecret(**client.model_dump(), client_secret=secret)


@router.get(CLIENTS)
async def list_clients(
    session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> ClientsOut:
    found = await service.find(session, cursor, limit + 1)
    page, following = next_cursor(found, limit)
    return ClientsOut(
        items=[ClientOut(**client.model_dump()) for client in page], next_cursor=following
    )


@router.delete(CLIENTS + "/{client_id}", status_code=204)
async def revoke_client(client_id: UUID, session: WriteSession) -> None:
    await service.revoke(session, client_id)
