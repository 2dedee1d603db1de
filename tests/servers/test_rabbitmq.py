"""The RabbitMQ that tests are given is a real one, can be hurt, and goes away."""

import asyncio
from contextlib import closing

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from tests.servers import rabbitmq as rabbit_server
from tests.servers.processes import ServerUnavailableError, is_alive
from tests.servers.rabbitmq import RabbitServer

# A queue younger than half a second may not survive a kill, as PrivateRabbit.kill says.
SETTLED = 1.0


async def publish(url: str, text: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        await channel.declare_queue("letters", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(text.encode()), "letters")


async def read(url: str) -> str:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("letters")
        message = await queue.get()
        await message.ack()
        return message.body.decode()


async def test_rabbitmq_accepts_a_message(rabbitmq: RabbitServer) -> None:
    url = rabbitmq.create_virtual_host("a post office")

    await publish(url, "Sabha")

    assert await read(url) == "Sabha"


async def test_a_user_has_only_the_rights_given(rabbitmq: RabbitServer) -> None:
    rabbitmq.create_virtual_host("walled")
    url = rabbitmq.create_user("reader", "p/w@", virtual_host="walled", read=".*")

    with pytest.raises(ChannelAccessRefused):
        await publish(url, "Sabha")


@pytest.mark.integration
async def test_a_killed_rabbitmq_keeps_its_messages_and_a_closed_one_leaves_nothing() -> None:
    with closing(rabbit_server.start_private()) as server:
        await publish(server.amqp_url(), "Ghat")
        await asyncio.sleep(SETTLED)
        killed = server.workplace.pids()

        server.kill()
        left_by_kill = [pid for pid in killed if is_alive(pid)]
        server.start()
        message = await read(server.amqp_url())
        running = server.workplace.pids()

    assert len(left_by_kill) == 1, "only epmd stays, to be found by the next start"
    assert message == "Ghat"
    assert [pid for pid in running if is_alive(pid)] == []
    assert not server.workplace.path.exists()


def test_a_broker_that_is_not_ours_is_not_killed() -> None:
    named = RabbitServer("amqps://somebody:secret@mq.example/theirs")

    with pytest.raises(ServerUnavailableError, match="MASAR_TEST_AMQP_URL"):
        named.kill()

    assert named.amqp_url() == "amqps://somebody:secret@mq.example:5671/theirs"
