"""What `masar user` and `masar client` do, against a gateway that is served."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pyotp
import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from tests.gateway.conftest import served
from tests.gateway.house import ADMIN, PASSWORD, House, opened

Masar = Callable[..., Awaitable[str]]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house, served(house.app) as port:
        told = {
            "base_url": f"http://127.0.0.1:{port}",
            "admin_client_id": ADMIN[0],
            "admin_client_secret": ADMIN[1],
        }
        (tmp_path / "bootstrap.json").write_text(json.dumps(told))
        yield house


@pytest.fixture
def masar(house: House, tmp_path: Path) -> Masar:
    """Return a function that runs the command beside the gateway."""
    url = json.loads((tmp_path / "bootstrap.json").read_text())["base_url"]
    environment = {"MASAR_HOME": str(tmp_path)}

    async def run(
        *words: str, typed: str | None = None, status: int = 0, columns: int = 200
    ) -> str:
        words = (*words, "--base-url", url) if words[1] in {"open", "approve"} else words
        result = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            list(words),
            input=typed,
            env=environment | {"COLUMNS": str(columns)},
        )
        assert result.exit_code == status, result.output
        # The gateway logs into the same output, as it runs in this process.
        lines = result.output.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith('{"service"'))

    return run


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


async def test_a_person_from_the_invitation_to_an_approved_role(house: House, masar: Masar) -> None:
    officer = await house.person("officer", "dpo")
    invited = await masar("user", "invite", "amal", "--full-name", "Amal")
    invitation = {"invitation": found(r"Z: (\S+)", invited)}
    told = (await house.client.post("/v1/staff/enrolment", json=invitation)).json()
    form = invitation | {"password": PASSWORD, "code": pyotp.TOTP(told["secret"]).now()}
    await house.client.post("/v1/staff/activation", json=form)
    given = await masar("user", "give", "amal", "medical_staff", "--place", "LY02")
    typed = f"officer\n{PASSWORD}\n{officer.code()}\n"

    approved = await masar("user", "approve", given.split()[0], typed=typed)

    roles = await masar("user", "roles", "amal")
    assert "waiting" in given
    assert "medical_staff: in force" in approved
    assert "in force" in roles
    assert "LY02" in roles


async def test_an_invited_person_cannot_open_an_account_with_another_code(
    house: House, masar: Masar
) -> None:
    invited = await masar("user", "invite", "amal", "--full-name", "Amal")
    invitation = found(r"Z: (\S+)", invited)

    typed = f"{invitation}\n000000\n{PASSWORD}\n{PASSWORD}\n"
    output = await masar("user", "open", typed=typed, status=1)

    assert "otpauth" in output
    assert "invited" in await masar("user", "list")


async def test_a_client_is_made_renewed_and_revoked(house: House, masar: Masar) -> None:
    made = await masar(
        "client", "create", "NGO", "--organisation", "ngo", "--role", "integrator", "--daily", "9"
    )
    client_id = found(r"client_id +(\S+)", made)
    old = found(r"client_secret +(\S+)", made)

    renewed = await masar("client", "renew-secret", client_id, "--overlap-hours", "0")
    new = found(r"client_secret +(\S+)", renewed)
    answers = [await house.client_token(client_id, secret) for secret in (old, new)]
    await masar("client", "revoke", client_id)
    after = await house.client_token(client_id, new)

    assert [response.status_code for response in (*answers, after)] == [401, 200, 401]
    assert client_id in await masar("client", "list")


async def test_what_another_command_is_told_is_whole_on_any_screen(
    house: House, masar: Masar
) -> None:
    made = await masar("client", "create", "Their system", "--role", "integrator")
    await masar("user", "invite", "amal", "--full-name", "Amal Ali")
    given = await masar("user", "give", "amal", "case_worker", "--place", "LY02")

    clients = await masar("client", "list", columns=80)
    roles = await masar("user", "roles", "amal", columns=80)

    assert found(r"client_id +(\S+)", made) in clients
    assert given.split()[0] in roles


async def test_a_refusal_is_one_line(house: House, masar: Masar) -> None:
    output = await masar("user", "close", "nobody", status=1)

    assert output.strip() == "Nobody logs in with this name."


async def test_the_key_that_signs_is_replaced(house: House, masar: Masar) -> None:
    output = await masar("keys", "rotate-signing")

    keys = (await house.client.get("/.well-known/jwks.json")).json()["keys"]
    assert keys[-1]["kid"] in output
    assert len(keys) == 2
