"""The main job from end to end while a server dies under it and comes back."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.e2e.story import check, told_while
from tests.fleet import Fleet
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


async def test_the_story_survives_the_death_of_each_server(mortal_fleet: Fleet) -> None:
    fleet = mortal_fleet

    def dies(server: PostgresServer | RabbitServer) -> Callable[[], Awaitable[None]]:
        async def die() -> None:
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(server.start)

        return die

    deaths = {"DTM round": dies(fleet.postgres), "People": dies(fleet.rabbitmq)}
    check(await told_while(fleet.operations(), deaths, people=100))
    lines = [line for name in fleet.processes for line in fleet.log(name).splitlines()]
    assert [line for line in lines if '"status": 500' in line or '"unexpected"' in line] == []
