"""What the layout promises, checked by machine."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.settings import GatewaySettings
from services.tracking.formats.terms import Terms

ROOT = Path(__file__).parents[2]
SERVICES = ("registration", "assistance", "returns", "tracking")
# Who may commit: the edge of a request or an event, and nobody else.
# The second is what SQLite is opened with, below any session.
EDGE = {"chassis/db.py", "chassis/sqlite.py"}
IGNORED = re.compile(r"(noqa|type: ignore)")


def sources() -> list[Path]:
    folders = ("chassis", "contracts", "gateway", "services", "cli")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "versions" not in path.parts] + [ROOT / "standalone.py"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_the_chassis_the_contracts_and_its_own_folder(
    service: str, tmp_path: Path
) -> None:
    for folder in ("chassis", "contracts", f"services/{service}"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    program = f"from services.{service}.main import create_app; create_app(); print('ready')"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "MASAR_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip().endswith("ready"), done.stderr


def test_nobody_commits_but_the_edge() -> None:
    commits = {
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
    }

    assert commits == EDGE


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def test_every_ignored_rule_has_its_reason_on_the_line() -> None:
    reason = re.compile(r"(noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\]).{0,3}[-#] ?[A-Z].+\.")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if IGNORED.search(line) and not reason.search(line)
    ]

    assert bare == []


def test_words_that_say_nothing_name_no_file() -> None:
    empty = {"utils", "helpers", "helper", "manager", "common", "misc", "data", "info"}

    assert [path for path in sources() if path.stem in empty] == []


def test_a_file_that_the_docs_name_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    named = {
        name for page in pages for name in re.findall(r"`(\w+/[\w/]+\.\w+)[`:]", page.read_text())
    }

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    settings = {f"MASAR_{name.upper()}" for name in GatewaySettings.model_fields}
    settings |= {f"MASAR_PUBLICATION_{name.upper()}" for name in Terms.model_fields}

    assert [name for name in sorted(settings) if f"`{name}" not in page] == []
