"""Two registrations of one person are merged in every service, and taken apart in every one."""

from typing import Any

import httpx

from chassis.clock import today
from gateway.identity.keys.signer import AUDIENCES
from services.registration.consents import rules as consents
from standalone import Standalone
from tests.flows.test_what_one_service_tells_the_others import AMINA, programme
from tests.patience import until

PERSONS = "/v1/registration/persons"
DUPLICATES = "/v1/registration/duplicates"
CANDIDATES = "/v1/registration/merge-candidates"
PROPOSALS = "/v1/registration/merge-proposals"
HERE = {"location_pcode": "LY0209", "father_name": "Idris", "family_name": "Abakar"}
ROLES = ("case_worker", "protection_officer", "dpo")

APART = {"registration": ["registered"] * 2, "assistance": [["open"]] * 2}
TOGETHER = {"registration": ["registered", "merged"], "assistance": [["closed", "open"]] * 2}


class Office:
    """Somebody with every role that is needed, in an organisation, through the one gateway."""

    def __init__(self, system: Standalone, client: httpx.AsyncClient, organisation: str) -> None:
        claims = {
            "sub": f"user-{organisation}",
            "aud": list(AUDIENCES),
            "organisation": organisation,
            "grants": [{"role": each, "places": ["LY"]} for each in ROLES],
        }
        token = system.gateway.state.issuer.signer.sign(claims)
        self.organisation = organisation
        self._client, self._headers = client, {"Authorization": f"Bearer {token}"}

    async def try_to(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self._client.request(method, path, json=body, headers=self._headers)

    async def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.try_to(method, path, body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def agree(self, person: str, other: str) -> None:
        """Let the person and the organisation agree that another one is told of them."""
        agreement = {
            "reference": "A-1",
            "recipient": f"partner:{other}",
            "purposes": ["referral"],
            "starts_on": "2026-01-01",
            "ends_on": "2099-01-01",
        }
        yes = {
            "recipient": f"partner:{other}",
            "purpose": "referral",
            "given": True,
            "text_version": consents.current_version(),
            "language": "ar",
            "form": "verbal",
            "asked_on": today().isoformat(),
            "place_pcode": HERE["location_pcode"],
            "detained": False,
        }
        await self.ask("POST", "/v1/registration/sharing-agreements", agreement)
        await self.ask("POST", f"{PERSONS}/{person}/consents", yes)


async def test_a_merge_and_its_undoing_are_known_everywhere_here_and_across_organisations(
    system: Standalone, client: httpx.AsyncClient
) -> None:
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

    await until(standing, lambda now: now == APART)
    [pair] = await until(found)

    merged = await client.post(f"{DUPLICATES}/{pair['id']}/merge", json={"keep": first})
    assert merged.status_code == 201, merged.text
    await until(standing, lambda now: now == TOGETHER)

    undone = await client.delete(f"{DUPLICATES}/{pair['id']}/merge")
    assert undone.status_code == 200, undone.text
    await until(standing, lambda now: now == APART)
    await _across(system, client)


async def _across(system: Standalone, client: httpx.AsyncClient) -> None:
    here, there = (Office(system, client, each) for each in ("iom", "elsewhere"))
    one, other = [
        (await each.ask("POST", PERSONS, AMINA | HERE | {"external_id": "B1"}))["id"]
        for each in (here, there)
    ]
    await here.agree(one, there.organisation)
    await there.agree(other, here.organisation)

    async def entitled() -> list[tuple[str, str]]:
        items = (await client.get("/v1/assistance/entitlements")).json()["items"]
        theirs = [each for each in items if each["person_id"] in (one, other)]
        return sorted((each["status"], each["person_id"]) for each in theirs)

    async def found() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await here.ask("GET", CANDIDATES))["items"]
        return items

    # A programme covers whom its own organisation keeps, and tells it of nobody else.
    ours_open = [("open", one)]
    await until(entitled, lambda now: now == ours_open)
    [pair] = await until(found)
    asked = await here.ask("POST", f"{CANDIDATES}/{pair['id']}/proposals", {"keep": "theirs"})
    proposal = f"{PROPOSALS}/{asked['id']}"
    assert await entitled() == ours_open

    confirmed = await there.ask("POST", f"{proposal}/answer", {"confirmed": True})
    assert confirmed["state"] == "merged"

    async def case_of_who_is_merged() -> str:
        body = {"person_id": one, "destination_country": "SDN"}
        return str((await here.try_to("POST", "/v1/returns/cases", body)).json().get("type"))

    await until(case_of_who_is_merged, lambda type_: type_ == "/problems/merged")

    undone = await here.ask("DELETE", f"{proposal}/merge")
    assert undone["state"] == "undone"
    assert await entitled() == ours_open
