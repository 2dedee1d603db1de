"""What the gateway says of the whole: one description, every operation granted to somebody."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chassis.fields import fields
from chassis.outbox import row_of
from chassis.policy import policy
from contracts.event import promised
from contracts.tracking import RoundImported
from gateway.routes import SERVICES
from standalone import Standalone
from tests.fleet import ROOT

METHODS = {"get", "put", "post", "delete", "patch"}
HIDDEN = {"GET /", "GET /docs", "GET /docs/{asset}", "GET /openapi.json"}
HIDDEN |= {"GET /asyncapi.json", "GET /contracts/{name}", "GET /problems/{slug}"}
DESCRIBED: list[dict[str, Any]] = []


async def described(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return what the whole says of itself; that is gathered once, for it takes a second."""
    if not DESCRIBED:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
        assert "x-missing" not in document
        DESCRIBED.append(document)
    return DESCRIBED[0]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


async def test_every_operation_has_a_row_and_every_row_an_operation(
    client: httpx.AsyncClient,
) -> None:
    listed = {name for rows in policy().operations.values() for name in rows} - HIDDEN

    assert listed == {name for name, _ in operations(await described(client))}


async def test_the_description_is_whole(client: httpx.AsyncClient) -> None:
    document = await described(client)

    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.rpartition("/")[2] in schemas
    for path in ("/v1/token", "/v1/registration/intake/kobo/{form_id}"):
        assert document["paths"][path]["post"]["security"] == []


async def test_errors_are_described_as_problems(client: httpx.AsyncClient) -> None:
    for _, operation in operations(await described(client)):
        assert list(operation["responses"]["4XX"]["content"]) == ["application/problem+json"]


async def test_every_post_of_a_service_can_be_sent_again(client: httpx.AsyncClient) -> None:
    posts = {
        name: [parameter["name"] for parameter in operation.get("parameters", [])]
        for name, operation in operations(await described(client))
        if name.startswith("POST /v1/") and name.split("/")[2] in SERVICES
    }

    assert len(posts) > 5
    without = [name for name, told in posts.items() if "Idempotency-Key" not in told]
    # A form's server sends no such key: a submission is known by its own uuid. A device's
    # batch takes effect item by item; sent again, each is found done.
    known = ("/intake/", "/sync")
    assert [name for name in without if not any(part in name for part in known)] == []


async def test_the_docs_tell_of_every_group_of_operations(client: httpx.AsyncClient) -> None:
    page = (ROOT / "docs" / "integrating.md").read_text()
    headings = {
        heading.partition(": ")[2]
        for _, operation in operations(await described(client))
        for heading in operation["tags"]
    }

    assert len(headings) > 50
    assert [each for each in sorted(headings) if each not in page] == []


async def test_headers_are_described_by_what_may_be_in_them(client: httpx.AsyncClient) -> None:
    told = [
        (parameter["name"], parameter["schema"])
        for _, operation in operations(await described(client))
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    ]

    # What fills in the description by itself would be stopped by them, and try nothing else.
    purposes = [schema.get("enum") for name, schema in told if name == "X-Purpose"]
    assert {*map(str, purposes)} == {str(sorted(fields().purposes))}
    etags = {schema.get("pattern") for name, schema in told if name.lower() == "if-match"}
    assert etags == {'^"[0-9]{1,9}"$'}


async def test_a_form_s_server_reaches_its_own_door_without_a_token(
    client: httpx.AsyncClient,
) -> None:
    path = "/v1/registration/intake/kobo/{form_id}"

    answer = await client.post(
        path.format(form_id="01a20b3e-ef60-7467-a414-6dd2e35e07bb"),
        json={"_uuid": "8b1b45a0-3f2c-4d1c-9a44-6f7a0c5d1e21"},
        auth=("kobo", "no form has this secret"),
    )

    # The gateway would ask for a bearer token; it is the service that asks for the secret.
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")


async def test_every_event_is_described(client: httpx.AsyncClient) -> None:
    document = (await client.get("/asyncapi.json")).json()

    assert document["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in document["channels"].values()} == set(promised())
    assert "assistance_receives_registration_person_registered_v1" in document["operations"]


async def test_an_unknown_person_is_not_there(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/people/01a20b3e-ef60-7467-a414-6dd2e35e07bb")

    assert response.status_code == 404


async def test_a_service_that_is_down_is_missing_from_the_view_and_no_error(
    system: Standalone, client: httpx.AsyncClient
) -> None:
    person = (await client.post("/v1/registration/persons", json=AMINA)).json()

    async def down(scope: Any, receive: Any, send: Any) -> None:
        raise ConnectionRefusedError

    system.gateway.state.clients["returns"] = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=down), base_url="http://service"
    )

    view = (await client.get(f"/v1/people/{person['id']}")).json()

    assert view["registration"] == person
    assert view["missing"] == [{"service": "returns", "reason": "not available"}]


@pytest.mark.parametrize("path", ["/v1/registration/persons", "/v1/returns/cases"])
async def test_the_administrator_reads_no_person(
    system: Standalone, client: httpx.AsyncClient, path: str
) -> None:
    told = json.loads((system.home / "bootstrap.json").read_text())
    form = {
        "grant_type": "client_credentials",
        "client_id": told["admin_client_id"],
        "client_secret": told["admin_client_secret"],
    }
    token = (await client.post("/v1/token", data=form)).json()["access_token"]

    response = await client.get(path, headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 403


AMINA = {
    "external_id": "R1",
    "given_name": "أمينة",
    "sex": "female",
    "birth_date": "1994-02-28",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY0209",
    "consent": True,
}


async def test_an_event_names_where_its_schema_is(
    system: Standalone, client: httpx.AsyncClient
) -> None:
    event = RoundImported(round_number=1, population="migrant", individuals=1)
    row = row_of(system.apps["tracking"].state.database, event, subject="1", sequence=1)
    hidden = ("authz.yaml", "subscriptions.json", "x.v1.json")

    schema = await client.get(json.loads(row["body"])["dataschema"])
    others = [await client.get(f"/contracts/{name}") for name in hidden]

    assert schema.headers["content-type"] == "application/schema+json"
    assert schema.json()["title"] == "RoundImported"
    assert [other.status_code for other in others] == [404, 404, 404]
