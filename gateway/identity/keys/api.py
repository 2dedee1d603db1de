"""HTTP in and out for the keys that sign tokens, and by which anybody can prove one."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from chassis.operations import Router
from gateway.identity.issuer import Issuer
from gateway.identity.keys.models import Rotation, SigningKeyOut, SigningKeysOut
from gateway.identity.keys.signer import SigningKey

SIGNING_KEYS = "/v1/identity/signing-keys"

router = Router(tags=["identity"])


@router.get("/.well-known/jwks.json")
async def get_keys(request: Request) -> dict[str, Any]:
    """Show the public keys by which anybody can prove a token."""
    issuer: Issuer = request.app.state.issuer
    return issuer.signer.jwks()


@router.get(SIGNING_KEYS)
async def list_signing_keys(request: Request) -> SigningKeysOut:
    issuer: Issuer = request.app.state.issuer
    return SigningKeysOut(items=[_shown(each) for each in issuer.signer.in_use()])


@router.post(SIGNING_KEYS, status_code=201)
async def rotate_signing_key(form: Rotation, request: Request) -> SigningKeyOut:
    """Make the next key; it is shown from now on, and signs a little later."""
    issuer: Issuer = request.app.state.issuer
    return _shown(await asyncio.to_thread(issuer.signer.rotate, form.after_seconds))


def _shown(key: SigningKey) -> SigningKeyOut:
    moment = datetime.fromtimestamp(key.signs_from, UTC)
    return SigningKeyOut(kid=str(key.key.kid), signs_from=moment)
