"""Fixtures and hooks that give tests the real servers, and count the tests that used them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.servers.desk import Desk, borrow_postgres, borrow_rabbitmq
from tests.servers.postgres import PostgresServer
from tests.servers.processes import ServerUnavailableError
from tests.servers.rabbitmq import RabbitServer
from tests.servers.session import Servers

MARKER = "integration"
DESK = "servers_desk"
FIXTURES = ("postgres", "rabbitmq", "mortal_postgres", "mortal_rabbitmq")


class IntegrationRun:
    """
    What a test run knows of its integration tests; a pytest plugin.

    With `-n` there is one in the controlling process, which holds the servers and counts, and
    one in each worker, which runs tests and borrows.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.servers = self._borrowed(config) or Servers(tell=self._tell)
        self._config = config
        self._desk: Desk | None = None
        self._ran = 0
        self._stopped_before = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker that is about to start where servers are lent."""
        if self._desk is None:
            self._desk = Desk(
                {"postgres": self.servers.postgres, "rabbitmq": self.servers.rabbitmq}
            )
        node.workerinput[DESK] = self._desk.address

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Mark what asks for a server, before -m decides what is left out."""
        for item in items:
            if _wanted(item):
                item.add_marker(MARKER)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start in the background what will be wanted, while the first unit tests run."""
        if session.config.option.collectonly:
            return
        wanted = {name for item in session.items for name in _wanted(item)}
        if any("postgres" in name for name in wanted):
            self.servers.begin_postgres()
        if any("rabbitmq" in name for name in wanted):
            self.servers.begin_rabbitmq()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if MARKER not in report.keywords:
            return
        if report.when == "call" and not report.skipped:
            self._ran += 1
        elif report.when == "setup" and report.failed:
            self._stopped_before += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        line = f"integration tests run: {self._ran} ({self.servers.describe()})"
        if self._stopped_before:
            line += f"; {self._stopped_before} could not be started"
        terminalreporter.write_line(line)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """When the last fixture that used a server has gone, and the last worker."""
        if self._desk is not None:
            self._desk.close()
        self.servers.close()

    def _borrowed(self, config: pytest.Config) -> Servers | None:
        told = getattr(config, "workerinput", None)
        if told is None:
            return None
        desk = told[DESK]
        return Servers(self._tell, lambda _: borrow_postgres(desk), lambda _: borrow_rabbitmq(desk))

    def _tell(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.ensure_newline()
            reporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(IntegrationRun(config), IntegrationRun.__name__)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> PostgresServer:
    """Make databases and roles in it under names of your own; it is the same for all tests."""
    with _one_line():
        return _run(pytestconfig).servers.postgres()


@pytest.fixture(scope="session")
def rabbitmq(pytestconfig: pytest.Config) -> RabbitServer:
    """Make a virtual host in it under a name of your own; it is the same for all tests."""
    with _one_line():
        return _run(pytestconfig).servers.rabbitmq()


@pytest.fixture(scope="session")
def mortal_postgres(pytestconfig: pytest.Config) -> PostgresServer:
    """Kill and start it as you like; one that the environment names is left in peace."""
    with _one_line():
        return _run(pytestconfig).servers.mortal_postgres()


@pytest.fixture(scope="session")
def mortal_rabbitmq(pytestconfig: pytest.Config) -> RabbitServer:
    """Kill and start it as you like; one that the environment names is left in peace."""
    with _one_line():
        return _run(pytestconfig).servers.mortal_rabbitmq()


@contextmanager
def _one_line() -> Iterator[None]:
    """Say why there is no server, without the way that led there."""
    try:
        yield
    except ServerUnavailableError as problem:
        raise pytest.fail.Exception(str(problem), pytrace=False) from None


def _run(config: pytest.Config) -> IntegrationRun:
    run = config.pluginmanager.get_plugin(IntegrationRun.__name__)
    assert isinstance(run, IntegrationRun)
    return run


def _wanted(item: pytest.Item) -> set[str]:
    return set(FIXTURES).intersection(getattr(item, "fixturenames", ()))
