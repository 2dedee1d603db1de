"""Workers of one run share its servers, and hear in one line why there is none."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import pytest

from tests.servers.desk import Desk, borrow_postgres, borrow_rabbitmq
from tests.servers.postgres import PostgresServer
from tests.servers.processes import ServerUnavailableError
from tests.servers.rabbitmq import RabbitServer

NAMED = "postgresql://somebody:secret@db.example:5433/theirs"


@contextmanager
def desk(
    postgres: Callable[[], PostgresServer] = lambda: PostgresServer(NAMED),
) -> Iterator[Desk]:
    def rabbitmq() -> RabbitServer:
        return RabbitServer("amqps://somebody:secret@mq.example/theirs", "https://mq.example")

    with closing(Desk({"postgres": postgres, "rabbitmq": rabbitmq})) as opened:
        yield opened


def test_a_worker_is_lent_both_servers_and_may_kill_neither() -> None:
    with desk() as opened:
        postgres = borrow_postgres(opened.address)
        rabbitmq = borrow_rabbitmq(opened.address)

    assert postgres.url() == NAMED
    assert rabbitmq.amqp_url() == "amqps://somebody:secret@mq.example:5671/theirs"
    assert rabbitmq.management_url == "https://mq.example"
    assert not postgres.ours
    assert not rabbitmq.ours


def test_a_worker_hears_why_there_is_no_server() -> None:
    def missing() -> PostgresServer:
        raise ServerUnavailableError("postgresql is not installed")

    with desk(missing) as opened, pytest.raises(ServerUnavailableError, match="not installed"):
        borrow_postgres(opened.address)


def test_who_does_not_know_the_secret_is_lent_nothing() -> None:
    with desk() as opened:
        path, _secret = opened.address
        with pytest.raises(AuthenticationError):
            Client(path, authkey=b"guessed")

        assert borrow_postgres(opened.address).url() == NAMED
