"""The README's tour is what it says: its commands run as they stand, one after the other."""

import os
import re
import shutil
import subprocess
import sys

from tests.fleet import ROOT, OneProcess
from tests.servers.debian import find_or_install

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_tour_of_the_readme_can_be_walked(one_process: OneProcess) -> None:
    find_or_install(lambda: shutil.which("curl"), package="curl", variable=None, tell=print)
    one_process.start()
    readme = (ROOT / "README.md").read_text()
    tour = readme.partition("## A tour")[2].partition("\n## ")[0]
    script = "\n".join(["set -eu", *BLOCK.findall(tour)])

    done = subprocess.run(
        ["bash", "-c", script.replace(".venv/bin/python", sys.executable)],
        cwd=ROOT,
        env=os.environ
        | {
            "BASE": one_process.credentials()["base_url"],
            "MASAR_HOME": str(one_process.home),
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert '"/problems/already-delivered"' in done.stdout
    assert '"/problems/out-of-order"' in done.stdout
    assert '"missing":[]' in done.stdout
    *_, first, again = done.stdout.split('{"id"')
    assert first == again
    assert '"status":"withdrawn"' in again
