"""Where commands sit that keep an installation: as its administrator, and saying refusals."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Column, Table

from cli.api import Api, RefusedError, administrator

IDS = {"Client id", "Id", "Subject"}
"""What another command is told: however narrow the screen is, none of it is left out."""


@contextmanager
def as_administrator() -> Iterator[Api]:
    """Open the API as the administrator of the installation here; a refusal ends the command."""
    with telling():
        api = administrator(Path(os.environ.get("MASAR_HOME", "var")), Path(".env"))
        try:
            yield api
        finally:
            api.close()


@contextmanager
def telling() -> Iterator[None]:
    """Say in one line what went wrong, and end."""
    try:
        yield
    except (LookupError, RefusedError, httpx.HTTPError) as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)


def table(title: str, columns: list[str], rows: list[dict[str, Any]]) -> None:
    """Print some fields of what an answer lists."""
    shown = Table(*(Column(name, no_wrap=name in IDS) for name in columns), title=title)
    for row in rows:
        shown.add_row(*(_words(row.get(column.lower().replace(" ", "_"))) for column in columns))
    Console().print(shown)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
