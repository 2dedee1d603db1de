"""`masar user`: the people who work with the system, and the roles they hold."""

from datetime import datetime
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from cli.api import Api, RefusedError
from cli.desk import as_administrator, table, telling

app = typer.Typer(no_args_is_help=True, help="People and the roles they hold.")

STAFF, ASSIGNMENTS = "/v1/identity/staff", "/v1/identity/assignments"
Name = Annotated[str, typer.Argument(help="The name they log in with.")]
BaseUrl = Annotated[str, typer.Option(help="Where the system is.")]
HERE = "http://127.0.0.1:8000"


@app.command()
def invite(
    name: Name,
    full_name: Annotated[str, typer.Option(help="Their own name.")],
    organisation: Annotated[str, typer.Option(help="For whom they work.")] = "iom",
) -> None:
    """Make an account, and print the invitation that opens it: it is shown this once."""
    form = {"name": name, "full_name": full_name, "organisation": organisation}
    with as_administrator() as api:
        _tell_invitation(api.post(STAFF, form))


@app.command()
def invite_again(name: Name) -> None:
    """Let somebody begin again who lost password or telephone; their sessions end."""
    with as_administrator() as api:
        person = _person(api, name)
        _tell_invitation(api.post(f"{STAFF}/{person['id']}/invitation", None))


def _tell_invitation(made: dict[str, Any]) -> None:
    typer.echo(f"{made['subject']}  {made['name']}")
    typer.echo(f"Invitation until {made['invitation_until']}: {made['invitation']}")
    typer.echo("They open their account with `masar user open`.")


@app.command("list")
def list_() -> None:
    """List the accounts."""
    with as_administrator() as api:
        table(
            "People", ["Name", "Full name", "Organisation", "State", "Subject"], [*api.every(STAFF)]
        )


@app.command()
def close(name: Name) -> None:
    """Close an account for good."""
    with as_administrator() as api:
        api.delete(f"{STAFF}/{_person(api, name)['id']}")


@app.command()
def give(
    name: Name,
    role: str,
    place: Annotated[list[str], typer.Option(help="A p-code; all below it counts too.")],
    organisation: Annotated[str, typer.Option(help="Acting for whom.")] = "iom",
    programme: Annotated[list[str] | None, typer.Option(help="Only in this programme.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Until when, local time.")] = None,
) -> None:
    """Give a person a role; some count only once a data-protection officer approved them."""
    with as_administrator() as api:
        form = {
            "holder": _person(api, name)["subject"],
            "role": role,
            "organisation": organisation,
            "places": place,
            "programmes": programme or [],
            "until": until.astimezone().isoformat() if until else None,
        }
        made = api.post(ASSIGNMENTS, form)
    typer.echo(f"{made['id']}  {made['role']}: {made['state']}")


@app.command()
def roles(name: Name) -> None:
    """List the roles that somebody holds, held, or waits for."""
    with as_administrator() as api:
        held = [*api.every(ASSIGNMENTS, holder=_person(api, name)["subject"])]
    table(name, ["Role", "State", "Organisation", "Places", "Until", "Id"], held)


@app.command()
def take(assignment: Annotated[str, typer.Argument(help="The id that `roles` shows.")]) -> None:
    """Take a role away; it ends within a minute everywhere."""
    with as_administrator() as api:
        api.delete(f"{ASSIGNMENTS}/{assignment}")


def _person(api: Api, name: str) -> dict[str, Any]:
    for person in api.every(STAFF):
        if person["name"] == name:
            return person
    raise LookupError("Nobody logs in with this name.")


@app.command("open")
def open_(base_url: BaseUrl = HERE) -> None:
    """Open your own account with an invitation: a second factor, and a password you choose."""
    invitation = {"invitation": typer.prompt("Invitation", hide_input=True)}
    with telling(), httpx.Client(base_url=base_url, trust_env=False, timeout=60) as client:
        told = _sent(client, "/v1/staff/enrolment", invitation)
        Console().print("Put this into your authenticator:", told["secret"], told["uri"], sep="\n")
        code = typer.prompt("The code it shows")
        password = typer.prompt(
            "A password of 12 or more", hide_input=True, confirmation_prompt=True
        )
        _sent(client, "/v1/staff/activation", invitation | {"password": password, "code": code})
    typer.echo("The account is open.")


@app.command()
def approve(
    assignment: Annotated[str, typer.Argument(help="The id of what was asked for.")],
    base_url: BaseUrl = HERE,
) -> None:
    """Approve, as a data-protection officer, a role that somebody else has asked for."""
    form = {
        "name": typer.prompt("Name"),
        "password": typer.prompt("Password", hide_input=True),
        "code": typer.prompt("Code"),
    }
    with telling(), httpx.Client(base_url=base_url, trust_env=False, timeout=60) as client:
        token = _sent(client, "/v1/sessions", form)["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        approved = _sent(client, f"{ASSIGNMENTS}/{assignment}/approval", None)
        client.delete("/v1/sessions/current")
    typer.echo(f"{approved['role']}: {approved['state']}")


def _sent(client: httpx.Client, path: str, form: dict[str, Any] | None) -> dict[str, Any]:
    response = client.post(path, json=form) if form else client.post(path)
    if not response.is_success:
        raise RefusedError(response)
    told: dict[str, Any] = response.json() if response.content else {}
    return told
