"""A gateway with people in it: what the tests of identity begin with."""

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pyotp
from pydantic import SecretStr
from sqlalchemy import update
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.db import Database
from gateway.identity.staff.models import Staff
from gateway.main import create_app
from gateway.routes import SERVICES
from gateway.settings import GatewaySettings
from gateway.upstreams import LocalUpstream
from tests.conftest import lifespan

ADMIN = ("administrator", "a-secret-of-the-test")
PASSWORD = "correct horse battery staple"
PEER = "192.0.2.7"
STAFF, SESSIONS = "/v1/identity/staff", "/v1/sessions"
ASSIGNMENTS, CLIENTS = "/v1/identity/assignments", "/v1/identity/clients"


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """Play any service: everything is well, and there is nothing to say."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def bearer_of(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Person:
    """Somebody with an account: their secret of one-time codes, and who they are in tokens."""

    def __init__(self, made: dict[str, Any], secret: str) -> None:
        self.id = made["id"]
        self.name = made["name"]
        self.subject = made["subject"]
        self.secret = secret

    def code(self, steps: int = 0) -> str:
        """Return the code of now, or of so many steps of 30 s later."""
        return pyotp.TOTP(self.secret).at(int(time.time()) + 30 * steps)

    def login(self, steps: int = 0, **changes: Any) -> dict[str, Any]:
        return {"name": self.name, "password": PASSWORD, "code": self.code(steps)} | changes


class House:
    """The gateway, its client from one address, and what its administrator does."""

    def __init__(self, app: Any, client: httpx.AsyncClient) -> None:
        self.app = app
        self.client = client
        self.admin: dict[str, str] = {}

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    @asynccontextmanager
    async def from_address(self, address: str) -> AsyncIterator[httpx.AsyncClient]:
        async with _client(self.app, address) as client:
            yield client

    async def client_token(self, name: str, secret: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
        return await self.client.post("/v1/token", data=form)

    async def as_admin(self, method: str, path: str, **content: Any) -> httpx.Response:
        if not self.admin:
            self.admin = bearer_of((await self.client_token(*ADMIN)).json()["access_token"])
        return await self.client.request(method, path, headers=self.admin, **content)

    async def assign(self, holder: str, role: str, **changes: Any) -> dict[str, Any]:
        form = {"holder": holder, "role": role, "organisation": "iom", "places": ["LY02"]}
        response = await self.as_admin("POST", ASSIGNMENTS, json=form | changes)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def person(self, name: str, *roles: str) -> Person:
        """Invite somebody, and let them open their account."""
        form = {"name": name, "full_name": name.title(), "organisation": "iom"}
        made = (await self.as_admin("POST", STAFF, json=form)).json()
        person = await self.open_account(made)
        for role in roles:
            await self.assign(person.subject, role)
        return person

    async def open_account(self, made: dict[str, Any]) -> Person:
        invitation = {"invitation": made["invitation"]}
        told = (await self.client.post("/v1/staff/enrolment", json=invitation)).json()
        person = Person(made, told["secret"])
        form = invitation | {"password": PASSWORD, "code": person.code()}
        response = await self.client.post("/v1/staff/activation", json=form)
        assert response.status_code == 204, response.text
        await self.forget_codes()
        return person

    async def forget_codes(self) -> None:
        """Let the code of now count again, though it was used a moment ago."""
        async with self.database.write() as session:
            await session.exec(update(Staff).values(code_used=0))

    async def log_in(self, person: Person, **changes: Any) -> dict[str, Any]:
        await self.forget_codes()
        response = await self.client.post(SESSIONS, json=person.login(**changes))
        assert response.status_code == 201, response.text
        begun: dict[str, Any] = response.json()
        return begun


def _client(app: Any, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://masar.test", timeout=30)


@asynccontextmanager
async def opened(home: Path, service: ASGIApp = silent, **settings: Any) -> AsyncIterator[House]:
    app = create_app(
        GatewaySettings(
            home=home,
            admin_client_id=ADMIN[0],
            admin_client_secret=SecretStr(ADMIN[1]),
            **{"database_url": SecretStr(f"sqlite+aiosqlite:///{home}/gateway.sqlite")} | settings,
        ),
        {name: LocalUpstream(service) for name in SERVICES},
    )
    async with lifespan(app), _client(app, PEER) as client:
        yield House(app, client)
