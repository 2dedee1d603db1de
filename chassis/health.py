"""Whether a process lives, and whether it can do its work."""

import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

from chassis.operations import Plain


def install(app: FastAPI) -> None:
    """
    Answer whether the process lives, and whether it can do its work.

    A bus that is down leaves the service ready but degraded: requests are still accepted and
    their events wait in the outbox. So does a key service: what needs no key goes on.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> JSONResponse:
        missing = {}
        try:
            async with asyncio.timeout(2), request.app.state.database.read() as session:
                await session.exec(text("select 1"))
        except Exception as error:  # noqa: BLE001 - Whatever it is, the answer is "not ready".
            missing["database"] = type(error).__name__
        if also_ready := getattr(request.app.state, "also_ready", None):
            missing |= await also_ready()
        status, code = ("not ready", 503) if missing else ("ready", 200)
        vault = request.app.state.database.vault
        degraded = {
            "bus": request.app.state.bus.missing(),
            "keys": await vault.wrapper.missing() if vault else None,
        }
        if less := {name: why for name, why in degraded.items() if why}:
            missing |= less
            status = "degraded" if code == 200 else status  # noqa: PLR2004 - It is HTTP's word for well.
        return JSONResponse({"status": status, "missing": missing}, code)

    app.router.routes += [Plain("/health/live", live), Plain("/health/ready", ready)]
