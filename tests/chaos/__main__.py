"""
Kills processes while people are registered, and counts what was lost or done twice.

    python -m tests.chaos --kills 10 --targets relay,consumer,broker --rps 50 --seconds 60

`relay` is the process of registration, `consumer` that of assistance, `broker` RabbitMQ and
`postgres` the database server; all are private to this run. One JSON line says, in the words
of Jepsen's tests, what became of every write. A run is valid only when messages were delivered
more than once, so that the inbox had something to absorb.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from cli.api import Api
from tests.fleet import Fleet, private_fleet

SETTLE_SECONDS = 120
STAY_DEAD_SECONDS = (0.2, 2.0)


@dataclass
class Tally:
    """What the writer saw, which is never killed."""

    attempted: int = 0
    acked: set[UUID] = field(default_factory=set)
    unknown: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    restarts: list[float] = field(default_factory=list)


class Chaos:
    def __init__(self, fleet: Fleet, options: argparse.Namespace) -> None:
        self.fleet = fleet
        self.postgres = fleet.postgres
        self.rabbitmq = fleet.rabbitmq
        self.options = options
        self.random = random.Random(options.seed)  # noqa: S311 - A seed makes a run repeatable.
        self.tally = Tally()
        self._token = ""

    async def run(self) -> None:
        operations = await asyncio.to_thread(self.fleet.operations)
        await asyncio.to_thread(_programme, operations)
        self._token = operations.token()
        operations.close()
        async with httpx.AsyncClient(
            base_url=self.fleet.base_url,
            timeout=10,
            trust_env=False,
            headers={"Authorization": f"Bearer {self._token}"},
            limits=httpx.Limits(max_connections=100),
        ) as client:
            await asyncio.gather(self._write(client), self._kill())

    async def _write(self, client: httpx.AsyncClient) -> None:
        pending = set()
        total = int(self.options.rps * self.options.seconds)
        started = time.monotonic()
        for number in range(total):
            due = started + number / self.options.rps
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self._register(client, number))
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)

    async def _register(self, client: httpx.AsyncClient, number: int) -> None:
        self.tally.attempted += 1
        try:
            response = await client.post("/v1/registration/persons", json=_person(number))
        except httpx.HTTPError:
            self.tally.unknown += 1
            return
        if response.is_success:
            self.tally.acked.add(UUID(response.json()["id"]))
        else:
            self.tally.refused[response.status_code] += 1

    async def _kill(self) -> None:
        # Queues that are younger than a second are not on the broker's disk yet.
        await asyncio.sleep(2)
        pause = max(0.5, (self.options.seconds - 4) / self.options.kills)
        targets = self.options.targets.split(",")
        for number in range(self.options.kills):
            begun = time.monotonic()
            target = targets[number % len(targets)]
            await asyncio.to_thread(self._kill_one, target)
            self.tally.kills[target] += 1
            self.tally.restarts.append(time.monotonic() - begun)
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - begun)))

    def _kill_one(self, target: str) -> None:
        server: Any = {"broker": self.rabbitmq, "postgres": self.postgres}.get(target)
        dead = self.random.uniform(*STAY_DEAD_SECONDS)
        if server:
            server.kill()
            time.sleep(dead)
            server.start()
            return
        service = {"relay": "registration", "consumer": "assistance"}[target]
        # Half of the readers die at the worst moment: after the commit, before the ack.
        point = (
            "consumer.after_commit_before_ack"
            if target == "consumer"
            else ("relay.after_confirm_before_mark")
        )
        self.fleet.kill(service)
        time.sleep(dead)
        self.fleet.start(service, MASAR_INJECT_FAILURE=point)
        self._until_dead(service)
        self.fleet.start(service)

    def _until_dead(self, service: str) -> None:
        deadline = time.monotonic() + 8
        process = self.fleet.processes[service]
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        self.fleet.kill(service)

    async def count(self) -> dict[str, Any]:
        """Wait until everything has settled, then compare both sides in their own databases."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            found = await asyncio.to_thread(self._count)
            settled = not found["lost"] and not found["unpublished"] and not found["queued"]
            if settled or time.monotonic() > deadline:
                return found
            await asyncio.sleep(1)

    def _count(self) -> dict[str, Any]:
        registered = {row["id"] for row in self._rows("registration", "select id from person")}
        effects = Counter(
            row["person_id"]
            for row in self._rows("assistance", "select person_id from entitlement")
        )
        acked = {str(each) for each in self.tally.acked}
        committed = {str(each) for each in registered}
        entitled = {str(each) for each in effects}
        [unpublished] = self._rows(
            "registration", "select count(*) as n from outbox where sent_at is null"
        )
        [dead] = self._rows("assistance", "select count(*) as n from dead_letter")
        return {
            "attempted": self.tally.attempted,
            "acked": len(acked),
            "committed": len(committed),
            "unknown": self.tally.unknown,
            "refused": dict(self.tally.refused),
            "acked_not_committed": len(acked - committed),
            "lost": len(committed - entitled),
            "phantom": len(entitled - committed),
            "duplicated_effects": sum(times - 1 for times in effects.values()),
            "duplicate_deliveries": self._duplicates(),
            "unpublished": unpublished["n"],
            "queued": self._queued(),
            "dead_letters": dead["n"],
            "kills": dict(self.tally.kills),
            "restart_s": [round(each, 1) for each in self.tally.restarts],
        }

    def _rows(self, service: str, query: str) -> list[Any]:
        return self.postgres.fetch(query, database=self.fleet.database(service))

    def _duplicates(self) -> int:
        """Count the messages that the readers' logs say they had taken before."""
        return self.fleet.log("assistance").count('"outcome": "duplicate"') + self.fleet.log(
            "returns"
        ).count('"outcome": "duplicate"')

    def _queued(self) -> int:
        queues = self.rabbitmq.manage("GET", f"queues/{self.fleet.vhost}")
        return sum(
            each.get("messages", 0) for each in queues if not each["name"].endswith("masar.log")
        )


def _programme(api: Api) -> None:
    api.post(
        "/v1/assistance/programmes",
        {
            "name": "Chaos",
            "donor": "Nobody",
            "period": {"starts_on": "2026-01-01", "ends_on": "2099-01-01"},
            "population_categories": ["migrant"],
            "places": ["LY02"],
            "item": {"name": "Kit"},
        },
    )


def _person(number: int) -> dict[str, Any]:
    return {
        "external_id": f"chaos-{number}",
        "given_name": "Amina",
        "sex": "female",
        "birth_date": "1990-01-01",
        "nationality": "SDN",
        "population_category": "migrant",
        "location_pcode": "LY0211",
        "consent": True,
    }


async def main(options: argparse.Namespace) -> bool:
    async with private_fleet() as fleet:
        chaos = Chaos(fleet, options)
        await chaos.run()
        found = await chaos.count()
    sys.stdout.write(json.dumps(found) + "\n")
    wrong = (
        "acked_not_committed",
        "lost",
        "phantom",
        "duplicated_effects",
        "unpublished",
        "queued",
        "dead_letters",
    )
    return not any(found[name] for name in wrong) and found["duplicate_deliveries"] > 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--targets", default="relay,consumer,broker")
    parser.add_argument("--rps", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(arguments())) else 1)
