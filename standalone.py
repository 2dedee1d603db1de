"""The whole system in one process: every service, SQLite files, and a bus that needs no broker."""

import gc

if __name__ == "__main__":
    # What is loaded now is never let go: the collector need not look through it again and again.
    gc.disable()
    import chassis  # noqa: F401 - Before FastAPI, whose shapes then wait for their first use too.

import fcntl
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import collector
from chassis.bus import InProcessBus
from chassis.settings import Settings, refusing
from gateway import main as gateway
from gateway.identity.clients.service import new_secret
from gateway.identity.issuer import Issuer
from gateway.identity.roles import OPERATIONAL_ROLES
from gateway.settings import GatewaySettings
from gateway.upstreams import LocalUpstream, Upstream
from services.assistance import main as assistance
from services.registration import main as registration
from services.returns import main as returns
from services.tracking import main as tracking

SERVICES = {
    "registration": registration,
    "assistance": assistance,
    "returns": returns,
    "tracking": tracking,
}
STOP_SECONDS = 4
OWNER_ONLY = 0o600


class Standalone:
    """The gateway's app, with the services behind it; it starts and stops them all."""

    def __init__(self, home: Path, base_url: str, metrics_port: int | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.home = home
        self.base_url = base_url
        self.bus = InProcessBus()
        issuer = Issuer(home, Settings().issuer)
        self.apps: dict[str, FastAPI] = {
            name: main.create_app(_settings(Settings, home, name), self.bus, issuer.keys)
            for name, main in SERVICES.items()
        }
        upstreams: dict[str, Upstream] = {
            name: LocalUpstream(app) for name, app in self.apps.items()
        }
        settings = _settings(GatewaySettings, home, "gateway")
        settings.metrics_port = metrics_port
        self.gateway = gateway.create_app(settings, upstreams, issuer, self.bus)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self.gateway
        if scope["type"] == "lifespan":
            app = FastAPI(lifespan=self._lifespan)
        await app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with self.running():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in (*self.apps.values(), self.gateway):
                await stack.enter_async_context(app.router.lifespan_context(app))
            # It opens last and closes first: no event is brought while somebody does not listen.
            self.bus.open()
            stack.push_async_callback(self.bus.close)
            await self._write_credentials()
            yield

    async def _write_credentials(self) -> None:
        """Make the two clients of this installation at its first start; tell where it is now."""
        path = self.home / "bootstrap.json"
        if path.exists():
            known = json.loads(path.read_text())
            if known["base_url"] != self.base_url:
                _write_for_owner(path, known | {"base_url": self.base_url})
            return
        credentials = {
            "base_url": self.base_url,
            "client_id": "operations",
            "client_secret": new_secret(),
            "admin_client_id": "administrator",
            "admin_client_secret": new_secret(),
        }
        database = self.gateway.state.database
        for prefix, name, roles in (
            ("", "Operations", [*OPERATIONAL_ROLES]),
            ("admin_", "Administrator", ["admin"]),
        ):
            await gateway.ensure_client(
                database,
                credentials[f"{prefix}client_id"],
                credentials[f"{prefix}client_secret"],
                name=name,
                roles=list(roles),
            )
        # The file comes last, so a start that is cut off is simply done again.
        _write_for_owner(path, credentials)


def _write_for_owner(path: Path, content: dict[str, str]) -> None:
    """Write a file at once or not at all, which nobody but its owner can read."""
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY), "w") as file:
        json.dump(content, file, indent=2)
    draft.rename(path)


Kind = TypeVar("Kind", bound=Settings)


def _settings(kind: type[Kind], home: Path, name: str) -> Kind:
    url = SecretStr(f"sqlite+aiosqlite:///{home / name}.sqlite")
    return kind(database_url=url, home=home, metrics_port=None)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """
    Be the only process of this home while the block lasts, however it ends.

    Two would relay every event twice, and `masar` would ask whichever began last.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"Masar runs in {home} already; choose another folder with MASAR_HOME.")
        yield


def serve(home: Path, port: int, metrics_port: int | None) -> None:
    base = f"http://127.0.0.1:{port}"
    system = Standalone(home, base, metrics_port)
    config = uvicorn.Config(
        system,
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = TellingServer(config, lambda: _tell(base, home))
    # uvicorn passes Ctrl-C on once all has ended, and that it was the way to end it is known.
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)


class TellingServer(uvicorn.Server):
    """Says where everything is, once it can be reached."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()


def _tell(base: str, home: Path) -> None:
    sys.stdout.write(
        f"Masar is at {base}\n"
        f"  first page   {base}/\n"
        f"  API docs     {base}/docs\n"
        f"  credentials  {home / 'bootstrap.json'}\n"
        "Ctrl-C stops it.\n"
    )
    sys.stdout.flush()


def main() -> None:
    # What is written from here on is the register, and for its owner only.
    os.umask(0o077)
    with refusing():
        settings, _ = Settings(), GatewaySettings()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.port))
        except OSError:
            sys.exit(f"Port {settings.port} is taken; choose another with MASAR_PORT.")
    collector.begin()
    with alone(settings.home):
        serve(settings.home, settings.port, settings.metrics_port)


if __name__ == "__main__":
    main()
