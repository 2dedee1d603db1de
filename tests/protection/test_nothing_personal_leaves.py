"""
P17: nothing personal on the bus, in logs, metrics, errors, or beside the tables that own it.

Two hundred people are registered whose every field is a value found nowhere else, everything is
done with them that can be done and much that cannot, and then the system is searched for them.
"""

import asyncio
import csv
import io
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx
import pytest

from chassis import topology
from cli.api import Api
from tests.fleet import SERVICES, Fleet, free_port
from tests.patience import ended, until, waited
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

PEOPLE, BY_REQUEST = 200, 60
A_MINUTE = 60
HTTP_CONFLICT = 409
Read = Callable[[], Awaitable[list[str]]]
OWNERS = {
    "registration": {"person", "household"},
    "assistance": set[str](),
    "returns": set[str](),
    "tracking": set[str](),
    "gateway": set[str](),
}
"""The tables that may hold what a person told, readable, by service."""
NAMES = ("given_name", "father_name", "grandfather_name", "family_name")
SECRET = ("phone", "document_number")
JSON = {"Content-Type": "application/json"}
PROGRAMME = {
    "name": "Kits",
    "donor": "A donor",
    "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
    "population_categories": ["migrant"],
    "places": ["LY02"],
    "item": {"name": "Kit", "quantity": 1, "unit": "kit"},
}


def canaries() -> Iterator[dict[str, str]]:
    """Yield registrations whose values stand nowhere else in the world."""
    for number in range(PEOPLE):
        letters = "".join(secrets.choice("bdfgklmnprstvz") for _ in range(10))
        yield {
            "external_id": f"CANARY{letters.upper()}{number}",
            **{name: f"{name[:2].title()}na{letters}" for name in NAMES},
            "sex": "female",
            # Nobody else here was born in these years.
            "birth_date": (date(1901, 1, 2) + timedelta(days=number * 17)).isoformat(),
            "nationality": "SDN",
            "population_category": "migrant",
            "phone": f"+21891{7_000_000 + secrets.randbelow(1_000) * 1_000 + number:07d}",
            "document_type": "passport",
            "document_number": f"DOC{letters.upper()}{number}",
            "location_pcode": "LY0211",
            "household_ref": f"HOUSE{letters.upper()}",
            "registered_on": "2026-01-05",
        }


def values(people: list[dict[str, str]], *fields: str) -> list[str]:
    return [person[field] for person in people for field in fields if field in person]


def hits(text: str, sought: list[str]) -> list[str]:
    """Return what of it the text holds, as it is or as JSON and URLs would write it."""
    folded = text.casefold()
    return [each for each in sought if each.casefold().lstrip("+") in folded]


@pytest.fixture
async def watched(
    postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path: Path
) -> AsyncIterator[tuple[Fleet, dict[str, int]]]:
    """A distributed system whose metrics are open too."""
    fleet = Fleet(postgres, rabbitmq, tmp_path)
    await fleet.prepare()
    metrics = {name: free_port() for name in (*SERVICES, "gateway")}
    for name, port in metrics.items():
        fleet.environments[name]["MASAR_METRICS_PORT"] = str(port)
    fleet.start()
    try:
        fleet.wait()
        yield fleet, metrics
    finally:
        fleet.stop()


async def test_p17_case_41_nothing_personal_is_found_outside_the_tables_that_own_it(
    watched: tuple[Fleet, dict[str, int]], postgres: PostgresServer, rabbitmq: RabbitServer
) -> None:
    fleet, metrics = watched
    people = list(canaries())
    everything = values(people, "external_id", "birth_date", "household_ref", *NAMES, *SECRET)

    async with spying(rabbitmq, fleet) as spy:
        answers = exercise(fleet, people)
        await until_quiet(fleet)
        messages = await spy()

    assert len(messages) >= PEOPLE
    assert hits("\n".join(messages), everything) == []
    logs = "\n".join(fleet.log(name) for name in metrics)
    assert logs.count('"event": "request"') >= BY_REQUEST
    assert hits(logs, everything) == []
    shown = "\n".join(
        httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        for port in metrics.values()
    )
    assert "masar_" in shown
    assert hits(shown, everything) == []
    assert hits("\n".join(answers), everything) == []
    owned = await stored(fleet, everything)
    assert owned.pop("owners") >= PEOPLE
    assert owned == {}


@asynccontextmanager
async def spying(rabbitmq: RabbitServer, fleet: Fleet) -> AsyncIterator[Read]:
    """Open a queue that gets a copy of every message, also of those that failed or died."""
    connection = await aio_pika.connect(rabbitmq.amqp_url(virtual_host=fleet.vhost))
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("spy", durable=True)
        await queue.bind(topology.EVENTS, "#")
        for service in SERVICES:
            await queue.bind(topology.DEAD, service)
            await queue.bind(topology.RETRY, service)

        async def read() -> list[str]:
            found = []
            while message := await queue.get(fail=False, no_ack=True):
                found.append(f"{message.headers} {message.body.decode()}")
            return found

        yield read


def exercise(fleet: Fleet, people: list[dict[str, str]]) -> list[str]:
    """Do with them what can be done, and what cannot; return the answers that are refusals."""
    refusals: list[str] = []
    with client_of(fleet) as client:
        made = client.post("/v1/assistance/programmes", json=PROGRAMME)
        assert made.status_code == 201, made.text
        ids = [register(client, person) for person in people[:BY_REQUEST]]
        refusals.append(upload(client, people[BY_REQUEST:]))
        for person, person_id in zip(people[:8], ids, strict=False):
            assert client.get(f"/v1/people/{person_id}").is_success
            by_phone = client.get(
                "/v1/registration/persons",
                params={"phone": person["phone"]},
                headers={"X-Purpose": "case_management"},
            )
            assert [each["id"] for each in by_phone.json()["items"]] == [person_id]
            refusals += provoke(client, person, person_id)
        take_out(client, people[0])
        for person_id in ids[:10]:
            form = {"person_id": person_id, "destination_country": "SDN"}
            case = client.post("/v1/returns/cases", json=form)
            assert case.status_code == 201, case.text
            step = f"{case.headers['location']}/screening"
            assert client.post(step, json={"vulnerability_level": "medium"}).is_success
    return refusals


def take_out(client: httpx.Client, person: dict[str, str]) -> None:
    """Let a file of the person be made and kept, and fetch it."""
    columns = ["external_id", "birth_date", "phone", "household_ref", *NAMES]
    asked = client.post(
        "/v1/registration/exports",
        json={"format": "jsonl", "columns": columns, "filter": {"phone": person["phone"]}},
        headers={"X-Purpose": "case_management"},
    )
    assert asked.status_code == 202, asked.text
    answer = waited(
        lambda: client.get(f"{asked.headers['location']}/file"),
        lambda answer: answer.status_code != HTTP_CONFLICT,
    )
    assert person["phone"] in answer.text


class FreshToken(httpx.Auth):
    """Puts a token that has not run out on each request that has none of its own."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._token, self._got_at = api.token(), time.monotonic()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if time.monotonic() - self._got_at > A_MINUTE:
            self._token, self._got_at = self._api.token(), time.monotonic()
        request.headers.setdefault("Authorization", f"Bearer {self._token}")
        yield request


@contextmanager
def client_of(fleet: Fleet) -> Iterator[httpx.Client]:
    with (
        closing(fleet.operations()) as api,
        httpx.Client(
            base_url=fleet.base_url, auth=FreshToken(api), trust_env=False, timeout=30
        ) as client,
    ):
        yield client


def form_of(person: dict[str, str]) -> dict[str, Any]:
    form: dict[str, Any] = dict(person)
    document = {"type": form.pop("document_type"), "number": form.pop("document_number")}
    return form | {"documents": [document], "consent": True}


def register(client: httpx.Client, person: dict[str, str]) -> str:
    answer = client.post(
        "/v1/registration/persons",
        json=form_of(person),
        headers={"Idempotency-Key": secrets.token_hex(8)},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def upload(client: httpx.Client, people: list[dict[str, str]]) -> str:
    """Import them, with rows that must be rejected among them; return what the job says."""
    spoilt = [
        people[0] | {"external_id": people[0]["external_id"] + "X", "birth_date": "2099-01-01"},
        people[1] | {"sex": people[1]["family_name"]},
        people[2] | {"given_name": f"=cmd|'{people[2]['given_name']}'"},
        people[3] | {"location_pcode": "LY0999"},
    ]
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, list(people[0]))
    writer.writeheader()
    writer.writerows([*people, *spoilt])
    answer = client.post(
        "/v1/registration/imports", files={"file": ("register.csv", target.getvalue().encode())}
    )
    assert answer.status_code == 202, answer.text
    job = waited(
        lambda: client.get(answer.headers["location"]), lambda answer: ended(answer.json())
    )
    assert (job.json()["status"], job.json()["accepted"]) == ("done", len(people)), job.text
    assert job.json()["rejected"] == len(spoilt)
    return job.text


def provoke(client: httpx.Client, person: dict[str, str], person_id: str) -> Iterator[str]:
    """Send the person's values where they do not belong; yield what is answered."""
    form, path = form_of(person), "/v1/registration/persons"
    name, phone = person["given_name"], person["phone"]
    sent = [
        client.post(path, json=form | {"passport": person["document_number"]}),
        client.post(path, json=form | {"nationality": name}),
        client.post(path, json=form | {"birth_date": f"{person['birth_date']} {name}"}),
        client.post(path, json=form | {"phone": f"{phone}99999999999"}),
        client.post(path, json=form | {"sex": "male"}),
        client.post(path, content=f'{{"given_name": "{name}"', headers=JSON),
        client.get(path, params={"name": name}),
        client.get(path, params={"cursor": name}),
        client.get(f"{path}/{name}"),
        client.get(f"/v1/{name}"),
        client.get(f"/v1/people/{name}"),
        client.post("/v1/registration/imports", files={"file": (f"{name}.xlsx", name.encode())}),
        client.post("/v1/tracking/rounds/imports", files={"file": (f"{name}.xlsx", b"PK" * 99)}),
        client.post("/v1/returns/cases", json={"person_id": name, "destination_country": phone}),
        client.post("/v1/assistance/distributions", json={"entitlement_id": name}),
        client.get(f"{path}/{person_id}", headers={"Authorization": f"Bearer {name}"}),
        client.post("/v1/token", data={"grant_type": "client_credentials", "client_id": name}),
        client.post(path, json=form, headers={"Idempotency-Key": f"{name} {name}"}),
    ]
    for answer in sent:
        assert 400 <= answer.status_code < 500, (answer.request.url.path[:30], answer.status_code)
        yield answer.text + str(dict(answer.headers))


async def until_quiet(fleet: Fleet) -> None:
    """Wait until every event has left and nothing waits in a queue."""

    async def waiting() -> int:
        waiting = 0
        for service in SERVICES:
            async with database(fleet, service) as connection:
                waiting += await connection.fetchval(
                    "select count(*) from outbox where sent_at is null"
                )
        return waiting

    await until(waiting, lambda found: found == 0)
    await asyncio.sleep(1)


@asynccontextmanager
async def database(fleet: Fleet, service: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(fleet.postgres.url(fleet.database(service)))
    try:
        yield connection
    finally:
        await connection.close()


async def stored(fleet: Fleet, sought: list[str]) -> dict[str, Any]:
    """Return which tables hold what, but for the owners, of whom only the number of rows."""
    found: dict[str, Any] = {"owners": 0}
    for service, owners in OWNERS.items():
        async with database(fleet, service) as connection:
            tables = await connection.fetch(
                "select tablename from pg_tables where schemaname = 'public'"
            )
            for (table,) in tables:
                rows = await connection.fetch(f'select t::text from "{table}" t')  # noqa: S608 - The names come from the catalogue.
                text = "\n".join(_readable(row[0]) for row in rows)
                held = hits(text, sought)
                if table in owners:
                    found["owners"] += len(rows)
                    held = hits(text, [each for each in sought if _is_secret(each)])
                if held:
                    found[f"{service}.{table}"] = held[:3]
    return found


def _readable(row: str) -> str:
    """Return the row with what it holds in bytes read as text, as anybody would who has a dump."""
    return row + " ".join(
        bytes.fromhex(each).decode("utf-8", "replace")
        for each in re.findall(r"\\+x((?:[0-9a-f]{2})+)", row)
    )


def _is_secret(value: str) -> bool:
    return value.startswith(("+", "DOC"))


def test_the_search_finds_what_is_there() -> None:
    """The search itself must be able to fail."""
    [person, *_] = canaries()

    assert hits(f'{{"phone": "{person["phone"]}"}}', [person["phone"]])
    assert hits(
        _readable("(1,\\\\x" + person["given_name"].encode().hex() + ")"), [person["given_name"]]
    )
