"""`masar keys`: the keys of an installation in one process, which may run meanwhile."""

import asyncio
import importlib
import os
from pathlib import Path

import typer

from chassis.db import Database
from chassis.keys import told

app = typer.Typer(no_args_is_help=True, help="The keys that records are sealed with.")
PARTS = ("gateway", "registration", "assistance", "returns", "tracking")


@app.callback()
def keys() -> None:
    """Keep `rotate` a command of its own while it is the only one."""


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
        typer.echo(asyncio.run(told(database, part, home)))
