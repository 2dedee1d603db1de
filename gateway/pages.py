"""Pages for people: where things are, the API's description, what each problem means."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from chassis.operations import Router
from chassis.problems import TITLES, not_found
from gateway.openapi import Description, asyncapi

CONTRACTS = Path(__file__).parent.parent / "contracts"
PROBLEMS_FILE, SCHEMAS = CONTRACTS / "problems.yaml", CONTRACTS / "published"
ASSETS = Path(__file__).parent / "docs_page"
POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
KINDS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}

router = Router(include_in_schema=False)


@router.get("/")
async def front() -> HTMLResponse:
    return _page("index.html")


@router.get("/docs")
async def docs() -> HTMLResponse:
    return _page("docs.html")


@router.get("/docs/{asset}")
async def docs_asset(asset: str) -> Response:
    if asset not in KINDS:
        raise not_found("file")
    return FileResponse(ASSETS / asset, media_type=KINDS[asset], headers=POLICY)


def _page(name: str) -> HTMLResponse:
    return HTMLResponse((ASSETS / name).read_text(encoding="utf-8"), headers=POLICY)


@router.get("/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    description: Description = request.app.state.description
    return await description.get(request.app)


@router.get("/asyncapi.json")
async def events() -> dict[str, Any]:
    return asyncapi()


@router.get("/contracts/{name}")
async def contract(name: str) -> FileResponse:
    """Give the schema of an event, at the address that the event's `dataschema` names."""
    if name not in schemas():
        raise not_found("contract")
    return FileResponse(SCHEMAS / name, media_type="application/schema+json")


@cache
def schemas() -> frozenset[str]:
    return frozenset(path.name for path in SCHEMAS.glob("*.v*.json"))


@router.get("/problems/{slug}")
async def problem(slug: str) -> dict[str, str | int]:
    """Say what a problem type means, and what to do."""
    known = catalogue().get(slug)
    if known is None:
        raise not_found("problem type")
    return {"type": f"/problems/{slug}", "title": TITLES[int(known["status"])], **known}


@cache
def catalogue() -> dict[str, dict[str, str | int]]:
    """Return every problem type by its name, from the file that tests read too."""
    listing: dict[str, dict[str, str | int]] = yaml.safe_load(PROBLEMS_FILE.read_text())
    return listing
