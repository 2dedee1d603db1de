"""`masar keys`: the keys that records are sealed and tokens are signed with."""

import asyncio
import importlib
import os
from pathlib import Path
from typing import Annotated

import typer

from chassis.db import Database
from chassis.keys import told
from chassis.settings import Settings
from cli.desk import as_administrator

app = typer.Typer(no_args_is_help=True, help="The keys that seal records and sign tokens.")
PARTS = ("gateway", "registration", "assistance", "returns", "tracking")


@app.command()
def rotate() -> None:
    """Wrap all keys in $MASAR_HOME under new ones; on Compose see docs/operations.md."""
    home = Path(os.environ.get("MASAR_HOME", "var"))
    for part in PARTS:
        file = home / f"{part}.sqlite"
        if not file.exists():
            raise typer.BadParameter(f"There is no {file}; MASAR_HOME says where the state is.")
        module = "gateway.main" if part == "gateway" else f"services.{part}.main"
        tables = importlib.import_module(module).SERVICE.tables
        database = Database(f"sqlite+aiosqlite:///{file}", tables)
        typer.echo(asyncio.run(told(database, part, Settings(home=home))))


@app.command()
def rotate_signing(
    after_seconds: Annotated[int, typer.Option(help="How long it is shown before it signs.")] = 60,
) -> None:
    """Make the next key that signs tokens; the old one proves its tokens until they end."""
    with as_administrator() as api:
        made = api.post("/v1/identity/signing-keys", {"after_seconds": after_seconds})
    typer.echo(f"The key {made['kid']} signs from {made['signs_from']}.")
