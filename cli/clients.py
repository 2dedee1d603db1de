"""`masar client`: the programs that use the API."""

from datetime import datetime
from typing import Annotated, Any

import typer

from cli.api import Api
from cli.desk import as_administrator, table

app = typer.Typer(no_args_is_help=True, help="The programs that use the API.")

CLIENTS = "/v1/identity/clients"
ClientId = Annotated[str, typer.Argument(help="client-…")]


@app.command()
def create(
    name: str,
    role: Annotated[list[str], typer.Option(help="What it may do.")],
    organisation: Annotated[str, typer.Option(help="For whom it works.")] = "iom",
    place: Annotated[list[str] | None, typer.Option(help="A p-code; none: LY.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    address: Annotated[list[str] | None, typer.Option(help="Where it may come from.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="Until when, local time.")] = None,
    daily: Annotated[int | None, typer.Option(help="Requests a day.")] = None,
    per_minute: Annotated[int | None, typer.Option(help="Requests a minute.")] = None,
) -> None:
    """Make a client, and print its secret: it is shown this once."""
    form = {
        "name": name,
        "organisation": organisation,
        "roles": role,
        "places": place or ["LY"],
        "owner": owner,
        "addresses": address or [],
        "expires_at": expires.astimezone().isoformat() if expires else None,
        "daily_requests": daily,
        "requests_per_minute": per_minute,
    }
    with as_administrator() as api:
        _tell_secret(api.post(CLIENTS, form))


def _tell_secret(made: dict[str, Any]) -> None:
    typer.echo(f"client_id      {made['client_id']}")
    typer.echo(f"client_secret  {made['client_secret']}")
    if made["waiting"]:
        typer.echo(f"waits for a data-protection officer: {', '.join(made['waiting'])}")


@app.command("list")
def list_() -> None:
    """List the clients, with their roles and when they were last refused."""
    columns = [
        "Client id",
        "Name",
        "Organisation",
        "Roles",
        "Places",
        "Revoked at",
        "Refused because",
    ]
    with as_administrator() as api:
        table("Clients", columns, [*api.every(CLIENTS)])


@app.command()
def renew_secret(
    client_id: ClientId,
    overlap_hours: Annotated[int, typer.Option(help="How long the old one counts too.")] = 24,
) -> None:
    """Give a client a new secret, and print it."""
    with as_administrator() as api:
        path = f"{CLIENTS}/{_client(api, client_id)['id']}/secret"
        _tell_secret(api.post(path, {"overlap_hours": overlap_hours}))


@app.command()
def revoke(client_id: ClientId) -> None:
    """End a client; its tokens end within a minute everywhere."""
    with as_administrator() as api:
        api.delete(f"{CLIENTS}/{_client(api, client_id)['id']}")


def _client(api: Api, client_id: str) -> dict[str, Any]:
    for client in api.every(CLIENTS):
        if client["client_id"] == client_id:
            return client
    raise LookupError("There is no such client.")
