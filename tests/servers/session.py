"""Both servers of one run: started side by side and in the background, ended together."""

import atexit
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock

from tests.servers import debian, postgres, rabbitmq
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


class Servers:
    """Starts each server when it is first asked for, at most once, and waits for it on demand."""

    def __init__(
        self,
        tell: debian.Tell = print,
        obtain_postgres: Callable[[debian.Tell], PostgresServer] = postgres.obtain,
        obtain_rabbitmq: Callable[[debian.Tell], RabbitServer] = rabbitmq.obtain,
    ) -> None:
        self._tell = tell
        self._obtain_postgres = obtain_postgres
        self._obtain_rabbitmq = obtain_rabbitmq
        self._beginning = Lock()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="servers")
        self._postgres: Future[PostgresServer] | None = None
        self._rabbitmq: Future[RabbitServer] | None = None
        self._mortal = ExitStack()
        self._mortal_postgres: PostgresServer | None = None
        self._mortal_rabbitmq: RabbitServer | None = None
        self._versions: list[str] = []
        atexit.register(self.close)

    def begin_postgres(self) -> Future[PostgresServer]:
        with self._beginning:
            if self._postgres is None:
                self._postgres = self._threads.submit(self._start_postgres)
            return self._postgres

    def begin_rabbitmq(self) -> Future[RabbitServer]:
        with self._beginning:
            if self._rabbitmq is None:
                self._rabbitmq = self._threads.submit(self._start_rabbitmq)
            return self._rabbitmq

    def postgres(self) -> PostgresServer:
        return self.begin_postgres().result()

    def rabbitmq(self) -> RabbitServer:
        return self.begin_rabbitmq().result()

    def mortal_postgres(self) -> PostgresServer:
        """Return one that may be killed: the run's own, or another when that one is borrowed."""
        if self._mortal_postgres is None:
            self._mortal_postgres = self.postgres()
            if not self._mortal_postgres.ours:
                self._mortal_postgres = postgres.start_private(self._tell)
                self._mortal.callback(self._mortal_postgres.close)
        return self._mortal_postgres

    def mortal_rabbitmq(self) -> RabbitServer:
        """Return one that may be killed: the run's own, or another when that one is borrowed."""
        if self._mortal_rabbitmq is None:
            self._mortal_rabbitmq = self.rabbitmq()
            if not self._mortal_rabbitmq.ours:
                self._mortal_rabbitmq = rabbitmq.start_private(self._tell)
                self._mortal.callback(self._mortal_rabbitmq.close)
        return self._mortal_rabbitmq

    def describe(self) -> str:
        return ", ".join(sorted(self._versions)) or "no server ran"

    def close(self) -> None:
        atexit.unregister(self.close)
        with ExitStack() as stack:
            stack.callback(self._threads.shutdown)
            stack.enter_context(self._mortal)
            for starting in (self._postgres, self._rabbitmq):
                if starting is not None and starting.exception() is None:
                    stack.callback(starting.result().close)
        self._postgres = self._rabbitmq = None

    def _start_postgres(self) -> PostgresServer:
        server = self._obtain_postgres(self._tell)
        self._versions.append(f"PostgreSQL {server.version}")
        return server

    def _start_rabbitmq(self) -> RabbitServer:
        server = self._obtain_rabbitmq(self._tell)
        self._versions.append(f"RabbitMQ {server.version}")
        return server
