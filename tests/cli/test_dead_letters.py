"""`masar dead-letter`, beside a whole system that is served."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from typer.testing import CliRunner, Result

from chassis.clock import new_id, now
from cli.__main__ import app
from contracts.event import Envelope
from contracts.tracking import PlacesChanged
from standalone import Standalone
from tests.gateway.conftest import served

Masar = Callable[..., Awaitable[Result]]


@pytest.fixture
async def masar(system: Standalone) -> AsyncIterator[Masar]:
    """Return a function that runs the command beside the system."""
    async with served(system.gateway) as port:
        bootstrap = system.home / "bootstrap.json"
        told = json.loads(bootstrap.read_text()) | {"base_url": f"http://127.0.0.1:{port}"}
        bootstrap.write_text(json.dumps(told))
        environment = {"MASAR_HOME": str(system.home), "COLUMNS": "200"}

        async def run(*words: str) -> Result:
            return await asyncio.to_thread(
                CliRunner().invoke, app, ["dead-letter", *words], env=environment
            )

        yield run


async def given_up(system: Standalone, part: str, body: bytes) -> None:
    await system.apps[part].state.consumer.bury(body, "KeyError")


async def test_dead_letters_are_listed_sent_again_and_discarded(
    system: Standalone, masar: Masar
) -> None:
    change = {"change_id": str(new_id()), "places": []}
    event = Envelope(
        id=new_id(),
        source="/tracking",
        type=PlacesChanged.type,
        subject=str(change["change_id"]),
        time=now(),
        dataschema="",
        sequence=1,
        data=change,
    )
    await given_up(system, "assistance", event.model_dump_json().encode())
    await given_up(system, "returns", b"the name of somebody")

    listed = await masar("list")
    [usable] = re.findall(rf"assistance (\S+)\n  {PlacesChanged.type} {event.id}", listed.output)
    [useless] = re.findall(r"returns (\S+)\n  no event\n  given up .*: KeyError", listed.output)
    sent = await masar("send-again", "assistance", usable)
    kept = await masar("send-again", "returns", useless)
    discarded = await masar("discard", "returns", useless, "--reason", "no_event")
    left = await masar("list")

    assert "somebody" not in listed.output
    assert sent.output.splitlines()[-1] == "handled"
    assert (kept.exit_code, "It failed again" in kept.output) == (1, True)
    assert discarded.exit_code == left.exit_code == 0
    assert left.output.splitlines()[-1] == "There are none."


async def test_a_letter_or_a_part_that_is_not_there_is_said(masar: Masar) -> None:
    nothing = await masar("send-again", "returns", str(new_id()))
    nobody = await masar("send-again", "nobody", str(new_id()))

    assert nothing.exit_code == nobody.exit_code == 1
    assert "404" in nothing.output
    assert "404" in nobody.output
