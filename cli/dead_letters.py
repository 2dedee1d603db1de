"""`masar dead-letter`: the events that a part of the system could not use."""

from typing import Annotated, Literal

import typer

from cli.audit import PARTS
from cli.desk import as_administrator, table

app = typer.Typer(no_args_is_help=True, help="The events that a part could not use.")

Part = Annotated[str, typer.Argument(help="Who could not use it, as `list` shows it.")]
LetterId = Annotated[str, typer.Argument(help="Its id, as `list` shows it.")]
Why = Annotated[
    Literal["done_otherwise", "no_event", "not_needed"],
    typer.Option(help="Why it need not take effect."),
]


@app.command("list")
def list_() -> None:
    """List them, part by part: which event, when and why it was given up."""
    columns = ["Part", "Id", "Received at", "Reason", "Type", "Event id"]
    with as_administrator() as api:
        letters = [{"part": part} | letter for part in PARTS for letter in api.every(_path(part))]
    table("Dead letters", columns, letters)


@app.command()
def send_again(part: Part, letter_id: LetterId) -> None:
    """Let one take effect now that its cause is gone; what fails again is kept."""
    with as_administrator() as api:
        told = api.post(f"{_path(part)}/{letter_id}/redelivery", None)
    typer.echo(told["outcome"])


@app.command()
def discard(part: Part, letter_id: LetterId, reason: Why) -> None:
    """Give one up for good; who did it, and why, stays on record."""
    with as_administrator() as api:
        api.post(f"{_path(part)}/{letter_id}/discard", {"reason": reason})


def _path(part: str) -> str:
    return f"/v1/{part}/dead-letters"
