"""
What was read, and what was refused, is on record before the answer leaves.

Requests that answer at the same moment share one commit. An answer whose entry cannot be written
is withheld: 503 in its place.
"""

import asyncio
import re
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import Counter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.audit.entries import (
    Act,
    Row,
    Trail,
    _trail,
    actor_of,
    add,
    purpose_of,
    rows_of,
)
from chassis.audit.recorded import operation_of
from chassis.caller import Caller
from chassis.db import Database, vault_of
from chassis.problems import unavailable
from chassis.telemetry import REGISTRY

log = structlog.get_logger()

PATIENCE_SECONDS = 5.0
MOST_REQUESTS = 500
FORBIDDEN, NOT_THERE = 403, {404, 410}
UUID_IN_PATH = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
FORGOTTEN = Counter(
    "masar_audit_forgotten",
    "Operations that left no entry of their own, so that one was made for them.",
    ["service", "resource", "action"],
    registry=REGISTRY,
)
Waiting = tuple[list[tuple[Row, Row]], "asyncio.Future[None]"]


class Journal:
    """Writes the entries of requests that answer at the same moment in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, acts: dict[Act, list[str]]) -> None:
        """Return when the acts are durable; raise whatever kept them from being written."""
        rows = rows_of(acts, vault_of(self._database))
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await kept

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = (
                self._waiting[:MOST_REQUESTS],
                self._waiting[MOST_REQUESTS:],
            )
            failure: Exception | None = None
            try:
                async with self._database.recorder.begin() as connection:
                    rows = [row for rows, _ in batch for row in rows]
                    await add(connection, self._database.tables, rows)
            except Exception as error:  # noqa: BLE001 - Whatever it is, nothing is shown.
                failure = error
            for _, kept in batch:
                if kept.done():
                    continue
                if failure:
                    kept.set_exception(failure)
                else:
                    kept.set_result(None)


class Recorded:
    """Holds each answer back until what it shows, or refuses, is on record."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope.get("caller") if scope["type"] == "http" else None
        if not isinstance(caller, Caller):
            await self.app(scope, receive, send)
            return
        trail = Trail(caller, purpose_of(Headers(scope=scope).get("x-purpose")))
        withheld = False

        async def send_recorded(message: Message) -> None:
            nonlocal withheld
            if withheld:
                return
            if message["type"] == "http.response.start":
                acts = trail.reads | self._edge(scope, trail, message)
                if acts and not await _kept(scope["app"].state.journal, acts):
                    withheld = True
                    problem = unavailable("What is seen must be put on record, and cannot be now.")
                    await problem.response()(scope, receive, send)
                    return
            await send(message)

        token = _trail.set(trail)
        try:
            await self.app(scope, receive, send_recorded)
        finally:
            _trail.reset(token)

    def _edge(self, scope: Scope, trail: Trail, start: Message) -> dict[Act, list[str]]:
        """Return what the operation itself cannot note: refusals, and what it forgot."""
        route = getattr(scope.get("route"), "path", None)
        operation = operation_of(self.service, scope["method"], route) if route else None
        if operation is None:
            return {}
        status = start["status"]
        act = Act(
            actor_of(trail.caller),
            operation.action,
            operation.resource,
            (),
            trail.purpose,
            None,
            "allowed",
        )
        if status == FORBIDDEN or (status in NOT_THERE and operation.must_be_recorded):
            refused = replace(act, decision="refused", reason=str(status))
            return {refused: _subjects(scope, start)}
        if status < 300 and operation.must_be_recorded and not (trail.noted or trail.reads):  # noqa: PLR2004 - HTTP's success.
            if operation.personal and not trail.looked:
                act = self._by_default(act, start)
            return {act: _subjects(scope, start)}
        return {}

    def _by_default(self, act: Act, start: Message) -> Act:
        if Headers(raw=start.get("headers", [])).get("idempotency-replayed"):
            return replace(act, action="read", reason="answer given again")
        FORGOTTEN.labels(self.service, act.resource, act.action).inc()
        log.warning("audit_entry_by_default", service=self.service, resource=act.resource)
        return replace(act, reason="noted by default")


async def _kept(journal: Journal, acts: dict[Act, list[str]]) -> bool:
    try:
        await journal.keep(acts)
    except Exception as error:  # noqa: BLE001 - Whatever it is, nothing is shown.
        log.error("audit_not_written", error=type(error).__name__)
        return False
    return True


def _subjects(scope: Scope, start: Message) -> list[str]:
    """Return the ids that the request named, or made."""
    told: list[Any] = list(scope.get("path_params", {}).values())
    location = Headers(raw=start.get("headers", [])).get("location", "")
    told.append(location.rpartition("/")[2])
    return [str(each).lower() for each in told if UUID_IN_PATH.fullmatch(str(each))]
