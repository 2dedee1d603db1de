"""Who somebody is stands in their token; no header says it, at the gateway or at a service."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from services.registration.main import SERVICE
from tests.conftest import Start
from tests.gateway.house import ADMIN, CLIENTS, House, bearer_of, opened

CLAIMS = {
    "X-User-Id": "admin",
    "X-Auth-Request-User": "admin",
    "X-Remote-User": "admin",
    "X-Forwarded-User": "admin",
    "X-Client-Id": "administrator",
}


@pytest.mark.parametrize("headers", [CLAIMS, {"X-User-Id": "admin", "Authorization": "Bearer x"}])
async def test_case_23_a_service_asked_directly_believes_no_header(
    start: Start, headers: dict[str, str]
) -> None:
    running = await start(SERVICE)
    running.client.headers.pop("Authorization")

    response = await running.client.get("/v1/registration/persons", headers=headers)

    assert response.status_code == 401


class Seen:
    """A service that keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, httpx.Headers]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append((scope["method"], httpx.Headers(scope["headers"])))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({}).encode()})


async def test_case_24_nothing_that_claims_an_identity_passes_the_gateway(tmp_path: Path) -> None:
    seen = Seen()
    async with opened(tmp_path, seen) as house:
        token = (await house.client_token(*ADMIN)).json()["access_token"]
        sent: list[tuple[str, str]] = [
            ("Authorization", f"Bearer {token}"),
            ("X-User-Id", "admin"),
            ("X-User-Id", "somebody"),
            ("X_User_Id", "admin"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("X-Forwarded-For", "6.6.6.6"),
            ("X-Kept", "yes"),
        ]

        response = await house.client.get("/v1/registration/persons", headers=httpx.Headers(sent))

    ((method, headers),) = seen.requests
    assert (response.status_code, method) == (200, "GET")
    assert headers["authorization"] == f"Bearer {token}"
    assert headers["x-kept"] == "yes"
    gone = {"x-user-id", "x_user_id", "x-http-method-override", "x-forwarded-for"}
    assert not gone & set(headers)


async def test_case_24_a_token_that_connection_names_is_no_token(tmp_path: Path) -> None:
    seen = Seen()
    async with opened(tmp_path, seen) as house:
        token = (await house.client_token(*ADMIN)).json()["access_token"]
        headers = bearer_of(token) | {"Connection": "authorization", "X-User-Id": "admin"}

        await house.client.get("/v1/registration/persons", headers=headers)

    # What the sender calls a matter of this hop goes no further: the service gets no token at all.
    assert all("authorization" not in headers for _, headers in seen.requests)
    assert all("x-user-id" not in headers for _, headers in seen.requests)


async def test_case_24_an_override_changes_nothing_at_the_gateway_itself(house: House) -> None:
    form: dict[str, Any] = {"name": "NGO", "organisation": "ngo", "roles": ["integrator"]}
    made = (await house.as_admin("POST", CLIENTS, json=form)).json()
    token = (await house.client_token(*ADMIN)).json()["access_token"]
    override = bearer_of(token) | {"X-HTTP-Method-Override": "DELETE"}

    await house.client.get(f"{CLIENTS}/{made['id']}", headers=override)

    assert (await house.client_token(made["client_id"], made["client_secret"])).status_code == 200
