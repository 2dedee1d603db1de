"""Two registrations of one person are merged in every service, and taken apart in every one."""

from typing import Any

import httpx

from tests.flows.test_what_one_service_tells_the_others import AMINA, programme
from tests.patience import until

PERSONS = "/v1/registration/persons"
DUPLICATES = "/v1/registration/duplicates"
HERE = {"location_pcode": "LY0209", "father_name": "Idris", "family_name": "Abakar"}


async def test_a_merge_and_its_undoing_are_known_everywhere(client: httpx.AsyncClient) -> None:
    await programme(client)
    first, second = [
        (await client.post(PERSONS, json=AMINA | HERE | {"external_id": number})).json()["id"]
        for number in ("A1", "A2")
    ]

    async def found() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await client.get(DUPLICATES)).json()["items"]
        return items

    async def standing() -> dict[str, list[str]]:
        shown = [(await client.get(f"/v1/people/{each}")).json() for each in (first, second)]
        return {
            "registration": [each["registration"]["status"] for each in shown],
            "assistance": [
                sorted(e["status"] for e in (each["assistance"] or {}).get("entitlements", []))
                for each in shown
            ],
        }

    apart = {"registration": ["registered"] * 2, "assistance": [["open"]] * 2}
    together = {
        "registration": ["registered", "merged"],
        "assistance": [["closed", "open"]] * 2,
    }
    await until(standing, lambda now: now == apart)
    [pair] = await until(found)

    merged = await client.post(f"{DUPLICATES}/{pair['id']}/merge", json={"keep": first})
    assert merged.status_code == 201, merged.text
    await until(standing, lambda now: now == together)

    undone = await client.delete(f"{DUPLICATES}/{pair['id']}/merge")
    assert undone.status_code == 200, undone.text
    await until(standing, lambda now: now == apart)
