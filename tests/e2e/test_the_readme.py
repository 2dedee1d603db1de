"""The tours of the README and the docs are what they say: their commands run as they stand."""

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
    integrating = (ROOT / "docs" / "integrating.md").read_text()
    tracking = (ROOT / "docs" / "tracking.md").read_text()
    script = "\n".join(
        [
            "set -eu",
            *BLOCK.findall(tour),
            "echo ; echo ---",
            *BLOCK.findall(integrating),
            *BLOCK.findall(tracking),
        ]
    )

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
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stderr + done.stdout
    toured, _, tracked = done.stdout.partition("\n---\n")
    assert '"/problems/already-delivered"' in toured
    assert '"/problems/out-of-order"' in toured
    assert '"missing":[]' in toured
    *_, first, again = toured.split('{"id"')
    assert first == again.rstrip("\n")
    assert '"status":"withdrawn"' in again
    assert '"token_type":"Bearer"' in tracked
    assert '"pcode":"LY0211","name":"Tripoli"' in tracked
    # What the draft shows is public once the second analyst has said so, and not the few of Sebha.
    assert '"status":"published"' in tracked
    assert "LY0103,Benghazi,بنغازي,female,2700,no" in tracked
    assert "LY0319,Sebha,سبها,female,,yes" in tracked
