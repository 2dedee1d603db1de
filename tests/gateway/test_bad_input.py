"""What may not come in, tried at the door of the whole system, as an outsider meets it."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey

from cli import sample_round
from standalone import Standalone
from tests.conftest import claims
from tests.system import operations

# One system meets them all: what each of them leaves behind, the next would find.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSONS = "/v1/registration/persons"
REGISTERS = "/v1/registration/imports"
ROUNDS = "/v1/tracking/rounds/imports"
JSON = {"Content-Type": "application/json"}
NAME = "أمينة الترهوني"
AMINA: dict[str, Any] = {
    "external_id": "R1",
    "given_name": NAME,
    "sex": "female",
    "birth_date": "1994-02-28",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY0209",
    "registered_on": "2026-01-05",
}
COLUMNS = "external_id,given_name,sex,birth_date,nationality,population_category,location_pcode"
ROW = "R1,Amina,female,1994-02-28,SDN,migrant,LY0209"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standalone]:
    standalone = Standalone(tmp_path_factory.mktemp("system") / "home", "http://masar.test")
    async with standalone.running():
        yield standalone


@pytest_asyncio.fixture(loop_scope="module")
async def client(system: Standalone) -> AsyncIterator[httpx.AsyncClient]:
    async with operations(system) as client:
        yield client


async def refused(
    client: httpx.AsyncClient, response: httpx.Response, status: int, slug: str
) -> dict[str, Any]:
    """See that the answer is this problem, says nothing that was sent, and nothing was kept."""
    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")
    assert response.headers["content-type"] == "application/problem+json"
    assert NAME not in response.text
    for kept in (PERSONS, "/v1/tracking/rounds"):
        assert (await client.get(kept)).json()["items"] == []
    problem: dict[str, Any] = response.json()
    return problem


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"nickname": NAME}, "/nickname"),
        ({"given_name": 3}, "/given_name"),
        ({"documents": "3"}, "/documents"),
        ({"consent": "true"}, "/consent"),
        ({"consent": {"given": 1}}, "/consent/given"),
        ({"birth_date": "2023-02-29"}, "/birth_date"),
        ({"birth_date": "2099-12-31"}, "/birth_date"),
        ({"nationality": "QQQ"}, "/nationality"),
        ({"location_pcode": "LY999999"}, "/location_pcode"),
        ({"location_pcode": "Tripoli"}, "/location_pcode"),
    ],
)
async def test_a_field_that_cannot_be(
    client: httpx.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    response = await client.post(PERSONS, json=AMINA | change)

    slug = "unknown-place" if change == {"location_pcode": "LY999999"} else "validation"
    problem = await refused(client, response, 422, slug)
    assert {fault["pointer"] for fault in problem["errors"]} == {pointer}


async def test_a_text_for_a_number(client: httpx.AsyncClient) -> None:
    programme = {
        "name": NAME,
        "donor": "A donor",
        "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
        "population_categories": ["migrant"],
        "places": ["LY02"],
        "item": {"name": "Kit", "quantity": "3"},
    }

    response = await client.post("/v1/assistance/programmes", json=programme)

    problem = await refused(client, response, 422, "validation")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/item/quantity"]
    assert (await client.get("/v1/assistance/programmes")).json()["items"] == []


def with_name(written: bytes) -> bytes:
    return json.dumps(AMINA | {"given_name": "@"}).encode().replace(b'"@"', written)


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (with_name(rb'"a\u0000b"'), 422, "validation"),
        (with_name(rb'"a\ud800b"'), 422, "validation"),
        (with_name(b'"a\x00b"'), 400, "malformed-body"),
        (with_name(b'"a\xed\xa0\x80b"'), 400, "malformed-body"),
        (with_name(b"NaN"), 400, "malformed-body"),
        (with_name(b"1e999"), 400, "malformed-body"),
        (with_name(b"[" * 10_000 + b"]" * 10_000), 400, "malformed-body"),
        (with_name(b'"' + b"x" * 2_000_000 + b'"'), 413, "body-too-large"),
        (with_name(b'"' + b"x" * 500_000 + b'"'), 422, "validation"),
        (b'{"external_id": ', 400, "malformed-body"),
    ],
    ids=["NUL", "half", "raw NUL", "raw half", "NaN", "inf", "deep", "2 MB", "0.5 MB", "cut"],
)
async def test_a_body_that_is_no_text_or_has_no_end(
    client: httpx.AsyncClient, body: bytes, status: int, slug: str
) -> None:
    response = await client.post(PERSONS, content=body, headers=JSON)

    await refused(client, response, status, slug)


async def test_an_upload_larger_than_any_file_may_be(client: httpx.AsyncClient) -> None:
    response = await client.post(REGISTERS, files={"file": ("r.csv", b"x" * 21 * 1024 * 1024)})

    await refused(client, response, 413, "body-too-large")


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ("/not-a-uuid", 422, "validation"),
        ("/01a20b3e-ef60-7467-a414-6dd2e35e07bb", 404, "not-found"),
        ("?colour=blue", 400, "unknown-filter"),
        ("?limit=1&limit=2", 400, "unknown-filter"),
        ("?limit=many", 422, "validation"),
        ("?cursor=%00", 422, "validation"),
    ],
)
async def test_a_question_that_cannot_be(
    client: httpx.AsyncClient, query: str, status: int, slug: str
) -> None:
    await refused(client, await client.get(PERSONS + query), status, slug)


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"external_id,given_name\nR1,Amina\n", "table-header"),
        (f"{COLUMNS},colour\n{ROW},blue\n".encode(), "table-header"),
        (f"{COLUMNS}\n{ROW}\n".replace("Amina", NAME).encode("windows-1256"), "wrong-encoding"),
        (f"{COLUMNS}\n{ROW}\n".encode("utf-16-le")[:-1], "wrong-encoding"),
        (f"{COLUMNS}\n{ROW},one,cell,more\n".encode(), "table-unreadable"),
    ],
    ids=["missing", "unknown", "windows", "utf-16 cut short", "wide"],
)
async def test_a_register_that_is_no_register(
    client: httpx.AsyncClient, content: bytes, slug: str
) -> None:
    response = await client.post(REGISTERS, files={"file": ("register.csv", content)})

    await refused(client, response, 422, slug)


async def test_a_formula_in_a_cell_is_rejected_with_its_row(client: httpx.AsyncClient) -> None:
    content = f"{COLUMNS}\n{ROW}\n".replace("Amina", "\"=cmd|' /C calc'!A0\"").encode()

    response = await client.post(REGISTERS, files={"file": ("register.csv", content)})
    job = response.json()
    while job["status"] in {"queued", "running"}:
        job = (await client.get(response.headers["location"])).json()

    assert (job["accepted"], job["rejected"]) == (0, 1)
    (remark,) = job["rejected_rows"]
    assert (remark["row"], remark["column"], remark["code"]) == (2, "given_name", "formula")
    assert (await client.get(PERSONS)).json()["items"] == []


def zipped(**entries: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return target.getvalue()


def other_sheets() -> bytes:
    target = io.BytesIO()

    def without_nationalities(sheets: sample_round.Sheets) -> None:
        del sheets["Nationalities"]

    sample_round.write(target, 7, without_nationalities)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "status", "slug"),
    [
        (b"%PDF-1.7", 422, "workbook-unreadable"),
        (b"PK\x03\x04cut", 422, "workbook-unreadable"),
        (zipped(**{"xl/workbook.xml": b"0" * 20_000_000}), 413, "body-too-large"),
        (other_sheets(), 422, "workbook-sheets"),
    ],
    ids=["no zip", "broken zip", "zip bomb", "wrong sheets"],
)
async def test_a_workbook_that_is_broken_or_hostile(
    client: httpx.AsyncClient, content: bytes, status: int, slug: str
) -> None:
    response = await client.post(ROUNDS, files={"file": ("round.xlsx", content)})

    await refused(client, response, status, slug)


def signed(system: Standalone, key: ECKey | None = None, **changes: Any) -> str:
    """Sign a token with this installation's own key, or with another."""
    own = ECKey.import_key(json.loads((system.home / "keys" / "signing.json").read_text()))
    content = {"sub": "operations", "aud": ["gateway", "registration"]} | changes
    return jwt.encode({"alg": "ES256", "kid": own.kid}, claims(**content), key or own)


async def test_a_token_of_this_installation_s_key_is_what_opens(
    system: Standalone, client: httpx.AsyncClient
) -> None:
    client.headers["Authorization"] = f"Bearer {signed(system)}"

    assert (await client.get(PERSONS)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_700_000_000},
        {"aud": ["gateway", "returns"]},
        {"aud": ["returns"]},
        {"iss": "elsewhere"},
        {"key": ECKey.generate_key("P-256")},
    ],
    ids=["expired", "another service's", "not the gateway's", "another issuer's", "forged"],
)
async def test_a_token_that_proves_nothing(
    system: Standalone, client: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {signed(system, **changes)}"}

    response = await client.get(PERSONS, headers=headers)

    assert "www-authenticate" in response.headers
    await refused(client, response, 401, "unauthenticated")


async def test_a_role_that_may_not(system: Standalone, client: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {signed(system, roles=['data_analyst'])}"}

    response = await client.post(PERSONS, json=AMINA, headers=headers)

    await refused(client, response, 403, "forbidden")
