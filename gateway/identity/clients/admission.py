"""What a client's requests are let in by: its addresses, its end, and how often it may ask."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network

import structlog
from sqlalchemy import text
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.db import Database
from chassis.problems import Problem
from chassis.wake import rest
from gateway.identity.clients.models import Client
from gateway.identity.limits import service as limits
from gateway.identity.limits.leases import Bound, Leases
from gateway.identity.limits.service import Limit, Spent

log = structlog.get_logger()

KNOWN_SECONDS = 5.0
"""How soon a change that another process made to a client is seen."""
KEEP_SECONDS = 1.0
"""How often it is written what was refused, and given back what was not used."""
MINUTE = 60
PUBLIC_FIGURES = "/v1/tracking/public/"
PUBLIC_READS = Limit("public", 600, MINUTE)
"""How often one address may ask for what anybody may see; caches keep it for minutes anyway."""
PERSON = "user-"

COUNT = text(
    "insert into client_use (client_id, day, requests) values (:client, :day, :requests) "
    "on conflict (client_id, day) do update "
    "set requests = client_use.requests + excluded.requests returning requests"
)


@dataclass
class Known:
    """A client as it was read."""

    client: Client | None
    read_at: float


class Admission:
    """Remembers clients and lets their requests in; the counts are shared by all processes."""

    def __init__(self) -> None:
        self._database: Database | None = None
        self._known: dict[str, Known] = {}
        self._refused: dict[str, str] = {}
        self._leases = Leases()

    def open(self, database: Database) -> None:
        self._database = database

    async def admit(self, client_id: str, address: str) -> None:
        """Let one request of a client in, or refuse it by the first bound that it breaks."""
        client = (await self._look_up(client_id)).client
        if client is None:
            return
        if client.expires_at and client.expires_at <= now():
            self._note(client_id, "expired")
            raise Problem(401, "unauthenticated", "The client has expired.")
        self.refuse_address(client, address)
        if client.requests_per_minute:
            await self._use(client, "requests per minute", _of_the_minute(client))
        if client.daily_requests:
            await self._use(client, "requests of the day", _of_the_day(client))

    async def admit_anybody(self, address: str) -> None:
        """Let one request without a token in, or refuse the address that has asked too often."""
        await self._leases.use(self._opened(), _of_the_address(address))

    async def _use(self, client: Client, what: str, bound: Bound) -> None:
        try:
            await self._leases.use(self._opened(), bound)
        except Problem:
            self._note(client.client_id, what)
            raise

    def refuse_address(self, client: Client, address: str) -> None:
        """Refuse a client that comes from an address which is not on its list."""
        if not client.addresses or _is_among(address, client.addresses):
            return
        self._note(client.client_id, "address")
        raise Problem(403, "address-not-allowed", "This client may not come from this address.")

    async def _look_up(self, client_id: str) -> Known:
        known = self._known.get(client_id)
        if known and time.monotonic() - known.read_at < KNOWN_SECONDS:
            return known
        async with self._opened().read() as session:
            statement = select(Client).where(col(Client.client_id) == client_id)
            client = (await session.exec(statement)).one_or_none()
        known = self._known[client_id] = Known(client, time.monotonic())
        return known

    def _opened(self) -> Database:
        assert self._database  # noqa: S101 - It was opened before the first request.
        return self._database

    def _note(self, client_id: str, why: str) -> None:
        # One entry for all that happens within a turn: a flood must not flood the record too.
        self._refused.setdefault(client_id, why)

    async def follow(self, stopping: asyncio.Event) -> None:
        """Keep what was refused, give back what is idle; as the process stops, a last time all."""
        while not stopping.is_set():
            await rest(stopping, KEEP_SECONDS)
            try:
                await self._keep()
                idle = {"idle": timedelta(0)} if stopping.is_set() else {}
                await self._leases.give_back(self._opened(), **idle)
            except Exception as error:  # noqa: BLE001 - What cannot be kept now is kept later.
                log.warning("client_use_not_kept", error=type(error).__name__)

    async def _keep(self) -> None:
        refused = dict(self._refused)
        if not refused:
            return
        async with self._opened().write() as session:
            for name, why in refused.items():
                await _tell_owner(session, name, why)
        for name in refused:
            self._refused.pop(name, None)


def _of_the_minute(client: Client) -> Bound:
    assert client.requests_per_minute  # noqa: S101 - It is asked only of a client that has it.
    limit = Limit("requests", client.requests_per_minute, MINUTE)

    async def take(session: AsyncSession, requests: int) -> Spent:
        if requests < 0:
            await limits.give_back(session, limit, client.client_id, -requests)
            return Spent(0, now())
        return await limits.count(session, limit, client.client_id, requests)

    detail = "The client has used up its requests of the minute."
    return Bound(f"minute {client.client_id}", limit.most, take, detail)


def _of_the_address(address: str) -> Bound:
    limit = PUBLIC_READS

    async def take(session: AsyncSession, requests: int) -> Spent:
        if requests < 0:
            await limits.give_back(session, limit, address, -requests)
            return Spent(0, now())
        return await limits.count(session, limit, address, requests)

    detail = "This address has asked for public figures too often; wait, or keep what you got."
    return Bound(f"public {address}", limit.most, take, detail)


def _of_the_day(client: Client) -> Bound:
    assert client.daily_requests  # noqa: S101 - It is asked only of a client that has it.

    async def take(session: AsyncSession, requests: int) -> Spent:
        today = now().replace(hour=0, minute=0, second=0, microsecond=0)
        values = {
            "client": client.client_id,
            "day": today.date().isoformat(),
            "requests": requests,
        }
        counted = await (await session.connection()).execute(COUNT, values)
        return Spent(counted.scalar_one(), today + timedelta(days=1))

    detail = "The client has used up its requests of the day."
    return Bound(f"day {client.client_id}", client.daily_requests, take, detail)


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


class Admit:
    """Asks whether a request may come in: of a client, by its token; of anybody, by the address."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self.app = app
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                await self._admit(scope)
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        caller, address = scope.get("caller"), (scope.get("client") or ("nowhere",))[0]
        if isinstance(caller, Caller) and not caller.id.startswith(PERSON):
            await self.admission.admit(caller.id, address)
        elif scope["path"].startswith(PUBLIC_FIGURES):
            await self.admission.admit_anybody(address)
