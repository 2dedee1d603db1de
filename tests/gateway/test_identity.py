"""Tokens, keys and clients."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from standalone import Standalone
from tests.gateway.conftest import ADMIN, OpenDoor
from tests.gateway.test_proxy import mirror

CLIENTS = "/v1/identity/clients"
NGO: dict[str, Any] = {
    "name": "An NGO",
    "organisation": "ngo",
    "roles": ["case_worker"],
    "places": ["LY02"],
}


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


async def test_a_client_gets_a_token_for_ten_minutes(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    response = await door.token()

    told = response.json()
    assert (response.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 600)
    assert response.headers["cache-control"] == "no-store"


async def test_basic_authentication_works_too(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    header = "Basic " + base64.b64encode(":".join(ADMIN).encode()).decode()

    async with httpx.AsyncClient(base_url=door.base_url, trust_env=False) as client:
        response = await client.post(
            "/v1/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": header},
        )

    assert response.status_code == 200


async def test_wrong_unknown_and_revoked_clients_get_one_answer(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    async with door.client() as client:
        made = (await client.post(CLIENTS, json=NGO)).json()
        assert (await client.delete(f"{CLIENTS}/{made['id']}")).status_code == 204

    answers = [
        await door.token(ADMIN[0], "wrong"),
        await door.token("nobody", "wrong"),
        await door.token(made["client_id"], made["client_secret"]),
    ]

    bodies = [response.json() | {"instance": ""} for response in answers]
    assert [response.status_code for response in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize(
    ("form", "status", "slug"),
    [
        ({"grant_type": "password"}, 400, "unsupported-grant-type"),
        ({}, 400, "unsupported-grant-type"),
        ({"grant_type": "client_credentials", "audience": "moon"}, 400, "invalid-target"),
    ],
)
async def test_a_form_that_asks_for_something_else_is_refused(
    open_door: OpenDoor, form: dict[str, str], status: int, slug: str
) -> None:
    door = await open_door(mirror)

    async with httpx.AsyncClient(base_url=door.base_url, trust_env=False) as client:
        response = await client.post(
            "/v1/token",
            data=form,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")


async def test_the_public_keys_show_no_private_part(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    async with httpx.AsyncClient(base_url=door.base_url, trust_env=False) as client:
        [key] = (await client.get("/.well-known/jwks.json")).json()["keys"]

    assert key["kty"] == "EC"
    assert "d" not in key


async def test_a_secret_is_shown_once(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    async with door.client() as client:
        made = await client.post(CLIENTS, json=NGO)
        listed = await client.get(CLIENTS)

    assert made.status_code == 201
    assert made.json()["client_secret"]
    assert made.json()["client_secret"] not in listed.text
    assert (await door.token(made.json()["client_id"], made.json()["client_secret"])).is_success


@pytest.mark.parametrize("change", [{"roles": ["admin"]}, {"roles": []}, {"is_admin": True}])
async def test_nobody_can_be_made_an_administrator(
    open_door: OpenDoor, change: dict[str, Any]
) -> None:
    door = await open_door(mirror)

    async with door.client() as client:
        response = await client.post(CLIENTS, json=NGO | change)

    assert response.status_code == 422


async def test_other_roles_cannot_manage_clients(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    async with door.client() as client:
        made = (await client.post(CLIENTS, json=NGO)).json()
        token = (await door.token(made["client_id"], made["client_secret"])).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        answers = [
            await client.get(CLIENTS, headers=headers),
            await client.post(CLIENTS, json=NGO, headers=headers),
            await client.delete(f"{CLIENTS}/{made['id']}", headers=headers),
        ]

    assert [response.status_code for response in answers] == [403, 403, 403]


async def test_a_role_that_opens_special_categories_waits_for_an_approval(
    open_door: OpenDoor,
) -> None:
    door = await open_door(mirror)

    async with door.client() as client:
        roles = ["case_worker", "medical_staff", "protection_officer"]
        made = (await client.post(CLIENTS, json=NGO | {"roles": roles})).json()

    token = (await door.token(made["client_id"], made["client_secret"])).json()["access_token"]
    assert (made["roles"], made["waiting"]) == (["case_worker"], roles[1:])
    assert claims_of(token)["grants"] == [{"role": "case_worker", "places": ["LY02"]}]


async def test_a_revoked_client_s_token_ends_with_it(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    async with door.client() as client:
        made = (await client.post(CLIENTS, json=NGO)).json()
        token = (await door.token(made["client_id"], made["client_secret"])).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        before = await client.get("/v1/tracking/places", headers=headers)

        await client.delete(f"{CLIENTS}/{made['id']}")

        after = await client.get("/v1/tracking/places", headers=headers)
        shown = (await client.get("/.well-known/revocations")).json()["ended"]
    assert (before.status_code, after.status_code) == (200, 401)
    assert [each["id"] for each in shown] == [made["client_id"]]
    assert claims_of(token)["iat"] <= shown[0]["before"]


async def test_no_path_but_the_public_ones_opens_without_a_token(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    closed = ["/v1/tracking/x", "/v1/registration/persons", CLIENTS, "/v1/people/x", "/nowhere"]
    public = ["/", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/asyncapi.json"]
    public += ["/health/live", "/.well-known/jwks.json", "/problems/validation"]
    public += ["/contracts/tracking.round_imported.v1.json"]

    async with httpx.AsyncClient(base_url=door.base_url, trust_env=False) as client:
        shut = {path: (await client.get(path)).status_code for path in closed}
        open_ = {path: (await client.get(path)).status_code for path in public}

    assert set(shut.values()) == {401}
    assert set(open_.values()) == {200}


async def test_the_docs_name_no_outside_address(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    async with httpx.AsyncClient(base_url=door.base_url, trust_env=False) as client:
        page = await client.get("/docs")
        start = await client.get("/docs/start.js")

    assert "://" not in page.text + start.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_token_for_one_service_opens_no_other(
    system: Standalone, client: httpx.AsyncClient
) -> None:
    told = json.loads((system.home / "bootstrap.json").read_text())
    form = {
        "grant_type": "client_credentials",
        "client_id": told["client_id"],
        "client_secret": told["client_secret"],
        "audience": "gateway tracking",
    }
    token = (await client.post("/v1/token", data=form)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    places = await client.get("/v1/tracking/places", headers=headers)
    persons = await client.get("/v1/registration/persons", headers=headers)

    assert (places.status_code, persons.status_code) == (200, 401)


async def test_the_one_process_takes_a_new_secret_of_its_administrator_once_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What docs/operations.md says of renewing it."""

    async def statuses(*secrets: str) -> list[int]:
        system = Standalone(tmp_path, "http://masar.test")
        transport = httpx.ASGITransport(app=system.gateway)
        async with (
            system.running(),
            httpx.AsyncClient(transport=transport, base_url="http://masar.test") as client,
        ):
            forms = [
                {"grant_type": "client_credentials", "client_id": ADMIN[0], "client_secret": secret}
                for secret in secrets
            ]
            return [(await client.post("/v1/token", data=form)).status_code for form in forms]

    await statuses()
    first = json.loads((tmp_path / "bootstrap.json").read_text())["admin_client_secret"]
    with monkeypatch.context() as once:
        once.setenv("MASAR_ADMIN_CLIENT_ID", ADMIN[0])
        once.setenv("MASAR_ADMIN_CLIENT_SECRET", ADMIN[1])
        renewed = await statuses(first, ADMIN[1])

    assert renewed == await statuses(first, ADMIN[1]) == [401, 200]
