"""Schemathesis tries what the merged OpenAPI allows and forbids; nothing may answer with a 5xx."""

import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.fleet import OneProcess

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"
COMMAND = [
    "run",
    "--phases=examples,coverage,fuzzing",
    "--max-examples=3",
    f"--checks={CHECKS}",
    # Of two, one fails now and then: Python 3.11 cannot parse its sources in two threads at once.
    "--workers=1",
    "--seed=1",
    "--continue-on-failure",
    "--request-timeout=20",
]

SETTINGS = """
[phases.coverage]
# Eight would be tried on each of some three hundred operations, to be refused by the same line.
unexpected-methods = ["trace"]
"""


def test_no_input_gives_a_server_error(one_process: OneProcess, tmp_path: Path) -> None:
    one_process.start()
    told = one_process.credentials()
    token = httpx.post(
        f"{told['base_url']}/v1/token",
        data={
            "grant_type": "client_credentials",
            "client_id": told["client_id"],
            "client_secret": told["client_secret"],
        },
        trust_env=False,
    ).json()["access_token"]
    address = f"{told['base_url']}/openapi.json"
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)

    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            *COMMAND,
            "--header",
            f"Authorization: Bearer {token}",
            address,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )

    # What went wrong stands before the warnings, which are long.
    found = done.stdout.partition("= WARNINGS =")[0]
    assert done.returncode == 0, found[-6000:] + done.stdout[-1000:] + done.stderr[-2000:]
    selected = re.search(r"(\d+) (?:selected|tested)|Operations:\s+(\d+)", done.stdout)
    assert selected, done.stdout[-3000:]
    assert '"status": 500' not in (one_process.home / "log").read_text()
