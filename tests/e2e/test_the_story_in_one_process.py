"""The main job from end to end, over HTTP, in one process."""

import asyncio
import io
import stat

from cli import sample_round
from tests.e2e.story import check, real_input, told, told_while
from tests.fleet import OneProcess, free_port


def made_up(number: int) -> bytes:
    workbook = io.BytesIO()
    sample_round.write(workbook, number)
    return workbook.getvalue()


def test_the_story_is_told_for_its_owner_only_and_found_again_at_another_port(
    one_process: OneProcess,
) -> None:
    one_process.start()

    first = told(one_process.api(), **real_input())

    check(first)
    written = [path for path in one_process.home.rglob("*") if path.name != "log"]
    assert {path.name for path in written} >= {"bootstrap.json", "registration.sqlite", "keys"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in written} == {0}
    before = one_process.credentials()
    assert set(before) == {
        "base_url",
        "client_id",
        "client_secret",
        "admin_client_id",
        "admin_client_secret",
    }
    assert one_process.stop() < 5
    assert one_process.process
    assert one_process.process.returncode == 0
    assert "Traceback" not in (one_process.home / "log").read_text()
    one_process.port = free_port()

    one_process.start()

    now = {"base_url": f"http://127.0.0.1:{one_process.port}"}
    assert one_process.credentials() == before | now
    again = told(one_process.api(), workbook=made_up(2))
    assert (again.registered, again.unchanged) == (0, first.registered)
    assert again.round_number == 2


async def test_the_story_survives_three_deaths_of_the_one_process(one_process: OneProcess) -> None:
    one_process.start()

    async def die() -> None:
        one_process.kill()
        await asyncio.to_thread(one_process.start)

    deaths = dict.fromkeys(("DTM round", "People", "Distributions"), die)
    check(await told_while(one_process.api(), deaths, people=100))
