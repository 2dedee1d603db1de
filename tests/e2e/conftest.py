"""Both ways to run the system, as processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from cli.api import Api, Credentials
from tests.fleet import ROOT, Fleet, free_port
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
async def fleet(
    postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path: Path
) -> AsyncIterator[Fleet]:
    fleet = Fleet(postgres, rabbitmq, tmp_path)
    await fleet.prepare()
    fleet.start()
    try:
        fleet.wait()
        yield fleet
    finally:
        fleet.stop()


class OneProcess:
    """The standalone system, as `make run` starts it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start, and return the seconds until it was ready."""
        environment = {key: value for key, value in os.environ.items() if "MASAR" not in key}
        environment |= {"MASAR_HOME": str(self.home), "MASAR_PORT": str(self.port)}
        started = time.monotonic()
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "standalone.py"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while time.monotonic() - started < 30:
            try:
                url = f"http://127.0.0.1:{self.port}/health/ready"
                if httpx.get(url, timeout=5, trust_env=False).is_success:
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

    def stop(self) -> float:
        """End it as Ctrl-C does, and return how long it took."""
        assert self.process
        started = time.monotonic()
        self.process.send_signal(2)
        self.process.wait(timeout=15)
        return time.monotonic() - started


@pytest.fixture
def one_process(tmp_path: Path) -> Iterator[OneProcess]:
    system = OneProcess(tmp_path)
    yield system
    if system.process and system.process.poll() is None:
        system.process.kill()
        system.process.wait()
