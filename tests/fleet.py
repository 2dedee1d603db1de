"""Both ways to run the system, as processes on this machine: what tests and benchmarks run."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from chassis import topology
from cli.api import OPERATIONS, Api, Credentials
from tests.patience import SECONDS
from tests.servers.postgres import PostgresServer
from tests.servers.postgres import start_private as start_postgres
from tests.servers.processes import free_ports
from tests.servers.rabbitmq import RabbitServer
from tests.servers.rabbitmq import start_private as start_rabbitmq

ROOT = Path(__file__).parents[1]
PLAIN = httpx.Client(trust_env=False, timeout=10, limits=httpx.Limits(max_keepalive_connections=0))
"""What asks again and again whether somebody is there; to make one takes longer than to ask."""
SERVICES = ("registration", "assistance", "returns", "tracking")


def free_port() -> int:
    return free_ports(1)[0]


class Fleet:
    """What Compose runs, without containers: each part can be killed and started again."""

    def __init__(self, postgres: PostgresServer, rabbitmq: RabbitServer, home: Path) -> None:
        self.postgres = postgres
        self.home = home
        self.mark = secrets.token_hex(4)
        self.vhost = f"fleet_{self.mark}"
        names = (*SERVICES, "gateway")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.environments: dict[str, dict[str, str]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.rabbitmq = rabbitmq
        self._secret = secrets.token_hex(16)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def database(self, service: str) -> str:
        return f"{service}_{self.mark}"

    async def prepare(self) -> None:
        """Make databases, roles, queues and users, as the deployment does once."""
        # Users belong to the whole broker: a fleet beside this one makes the very same.
        passwords = {name: f"{name} {self.rabbitmq.password}" for name in (*SERVICES, "gateway")}
        self.rabbitmq.create_virtual_host(self.vhost)
        wanted = topology.definitions(
            topology.published_subscriptions(), passwords, vhost=self.vhost
        )
        rabbit = self.rabbitmq
        await topology.load(rabbit.management_url, rabbit.user, rabbit.password, wanted)
        for name in (*SERVICES, "gateway"):
            role, password = self.database(name), secrets.token_hex(16)
            self.postgres.create_role(role, password)
            self.postgres.create_database(role, owner=role)
            self.environments[name] = self._environment(name) | {
                "MASAR_DATABASE_URL": self.postgres.url(role, role, password, driver="asyncpg")
            }
            url = rabbit.amqp_url(name, passwords[name], self.vhost)
            self.environments[name]["MASAR_AMQP_URL"] = url

    def _environment(self, name: str) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if "MASAR" not in key}
        urls = {
            f"MASAR_{each.upper()}_URL": f"http://127.0.0.1:{self.ports[each]}" for each in SERVICES
        }
        return inherited | {
            "PYTHONPATH": str(ROOT),
            "MASAR_SERVICE": name if name == "gateway" else f"services/{name}",
            "MASAR_PORT": str(self.ports[name]),
            "MASAR_HOME": str(self.home),
            "MASAR_JWKS_URL": f"{self.base_url}/.well-known/jwks.json",
            "MASAR_ADMIN_CLIENT_ID": "administrator",
            "MASAR_ADMIN_CLIENT_SECRET": self._secret,
            **urls,
        }

    def start(self, *names: str, **more: str) -> None:
        for name in names or (*SERVICES, "gateway"):
            log = (self.home / f"{name}.log").open("ab")
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "chassis.serve"],
                cwd=ROOT,
                env=self.environments[name] | more,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            log.close()

    def wait(self, *names: str) -> None:
        for name in names or (*SERVICES, "gateway"):
            self._wait(name)

    def _wait(self, name: str, path: str = "/health/ready") -> None:
        deadline = time.monotonic() + SECONDS
        url = f"http://127.0.0.1:{self.ports[name]}{path}"
        while time.monotonic() < deadline:
            try:
                if PLAIN.get(url).is_success:
                    return
            except httpx.TransportError:
                pass
            assert self.processes[name].poll() is None, f"{name} ended: {self.log(name)[-2000:]}"
            time.sleep(0.1)
        raise TimeoutError(f"{name} is not ready: {self.log(name)[-2000:]}")

    def wait_for_life(self, name: str) -> None:
        """Wait for a process whose surroundings are not what it needs to be ready."""
        self._wait(name, "/health/live")

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def operations(self) -> Api:
        """Make an operations client with the administrator, as `make demo` does on Compose."""
        return self.client(OPERATIONS)

    def administrator(self) -> Api:
        return Api(Credentials(self.base_url, "administrator", self._secret))

    def client(self, form: dict[str, Any]) -> Api:
        """Let the administrator make a client."""
        administrator = self.administrator()
        made = administrator.post("/v1/identity/clients", form)
        administrator.close()
        return Api(Credentials(self.base_url, made["client_id"], made["client_secret"]))


@asynccontextmanager
async def private_fleet() -> AsyncIterator[Fleet]:
    """Run the distributed system on servers of its own, which all end with the block."""
    postgres, rabbitmq = start_postgres(), start_rabbitmq()
    try:
        with tempfile.TemporaryDirectory() as home:
            fleet = Fleet(postgres, rabbitmq, Path(home))
            await fleet.prepare()
            # Queues that are younger than a second are not on the broker's disk yet.
            await asyncio.sleep(1)
            fleet.start()
            try:
                await asyncio.to_thread(fleet.wait)
                yield fleet
            finally:
                fleet.stop()
    finally:
        rabbitmq.close()
        postgres.close()


class OneProcess:
    """The standalone system, as `make run` starts it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self, **more: str) -> None:
        """Start, and wait for nothing."""
        environment = {key: value for key, value in os.environ.items() if "MASAR" not in key}
        environment |= {"MASAR_HOME": str(self.home), "MASAR_PORT": str(self.port), **more}
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "standalone.py"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> float:
        """Start, and return the seconds until it was ready."""
        started = time.monotonic()
        self.launch()
        while time.monotonic() - started < SECONDS:
            try:
                url = f"http://127.0.0.1:{self.port}/health/ready"
                if PLAIN.get(url).is_success:
                    return time.monotonic() - started
            except httpx.TransportError:
                time.sleep(0.02)
        raise TimeoutError((self.home / "log").read_text()[-2000:])

    def credentials(self) -> dict[str, str]:
        told: dict[str, str] = json.loads((self.home / "bootstrap.json").read_text())
        return told

    def api(self) -> Api:
        told = self.credentials()
        return Api(Credentials(told["base_url"], told["client_id"], told["client_secret"]))

    def resident_bytes(self) -> int:
        """Return what the process holds in memory, as Linux counts it."""
        assert self.process
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if "VmRSS" in line).split()[1]) * 1024

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def wait(self, seconds: float) -> None:
        """Wait for its end, and bring it about when it does not come."""
        assert self.process
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()

    def stop(self) -> float:
        """End it as Ctrl-C does, and return how long it took."""
        assert self.process
        started = time.monotonic()
        self.process.send_signal(2)
        self.process.wait(timeout=15)
        return time.monotonic() - started
