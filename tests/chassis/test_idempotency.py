"""A request that is sent again under its key takes effect once, and is answered alike."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from services.registration.imports.service import KIND
from services.registration.main import SERVICE as REGISTRATION
from services.registration.places.models import Place
from tests.conftest import Running, Start, bearer

IMPORTS = "/v1/registration/imports"
PERSONS = "/v1/registration/persons"
REGISTER = (
    b"external_id,given_name,sex,birth_date,nationality,population_category,location_pcode\n"
    b"K1,Moussa,male,1990-01-01,NER,migrant,LY0209\n"
)
AMINA: dict[str, Any] = {
    "external_id": "K2",
    "given_name": "Amina",
    "sex": "female",
    "birth_date": "1994-02-28",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY0209",
    "registered_on": "2026-01-05",
}


@pytest.fixture
async def registration(start: Start, service_url: str) -> Running:
    running = await start(REGISTRATION, url=service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, version=1))
    return running


async def upload(
    registration: Running, key: str | None, more: dict[str, str] | None = None
) -> httpx.Response:
    headers = ({} if key is None else {"Idempotency-Key": key}) | (more or {})
    files = {"file": ("register.csv", REGISTER)}
    return await registration.client.post(IMPORTS, files=files, headers=headers)


async def register(registration: Running, key: str, **changes: Any) -> httpx.Response:
    return await registration.client.post(
        PERSONS, json=AMINA | changes, headers={"Idempotency-Key": key}
    )


async def jobs(registration: Running) -> int:
    """Count the imports; a service has jobs of its own too."""
    job = registration.database.tables.job
    async with registration.database.read() as session:
        return len((await session.exec(select(job.id).where(col(job.kind) == KIND))).all())


async def test_of_fifty_at_once_under_one_key_one_takes_effect(registration: Running) -> None:
    answers = await asyncio.gather(*(upload(registration, "boat-7") for _ in range(50)))

    assert await jobs(registration) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    waiting = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert waiting <= {"/problems/idempotency-in-progress"}
    done = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.json()["id"] for answer in done}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1


async def test_the_twin_without_a_key_takes_effect_each_time(registration: Running) -> None:
    await asyncio.gather(*(upload(registration, None) for _ in range(5)))

    assert await jobs(registration) == 5


async def test_the_answer_is_given_again_whole(registration: Running) -> None:
    first = await register(registration, "k1")

    again = await register(registration, "k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_the_same_file_in_another_envelope_is_the_same_request(
    registration: Running,
) -> None:
    first = await upload(registration, "k1")
    again = await upload(registration, "k1")

    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert again.json()["id"] == first.json()["id"]


async def test_a_key_used_for_another_request_is_refused(registration: Running) -> None:
    await register(registration, "k1")

    body = await register(registration, "k1", given_name="Hawa", external_id="K3")
    path = await upload(registration, "k1")

    for response in (body, path):
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/idempotency-key-reused"
    listed = (await registration.client.get(PERSONS)).json()["items"]
    assert [person["external_id"] for person in listed] == ["K2"]
    assert await jobs(registration) == 0


async def test_a_key_belongs_to_its_caller(registration: Running) -> None:
    await upload(registration, "k1")

    other = await upload(registration, "k1", bearer(sub="another-client"))

    assert other.status_code == 202
    assert "idempotency-replayed" not in other.headers
    assert await jobs(registration) == 2


async def test_what_was_refused_may_be_tried_again_under_its_key(registration: Running) -> None:
    refused = await register(registration, "k1", birth_date="2023-02-29")

    corrected = await register(registration, "k1")

    assert (refused.status_code, corrected.status_code) == (422, 201)
    assert "idempotency-replayed" not in corrected.headers


async def test_a_request_that_waits_for_news_does_not_keep_it_away(registration: Running) -> None:
    waiting = asyncio.create_task(register(registration, "k1", location_pcode="LY020908"))
    await asyncio.sleep(0.3)
    async with registration.database.write() as session:
        session.add(Place(pcode="LY020908", level=3, version=1))

    assert (await waiting).status_code == 201


async def test_a_key_that_cannot_be_is_refused(registration: Running) -> None:
    for key in ["", "x" * 129, "a b", "\t"]:
        response = await upload(registration, key)

        assert (response.status_code, response.json()["type"]) == (
            400,
            "/problems/malformed-request",
        ), key
        assert await jobs(registration) == 0, key
