"""What administrators make, of the gateway's own: people, roles, clients, agreements."""

from typing import Any

from chassis.clock import new_id
from gateway.routes import SERVICES
from tests.authz.world import World

CLIENT = {"name": "A", "organisation": "iom", "roles": ["enumerator"]}

LETTERS: dict[str, Any] = {
    f"POST /v1/{part}/dead-letters/{{letter_id}}/{what}": body
    for part in ("gateway", *SERVICES)
    for what, body in (("redelivery", None), ("discard", {"reason": "no_event"}))
}


async def made_by_another_administrator(world: World, path: str, situation: str) -> dict[str, str]:
    """Make what an operation of the gateway is to be tried on; it is new for each try."""
    parameter = path.partition("{")[2].partition("}")[0]
    if situation == "erased":
        return {parameter: str(new_id())}
    response = await world.client.post(
        path.partition("/{")[0],
        json=await _body(world, parameter),
        headers=world.bearer("admin", sub="another-administrator"),
    )
    assert response.status_code == 201, response.text
    return {parameter: response.json().get("staff", response.json())["id"]}


async def _body(world: World, parameter: str) -> dict[str, Any]:
    if parameter == "assignment_id":
        return await role(world)
    return {"client_id": CLIENT, "staff_id": staff(), "agreement_id": agreement()}[parameter]


async def role(world: World) -> dict[str, Any]:
    """Return a role that waits for an approval, of a client made for it."""
    response = await world.client.post(
        "/v1/identity/clients",
        json=CLIENT,
        headers=world.bearer("admin", sub="another-administrator"),
    )
    return {
        "holder": response.json()["client_id"],
        "role": "medical_staff",
        "organisation": "iom",
        "places": ["LY"],
    }


def unique(prefix: str) -> str:
    return f"{prefix}{new_id().hex[-12:]}"


def staff() -> dict[str, Any]:
    return {"name": unique("s"), "full_name": "Salma", "organisation": "iom"}


def agreement() -> dict[str, Any]:
    return {
        "reference": "A",
        "giver": "iom",
        "reader": "other",
        "places": ["LY02"],
        "until": "2099-01-01T00:00:00Z",
    }


async def dead_letter(world: World, part: str, situation: str) -> str:
    """Let a part have given up what is no event at all, which fails again whenever it is tried."""
    database = world.databases.get(part, world.system.gateway.state.database)
    letter = database.tables.dead_letter(body=b"no event", reason="Malformed")
    letter_id = str(letter.id)
    if situation != "erased":
        async with database.write() as session:
            session.add(letter)
    return letter_id
