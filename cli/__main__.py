"""The `masar` command."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from cli import audit, clients, dead_letters, keys, registers, users
from cli.api import RefusedError, operations
from cli.story import Input, Summary, tell_story

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Masar, from the command line.")


app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="user")
app.add_typer(clients.app, name="client")
app.add_typer(audit.app, name="audit")
app.add_typer(dead_letters.app, name="dead-letter")
app.command("import")(registers.import_register)
app.command()(registers.rescan)


@app.command()
def demo(
    places: Annotated[
        Path | None, typer.Option(help="A folder of COD-AB gazetteers in CSV.")
    ] = None,
    workbook: Annotated[
        Path | None, typer.Option("--round", help="A DTM workbook in XLSX.")
    ] = None,
    register: Annotated[Path | None, typer.Option("--people", help="A register in CSV.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Where the system is.")] = None,
) -> None:
    """Tell the whole story to a running system, with made-up people unless files are given."""
    console = Console()
    home = Path(os.environ.get("MASAR_HOME", "var"))
    given = Input(
        run=time.strftime("%Y%m%d-%H%M%S"),
        gazetteers=[(path.name, path.read_bytes()) for path in _gazetteers(places)],
        workbook=workbook.read_bytes() if workbook else None,
        register=register.read_bytes() if register else None,
    )
    try:
        api = operations(home, Path(".env"), base_url)
        with _progress(console) as progress:
            tasks: dict[str, TaskID] = {}

            def tell(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = progress.add_task(what, total=total)
                progress.update(tasks[what], completed=done, total=total)

            summary = tell_story(api, given, tell)
    except (LookupError, RefusedError, RuntimeError, httpx.HTTPError) as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(1)
    console.print(_table(summary))
    if not _holds(summary):
        console.print("[red]The story did not come out right.[/red]")
        sys.exit(1)


def _gazetteers(folder: Path | None) -> list[Path]:
    names = ("lby_admin1", "lby_admin2", "lby_admin3_baladiya", "lby_admin4_muhalla")
    return [folder / f"{name}.csv" for name in names] if folder else []


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


def _holds(summary: Summary) -> bool:
    """Say whether every part of the story came out as it must."""
    view = summary.view or {}
    registration, assistance = view.get("registration") or {}, view.get("assistance") or {}
    return (
        set(summary.level_sums) == {summary.individuals}
        and summary.entitled >= summary.people >= summary.registered + summary.unchanged > 0
        and summary.delivered == summary.refused_twice > 0
        and registration.get("status") == assistance.get("status") == "departed"
        and not any(each["status"] == "open" for each in assistance["entitlements"])
    )


def _table(summary: Summary) -> Table:
    table = Table("Step", "What came of it", title="Masar")
    sums = " = ".join(f"{each:,}" for each in summary.level_sums)
    table.add_row("Places", f"{summary.places:,} known")
    table.add_row(
        f"DTM round {summary.round_number}",
        f"{summary.individuals:,} migrants; levels 1 to 4: {sums}; "
        f"{summary.round_warnings} warnings",
    )
    table.add_row(
        "People",
        f"{summary.registered:,} registered, {summary.unchanged:,} known, "
        f"{summary.rejected:,} rejected",
    )
    table.add_row(
        "Entitlements",
        f"{summary.entitled:,} opened by events, for {summary.people:,} people in the register",
    )
    table.add_row(
        "Distributions",
        f"{summary.delivered} delivered, {summary.refused_twice} second deliveries refused",
    )
    view = summary.view or {}
    status = (view.get("registration") or {}).get("status")
    table.add_row("Return", f"one person {status}; open entitlements closed")
    return table


if __name__ == "__main__":
    app()
