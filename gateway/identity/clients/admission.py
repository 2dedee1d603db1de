"""What a client's requests are let in by: its addresses, its end, and how often it may ask."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import structlog
from limits import RateLimitItemPerMinute
from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem
from gateway.identity.clients.models import Client, ClientUse
from gateway.identity.limits import Attempts

log = structlog.get_logger()

KNOWN_SECONDS = 5.0
"""How soon a change that another process made to a client is seen."""
KEEP_SECONDS = 1.0
"""How many counts a crash may lose, in time."""
PERSON = "user-"

COUNT = text(
    "insert into client_use (client_id, day, requests) values (:client, :day, :requests) "
    "on conflict (client_id, day) do update "
    "set requests = client_use.requests + excluded.requests returning requests"
)


@dataclass
class Known:
    """A client as it was read, and its requests of the day: kept, and not kept yet."""

    client: Client | None
    read_at: float
    day: str = ""
    kept: int = 0
    pending: int = 0


class Admission:
    """Remembers clients and counts their requests; the counts are kept beside the requests."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._database: Database | None = None
        self._known: dict[str, Known] = {}
        self._refused: dict[str, str] = {}

    def open(self, database: Database) -> None:
        self._database = database

    async def admit(self, client_id: str, address: str) -> None:
        """Let one request of a client in, or refuse it by the first bound that it breaks."""
        known = await self._look_up(client_id)
        client = known.client
        if client is None:
            return
        if client.expires_at and client.expires_at <= now():
            self._note(client_id, "expired")
            raise Problem(401, "unauthenticated", "The client has expired.")
        self.refuse_address(client, address)
        if client.requests_per_minute:
            limit = RateLimitItemPerMinute(client.requests_per_minute, 1, "requests")
            try:
                await self._attempts.spend(limit, client_id)
            except Problem:
                self._note(client_id, "requests per minute")
                raise
        if client.daily_requests:
            await self._count(known, client, client.daily_requests)

    def refuse_address(self, client: Client, address: str) -> None:
        """Refuse a client that comes from an address which is not on its list."""
        if not client.addresses or _is_among(address, client.addresses):
            return
        self._note(client.client_id, "address")
        raise Problem(403, "address-not-allowed", "This client may not come from this address.")

    async def _count(self, known: Known, client: Client, most: int) -> None:
        today = now().date().isoformat()
        if known.day != today:
            used = await self._used(client, today)
            # Another request may have been here meanwhile.
            if known.day != today:
                known.day, known.kept, known.pending = today, used, 0
        if known.kept + known.pending >= most:
            self._note(client.client_id, "requests of the day")
            headers = {"Retry-After": str(_seconds_left())}
            raise Problem(
                429,
                "rate-limited",
                "The client has used up its requests of the day.",
                headers=headers,
            )
        known.pending += 1

    async def _used(self, client: Client, day: str) -> int:
        assert self._database  # noqa: S101 - It was opened before the first request.
        async with self._database.read() as session:
            found = await session.get(ClientUse, (client.client_id, day))
        return found.requests if found else 0

    async def _look_up(self, client_id: str) -> Known:
        known = self._known.get(client_id)
        if known and time.monotonic() - known.read_at < KNOWN_SECONDS:
            return known
        assert self._database  # noqa: S101 - It was opened before the first request.
        async with self._database.read() as session:
            statement = select(Client).where(col(Client.client_id) == client_id)
            client = (await session.exec(statement)).one_or_none()
        # Another request may have counted meanwhile, so what is there is changed and not replaced.
        known = self._known.setdefault(client_id, Known(client, 0))
        known.client, known.read_at = client, time.monotonic()
        return known

    def _note(self, client_id: str, why: str) -> None:
        # One entry for all that happens within a turn: a flood must not flood the record too.
        self._refused.setdefault(client_id, why)

    async def follow(self, stopping: asyncio.Event) -> None:
        """Keep what was counted and refused, until the process stops, and then a last time."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_SECONDS):
                    await stopping.wait()
            try:
                await self._keep()
            except Exception as error:  # noqa: BLE001 - What cannot be kept now is kept later.
                log.warning("client_use_not_kept", error=type(error).__name__)

    async def _keep(self) -> None:
        counted = [(name, each, each.pending) for name, each in self._known.items() if each.pending]
        refused = dict(self._refused)
        if not counted and not refused:
            return
        assert self._database  # noqa: S101 - There were requests, so it is open.
        totals = {}
        async with self._database.write() as session:
            for name, known, pending in counted:
                values = {"client": name, "day": known.day, "requests": pending}
                connection = await session.connection()
                totals[name] = (await connection.execute(COUNT, values)).scalar_one()
            for name, why in refused.items():
                await _tell_owner(session, name, why)
        for name, known, pending in counted:
            known.kept, known.pending = totals[name], known.pending - pending
        for name in refused:
            self._refused.pop(name, None)


async def _tell_owner(session: AsyncSession, client_id: str, why: str) -> None:
    """Put it on record, and on the client, where its owner sees it."""
    audit.note(
        session, audit.Actor(client_id), "use", "client", client_id, reason=why, decision="refused"
    )
    await session.exec(
        update(Client)
        .where(col(Client.client_id) == client_id)
        .values(refused_at=now(), refused_because=why)
    )


def _is_among(address: str, networks: list[str]) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    return any(peer in ip_network(each) for each in networks)


def _seconds_left() -> int:
    moment = datetime.now(UTC)
    tomorrow = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((tomorrow - moment).total_seconds()) + 1


class Admit:
    """Asks, for each request that a client's token came with, whether it may come in."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self.app = app
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope.get("caller") if scope["type"] == "http" else None
        if isinstance(caller, Caller) and not caller.id.startswith(PERSON):
            try:
                await self.admission.admit(caller.id, (scope.get("client") or ("nowhere",))[0])
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)
