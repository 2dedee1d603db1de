"""`masar dead-letter`: the events that a part of the system could not use."""

from typing import Annotated, Any, Literal

import typer

from cli.audit import PARTS
from cli.desk import as_administrator

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
    with as_administrator() as api:
        told = [_told(part, letter) for part in PARTS for letter in api.every(_path(part))]
    typer.echo("\n".join(told) or "There are none.")


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


def _told(part: str, letter: dict[str, Any]) -> str:
    # No table: on a narrow screen it would cut off what the other commands are told.
    event = f"{letter['type']} {letter['event_id']}" if letter["type"] else "no event"
    given_up = f"given up {letter['received_at']}: {letter['reason']}"
    return f"{part} {letter['id']}\n  {event}\n  {given_up}"


def _path(part: str) -> str:
    return f"/v1/{part}/dead-letters"
