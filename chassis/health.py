"""Whether a process lives, and whether it can do its work."""

import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.datastructures import State

from chassis.operations import Plain

Lacks = dict[str, str]
"""What is lacking, by its name, and why."""


def install(app: FastAPI) -> None:
    """
    Answer whether the process lives, and whether it can do its work.

    A bus that is down leaves the service ready but degraded: requests are still accepted and
    their events wait in the outbox. So does a key service: what needs no key goes on. The gateway
    is not ready, or degraded, with the services behind it (`app.state.behind`).
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> JSONResponse:
        missing, degraded = await _lacks(request.app.state)
        status = "not ready" if missing else "degraded" if degraded else "ready"
        code = 503 if missing else 200
        return JSONResponse({"status": status, "missing": missing | degraded}, code)

    app.router.routes += [Plain("/health/live", live), Plain("/health/ready", ready)]


async def _lacks(state: State) -> tuple[Lacks, Lacks]:
    """Return what keeps the service from its work, and what it works without."""
    missing: Lacks = {}
    try:
        async with asyncio.timeout(2), state.database.read() as session:
            await session.exec(text("select 1"))
    except Exception as error:  # noqa: BLE001 - Whatever it is, the answer is "not ready".
        missing["database"] = type(error).__name__
    vault = state.database.vault
    less = {
        "bus": state.bus.missing(),
        "keys": await vault.wrapper.missing() if vault else None,
    }
    degraded = {name: why for name, why in less.items() if why}
    if behind := getattr(state, "behind", None):
        away, without = await behind()
        missing, degraded = missing | away, degraded | without
    return missing, degraded
