"""The main job from end to end, over HTTP, in both ways to run."""

import asyncio
import io
import signal
import stat
from typing import Any

import httpx
import pytest

from cli import sample_round
from cli.api import Api
from cli.story import Input, Summary, tell_story
from tests.fleet import Fleet, OneProcess, free_port
from tests.real import FOLDER


def told(api: Api, **given: Any) -> Summary:
    try:
        return tell_story(api, Input(**{"run": "test", "gazetteers": [], **given}), lambda *_: None)
    finally:
        api.close()


def check(summary: Summary) -> None:
    assert set(summary.level_sums) == {summary.individuals}
    assert summary.rejected == 0
    assert summary.entitled == summary.people == summary.registered
    assert summary.delivered == summary.refused_twice == 20
    view = summary.view
    assert view is not None
    assert view["missing"] == []
    assert view["registration"]["status"] == view["assistance"]["status"] == "departed"
    assert [each["status"] for each in view["assistance"]["entitlements"]] == ["closed"]
    assert [case["status"] for case in view["returns"]["cases"]] == ["departed"]


def real_input() -> dict[str, Any]:
    """Return the real gazetteers and round where they are; made-up ones otherwise."""
    workbook = FOLDER / "dtm" / "DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx"
    if not workbook.exists():
        return {}
    names = ("lby_admin1", "lby_admin2", "lby_admin3_baladiya", "lby_admin4_muhalla")
    files = [FOLDER / "boundaries" / f"{name}.csv" for name in names]
    return {
        "gazetteers": [(path.name, path.read_bytes()) for path in files],
        "workbook": workbook.read_bytes(),
    }


def made_up(number: int) -> bytes:
    workbook = io.BytesIO()
    sample_round.write(workbook, number)
    return workbook.getvalue()


def test_the_story_is_told_in_one_process(one_process: OneProcess) -> None:
    ready = one_process.start()

    summary = told(one_process.api(), **real_input())

    check(summary)
    assert ready < 30


@pytest.mark.parametrize("after", [0.5, 1.5, 2.5])
async def test_the_story_survives_the_death_of_the_one_process(
    one_process: OneProcess, after: float
) -> None:
    one_process.start()
    telling = asyncio.create_task(asyncio.to_thread(told, one_process.api(), people=400))
    await asyncio.sleep(after)

    one_process.kill()
    await asyncio.to_thread(one_process.start)

    check(await telling)


def test_a_second_start_finds_everything_again(one_process: OneProcess) -> None:
    one_process.start()
    first = told(one_process.api())
    assert one_process.stop() < 5
    before = one_process.credentials()

    one_process.start()

    assert one_process.credentials() == before
    again = told(one_process.api(), workbook=made_up(2))
    assert (again.registered, again.unchanged) == (0, first.registered)
    assert (again.round_number, told(one_process.api()).round_number) == (2, 1)


def test_the_credentials_tell_the_port_of_the_last_start(one_process: OneProcess) -> None:
    one_process.start()
    first = one_process.credentials()
    one_process.stop()
    one_process.port = free_port()

    one_process.start()

    moved = {"base_url": f"http://127.0.0.1:{one_process.port}"}
    assert one_process.credentials() == first | moved
    one_process.api().close()


def test_the_credentials_and_the_register_are_for_the_owner_only(one_process: OneProcess) -> None:
    one_process.start()

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


async def test_the_story_is_told_by_processes_on_postgres_and_rabbitmq(fleet: Fleet) -> None:
    api = fleet.operations()

    summary = await asyncio.to_thread(told, api, **real_input())

    check(summary)
    # Another client finds the people of the first there, and they are not its to return.
    again = await asyncio.to_thread(told, fleet.operations(), run="again")
    assert again.departed != summary.departed


@pytest.mark.parametrize("victim", ["registration", "assistance", "returns", "tracking", "gateway"])
async def test_the_story_survives_the_death_of_any_process(fleet: Fleet, victim: str) -> None:
    api = fleet.operations()
    telling = asyncio.create_task(asyncio.to_thread(told, api, people=400))
    await asyncio.sleep(1.5)

    fleet.kill(victim)
    await asyncio.sleep(1)
    fleet.start(victim)

    check(await telling)


async def test_who_asks_again_after_a_crash_gets_the_first_answer(fleet: Fleet) -> None:
    api = fleet.operations()
    headers = {"Authorization": f"Bearer {api.token()}", "Idempotency-Key": "boat-7"}
    api.close()
    person = {
        "external_id": "I1",
        "given_name": "Amina",
        "sex": "female",
        "birth_date": "1994-02-28",
        "nationality": "SDN",
        "population_category": "migrant",
        "location_pcode": "LY0211",
    }
    fleet.kill("registration")
    fleet.start("registration", MASAR_INJECT_FAILURE="api.after_commit")
    fleet.wait("registration")

    async with httpx.AsyncClient(
        base_url=fleet.base_url, headers=headers, trust_env=False
    ) as client:
        cut_off = await client.post("/v1/registration/persons", json=person)
        assert fleet.processes["registration"].wait(timeout=10) == -signal.SIGKILL
        fleet.start("registration")
        fleet.wait("registration")
        again = await client.post("/v1/registration/persons", json=person)
        [kept] = (await client.get("/v1/registration/persons")).json()["items"]

    assert cut_off.status_code == 503
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == kept


@pytest.mark.parametrize("victim", ["postgres", "rabbitmq"])
async def test_the_story_survives_the_death_of_a_server(mortal_fleet: Fleet, victim: str) -> None:
    fleet = mortal_fleet
    server = fleet.postgres if victim == "postgres" else fleet.rabbitmq
    api = fleet.operations()
    telling = asyncio.create_task(asyncio.to_thread(told, api, people=400))
    await asyncio.sleep(1.5)

    await asyncio.to_thread(server.kill)
    await asyncio.sleep(1)
    await asyncio.to_thread(server.start)

    check(await telling)
    lines = [line for name in fleet.processes for line in fleet.log(name).splitlines()]
    assert [line for line in lines if '"status": 500' in line or '"unexpected"' in line] == []
