"""What a client is bound by: its addresses, roles, end, and how often it may ask."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from chassis.clock import now
from gateway.identity.clients.models import Client, ClientUse
from tests.gateway.house import CLIENTS, PEER, House, bearer_of, opened
from tests.patience import until

ANYWHERE = "/v1/tracking/x"
FORM: dict[str, Any] = {"name": "NGO", "organisation": "ngo", "roles": ["integrator"]}


async def made(house: House, **changes: Any) -> dict[str, Any]:
    response = await house.as_admin("POST", CLIENTS, json=FORM | changes)
    assert response.status_code == 201, response.text
    client: dict[str, Any] = response.json()
    return client


async def token_of(house: House, client: dict[str, Any]) -> str:
    response = await house.client_token(client["client_id"], client["client_secret"])
    return str(response.json()["access_token"])


async def listed(house: House, client: dict[str, Any]) -> dict[str, Any]:
    items: list[dict[str, Any]] = (await house.as_admin("GET", CLIENTS)).json()["items"]
    return next(each for each in items if each["client_id"] == client["client_id"])


async def test_case_33_a_key_from_another_address(house: House, tmp_path: Path) -> None:
    client = await made(house, addresses=[f"{PEER}/32", "2001:db8::/32"], owner="ict@ngo.test")
    token = await token_of(house, client)
    form = {"grant_type": "client_credentials"}
    form |= {name: client[name] for name in ("client_id", "client_secret")}
    async with house.from_address("198.51.100.9") as away, house.from_address("2001:db8::7") as six:
        claimed = {"X-Forwarded-For": PEER}
        refused = [
            await away.post("/v1/token", data=form, headers=claimed),
            await away.get(ANYWHERE, headers=bearer_of(token) | claimed),
        ]
        allowed = [
            await house.client.get(ANYWHERE, headers=bearer_of(token)),
            await six.get(ANYWHERE, headers=bearer_of(token)),
        ]

    assert [each.status_code for each in (*refused, *allowed)] == [403, 403, 204, 204]
    shown = await until(lambda: listed(house, client), lambda each: each["refused_because"])
    assert (shown["refused_because"], shown["owner"]) == ("address", "ict@ngo.test")
    with sqlite3.connect(tmp_path / "gateway.sqlite") as connection:
        rows = connection.execute("select actor, action, reason from audit_entry").fetchall()
    connection.close()
    assert (client["client_id"], "use", "address") in rows


async def test_case_33_a_key_for_another_scope(house: House) -> None:
    token = await token_of(house, await made(house))

    response = await house.client.get(CLIENTS, headers=bearer_of(token))

    assert response.status_code == 403


async def test_case_33_a_key_after_its_revocation(house: House, tmp_path: Path) -> None:
    client = await made(house)
    token = await token_of(house, client)

    await house.as_admin("DELETE", f"{CLIENTS}/{client['id']}")

    response = await house.client.get(ANYWHERE, headers=bearer_of(token))
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.sqlite*"))
    assert response.status_code == 401
    assert client["client_secret"].encode() not in kept


async def test_case_33_the_10001st_request_of_the_day(house: House) -> None:
    client = await made(house, daily_requests=10_000)
    token = await token_of(house, client)
    today = now().date().isoformat()
    async with house.database.write() as session:
        session.add(ClientUse(client_id=client["client_id"], day=today, requests=9_998))

    answers = [await house.client.get(ANYWHERE, headers=bearer_of(token)) for _ in range(3)]

    assert [response.status_code for response in answers] == [204, 204, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 86_401


async def test_the_requests_of_a_day_are_remembered_by_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        client = await made(house, daily_requests=3)
        token = await token_of(house, client)
        await asyncio.gather(
            *(house.client.get(ANYWHERE, headers=bearer_of(token)) for _ in range(2))
        )
    async with opened(tmp_path) as house:
        answers = [await house.client.get(ANYWHERE, headers=bearer_of(token)) for _ in range(2)]

    assert [response.status_code for response in answers] == [204, 429]


async def test_a_bounded_client_s_requests_are_not_each_a_question_to_the_database(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = {"daily_requests": 10_000, "requests_per_minute": 5_000}
    token = await token_of(house, await made(house, **bounds))
    written = 0
    write = house.database.write

    def counted() -> Any:
        nonlocal written
        written += 1
        return write()

    monkeypatch.setattr(house.database, "write", counted)

    answers = [await house.client.get(ANYWHERE, headers=bearer_of(token)) for _ in range(150)]

    assert {response.status_code for response in answers} == {204}
    # One for each bound, and what goes on beside the requests.
    assert written < len(answers) / 10


async def test_requests_per_minute_are_bounded(house: House) -> None:
    token = await token_of(house, await made(house, requests_per_minute=5))

    answers = await asyncio.gather(
        *(house.client.get(ANYWHERE, headers=bearer_of(token)) for _ in range(8))
    )

    assert sorted(response.status_code for response in answers) == [204] * 5 + [429] * 3


async def test_an_expired_client_is_out_with_its_token(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        later = (now() + timedelta(hours=1)).isoformat()
        client = await made(house, expires_at=later)
        token = await token_of(house, client)
        async with house.database.write() as session:
            await session.exec(update(Client).values(expires_at=now() - timedelta(seconds=1)))

        response = await house.client.get(ANYWHERE, headers=bearer_of(token))
        again = await house.client_token(client["client_id"], client["client_secret"])

    assert (response.status_code, again.status_code) == (401, 401)


@pytest.mark.parametrize(("hours", "status"), [(24, 200), (0, 401)])
async def test_an_old_secret_counts_beside_the_new_one_as_long_as_was_asked(
    house: House, hours: int, status: int
) -> None:
    client = await made(house)

    path = f"{CLIENTS}/{client['id']}/secret"
    renewed = (await house.as_admin("POST", path, json={"overlap_hours": hours})).json()

    new = await house.client_token(client["client_id"], renewed["client_secret"])
    old = await house.client_token(client["client_id"], client["client_secret"])
    assert (new.status_code, old.status_code) == (200, status)
    async with house.database.write() as session:
        await session.exec(update(Client).values(old_secret_until=now() - timedelta(seconds=1)))
    after = await house.client_token(client["client_id"], client["client_secret"])
    assert after.status_code == 401


async def test_wrong_secrets_from_one_address_are_too_many_at_last(house: House) -> None:
    answers = [await house.client_token(f"client-{n}", "wrong") for n in range(61)]

    assert [response.status_code for response in answers] == [401] * 60 + [429]


@pytest.mark.parametrize(
    "change",
    [
        {"addresses": ["not an address"]},
        {"addresses": ["192.0.2.0/33"]},
        {"daily_requests": 0},
        {"daily_requests": "many"},
        {"requests_per_minute": 1.5},
        {"expires_at": "tomorrow"},
        {"expires_at": 4_000_000_000},
        {"secret_hash": "x"},
    ],
)
async def test_a_client_with_bounds_that_are_none_is_refused(
    house: House, change: dict[str, Any]
) -> None:
    response = await house.as_admin("POST", CLIENTS, json=FORM | change)

    assert response.status_code == 422


@pytest.mark.parametrize(
    "moment",
    [
        "2030-03-31T01:30:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2030-03-31T02:30:00[Europe/Rome]",
        "2030-03-31T02:30:00 Africa/Tripoli",
        "2030-03-31T24:30:00Z",
    ],
)
async def test_case_16_an_end_that_is_no_point_in_time_is_refused(
    house: House, moment: str
) -> None:
    response = await house.as_admin("POST", CLIENTS, json=FORM | {"expires_at": moment})

    assert response.status_code == 422
    assert [each["pointer"] for each in response.json()["errors"]] == ["/expires_at"]
