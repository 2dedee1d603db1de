"""The one door: requests in, events out; the gateway's table of contents."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

from chassis.app import Around, Service, create_service
from chassis.background import sweeping
from chassis.bus import EventBus, InProcessBus
from chassis.db import Database
from chassis.health import Lacks
from chassis.problems import Problem
from contracts.registration import AccountFrozen, AccountReleased
from gateway import pages
from gateway.identity.assignments import api as assignments
from gateway.identity.clients import api as clients
from gateway.identity.clients.admission import Admission, Admit
from gateway.identity.clients.service import ensure
from gateway.identity.failures import Failures
from gateway.identity.freezes.handlers import freeze, release
from gateway.identity.issuer import Issuer
from gateway.identity.keys import api as keys
from gateway.identity.limits import service as limits
from gateway.identity.limits.attempts import Attempts
from gateway.identity.organisations import api as organisations
from gateway.identity.passwords import Passwords
from gateway.identity.revocations import api as revocations
from gateway.identity.sessions import api as sessions
from gateway.identity.sessions import service as staff_sessions
from gateway.identity.staff import api as staff
from gateway.identity.subscriptions import api as subscriptions
from gateway.identity.subscriptions.door import Subscribed
from gateway.identity.tokens import api as tokens
from gateway.openapi import Description
from gateway.people import api as people
from gateway.people import file as person_file
from gateway.proxy import Guard, Proxy
from gateway.routes import SERVICES
from gateway.settings import GatewaySettings
from gateway.tables import TABLES
from gateway.upstreams import Upstream

READY_SECONDS = 2.0
FORGET_SECONDS = 60.0
TOKENS_SECONDS = 3600.0


async def _forget_tallies(database: Database) -> None:
    async with database.write() as session:
        await limits.forget(session)


async def _forget_refresh_tokens(database: Database) -> None:
    async with database.write() as session:
        await staff_sessions.forget(session)


SERVICE = Service(
    name="gateway",
    title="Masar",
    folder=Path(__file__).parent,
    tables=TABLES,
    routers=[
        pages.router,
        keys.router,
        revocations.router,
        tokens.router,
        clients.router,
        subscriptions.router,
        staff.router,
        staff.door,
        sessions.router,
        assignments.router,
        organisations.router,
        people.router,
        person_file.router,
    ],
    subscriptions={AccountFrozen: freeze, AccountReleased: release},
    background=[
        sweeping(FORGET_SECONDS, _forget_tallies),
        sweeping(TOKENS_SECONDS, _forget_refresh_tokens),
    ],
    matrices=("gateway", *SERVICES),
    # The gateway shows the merged description there instead of its own.
    openapi_url=None,
)


def create_app(
    settings: GatewaySettings | None = None,
    upstreams: Mapping[str, Upstream] | None = None,
    issuer: Issuer | None = None,
    bus: EventBus | None = None,
) -> FastAPI:
    """
    Return the gateway; the services are reached by HTTP unless they are given.

    Issuer and bus are given when the services use the same ones, in the same process. A gateway
    without any bus works, and does not hear of accounts that are frozen.
    """
    settings = settings or GatewaySettings()
    if bus is None and settings.amqp_url is None:
        bus = InProcessBus()
    upstreams = upstreams or _by_http(settings)
    issuer = issuer or Issuer(settings.home, settings.issuer)
    attempts = Attempts()
    admission = Admission()
    failures = Failures()
    app = create_service(
        SERVICE,
        settings,
        bus,
        issuer.keys,
        outermost=[(Subscribed, {}), (Guard, {})],
        # Who is refused has not reached a service.
        innermost=[
            (
                Proxy,
                {
                    "upstreams": upstreams,
                    "seconds": settings.upstream_seconds,
                    "most": settings.upstream_requests,
                },
            ),
            (Admit, {"admission": admission}),
        ],
        around=_around(settings, upstreams, issuer, attempts, admission, failures),
    )
    app.state.issuer = issuer
    app.state.log_in_only_at = None if settings.local_login else settings.oidc_issuer
    app.state.attempts = attempts
    app.state.admission = admission
    app.state.failures = failures
    app.state.passwords = Passwords()
    app.state.clients = {name: _client(upstream) for name, upstream in upstreams.items()}
    app.state.description = Description(app.state.clients)
    app.state.behind = lambda: _behind(app.state.clients)
    return app


def _by_http(settings: GatewaySettings) -> dict[str, Upstream]:
    from gateway.remote import HttpUpstream  # noqa: PLC0415 - One process alone needs no client.

    return {
        name: HttpUpstream(getattr(settings, f"{name}_url"), settings.upstream_requests)
        for name in SERVICES
    }


def _client(upstream: Upstream) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=upstream), base_url="http://service", trust_env=False
    )


async def _behind(clients: Mapping[str, httpx.AsyncClient]) -> tuple[Lacks, Lacks]:
    """Return the services that are not ready, and those that are degraded, and why."""

    async def ask(name: str) -> tuple[str | None, str | None]:
        try:
            async with asyncio.timeout(READY_SECONDS):
                answer = await clients[name].get("/health/ready")
            less = answer.json().get("missing")
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, Problem):
            return "does not answer", None
        if not answer.is_success:
            return "is not ready", None
        return None, f"works without {' and '.join(less)}" if less else None

    answers = await asyncio.gather(*(ask(name) for name in clients))
    missing, degraded = zip(*answers, strict=True)
    return _told(clients, missing), _told(clients, degraded)


def _told(names: Iterable[str], reasons: Iterable[str | None]) -> Lacks:
    return {name: why for name, why in zip(names, reasons, strict=True) if why}


def _around(
    settings: GatewaySettings,
    upstreams: Mapping[str, Upstream],
    issuer: Issuer,
    attempts: Attempts,
    admission: Admission,
    failures: Failures,
) -> Around:
    @asynccontextmanager
    async def around(app: FastAPI) -> AsyncIterator[None]:
        if settings.admin_client_id and settings.admin_client_secret:
            await ensure_client(
                app.state.database,
                settings.admin_client_id,
                settings.admin_client_secret.get_secret_value(),
                name="Administrator",
                roles=["admin"],
            )
        issuer.open(app.state.database)
        stopping = asyncio.Event()
        attempts.open(app.state.database)
        admission.open(app.state.database)
        following = [
            asyncio.create_task(issuer.revocations.follow(stopping)),
            asyncio.create_task(admission.follow(stopping)),
            asyncio.create_task(failures.follow(app.state.database, stopping)),
        ]
        yield
        stopping.set()
        await asyncio.gather(*following)
        for upstream in upstreams.values():
            await upstream.close()

    return around


async def ensure_client(
    database: Database, client_id: str, secret: str, *, name: str, roles: list[str]
) -> None:
    async with database.write() as session:
        await ensure(session, client_id, secret, name=name, roles=roles)
