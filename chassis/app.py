"""What every service is made of: its routes, its database, its relay, its reader, its worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from chassis import (
    crypto,
    dead_letters,
    erasure,
    filters,
    health,
    idempotency,
    inbox,
    operations,
    outbox,
    problems,
    revision,
    telemetry,
    worker,
)
from chassis.audit.anchors import anchors_of, run_anchors
from chassis.audit.api import router as audit_of
from chassis.audit.chain import run_sealer
from chassis.audit.daily import run_daily
from chassis.audit.journal import Journal, Recorded
from chassis.auth import Authenticate, Trusted, Verifier, public_operations
from chassis.authz import authorise
from chassis.background import LEFT, Background, begin_later, every, sweeping
from chassis.bodies import StrictBody
from chassis.bus import EventBus
from chassis.db import Database
from chassis.federation import federated
from chassis.inbox import Consumer, Subscriptions
from chassis.issuer import KeySource, issuer_at
from chassis.ledger import Ledger, LedgerError
from chassis.settings import Settings
from chassis.tables import ServiceTables
from chassis.unsealed import Unsealed, seal_all
from chassis.vault import KeysAwayError, VaultError

log = structlog.get_logger()

STOP_SECONDS = 3.0
HOUSEKEEPING_SECONDS = 3600.0
ERASURES_SECONDS = 5.0
Wrapping = tuple[Any, dict[str, Any]]
Around = Callable[[FastAPI], AbstractAsyncContextManager[None]]

NO_RUNNERS: worker.Runners = {}


@dataclass(frozen=True)
class Service:
    """
    A service's table of contents.

    `routers` say their whole path, /v1/<name>/…, which is the same at the gateway. `prepare`
    runs once a start, after the migrations and before the first request; `background` runs from
    then on until the service stops (`chassis.background.every` makes it of a step). `unsealed`
    are the tables in which an older version kept in the clear what is sealed now. `forgetting`
    is how a subject is erased here; what its ledger knows is erased before the first request.
    """

    name: str
    title: str
    folder: Path
    tables: ServiceTables
    routers: Sequence[operations.Router]
    subscriptions: Subscriptions = field(default_factory=dict)
    runners: worker.Runners = field(default_factory=lambda: NO_RUNNERS)
    prepare: Callable[[Database], Awaitable[None]] | None = None
    background: Sequence[Background] = ()
    unsealed: Sequence[Unsealed] = ()
    forgetting: erasure.Forgetting | None = None
    matrices: tuple[str, ...] = ()
    openapi_url: str | None = "/openapi.json"


def create_service(
    service: Service,
    settings: Settings | None = None,
    bus: EventBus | None = None,
    keys: KeySource | None = None,
    *,
    outermost: Sequence[Wrapping] = (),
    innermost: Sequence[Wrapping] = (),
    around: Around | None = None,
) -> FastAPI:
    """
    Return a service ready to serve; bus and keys are given when the system is one process.

    The gateway is a service too: what it has more are wrappings, `outermost` before anything
    has looked at a request, `innermost` once its token is proved, and what is `around` its life.
    """
    settings = settings or Settings()
    telemetry.configure_logs(settings.log_level)
    issuer = keys or issuer_at(
        settings.jwks_url, settings.revocations_url, every=settings.revocations_seconds
    )
    own = Trusted(issuer, settings.issuer, service.name)
    verifier = Verifier(own, *federated(settings))
    app = FastAPI(
        title=service.title,
        version="1",
        lifespan=_lifespan(service, settings, bus, issuer, around, follow=keys is None),
        openapi_url=None,
        # A redirect would name where the service itself is; a path that is not exact is nobody's.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        responses=problems.RESPONSES,
        dependencies=[Depends(authorise(service.name)), Depends(filters.refuse_unknown)],
        generate_unique_id_function=_operation_id,
    )
    health.install(app)
    routers = (*service.routers, audit_of(service.name), dead_letters.router(service.name))
    operations.offer(app, routers, service.openapi_url)
    problems.install(app)
    idempotency.install(app)
    app.add_exception_handler(crypto.UnreadableError, _unreadable)
    app.add_exception_handler(KeysAwayError, _keys_away)
    problems.describe(app)
    public = public_operations(*(service.matrices or (service.name,)))
    # The last one added is the first to see a request.
    app.add_middleware(Recorded, service=service.name)
    app.add_middleware(StrictBody)
    for middleware, options in innermost:
        app.add_middleware(middleware, **options)
    app.add_middleware(Authenticate, verifier=verifier, public=public)
    for middleware, options in outermost:
        app.add_middleware(middleware, **options)
    app.add_middleware(problems.Unexpected)
    app.add_middleware(telemetry.RequestContext, service=service.name)
    return app


async def _unreadable(_request: Request, error: Exception) -> Response:
    log.warning("unreadable", reason=type(error).__name__, field=str(error))
    detail = "What is asked for was sealed, and its key is gone: it was erased."
    return problems.Problem(410, "erased", detail).response()


async def _keys_away(_request: Request, _error: Exception) -> Response:
    return problems.unavailable("The keys that open this cannot be asked for now.").response()


def _operation_id(route: APIRoute) -> str:
    return route.name


def _lifespan(
    service: Service,
    settings: Settings,
    bus: EventBus | None,
    issuer: KeySource,
    around: Around | None,
    *,
    follow: bool,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await _database(service, settings)
        database.rights_ended = issuer.revocations.ended
        app.state.database = database
        app.state.journal = Journal(database)
        app.state.anchors = anchors = anchors_of(
            database, settings.anchors or settings.home / "anchors"
        )
        app.state.bus = carrier = bus or _rabbit(settings)
        forgetting = await _forget_again(service, settings, database)
        if service.prepare:
            await service.prepare(database)
        app.state.consumer = consumer = Consumer(service.name, database, service.subscriptions)
        if service.subscriptions:
            await carrier.subscribe(consumer)
        stopping = asyncio.Event()
        at_once = [
            outbox.run_relay(database, carrier, stopping),
            worker.run_worker(database, service.runners, stopping),
            run_daily(database, anchors, stopping),
            *(work(database, stopping) for work in (*service.background, SWEEPING)),
        ]
        later = [
            run_sealer(database, stopping),
            run_anchors(database, anchors, stopping),
            *(work(database, stopping) for work in forgetting),
        ]
        tasks = [
            *(asyncio.create_task(each) for each in at_once),
            *(asyncio.create_task(begin_later(each, stopping)) for each in later),
        ]
        if follow:
            tasks.append(asyncio.create_task(issuer.revocations.follow(stopping)))
        metrics = telemetry.serve_metrics(settings.metrics_host, settings.metrics_port)
        try:
            async with around(app) if around else nullcontext():
                yield
        finally:
            stopping.set()
            database.events_left.set()
            database.work_left.set()
            await _end(tasks)
            if not bus:
                await carrier.close()
            await database.close()
            if metrics:
                metrics[0].shutdown()
                metrics[0].server_close()

    return lifespan


async def _database(service: Service, settings: Settings) -> Database:
    """Open the service's database at its newest revision, with the keys that belong to it."""
    database = Database(
        settings.database_url.get_secret_value(), service.tables, settings.database_pool
    )
    try:
        await _migrate(database, service.folder / "migrations")
        wrapper = await crypto.wrapper_of(database, settings, service.name)
        await crypto.open_vault(database, wrapper)
        await seal_all(database, service.unsealed)
    except BaseException as error:
        if isinstance(error, VaultError):
            log.critical("keys_missing", service=service.name, detail=str(error))
        await database.close()
        raise
    return database


async def _migrate(database: Database, folder: Path) -> None:
    if file := database.new_file():
        revision.make_newest(file, folder)
    elif not await revision.is_newest(database, folder):
        from chassis import migrations  # noqa: PLC0415 - Most starts need no Alembic.

        await migrations.upgrade(database, folder)


async def _forget_again(
    service: Service, settings: Settings, database: Database
) -> list[Background]:
    """Erase again whom a restored backup has brought back; return what keeps later erasures."""
    forgetting = service.forgetting
    if forgetting is None:
        return []
    ledger = Ledger(settings.home / "ledger" / f"{service.name}.jsonl")
    try:
        await erasure.replay(database, forgetting, ledger)
    except BaseException as error:
        if isinstance(error, LedgerError):
            log.critical("ledger_unreadable", service=service.name, detail=str(error))
        await database.close()
        raise

    async def keep_erasures(database: Database) -> object:
        return None if await erasure.keep(database, forgetting, ledger) else LEFT

    return [every(ERASURES_SECONDS, keep_erasures, of_news=True)]


async def _forget_old(database: Database) -> None:
    """Drop what is remembered of events and requests longer than it is needed."""
    await outbox.forget(database)
    await idempotency.forget(database)
    await inbox.forget(database)


SWEEPING = sweeping(HOUSEKEEPING_SECONDS, _forget_old)


async def _end(tasks: "list[asyncio.Task[None]]") -> None:
    # A step in hand is finished; one that takes longer is cut off and done again next time.
    _, unfinished = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)


def _rabbit(settings: Settings) -> EventBus:
    from chassis.rabbit import RabbitBus  # noqa: PLC0415 - One process alone needs no AMQP.

    if settings.amqp_url is None:
        raise RuntimeError("Set MASAR_AMQP_URL, or start the system as one process.")
    return RabbitBus(settings.amqp_url.get_secret_value())
