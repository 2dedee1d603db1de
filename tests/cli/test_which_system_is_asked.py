"""Where both ways to run have been tried, a command asks the one that runs, with its own secret."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from cli.api import Api, Credentials, administrator, operations
from tests.gateway.conftest import served
from tests.gateway.house import ADMIN, House, opened


@asynccontextmanager
async def counted(house: House, answers: list[int]) -> AsyncIterator[int]:
    """Serve a gateway, and note how each try to get a token was answered."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"] == "/v1/token":
                answers.append(message["status"])
            await send(message)

        await house.app(scope, receive, pass_on)

    async with served(app) as port:
        yield port


def leave(home: Path, environment: Path, port: int, *, lets_in: Path) -> None:
    """Leave what both ways leave behind, on one port; one of the secrets lets in."""
    secret = dict.fromkeys((home, environment), "of the other") | {lets_in: ADMIN[1]}
    home.mkdir(exist_ok=True)
    told = {"base_url": f"http://127.0.0.1:{port}"}
    for prefix in ("", "admin_"):
        told |= {f"{prefix}client_id": ADMIN[0], f"{prefix}client_secret": secret[home]}
    (home / "bootstrap.json").write_text(json.dumps(told))
    environment.write_text(
        f"MASAR_PORT={port}\nMASAR_ADMIN_CLIENT_ID={ADMIN[0]}\n"
        f"MASAR_ADMIN_CLIENT_SECRET={secret[environment]}\n"
    )


async def token_of(api: Api) -> str:
    try:
        return await asyncio.to_thread(api.token)
    finally:
        api.close()


@pytest.mark.parametrize("running", ["one process", "Compose"])
async def test_the_secret_of_the_one_that_runs_is_the_only_one_tried(
    tmp_path: Path, running: str
) -> None:
    home, environment, elsewhere = tmp_path / "home", tmp_path / ".env", tmp_path / "volume"
    at = home if running == "one process" else elsewhere
    at.mkdir()
    answers: list[int] = []
    async with opened(at) as house, counted(house, answers) as port:
        lets_in = home if running == "one process" else environment
        leave(home, environment, port, lets_in=lets_in)

        keeper = await asyncio.to_thread(administrator, home, environment)
        trying = await asyncio.to_thread(operations, home, environment)

        assert await token_of(keeper)
        assert await token_of(trying)
    assert set(answers) == {200}


async def test_where_nothing_answers_the_installation_with_containers_is_asked(
    tmp_path: Path,
) -> None:
    home, environment = tmp_path / "home", tmp_path / ".env"
    leave(home, environment, 9, lets_in=environment)

    api = administrator(home, environment, "http://127.0.0.1:9")

    assert api.base_url == "http://127.0.0.1:9"
    api.close()


def test_where_nothing_answers_it_is_said_where(capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(Credentials("http://127.0.0.1:9", *ADMIN), patience=0.6)

    with pytest.raises(httpx.ConnectError, match=r"Nothing answers at http://127\.0\.0\.1:9"):
        api.get("/v1/identity/clients")
    api.close()
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("Nothing answers at http://127.0.0.1:9 yet; trying again") == 1
