"""`masar import`: a register goes in, and rejected rows come back; `masar rescan`: its doubles."""

import os
import sys
import time
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from cli.api import Api, own
from cli.desk import as_administrator, telling

PATH = "/v1/registration/imports"
MAPPINGS = "/v1/registration/mappings"
RESCANS = "/v1/registration/duplicates/rescans"
LOOK_AGAIN_SECONDS = 0.2
WORKBOOK = b"PK"
"""How a workbook begins."""
REASONS_SHOWN = 10
OVER = frozenset({"done", "failed"})


def import_register(
    register: Annotated[
        Path,
        typer.Argument(
            help="In CSV or XLSX, or an archive of CSV files.", exists=True, dir_okay=False
        ),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would come of it; register nobody.")
    ] = False,
    mapping: Annotated[
        str | None,
        typer.Option(help="Of columns that are not ours: the name or id of a saved mapping."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Of a workbook: the name of a sheet, or its number from 1.")
    ] = None,
    charset: Annotated[
        str | None, typer.Option(help="Of a CSV that is not UTF-8: windows-1256, say.")
    ] = None,
    rejected: Annotated[
        Path | None,
        typer.Option(help="Where rejected rows go; beside the register if it is left out."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Where the system is.")] = None,
) -> None:
    """
    Register the people of a file; the rows that were rejected are written to another, to correct.

    It goes by MASAR_CLIENT_ID and MASAR_CLIENT_SECRET, and ends with 2 if a row was rejected.
    """
    console = Console()
    kind = f"text/csv; charset={charset}" if charset else "application/octet-stream"
    with telling():
        api = own(Path(os.environ.get("MASAR_HOME", "var")), base_url)
        try:
            file = {"file": (register.name, register.read_bytes(), kind)}
            params: dict[str, Any] = {"dry_run": dry_run}
            if mapping:
                params["mapping"] = _id_of(api, mapping)
            if sheet:
                params["sheet"] = sheet
            asked = api.send("POST", PATH, files=file, params=params)
            job = _ended(api, PATH, asked, "Rows", console)
            _tell(job, console)
            if job["rejected"] and job["status"] == "done":
                content = api.file(f"{PATH}/{job['id']}/rejected")
                suffix = "xlsx" if content.startswith(WORKBOOK) else "csv"
                target = rejected or _free(register.with_name(f"{register.stem}-rejected.{suffix}"))
                _write(target, content)
                console.print(f"Correct the rejected rows in {target}, and import that file.")
        finally:
            api.close()
    if job["status"] == "failed":
        sys.exit(1)
    sys.exit(2 if job["rejected"] else 0)


def rescan() -> None:
    """Look through the whole register for doubles again; cut off, it goes on without this."""
    console = Console()
    with as_administrator() as api:
        job = _ended(api, RESCANS, api.send("POST", RESCANS), "People", console)
    console.print(job["detail"] or f"{job['accepted']:,} people in pairs that were not known")
    sys.exit(1 if job["status"] == "failed" else 0)


def _id_of(api: Api, mapping: str) -> str:
    """Return the id of a mapping that is told by it, or by its name."""
    saved: dict[str, str] = {each["name"]: each["id"] for each in api.every(MAPPINGS)}
    if mapping not in saved and mapping not in saved.values():
        raise LookupError(f"No mapping is called {mapping}. There are: {', '.join(saved)}.")
    return saved.get(mapping, mapping)


def _ended(api: Api, path: str, job: dict[str, Any], what: str, console: Console) -> dict[str, Any]:
    """Show a bar until a job has ended; return what came of it."""
    columns = (what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(what, total=job["total"])
        while True:
            gone_through = job["accepted"] + job["unchanged"] + job["rejected"]
            progress.update(bar, completed=gone_through, total=job["total"])
            if job["status"] in OVER:
                return job
            time.sleep(LOOK_AGAIN_SECONDS)
            job = api.get(f"{path}/{job['id']}")


def _tell(job: dict[str, Any], console: Console) -> None:
    if job["detail"]:
        console.print(job["detail"])
    console.print(
        f"{job['accepted']:,} registered, {job['unchanged']:,} known, {job['rejected']:,} rejected"
    )
    for remark in [*job["rejected_rows"], *job["warnings"]][:REASONS_SHOWN]:
        console.print(
            f"  row {remark['row']}, {remark['column']}: {remark['detail']}", markup=False
        )


def _free(target: Path) -> Path:
    """Return a name that no file has: rows that somebody is correcting stay as they are."""
    numbered = (target.with_stem(f"{target.stem}-{number}") for number in count(2))
    return next(each for each in chain([target], numbered) if not each.exists())


def _write(target: Path, content: bytes) -> None:
    """Write people's rows for nobody but who runs this; a file that is there stays."""
    try:
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise LookupError(f"{target} is there already: name another file by --rejected.") from error
    except OSError as error:
        detail = f"{target} cannot be written: name another file by --rejected, and import again."
        raise LookupError(detail) from error
    with os.fdopen(opened, "wb") as file:
        file.write(content)
