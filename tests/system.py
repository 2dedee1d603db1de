"""The whole system in this test's own process, as `make run` starts it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from standalone import Standalone


async def token(client: httpx.AsyncClient, credentials: dict[str, str], prefix: str = "") -> str:
    response = await client.post(
        "/v1/token",
        data={
            "grant_type": "client_credentials",
            "client_id": credentials[f"{prefix}client_id"],
            "client_secret": credentials[f"{prefix}client_secret"],
        },
    )
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[Standalone]:
    standalone = Standalone(tmp_path / "home", "http://masar.test")
    async with standalone.running():
        yield standalone


@asynccontextmanager
async def operations(system: Standalone) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client with the operations client's token, through the gateway."""
    transport = httpx.ASGITransport(app=system.gateway, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://masar.test", timeout=30
    ) as client:
        credentials = json.loads((system.home / "bootstrap.json").read_text())
        client.headers["Authorization"] = f"Bearer {await token(client, credentials)}"
        yield client


@pytest.fixture
async def client(system: Standalone) -> AsyncIterator[httpx.AsyncClient]:
    async with operations(system) as client:
        yield client
