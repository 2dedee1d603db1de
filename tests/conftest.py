"""What any test can ask for: a token, and a service in this process on its own SQLite file."""

import gc
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.app import Service, create_service
from chassis.audit.journal import FORGOTTEN
from chassis.bus import InProcessBus
from chassis.caller import grants_claim
from chassis.clock import new_id, now
from chassis.db import Database
from chassis.inbox import Consumer
from chassis.issuer import KeySource
from chassis.settings import Settings
from contracts.event import Envelope, Event
from tests.servers.postgres import PostgresServer

pytest_plugins = ["tests.built", "tests.migrated", "tests.servers.fixtures", "tests.system"]

OPERATIONAL_ROLES = (
    "enumerator",
    "case_worker",
    "medical_staff",
    "protection_officer",
    "data_analyst",
    "integrator",
)
SIGNING_KEY = ECKey.generate_key("P-256", {"kid": "test", "use": "sig", "alg": "ES256"})


def pytest_collection_finish() -> None:
    """
    Spare the collector's later rounds what is loaded by now, and stays until the end.

    It comes less often, too: at each 700 new objects it took a sixth of the time. What nobody
    closed is still found, and at the end of the run at the latest.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def claims(
    roles: Sequence[str] = OPERATIONAL_ROLES, places: Sequence[str] = ("LY",), **changes: Any
) -> dict[str, Any]:
    """Return claims of somebody with all roles at all places; `grants` says it more finely."""
    now = int(time.time())
    return {
        "iss": "masar",
        "sub": "test-client",
        "aud": ["gateway", "registration", "assistance", "returns", "tracking"],
        "iat": now,
        "nbf": now,
        # Longer than a real one: some are made when a test is read, and the run may take its time.
        "exp": now + 3600,
        "jti": "1",
        "organisation": "iom",
        "grants": grants_claim(roles, places),
    } | changes


def token(**changes: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": "test"}, claims(**changes), SIGNING_KEY)


def bearer(**changes: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**changes)}"}


def keys() -> KeySource:
    async def fetch() -> dict[str, Any]:
        public: dict[str, Any] = dict(KeySet([SIGNING_KEY]).as_dict(private=False))
        return public

    return KeySource(fetch)


def forgotten() -> dict[str, float]:
    """Return how often each operation has left no entry in the audit, since the tests began."""
    return {
        " ".join(sample.labels.values()): sample.value
        for metric in FORGOTTEN.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


@pytest.fixture(autouse=True)
def every_operation_leaves_its_entry() -> Iterator[None]:
    """Fail the test that uses an operation on personal data which forgets to put it on record."""
    before = forgotten()

    yield

    assert [name for name, times in forgotten().items() if times > before.get(name, 0)] == []


class Running:
    """A started service: its app, its database, and a client with every operational role."""

    def __init__(self, service: Service, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.service = service
        self.app = app
        self.client = client

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def hear(self, *events: Event) -> None:
        """Let events take effect here, each as the first and only news of its subject."""
        consumer = Consumer(self.service.name, self.database, self.service.subscriptions)
        for event in events:
            envelope = Envelope(
                id=new_id(),
                source=event.type.partition(".")[0],
                type=event.type,
                subject=str(new_id()),
                time=now(),
                dataschema="",
                sequence=1,
                data=event.model_dump(mode="json"),
            )
            await consumer.receive(envelope.model_dump_json().encode())


Start = Callable[..., Awaitable[Running]]


def client_of(app: Any, **token_changes: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://masar.test",
        headers=bearer(**token_changes),
        timeout=30,
    )


def lifespan(app: FastAPI) -> AbstractAsyncContextManager[Any]:
    return app.router.lifespan_context(app)


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Return a function that starts a service on SQLite; all stop when the test ends."""
    async with AsyncExitStack() as stack:
        nobody_listens = InProcessBus()
        nobody_listens.open()

        async def begin(service: Service, url: str | None = None) -> Running:
            url = url or f"sqlite+aiosqlite:///{tmp_path / service.name}.sqlite"
            settings = Settings(database_url=url, home=tmp_path)  # type: ignore[arg-type]
            app = create_service(service, settings, nobody_listens, keys())
            await stack.enter_async_context(lifespan(app))
            client = await stack.enter_async_context(client_of(app))
            return Running(service, app, client)

        yield begin


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.integration)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database, of each kind that a service may have."""
    if request.param == "SQLite":
        return f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite"
    server = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    name = f"empty_{secrets.token_hex(4)}"
    server.create_database(name)
    return server.url(name, driver="asyncpg")
