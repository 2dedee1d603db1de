"""What is frozen, as caches keep it: with its tag, and 304 to who has it already."""

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel

NEWEST_SECONDS = 300
"""So long a cache may show a vintage as the newest one when it is no more."""
VINTAGE_SECONDS = 86_400


def kept_for(vintage: int | None) -> int:
    """Return for how many seconds an answer about this vintage, or about the newest, is kept."""
    return VINTAGE_SECONDS if vintage else NEWEST_SECONDS


def cached(request: Request, shown: BaseModel, seconds: int) -> Response:
    """Return what is shown, or 304 to who has it already."""
    body = shown.model_dump_json().encode()
    headers = tagged(body, seconds)
    return unchanged(request, headers) or Response(
        body, media_type="application/json", headers=headers
    )


def tagged(told: bytes, seconds: int) -> dict[str, str]:
    """Return the headers of an answer that is known by these bytes."""
    # The same address has the same table in several forms, which a cache must not mix up.
    return {
        "ETag": f'"{hashlib.sha256(told).hexdigest()[:32]}"',
        "Cache-Control": f"public, max-age={seconds}",
        "Vary": "Accept",
    }


def unchanged(request: Request, headers: dict[str, str]) -> Response | None:
    """Return 304 with these headers to who has what they are of, and nothing to others."""
    tag = headers["ETag"]
    seen = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    return Response(status_code=304, headers=headers) if {tag, f"W/{tag}", "*"} & seen else None
