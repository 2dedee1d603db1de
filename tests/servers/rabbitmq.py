"""RabbitMQ for tests: the one that is named, or a private node on free loopback ports."""

import os
import secrets
import shutil
import signal
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlsplit

import httpx

from tests.servers import debian
from tests.servers.greeting import greet, listens
from tests.servers.processes import (
    LOOPBACK,
    ServerUnavailableError,
    Workplace,
    free_ports,
)

VARIABLE = "MASAR_TEST_AMQP_URL"
MANAGEMENT_VARIABLE = "MASAR_TEST_AMQP_MANAGEMENT_URL"
# The link in sbin refuses everyone but root and rabbitmq; these do not.
INSTALLED = Path("/usr/lib/rabbitmq/bin")
PATIENCE = 60.0

DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}

CONFIGURATION = """
listeners.tcp.1 = {host}:{amqp}
management.tcp.ip = {host}
management.tcp.port = {management}
prometheus.tcp.ip = {host}
prometheus.tcp.port = {prometheus}
default_user = {user}
default_pass = {password}
log.file.level = warning
raft.wal_max_size_bytes = 67108864
"""


class RabbitServer:
    """A RabbitMQ whose administrator we are; every call blocks."""

    ours: ClassVar = False
    """Whether this run started it, and so may kill it."""

    def __init__(self, url: str, management_url: str | None = None, *, tidy: bool = True) -> None:
        parts = urlsplit(url)
        self.user = unquote(parts.username or "guest")
        self.password = unquote(parts.password or "guest")
        self.host = parts.hostname or LOOPBACK
        self._scheme = parts.scheme
        self.port = parts.port or DEFAULT_PORTS[parts.scheme]
        self._virtual_host = unquote(parts.path[1:]) or "/"
        self._management_url = management_url
        self._tidy = tidy
        self._made: list[str] = []

    @property
    def version(self) -> str:
        return greet(self.host, self.port) or "unknown"

    @property
    def management_url(self) -> str:
        if self._management_url is None:
            raise ServerUnavailableError(f"name the management address in {MANAGEMENT_VARIABLE}")
        return self._management_url

    def amqp_url(
        self, user: str | None = None, password: str | None = None, virtual_host: str | None = None
    ) -> str:
        user, password = (user, password or "") if user else (self.user, self.password)
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        where = quote(virtual_host or self._virtual_host, safe="")
        return f"{self._scheme}://{who}@{self.host}:{self.port}/{where}"

    def manage(self, method: str, path: str, body: object = None) -> Any:
        """Call the management API; the path starts behind /api/."""
        answer = httpx.request(
            method,
            f"{self.management_url}/api/{path}",
            auth=(self.user, self.password),
            json=body,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create_virtual_host(self, name: str) -> str:
        """Make an empty world for one test, open to the administrator; answers its AMQP URL."""
        path = f"vhosts/{quote(name, safe='')}"
        self.manage("PUT", path)
        self._made.append(path)
        self._permit(self.user, name, {"configure": ".*", "write": ".*", "read": ".*"})
        return self.amqp_url(virtual_host=name)

    def create_user(
        self,
        name: str,
        password: str,
        *,
        virtual_host: str | None = None,
        configure: str = "^$",
        write: str = "^$",
        read: str = "^$",
    ) -> str:
        """Make a user with exactly these rights, by default none; answers its AMQP URL."""
        path = f"users/{quote(name, safe='')}"
        self.manage("PUT", path, {"password": password, "tags": ""})
        self._made.append(path)
        where = virtual_host or self._virtual_host
        self._permit(name, where, {"configure": configure, "write": write, "read": read})
        return self.amqp_url(name, password, where)

    def start(self) -> None:
        raise ServerUnavailableError(_not_ours("start"))

    def stop(self) -> None:
        raise ServerUnavailableError(_not_ours("stop"))

    def kill(self) -> None:
        raise ServerUnavailableError(_not_ours("kill"))

    def pause(self) -> None:
        raise ServerUnavailableError(_not_ours("pause"))

    def resume(self) -> None:
        raise ServerUnavailableError(_not_ours("resume"))

    def control(self, *arguments: str) -> str:
        raise ServerUnavailableError(_not_ours(f"control with rabbitmqctl {' '.join(arguments)}"))

    def lent(self) -> "RabbitServer":
        """For another process of this run; what it makes in a private one need not be undone."""
        return RabbitServer(self.amqp_url(), self._management_url, tidy=not self.ours)

    def close(self) -> None:
        """Take away what the tests made in somebody else's server."""
        while self._tidy and self._made:
            self.manage("DELETE", self._made.pop())

    def _permit(self, user: str, virtual_host: str, rights: dict[str, str]) -> None:
        path = f"permissions/{quote(virtual_host, safe='')}/{quote(user, safe='')}"
        self.manage("PUT", path, rights)


class PrivateRabbit(RabbitServer):
    """A node of our own, with its own epmd, in a temporary folder, gone with the test run."""

    ours = True

    def __init__(self, binaries: Path) -> None:
        amqp, self._distribution, self._epmd, management, self._prometheus = free_ports(5)
        super().__init__(
            f"amqp://masar:{secrets.token_hex(16)}@{LOOPBACK}:{amqp}",
            f"http://{LOOPBACK}:{management}",
        )
        self._binaries = binaries
        self.workplace = Workplace("rabbitmq", account="rabbitmq")
        self._node = f"masar-{secrets.token_hex(4)}@localhost"
        try:
            self._configure(management)
            self.start()
        except BaseException:
            self.workplace.close()
            raise

    def start(self) -> None:
        """Again on the same ports and data, after stop() or kill()."""
        if not self.workplace.runs("epmd"):
            # Started here, in the foreground: Erlang would leave it behind as a daemon.
            self.workplace.spawn("epmd", _epmd(), environment=self._environment)
        if self.workplace.runs("rabbitmq"):
            return
        server = self._binaries / "rabbitmq-server"
        self.workplace.spawn("rabbitmq", server, environment=self._environment)
        self._wait_until_ready()

    def stop(self) -> None:
        """An orderly one, which takes 6 to 11 seconds: the broker says goodbye to its clients."""
        self.resume()
        self.workplace.stop("rabbitmq", signal.SIGTERM)
        self.workplace.kill("epmd")

    def kill(self) -> None:
        """
        SIGKILL, epmd excepted.

        A quorum queue needs half a second after its first declaration to survive this with its
        confirmed messages: until then Ra 2.0 has not synced the queue's name (rabbitmq/ra#443).
        """
        self.workplace.kill("rabbitmq")

    def pause(self) -> None:
        """SIGSTOP: connections stay open, the kernel still accepts bytes, nothing answers."""
        self.workplace.send("rabbitmq", signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT after pause(); harmless without one."""
        if self.workplace.runs("rabbitmq"):
            self.workplace.send("rabbitmq", signal.SIGCONT)

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl, set_vm_memory_high_watermark for a memory alarm, say."""
        command = self._binaries / "rabbitmqctl"
        return self.workplace.run(command, "-q", *arguments, environment=self._environment)

    def close(self) -> None:
        self.workplace.close()

    @property
    def _environment(self) -> dict[str, str]:
        home = self.workplace.path
        return self.workplace.environment(
            ERL_EPMD_ADDRESS=LOOPBACK,
            ERL_EPMD_PORT=str(self._epmd),
            RABBITMQ_ADVANCED_CONFIG_FILE=str(home / "advanced.config"),
            RABBITMQ_CONFIG_FILE=str(home / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=str(home / "rabbitmq-env.conf"),
            RABBITMQ_DIST_PORT=str(self._distribution),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(home / "enabled_plugins"),
            RABBITMQ_GENERATED_CONFIG_DIR=str(home / "generated"),
            RABBITMQ_LOG_BASE=str(home / "log"),
            RABBITMQ_MNESIA_BASE=str(home / "mnesia"),
            RABBITMQ_NODENAME=self._node,
            RABBITMQ_PID_FILE=str(home / "node"),
            # Two nodes bound to the same cores would wait for each other.
            RABBITMQ_SCHEDULER_BIND_TYPE="u",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            # The script then becomes the server, so that its pid is the one to signal.
            RUNNING_UNDER_SYSTEMD="true",
        )

    def _configure(self, management: int) -> None:
        settings = CONFIGURATION.format(
            host=LOOPBACK,
            amqp=self.port,
            management=management,
            prometheus=self._prometheus,
            user=self.user,
            password=self.password,
        )
        self.workplace.write("rabbitmq.conf", settings)
        self.workplace.write("enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
        self.workplace.write(".erlang.cookie", secrets.token_hex(32)).chmod(0o400)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        management = urlsplit(self.management_url).port or 0
        while greet(self.host, self.port) is None or not listens(self.host, management):
            if not self.workplace.runs("rabbitmq") or time.monotonic() > deadline:
                why = self.workplace.explain("rabbitmq")
                raise ServerUnavailableError(f"the private RabbitMQ did not start: {why}")
            time.sleep(0.05)


def obtain(tell: debian.Tell = print) -> RabbitServer:
    """The server that the environment names, or else a private one."""
    named = os.environ.get(VARIABLE)
    if named:
        return RabbitServer(named, os.environ.get(MANAGEMENT_VARIABLE))
    return start_private(tell)


def start_private(tell: debian.Tell = print) -> PrivateRabbit:
    binaries = debian.find_or_install(
        _find_binaries,
        package="rabbitmq-server",
        units=("rabbitmq-server.service", "epmd.service", "epmd.socket"),
        variable=VARIABLE,
        tell=tell,
    )
    return PrivateRabbit(binaries)


def _epmd() -> str:
    found = shutil.which("epmd")
    if found is None:
        raise ServerUnavailableError("RabbitMQ is installed without Erlang's epmd on the PATH")
    return found


def _find_binaries() -> Path | None:
    if (INSTALLED / "rabbitmq-server").exists():
        return INSTALLED
    on_path = shutil.which("rabbitmq-server")
    return Path(on_path).resolve().parent if on_path else None


def _not_ours(verb: str) -> str:
    return f"{VARIABLE} names a server that is not ours to {verb}: unset it for a private one"
