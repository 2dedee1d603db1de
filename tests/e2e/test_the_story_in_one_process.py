"""The main job from end to end, over HTTP, in one process."""

import asyncio
import io
import stat

import pytest

from cli import sample_round
from tests.e2e.story import check, real_input, told
from tests.fleet import OneProcess, free_port


def made_up(number: int) -> bytes:
    workbook = io.BytesIO()
    sample_round.write(workbook, number)
    return workbook.getvalue()


def test_the_story_is_told_in_one_process_for_its_owner_only(one_process: OneProcess) -> None:
    ready = one_process.start()

    summary = told(one_process.api(), **real_input())

    check(summary)
    assert ready < 30
    written = [path for path in one_process.home.rglob("*") if path.name != "log"]
    assert {path.name for path in written} >= {"bootstrap.json", "registration.sqlite", "keys"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in written} == {0}
    assert set(one_process.credentials()) == {
        "base_url",
        "client_id",
        "client_secret",
        "admin_client_id",
        "admin_client_secret",
    }


@pytest.mark.parametrize("after", [0.5, 1.5, 2.5])
async def test_the_story_survives_the_death_of_the_one_process(
    one_process: OneProcess, after: float
) -> None:
    one_process.start()
    telling = asyncio.create_task(asyncio.to_thread(told, one_process.api(), people=100))
    await asyncio.sleep(after)

    one_process.kill()
    await asyncio.to_thread(one_process.start)

    check(await telling)


def test_a_second_start_finds_everything_and_tells_its_own_port(
    one_process: OneProcess,
) -> None:
    one_process.start()
    first = told(one_process.api())
    assert one_process.stop() < 5
    assert one_process.process
    assert one_process.process.returncode == 0
    assert "Traceback" not in (one_process.home / "log").read_text()
    before = one_process.credentials()
    one_process.port = free_port()

    one_process.start()

    now = {"base_url": f"http://127.0.0.1:{one_process.port}"}
    assert one_process.credentials() == before | now
    again = told(one_process.api(), workbook=made_up(2))
    assert (again.registered, again.unchanged) == (0, first.registered)
    assert (again.round_number, told(one_process.api()).round_number) == (2, 1)
