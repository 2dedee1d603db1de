"""What `masar import` does, against a system in one process."""

import asyncio
import csv
import stat
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.api import own
from tests.fleet import OneProcess

HEADER = "external_id,given_name,sex,nationality,population_category,location_pcode,age,age_as_of"
AMINA = "X1,أمينة,female,SDN,migrant,LY0211,30,2026-01-01"
WRONG = "X2,Moussa,man,TCD,migrant,LY0211,30,2026-01-01"

Masar = Callable[..., Awaitable[str]]


@pytest.fixture
def masar(one_process: OneProcess) -> Masar:
    one_process.start()
    environment = {"MASAR_HOME": str(one_process.home), "COLUMNS": "200"}

    async def run(*words: str, status: int = 0) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)
        assert result.exit_code == status, result.output
        return result.output

    return run


@pytest.fixture
def register(tmp_path: Path) -> Path:
    file = tmp_path / "register.csv"
    file.write_bytes(f"{HEADER}\r\n{AMINA}\r\n{WRONG}".encode("cp1256"))
    return file


async def test_rejected_rows_are_written_beside_the_register_and_go_in_corrected(
    masar: Masar, register: Path
) -> None:
    arabic = ("--charset", "windows-1256")
    unread = await masar("import", str(register), status=1)
    no_sheet = await masar("import", str(register), *arabic, "--sheet", "2", status=1)
    foreseen = await masar("import", str(register), *arabic, "--dry-run", status=2)
    rejected = register.with_name("register-rejected.csv")
    rejected.unlink()

    told = await masar("import", str(register), *arabic, status=2)

    assert "charset" in unread
    assert "The register is no workbook." in no_sheet
    assert "A dry run" in foreseen
    assert "1 registered, 0 known, 1 rejected" in foreseen
    assert "1 registered, 0 known, 1 rejected" in told
    assert "row 3, sex: " in told
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    [row] = csv.DictReader(rejected.read_text("utf-8-sig").splitlines())
    assert (row["external_id"], row["rejected_because"][:5]) == ("X2", "sex: ")
    again = await masar("import", str(register), *arabic, status=2)
    assert "register-rejected-2.csv" in again.replace("\n", "")
    named = ("--rejected", str(rejected))
    kept = await masar("import", str(register), *arabic, *named, status=1)
    assert "is there already" in kept.replace("\n", "")
    nowhere = ("--rejected", str(register / "rejected.csv"))
    lost = await masar("import", str(register), *arabic, *nowhere, status=1)
    assert "cannot be written" in lost.replace("\n", "")
    rejected.write_text(rejected.read_text("utf-8-sig").replace(",man,", ",male,"))
    assert "1 registered, 0 known, 0 rejected" in await masar("import", str(rejected))


async def test_a_mapping_is_told_by_its_name(
    masar: Masar, one_process: OneProcess, tmp_path: Path
) -> None:
    names = {name: f"their {name}" for name in HEADER.split(",")}
    told = {
        "name": "Lists of Nalut",
        "columns": [{"column": column, "field": name} for name, column in names.items()],
    }
    with closing(own(one_process.home)) as api:
        mapping = api.post("/v1/registration/mappings", told)["id"]
    register = tmp_path / "list.csv"
    register.write_text("\n".join([",".join(names.values()), AMINA]))

    unknown = await masar("import", str(register), "--mapping", "Lists", status=1)

    assert "No mapping is called Lists. There are: Lists of Nalut." in unknown
    by_name = await masar("import", str(register), "--mapping", "Lists of Nalut")
    by_id = await masar("import", str(register), "--mapping", mapping)
    assert "1 registered, 0 known, 0 rejected" in by_name
    assert "0 registered, 1 known, 0 rejected" in by_id


async def test_who_has_no_name_of_their_own_is_told_how_to_get_one(
    tmp_path: Path, register: Path
) -> None:
    result = CliRunner().invoke(app, ["import", str(register)], env={"MASAR_HOME": str(tmp_path)})

    assert result.exit_code == 1
    assert "MASAR_CLIENT_ID" in result.output


async def test_the_register_is_looked_through_again(masar: Masar, register: Path) -> None:
    await masar("import", str(register), "--charset", "windows-1256", status=2)

    told = await masar("rescan")

    assert "1/1" in told
    assert "0 people in pairs that were not known" in told
