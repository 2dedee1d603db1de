"""The two ways to run, as chaos sees them: something to write to, to kill, and to count in."""

import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from cli.api import Api
from tests.fleet import Fleet, OneProcess, private_fleet
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

STAY_DEAD_SECONDS = (0.2, 2.0)
# Long enough that the armed process meets the point where it dies, under any load.
ARMED_SECONDS = 8
DUPLICATE = '"outcome": "duplicate"'


SERVICES = {"relay": "registration", "consumer": "assistance"}
# They die at the worst moment too: when something is done and not yet said.
POINTS = {
    "relay": "relay.after_confirm_before_mark",
    "consumer": "consumer.after_commit_before_ack",
}


class System(Protocol):
    base_url: str

    def operations(self) -> Api: ...

    def kill(self, target: str, dice: random.Random) -> None:
        """Kill a part, and return when it runs again."""

    def column(self, service: str, query: str) -> list[str]:
        """Return the first column of a query on a service's database, ids as plain hex."""

    def duplicates(self) -> int:
        """Count the messages that the readers' logs say they had taken before."""

    def queued(self) -> int:
        """Count the messages that wait outside of any outbox."""


class Distributed:
    """Processes on PostgreSQL and RabbitMQ: `relay` and `consumer` are services."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.base_url = fleet.base_url

    def operations(self) -> Api:
        return self.fleet.operations()

    def kill(self, target: str, dice: random.Random) -> None:
        servers: dict[str, RabbitServer | PostgresServer] = {
            "broker": self.fleet.rabbitmq,
            "postgres": self.fleet.postgres,
        }
        if server := servers.get(target):
            server.kill()
            time.sleep(dice.uniform(*STAY_DEAD_SECONDS))
            server.start()
            return
        service = SERVICES[target]
        self.fleet.kill(service)
        time.sleep(dice.uniform(*STAY_DEAD_SECONDS))
        self.fleet.start(service, MASAR_INJECT_FAILURE=POINTS[target])
        self._until_dead(service)
        self.fleet.start(service)

    def _until_dead(self, service: str) -> None:
        deadline = time.monotonic() + ARMED_SECONDS
        process = self.fleet.processes[service]
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        self.fleet.kill(service)

    def column(self, service: str, query: str) -> list[str]:
        rows = self.fleet.postgres.fetch(query, database=self.fleet.database(service))
        return [str(next(iter(row.values()))).replace("-", "") for row in rows]

    def duplicates(self) -> int:
        return sum(self.fleet.log(name).count(DUPLICATE) for name in ("assistance", "returns"))

    def queued(self) -> int:
        queues = self.fleet.rabbitmq.manage("GET", f"queues/{self.fleet.vhost}")
        return sum(
            each.get("messages", 0) for each in queues if not each["name"].endswith("masar.log")
        )


class Standalone:
    """One process on SQLite: it is the only thing there is to kill."""

    def __init__(self, process: OneProcess) -> None:
        self.process = process
        self.base_url = process.credentials()["base_url"]

    def operations(self) -> Api:
        return self.process.api()

    def kill(self, target: str, dice: random.Random) -> None:
        if target != "process":
            raise SystemExit(f"{target} is no part of a system of one process.")
        self.process.kill()
        time.sleep(dice.uniform(*STAY_DEAD_SECONDS))
        point = dice.choice(list(POINTS.values()))
        self.process.launch(MASAR_INJECT_FAILURE=point)
        self.process.wait(ARMED_SECONDS)
        self.process.start()

    def column(self, service: str, query: str) -> list[str]:
        with sqlite3.connect(self.process.home / f"{service}.sqlite") as database:
            return [str(value).replace("-", "") for (value,) in database.execute(query)]

    def duplicates(self) -> int:
        return (self.process.home / "log").read_text(errors="replace").count(DUPLICATE)

    def queued(self) -> int:
        return 0


@asynccontextmanager
async def running(targets: list[str]) -> AsyncIterator[System]:
    """Run the system that has these targets: one process if `process` is to be killed."""
    if "process" in targets:
        with tempfile.TemporaryDirectory() as home:
            process = OneProcess(Path(home))
            process.start()
            try:
                yield Standalone(process)
            finally:
                process.kill()
    else:
        async with private_fleet() as fleet:
            yield Distributed(fleet)
