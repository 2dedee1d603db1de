"""The distributed system as processes on this machine: what Compose runs, without containers."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from chassis import topology
from cli.api import OPERATIONS, Api, Credentials
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

ROOT = Path(__file__).parents[1]
SERVICES = ("registration", "assistance", "returns", "tracking")
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Fleet:
    """Four services and the gateway, each a process that can be killed and started again."""

    def __init__(self, postgres: PostgresServer, rabbitmq: RabbitServer, home: Path) -> None:
        self.postgres = postgres
        self.home = home
        self.mark = secrets.token_hex(4)
        self.vhost = f"fleet_{self.mark}"
        self.ports = {name: free_port() for name in (*SERVICES, "gateway")}
        self.environments: dict[str, dict[str, str]] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._rabbitmq = rabbitmq
        self._secret = secrets.token_hex(16)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def database(self, service: str) -> str:
        return f"{service}_{self.mark}"

    async def prepare(self) -> None:
        """Make databases, roles, queues and users, as the deployment does once."""
        passwords = {name: secrets.token_hex(16) for name in SERVICES}
        self._rabbitmq.create_virtual_host(self.vhost)
        wanted = topology.definitions(
            topology.published_subscriptions(), passwords, vhost=self.vhost
        )
        rabbit = self._rabbitmq
        await topology.load(rabbit.management_url, rabbit.user, rabbit.password, wanted)
        for name in (*SERVICES, "gateway"):
            role, password = self.database(name), secrets.token_hex(16)
            self.postgres.create_role(role, password)
            self.postgres.create_database(role, owner=role)
            self.environments[name] = self._environment(name) | {
                "MASAR_DATABASE_URL": self.postgres.url(role, role, password, driver="asyncpg")
            }
            if name in passwords:
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

    def _wait(self, name: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        url = f"http://127.0.0.1:{self.ports[name]}/health/ready"
        while time.monotonic() < deadline:
            try:
                if httpx.get(url, timeout=5, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            assert self.processes[name].poll() is None, f"{name} ended: {self.log(name)[-2000:]}"
            time.sleep(0.1)
        raise TimeoutError(f"{name} is not ready: {self.log(name)[-2000:]}")

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
        administrator = Api(Credentials(self.base_url, "administrator", self._secret))
        made = administrator.post("/v1/identity/clients", OPERATIONS)
        administrator.close()
        return Api(Credentials(self.base_url, made["client_id"], made["client_secret"]))
