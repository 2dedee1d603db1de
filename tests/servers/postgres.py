"""PostgreSQL for tests: the one that is named, or a private cluster on a free loopback port."""

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, unquote, urlsplit

import asyncpg

from tests.servers import debian
from tests.servers.processes import (
    LOOPBACK,
    PATIENCE,
    ServerUnavailableError,
    Workplace,
    free_ports,
)

VARIABLE = "MASAR_TEST_POSTGRES_URL"
INSTALLED = Path("/usr/lib/postgresql")
READY = "ready"

T = TypeVar("T")


class PostgresServer:
    """
    A PostgreSQL whose administrator we are.

    Everything here may be called with or without a running event loop, and blocks it.
    """

    ours: ClassVar = False
    """Whether this run started it, and so may kill it."""

    def __init__(self, url: str, *, tidy: bool = True) -> None:
        parts = urlsplit(url)
        self.user = unquote(parts.username or "postgres")
        self.password = unquote(parts.password or "")
        self.host = parts.hostname or LOOPBACK
        self.port = parts.port or 5432
        self._database = parts.path.lstrip("/") or "postgres"
        self._tidy = tidy
        self._made: list[tuple[str, str]] = []

    @property
    def version(self) -> str:
        return str(self.fetch("show server_version")[0][0]).split()[0]

    def url(
        self,
        database: str | None = None,
        user: str | None = None,
        password: str | None = None,
        driver: str | None = None,
    ) -> str:
        """For asyncpg as it is; with driver="asyncpg" for SQLAlchemy."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        user, password = (user, password or "") if user else (self.user, self.password)
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"{scheme}://{who}@{self.host}:{self.port}/{quote(database or self._database)}"

    def fetch(self, query: str, *values: object, database: str | None = None) -> list[Any]:
        return _wait_for(self._fetch(query, values, database))

    def create_role(self, name: str, password: str) -> None:
        self._command("create role %I login password %L", name, password)
        self._made.append(("role", name))

    def create_database(
        self, name: str, owner: str | None = None, template: str = "template1"
    ) -> None:
        self._command("create database %I owner %I template %I", name, owner or self.user, template)
        self._made.append(("database", name))

    def drop_database(self, name: str) -> None:
        """Whoever is still connected is thrown out."""
        self._command("drop database if exists %I with (force)", name)

    def rename_database(self, name: str, to: str) -> None:
        """Whoever is still connected is thrown out."""
        self.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
        )
        self._command("alter database %I rename to %I", name, to)

    def execute(self, statements: str, database: str | None = None) -> None:
        _wait_for(self._execute(statements, database))

    def drop_role(self, name: str) -> None:
        self._command("drop role if exists %I", name)

    def start(self) -> None:
        raise ServerUnavailableError(_not_ours("start"))

    def stop(self) -> None:
        raise ServerUnavailableError(_not_ours("stop"))

    def kill(self) -> None:
        raise ServerUnavailableError(_not_ours("kill"))

    def lent(self) -> "PostgresServer":
        """For another process of this run; what it makes in a private one need not be undone."""
        return PostgresServer(self.url(), tidy=not self.ours)

    def close(self) -> None:
        """Take away what the tests made in somebody else's server, the last thing first."""
        while self._tidy and self._made:
            kind, name = self._made.pop()
            if kind == "database":
                self.drop_database(name)
            else:
                self.drop_role(name)

    def _command(self, template: str, *names: str) -> None:
        _wait_for(self._format_and_execute(template, names))

    async def _fetch(self, query: str, values: tuple[object, ...], database: str | None) -> Any:
        connection = await asyncpg.connect(self.url(database))
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def _execute(self, statements: str, database: str | None) -> None:
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    async def _format_and_execute(self, template: str, names: tuple[str, ...]) -> None:
        connection = await asyncpg.connect(self.url())
        try:
            formatted = "select format($1, variadic $2::text[])"
            await connection.execute(await connection.fetchval(formatted, template, names))
        finally:
            await connection.close()


class PrivatePostgres(PostgresServer):
    """A cluster of our own in a temporary folder, gone with the test run."""

    ours = True

    def __init__(self, binaries: Path) -> None:
        [port] = free_ports(1)
        super().__init__(f"postgresql://postgres:{secrets.token_hex(16)}@{LOOPBACK}:{port}")
        self._binaries = binaries
        self.workplace = Workplace("postgres", account="postgres")
        self._cluster = self.workplace.path / "cluster"
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.workplace.close()
            raise

    def start(self) -> None:
        """Again on the same port and data, after stop() or kill()."""
        if self.workplace.runs("postgres"):
            return
        sockets = f"unix_socket_directories={self.workplace.path}"
        self.workplace.spawn(
            "postgres",
            *(self._binaries / "postgres", "-D", self._cluster, "-p", str(self.port)),
            *("-c", f"listen_addresses={LOOPBACK}", "-c", sockets, "-c", "max_connections=200"),
            # Processes are killed here and never the machine: what was written is in its memory.
            *("-c", "fsync=off"),
            environment=self.workplace.environment(),
        )
        self._wait_until_ready()

    def stop(self) -> None:
        self.workplace.stop("postgres", signal.SIGINT)

    def kill(self) -> None:
        self.workplace.kill("postgres")

    def close(self) -> None:
        # An orderly stop, because a killed server leaves its shared memory behind.
        self.stop()
        self.workplace.close()

    def _initialise(self) -> None:
        password = self.workplace.write("password", self.password)
        self.workplace.run(
            *(self._binaries / "initdb", "-D", self._cluster, "-U", self.user),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
            environment=self.workplace.environment(),
        )

    def _wait_until_ready(self) -> None:
        """The server's own pid file says when; an old one, left by a kill, names another pid."""
        status = self._cluster / "postmaster.pid"
        pid = str(self.workplace.pid("postgres"))
        deadline = time.monotonic() + PATIENCE
        while True:
            lines = status.read_text().splitlines() if status.exists() else []
            if lines and lines[0] == pid and lines[-1].strip() == READY:
                return
            if not self.workplace.runs("postgres") or time.monotonic() > deadline:
                why = self.workplace.explain("postgres")
                raise ServerUnavailableError(f"the private PostgreSQL did not start: {why}")
            time.sleep(0.02)


def obtain(tell: debian.Tell = print) -> PostgresServer:
    """The server that the environment names, or else a private one."""
    named = os.environ.get(VARIABLE)
    return PostgresServer(named) if named else start_private(tell)


def start_private(tell: debian.Tell = print) -> PrivatePostgres:
    binaries = debian.find_or_install(
        _find_binaries, package="postgresql", variable=VARIABLE, tell=tell
    )
    return PrivatePostgres(binaries)


def _find_binaries() -> Path | None:
    """The newest that Debian has installed, or what the PATH has."""
    installed = [initdb.parent for initdb in INSTALLED.glob("*/bin/initdb")]
    if installed:
        return max(installed, key=lambda binaries: float(binaries.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _not_ours(verb: str) -> str:
    return f"{VARIABLE} names a server that is not ours to {verb}: unset it for a private one"


def _wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """In a thread, whose event loop is its own, so that a running one is no obstacle."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
