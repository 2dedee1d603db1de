"""The main job from end to end while a server dies under it and comes back."""

import asyncio

import pytest

from tests.e2e.story import check, told
from tests.fleet import Fleet


@pytest.mark.parametrize("victim", ["postgres", "rabbitmq"])
async def test_the_story_survives_the_death_of_a_server(mortal_fleet: Fleet, victim: str) -> None:
    fleet = mortal_fleet
    server = fleet.postgres if victim == "postgres" else fleet.rabbitmq
    api = fleet.operations()
    telling = asyncio.create_task(asyncio.to_thread(told, api, people=100))
    await asyncio.sleep(1.5)

    await asyncio.to_thread(server.kill)
    await asyncio.sleep(1)
    await asyncio.to_thread(server.start)

    check(await telling)
    lines = [line for name in fleet.processes for line in fleet.log(name).splitlines()]
    assert [line for line in lines if '"status": 500' in line or '"unexpected"' in line] == []
