"""`masar keys rotate` beside the system that serves."""

import asyncio
import json

import httpx
import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from standalone import Standalone
from tests.registration.test_persons import AMINA
from tests.system import operations

PURPOSE = {"X-Purpose": "case_management"}


async def registered(client: httpx.AsyncClient, external_id: str) -> str:
    form = AMINA | {"external_id": external_id, "location_pcode": "LY02"}
    response = await client.post("/v1/registration/persons", json=form)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_all_keys_are_renewed_while_the_system_serves(
    system: Standalone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASAR_HOME", str(system.home))
    async with operations(system) as client:
        before = await registered(client, "before")

        result = await asyncio.to_thread(CliRunner().invoke, app, ["keys", "rotate"])
        after = await registered(client, "after")

        assert result.exit_code == 0, result.output
        for person in (before, after):
            path = f"/v1/registration/persons/{person}"
            shown = (await client.get(path, headers=PURPOSE)).json()
            assert shown["phone"] == AMINA["phone"]
    for part in ("gateway", "registration", "assistance", "returns", "tracking"):
        content = json.loads((system.home / "keys" / f"{part}.json").read_text())
        assert list(content["wrapping"]) == ["2"]
