"""What a process says when it cannot be started as it was told."""

import subprocess
import sys
from pathlib import Path

import pytest

from chassis.settings import Settings
from standalone import alone
from tests.fleet import ROOT, free_port

CANNOT_BE = {
    "MASAR_PORT": "99999",
    "MASAR_METRICS_PORT": "s3cret",
    "MASAR_LOG_LEVEL": "s3cret",
    "MASAR_DATABASE_POOL": "0",
    "MASAR_UPSTREAM_SECONDS": "-1",
    "MASAR_UPSTREAM_REQUESTS": "0",
    "MASAR_REVOCATIONS_SECONDS": "3600",
    "MASAR_LOCAL_LOGIN": "s3cret",
}


def run(command: list[str], told: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=told,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "command", [["standalone.py"], ["-m", "chassis.serve"]], ids=["one process", "a part"]
)
def test_each_setting_that_cannot_be_is_a_line_that_names_it(
    command: list[str], tmp_path: Path
) -> None:
    told = {"MASAR_HOME": str(tmp_path), "MASAR_SERVICE": "gateway", "PYTHONPATH": str(ROOT)}
    shared = {"MASAR_PORT", "MASAR_METRICS_PORT", "MASAR_LOG_LEVEL"}

    done = run(command, told | CANNOT_BE)

    named = {line.partition(":")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 1
    assert named <= CANNOT_BE.keys()
    assert named > shared
    assert "s3cret" not in done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_home_is_that_of_one_process_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path):
        second = run(
            ["standalone.py"], {"MASAR_HOME": str(tmp_path), "MASAR_PORT": str(free_port())}
        )

    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith(f"Masar runs in {tmp_path} already")
    assert [each.name for each in tmp_path.iterdir()] == ["lock"]
    with alone(tmp_path):
        pass


def test_a_level_of_the_log_may_be_written_as_one_likes() -> None:
    assert Settings(log_level="warning").log_level == "WARNING"  # type: ignore[arg-type]
