"""
Kills processes while people are registered, and counts what was lost or done twice.

    python -m tests.chaos --kills 10 --targets relay,consumer,broker --rps 50 --seconds 60
    python -m tests.chaos --kills 5 --targets process --rps 50 --seconds 60

`relay` is the process of registration, `consumer` that of assistance, `broker` RabbitMQ and
`postgres` the database server; `process` is the whole of a system of one process. All are
private to this run. One JSON line says, in the words of Jepsen's tests, what became of every
write. A run is valid only when messages were delivered more than once, so that the inbox had
something to absorb.
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
from tests.chaos.systems import System, running

SETTLE_SECONDS = 120


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
    def __init__(self, system: System, options: argparse.Namespace) -> None:
        self.system = system
        self.options = options
        self.random = random.Random(options.seed)  # noqa: S311 - A seed makes a run repeatable.
        self.tally = Tally()
        self._token = ""

    async def run(self) -> None:
        operations = await asyncio.to_thread(self.system.operations)
        await asyncio.to_thread(_programme, operations)
        self._token = operations.token()
        operations.close()
        async with httpx.AsyncClient(
            base_url=self.system.base_url,
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
            await asyncio.to_thread(self.system.kill, target, self.random)
            self.tally.kills[target] += 1
            self.tally.restarts.append(time.monotonic() - begun)
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - begun)))

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
        column = self.system.column
        committed = set(column("registration", "select id from person"))
        effects = Counter(column("assistance", "select person_id from entitlement"))
        acked = {each.hex for each in self.tally.acked}
        [unpublished] = column("registration", "select count(*) from outbox where sent_at is null")
        [dead] = column("assistance", "select count(*) from dead_letter")
        return {
            "attempted": self.tally.attempted,
            "acked": len(acked),
            "committed": len(committed),
            "unknown": self.tally.unknown,
            "refused": dict(self.tally.refused),
            "acked_not_committed": len(acked - committed),
            "lost": len(committed - effects.keys()),
            "phantom": len(effects.keys() - committed),
            "duplicated_effects": sum(times - 1 for times in effects.values()),
            "duplicate_deliveries": self.system.duplicates(),
            "unpublished": int(unpublished),
            "queued": self.system.queued(),
            "dead_letters": int(dead),
            "kills": dict(self.tally.kills),
            "restart_s": [round(each, 1) for each in self.tally.restarts],
        }


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
    async with running(options.targets.split(",")) as system:
        chaos = Chaos(system, options)
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
