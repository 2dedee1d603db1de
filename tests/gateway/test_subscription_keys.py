"""Keys by which programs written for IOM's API read: whose, for what, how often, until when."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from tests.gateway.house import CLIENTS, House, opened, silent

PATH = "/v3/displacement/country-list"
FORM: dict[str, Any] = {"name": "Program", "organisation": "ngo", "roles": ["integrator"]}


async def made(house: House, **changes: Any) -> str:
    return str((await house.as_admin("POST", CLIENTS, json=FORM | changes)).json()["id"])


async def new_key(house: House, client: str) -> str:
    response = await house.as_admin("POST", f"{CLIENTS}/{client}/subscription-keys")
    assert response.status_code == 201, response.text
    return str(response.json()["subscription_key"])


async def asked(house: House, *keys: str, path: str = PATH) -> int:
    headers = [("Ocp-Apim-Subscription-Key", key) for key in keys]
    return (await house.client.get(path, headers=headers)).status_code


async def test_a_key_is_exchanged_at_the_door_and_counts_there_alone(tmp_path: Path) -> None:
    passed: list[dict[bytes, bytes]] = []

    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == PATH:
            passed.append(dict(scope["headers"]))
        await silent(scope, receive, send)

    async with opened(tmp_path, service) as house:
        key = await new_key(house, await made(house))

        assert await asked(house, key) == 204
        assert await asked(house, key, path="/v1/tracking/rounds") == 401
        assert await asked(house, key[:-1]) == 401
        assert await asked(house, key, key) == 401
        assert await asked(house, "") == 401
        assert await asked(house) == 401

    [headers] = passed
    assert b"ocp-apim-subscription-key" not in headers
    assert headers[b"authorization"].startswith(b"Bearer ey")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.sqlite*"))
    assert key.encode() not in kept
    with sqlite3.connect(tmp_path / "gateway.sqlite") as connection:
        rows = connection.execute("select action, resource from audit_entry").fetchall()
    connection.close()
    assert ("create", "subscription_key") in rows
    assert any(action == "subscription key" for action, _ in rows)


async def test_a_key_counts_until_it_is_replaced_twice_or_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.identity.subscriptions.door.KNOWN_SECONDS", 0.0)
    client = await made(house)
    first, second, third = [await new_key(house, client) for _ in range(3)]

    assert [await asked(house, key) for key in (first, second, third)] == [401, 204, 204]
    ended = await house.as_admin("DELETE", f"{CLIENTS}/{client}/subscription-keys")
    assert ended.status_code == 204
    assert [await asked(house, key) for key in (second, third)] == [401, 401]
    last = await new_key(house, client)
    assert await asked(house, last) == 204
    await house.as_admin("DELETE", f"{CLIENTS}/{client}")
    assert await asked(house, last) == 401
    again = await house.as_admin("POST", f"{CLIENTS}/{client}/subscription-keys")
    assert again.status_code == 404


async def test_a_key_is_bound_as_its_client_is(house: House) -> None:
    key = await new_key(house, await made(house, requests_per_minute=2))
    away = await new_key(house, await made(house, addresses=["198.51.100.0/24"]))

    assert [await asked(house, key) for _ in range(3)] == [204, 204, 429]
    assert await asked(house, away) == 403
    wrong = [await asked(house, f"{number:064}") for number in range(61)]
    assert wrong == [401] * 60 + [429]
