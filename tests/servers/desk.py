"""Where the workers of one test run get the servers that its controlling process holds."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from threading import Thread

from tests.servers.postgres import PostgresServer
from tests.servers.processes import ServerUnavailableError
from tests.servers.rabbitmq import RabbitServer

Address = tuple[str, bytes]
"""The path of a socket, and the secret that its callers know."""
Lender = Callable[[], PostgresServer | RabbitServer]


class Desk:
    """
    Answers whoever asks for a server by its name, as soon as that server is ready.

    A worker asks, rather than being told of both servers when it starts, because only workers
    know which tests there are: a run without integration tests starts no server.
    """

    def __init__(self, lenders: Mapping[str, Lender]) -> None:
        self._lenders = lenders
        self._secret = secrets.token_bytes(16)
        self._listener = Listener(authkey=self._secret)
        self._open = True
        self._clerk = Thread(target=self._serve, name="desk", daemon=True)
        self._clerk.start()

    @property
    def address(self) -> Address:
        return str(self._listener.address), self._secret

    def close(self) -> None:
        self._open = False
        # A thread that waits for a caller is woken by one, and not by the end of its listener.
        with suppress(OSError, EOFError, AuthenticationError):
            Client(self.address[0], authkey=self._secret).close()
        self._clerk.join()

    def _serve(self) -> None:
        # It closes the listener itself: somebody who calls later is refused and does not wait.
        with self._listener:
            while self._open:
                self._serve_one()

    def _serve_one(self) -> None:
        with suppress(OSError, EOFError, AuthenticationError):
            caller = self._listener.accept()
            if not self._open:
                caller.close()
            else:
                # Each by itself: who waits for RabbitMQ keeps nobody from PostgreSQL.
                Thread(target=self._answer, args=(caller,), name="desk", daemon=True).start()

    def _answer(self, caller: Connection) -> None:
        with caller, suppress(OSError, EOFError):
            wanted = caller.recv()
            try:
                caller.send(self._lenders[wanted]().lent())
            except ServerUnavailableError as problem:
                caller.send(problem)


def borrow_postgres(desk: Address) -> PostgresServer:
    server = _ask(desk, "postgres")
    assert isinstance(server, PostgresServer)
    return server


def borrow_rabbitmq(desk: Address) -> RabbitServer:
    server = _ask(desk, "rabbitmq")
    assert isinstance(server, RabbitServer)
    return server


def _ask(desk: Address, name: str) -> object:
    path, secret = desk
    with Client(path, authkey=secret) as connection:
        connection.send(name)
        answer: object = connection.recv()
    if isinstance(answer, ServerUnavailableError):
        raise answer
    return answer
