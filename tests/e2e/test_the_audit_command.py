"""`masar audit`, as whoever keeps an installation uses it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from cli.__main__ import app
from cli.api import RefusedError
from tests.fleet import OneProcess
from tests.patience import waited


@pytest.fixture
def system(tmp_path: Path) -> Iterator[OneProcess]:
    """Return a system whose record of registration has an entry, sealed."""
    system = OneProcess(tmp_path)
    system.start()
    api = system.api()
    with pytest.raises(RefusedError):
        api.get(f"/v1/registration/persons/{uuid4()}")
    api.close()
    waited(lambda: seals(tmp_path))
    yield system
    system.stop()


def seals(home: Path) -> int:
    with sqlite3.connect(home / "registration.sqlite") as database:
        counted: int = database.execute("select count(*) from audit_seal").fetchone()[0]
    database.close()
    return counted


def masar(system: OneProcess, *words: str) -> Result:
    environment = {"MASAR_HOME": str(system.home), "COLUMNS": "120"}
    return CliRunner().invoke(app, ["audit", *words], env=environment)


def test_a_record_is_told_whole_with_its_restores_and_where_it_was_altered(
    system: OneProcess,
) -> None:
    moment = "2026-01-01T00:00:00Z"

    whole = masar(system, "verify")
    declared = masar(system, "declare-restore", "--service", "registration", "--to", moment)
    verified = masar(system, "verify", "--service", "registration")
    unknown = masar(system, "declare-restore", "--service", "nobody", "--to", moment)
    with sqlite3.connect(system.home / "registration.sqlite") as database:
        database.execute("drop trigger audit_entry_no_update")
        database.execute("update audit_entry set actor = 'nobody'")
    database.close()
    altered = masar(system, "verify", "--service", "registration")

    assert whole.exit_code == 0, whole.output
    assert whole.output.count("whole") == 5
    assert altered.exit_code == 1
    assert "edited at seal 1" in altered.output
    assert declared.exit_code == 0, declared.output
    assert moment in verified.output
    assert unknown.exit_code == 2
