"""A gateway in a process-like server of its own, in front of services that tests make up."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from pydantic import SecretStr
from starlette.types import ASGIApp

from gateway.main import create_app
from gateway.remote import HttpUpstream
from gateway.routes import SERVICES
from gateway.settings import GatewaySettings
from tests.gateway.house import House, opened

ADMIN = ("administrator", "a-secret-of-the-test")


@pytest.fixture
def slow_passwords() -> None:
    """Say that a test wants passwords to be as slow to try as they are."""


@pytest.fixture(autouse=True)
def passwords_are_quick_to_try(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spare the tests what is there to spare nobody who guesses: 64 MiB and a core each time."""
    if "slow_passwords" not in request.fixturenames:
        quick = partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
        monkeypatch.setattr("gateway.identity.passwords.PasswordHasher", quick)


@asynccontextmanager
async def served(app: ASGIApp, lifespan: str = "off") -> AsyncIterator[int]:
    """Serve an app on a free loopback port while the block runs."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan=lifespan,  # type: ignore[arg-type]
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # Started and ended by hand: `serve` looks ten times a second whether it shall end.
    await server.startup([listener])
    yield int(listener.getsockname()[1])
    await server.shutdown([listener])


class Door:
    """A served gateway: where it is, and clients with tokens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"

    async def token(self, name: str = ADMIN[0], secret: str = ADMIN[1], **more: str) -> Any:
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as client:
            return await client.post("/v1/token", data=form | more)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Open a client with the administrator's token, which any service may then judge."""
        token = (await self.token()).json()["access_token"]
        async with httpx.AsyncClient(
            base_url=self.base_url,
            trust_env=False,
            timeout=20,
            headers={"Authorization": f"Bearer {token}"},
        ) as client:
            yield client


OpenDoor = Callable[..., Awaitable[Door]]


@pytest.fixture
async def open_door(tmp_path: Path) -> AsyncIterator[OpenDoor]:
    """Return a function that serves a gateway before an app that plays every service."""
    async with AsyncExitStack() as stack:

        async def begin(service: ASGIApp | int, **settings: Any) -> Door:
            port = (
                service
                if isinstance(service, int)
                else await stack.enter_async_context(served(service))
            )
            app = create_app(
                GatewaySettings(
                    database_url=SecretStr(f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"),
                    home=tmp_path,
                    admin_client_id=ADMIN[0],
                    admin_client_secret=SecretStr(ADMIN[1]),
                    **settings,
                ),
                {name: HttpUpstream(f"http://127.0.0.1:{port}", 50) for name in SERVICES},
            )
            return Door(await stack.enter_async_context(served(app, lifespan="on")))

        yield begin


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Return a gateway in this process whose administrator can invite people."""
    async with opened(tmp_path) as house:
        yield house
