"""`masar audit`: whether the record of who saw and changed what is as it was written."""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from cli.api import Api, RefusedError, administrator

app = typer.Typer(no_args_is_help=True, help="The record of who saw and changed what.")
PARTS = ("gateway", "registration", "assistance", "returns", "tracking")
Url = Annotated[str | None, typer.Option(help="Where the system is.")]
Service = Annotated[str | None, typer.Option(help="One service only, instead of all.")]


@app.command()
def verify(service: Service = None, base_url: Url = None) -> None:
    """Walk each chain to its end and along its anchors; name the first row that was altered."""
    table = Table("Service", "Chain", "Sealed", "Anchored", "Restores", title="Audit")
    broken = False
    with _api(base_url) as api:
        for part in _parts(service):
            told = whole_chain(api, part)
            broken |= told["state"] != "whole"
            table.add_row(
                part,
                "whole" if told["state"] == "whole" else f"[red]{_words(told['fault'])}[/red]",
                f"{told['head']:,}",
                told["anchored_at"] or "not yet",
                ", ".join(each["restored_to"] for each in told["restores"]) or "none",
            )
    Console().print(table)
    raise typer.Exit(code=1 if broken else 0)


@app.command("declare-restore")
def declare_restore(
    service: Annotated[str, typer.Option(help="Whose database was restored.")],
    to: Annotated[str, typer.Option(help="To which point in time: 2026-11-25T06:00:00Z.")],
    base_url: Url = None,
) -> None:
    """Declare that a database was restored, so that what the chain lost by it is no fault."""
    [part] = _parts(service)
    with _api(base_url) as api:
        told = api.post(f"/v1/{part}/audit/restores", {"restored_to": to})
    typer.echo(json.dumps(told))


def whole_chain(api: Api, service: str) -> dict[str, Any]:
    """Return the verification of a whole chain, part by part."""
    after = 0
    while True:
        told: dict[str, Any] = api.get(f"/v1/{service}/audit/verification", after=after)
        if told["next"] is None:
            return told
        after = told["next"]


def _words(fault: dict[str, Any]) -> str:
    where = f" at seal {fault['seq']:,}" if fault["seq"] is not None else ""
    return f"{fault['kind']}{where}"


def _parts(service: str | None) -> tuple[str, ...]:
    if service is not None and service not in PARTS:
        raise typer.BadParameter(f"The services are {', '.join(PARTS)}.")
    return (service,) if service else PARTS


@contextmanager
def _api(base_url: str | None) -> Iterator[Api]:
    """Give the administrator's client while the block lasts; a sentence instead of a trace."""
    home = Path(os.environ.get("MASAR_HOME", "var"))
    try:
        with closing(administrator(home, Path(".env"), base_url)) as api:
            yield api
    except (LookupError, RefusedError, httpx.HTTPError) as error:
        raise typer.BadParameter(str(error)) from None
