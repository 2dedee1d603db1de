"""The main job from end to end, over HTTP, by processes on PostgreSQL and RabbitMQ."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest

from cli import sample_round
from tests.e2e.conftest import shared
from tests.e2e.story import check, real_input, told, told_while
from tests.fleet import Fleet
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture(scope="module")
def fleet(
    postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """Run the distributed system for all these stories: whoever is killed is there again."""
    with shared(Fleet(postgres, rabbitmq, tmp_path_factory.mktemp("fleet"))) as fleet:
        yield fleet


async def test_case_49_who_asks_again_after_a_crash_gets_the_first_answer(fleet: Fleet) -> None:
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
        known = (await client.get("/v1/registration/persons")).json()["items"]

    assert cut_off.status_code == 503
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert [each for each in known if each["external_id"] == "I1"] == [again.json()]


async def test_the_story_survives_the_death_of_each_process(fleet: Fleet) -> None:
    def dies(victim: str) -> Callable[[], Awaitable[None]]:
        async def die() -> None:
            fleet.kill(victim)
            await asyncio.sleep(1)
            fleet.start(victim)

        return die

    # Each dies as the story comes to what it is needed for next.
    deaths = {
        "Places": dies("tracking"),
        "DTM round": dies("gateway"),
        "People": dies("registration"),
        "Entitlements": dies("assistance"),
        "Distributions": dies("returns"),
    }
    check(await told_while(fleet.operations(), deaths, run="deaths", people=100))


async def test_the_story_is_told_by_processes_on_postgres_and_rabbitmq(fleet: Fleet) -> None:
    summary = await asyncio.to_thread(told, fleet.operations(), **real_input())

    check(summary)
    # Another client finds the people of the first there, and they are not its to return.
    again = await asyncio.to_thread(told, fleet.operations(), run="again")
    assert again.departed != summary.departed
    # The round of the made-up workbook was there before, and is found all the same.
    assert again.round_number == sample_round.NUMBER
