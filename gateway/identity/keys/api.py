"""HTTP out for the keys by which anybody can prove a token."""

from typing import Any

from fastapi import APIRouter, Request

from gateway.identity.issuer import Issuer

router = APIRouter(tags=["identity"])


@router.get("/.well-known/jwks.json")
async def get_keys(request: Request) -> dict[str, Any]:
    """Show the public keys by which anybody can prove a token."""
    issuer: Issuer = request.app.state.issuer
    return issuer.signer.jwks()
