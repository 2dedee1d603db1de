"""No server outlives its test run, however that ends."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.patience import waited
from tests.servers.processes import free_ports, is_alive, wait_until_gone

RUN = """
from tests.servers.processes import Workplace
place = Workplace("sleeper", account="nobody")
place.spawn("sleeper", "sleep", "600", environment=place.environment())
print(place.pid("sleeper"), place.path, flush=True)
input()
"""


def test_a_killed_test_run_takes_its_servers_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        pid, folder = run.stdout.readline().split()
        assert is_alive(int(pid))

        run.send_signal(signal.SIGKILL)

    wait_until_gone([int(pid)])
    assert _disappears(Path(folder))


def test_ports_are_all_different_and_not_among_those_given_to_clients() -> None:
    ports = free_ports(50)

    assert len(set(ports)) == 50
    assert max(ports) < 32768


def _disappears(folder: Path) -> bool:
    return waited(lambda: not folder.exists())
