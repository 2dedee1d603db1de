"""What is done at one service is soon true at the others: through the gateway, in one process."""

from pathlib import Path
from typing import Any

import httpx

from standalone import Standalone
from tests.patience import ended, until
from tests.system import operations

PLACES = b"""adm3_pcode,adm3_en,adm3_ar,adm2_pcode,adm2_en,adm2_ar,adm1_pcode,adm1_en,adm1_ar
LY020901,Nalut,\xd9\x86\xd8\xa7\xd9\x84\xd9\x88\xd8\xaa,LY0209,Nalut,\xd9\x86\xd8\xa7\xd9\x84\xd9\x88\xd8\xaa,LY02,West,\xd8\xa7\xd9\x84\xd8\xba\xd8\xb1\xd8\xa8
"""
REGISTER = (
    "external_id,given_name,sex,birth_date,nationality,population_category,location_pcode\n"
    "F2,Moussa,male,1990-01-01,NER,migrant,LY020901\n"
)
AMINA = {
    "external_id": "F1",
    "given_name": "Amina",
    "sex": "female",
    "birth_date": "1994-02-28",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY020901",
}


async def job_done(client: httpx.AsyncClient, response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 202, response.text

    async def told() -> dict[str, Any]:
        job: dict[str, Any] = (await client.get(response.headers["location"])).json()
        return job

    return await until(told, ended)


async def programme(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/assistance/programmes",
        json={
            "name": "Kits",
            "donor": "A donor",
            "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
            "population_categories": ["migrant"],
            "places": ["LY0209"],
            "item": {"name": "Kit"},
        },
    )
    assert response.status_code == 201, response.text


async def test_places_and_at_once_the_people_who_live_in_them(client: httpx.AsyncClient) -> None:
    importing = await client.post(
        "/v1/tracking/places/imports", files={"file": ("places.csv", PLACES)}
    )
    # Nobody waits here for the places, neither for their import nor for the news of it.
    person = await client.post("/v1/registration/persons", json=AMINA)
    register = await client.post(
        "/v1/registration/imports", files={"file": ("register.csv", REGISTER)}
    )

    assert person.status_code == 201, person.text
    assert (await job_done(client, register))["accepted"] == 1
    assert (await job_done(client, importing))["rejected"] == 0


async def test_a_departure_is_known_everywhere(client: httpx.AsyncClient) -> None:
    await programme(client)
    body = AMINA | {"location_pcode": "LY0209"}
    person = (await client.post("/v1/registration/persons", json=body)).json()["id"]
    case = await client.post("/v1/returns/cases", json={"person_id": person})
    path = case.headers["location"]
    evidence: dict[str, dict[str, Any]] = {
        "screening": {"vulnerability_level": "low"},
        "consent": {"given": True, "language": "ar", "alternatives_explained": True},
        "clearance": {
            "travel_document_expires_on": "2099-01-01",
            "fit_to_travel_until": "2099-01-01",
        },
        "departure": {"consent_reconfirmed": True},
    }
    for step, content in evidence.items():
        response = await client.post(f"{path}/{step}", json=content)
        assert response.status_code == 200, response.text

    async def gone() -> dict[str, Any] | None:
        view: dict[str, Any] = (await client.get(f"/v1/people/{person}")).json()
        departed = [view[name]["status"] for name in ("registration", "assistance")]
        return view if departed == ["departed", "departed"] else None

    view = await until(gone)
    assert view["returns"]["cases"][0]["status"] == "departed"
    assert [each["status"] for each in view["assistance"]["entitlements"]] == ["closed"]
    assert view["missing"] == []


async def test_what_waited_when_the_system_stopped_arrives_after_the_next_start(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    first = Standalone(home, "http://masar.test")
    async with first.running(), operations(first) as client:
        await programme(client)
        # From here on nothing is brought: the system dies with its events in their outboxes.
        await first.bus.close()
        for number in range(30):
            body = AMINA | {"external_id": f"W{number}", "location_pcode": "LY0209"}
            response = await client.post("/v1/registration/persons", json=body)
            assert response.status_code == 201, response.text

    again = Standalone(home, "http://masar.test")
    async with again.running(), operations(again) as client:

        async def everybody() -> bool:
            found = await client.get("/v1/assistance/entitlements", params={"limit": 100})
            return len(found.json()["items"]) == 30

        assert await until(everybody)


async def test_a_withdrawal_leaves_what_the_person_is_entitled_to(
    client: httpx.AsyncClient,
) -> None:
    await programme(client)
    body = AMINA | {"location_pcode": "LY0209"}
    person = (await client.post("/v1/registration/persons", json=body)).json()["id"]
    case = await client.post("/v1/returns/cases", json={"person_id": person})

    withdrawn = await client.post(f"{case.headers['location']}/withdrawal", json={})

    async def entitled() -> list[dict[str, Any]]:
        found = await client.get("/v1/assistance/entitlements", params={"person_id": person})
        items: list[dict[str, Any]] = found.json()["items"]
        return items

    assert withdrawn.json()["status"] == "withdrawn"
    assert [each["status"] for each in await until(entitled)] == ["open"]
