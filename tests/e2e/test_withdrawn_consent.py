"""P21: a consent that was withdrawn while a consumer was down is obeyed before its first share."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from cli.api import OPERATIONS, RefusedError
from standalone import Standalone
from tests.fleet import Fleet
from tests.patience import until
from tests.system import operations, token

PLACE = "LY0211"
TO = {"recipient": "embassy:NER", "purpose": "travel-document"}
PERSON: dict[str, Any] = {
    "given_name": "Yaro",
    "sex": "male",
    "birth_date": "1990-05-01",
    "nationality": "NER",
    "population_category": "migrant",
    "location_pcode": PLACE,
}
ANSWER: dict[str, Any] = TO | {
    "given": True,
    "text_version": "2026-1",
    "language": "fr",
    "form": "written",
    "place_pcode": PLACE,
    "detained": False,
}
AGREEMENT: dict[str, Any] = {
    "reference": "DSA-7",
    "recipient": "embassy:NER",
    "purposes": ["travel-document"],
    "starts_on": "2026-01-01",
    "ends_on": "2099-12-31",
}
OFFICER = OPERATIONS | {"name": "Data protection", "roles": ["dpo"]}
LEAVING, STAYING = 6, 2
# It takes a sign every 20 seconds to be sure who has withdrawn.

Post = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
Get = Callable[[str], Awaitable[dict[str, Any]]]


async def ready_to_share(post: Post, number: int) -> tuple[str, str]:
    """Register somebody who agrees that the embassy has their file; return person and case."""
    person = (await post("/v1/registration/persons", PERSON | {"external_id": f"P{number}"}))["id"]
    await post(f"/v1/registration/persons/{person}/consents", ANSWER)
    case = (await post("/v1/returns/cases", {"person_id": person}))["id"]
    return person, case


async def share(post: Post, case: str, agreement: str) -> str:
    asked = TO | {"case_id": case, "agreement_id": agreement}
    return str((await post("/v1/returns/shares", asked))["id"])


async def share_when_heard(post: Post, case: str, agreement: str) -> str:
    """Share as soon as returns has heard of the consent, the last news that there is."""

    async def shared() -> str | None:
        try:
            return await share(post, case, agreement)
        except RefusedError:
            return None

    return str(await until(shared))


async def withdraw(post: Post, person: str) -> None:
    path = f"/v1/registration/persons/{person}/consents/withdrawals"
    assert (await post(path, TO))["changed"][0]["state"] == "withdrawn"


async def come_to(get: Get, share_id: str, *states: str) -> dict[str, Any]:
    return await until(
        lambda: get(f"/v1/returns/shares/{share_id}"), lambda found: found["state"] in states
    )


async def check(get: Get, leaving: list[str], staying: list[str]) -> None:
    """See that who stayed was shared, and that of who left nothing was ever sent."""
    for share_id in staying:
        await come_to(get, share_id, "sent")
    settled = [await come_to(get, share_id, "refused", "sent", "ended") for share_id in leaving]
    assert {(each["state"], each["reason"]) for each in settled} == {
        ("refused", "consent_withdrawn")
    }
    assert not any(step["what"] == "sent" for each in settled for step in each["log"])


async def test_p21_case_42_over_rabbitmq_and_postgres(fleet: Fleet) -> None:
    api, officer = fleet.operations(), fleet.client(OFFICER)

    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await asyncio.to_thread(api.post, path, body)
        return answer

    async def get(path: str) -> dict[str, Any]:
        answer: dict[str, Any] = await asyncio.to_thread(api.get, path)
        return answer

    made = await asyncio.to_thread(officer.post, "/v1/registration/sharing-agreements", AGREEMENT)
    people = [await ready_to_share(post, number) for number in range(LEAVING + STAYING + 1)]
    *people, (known, case) = people
    sent_before = await share_when_heard(post, case, made["id"])
    await come_to(get, sent_before, "sent")

    # Registration is stopped, so that nothing is sure where returns wakes, and the shares wait.
    registration = fleet.processes["registration"]
    registration.send_signal(signal.SIGSTOP)
    fleet.kill("returns")
    fleet.start("returns")
    await asyncio.to_thread(fleet.wait, "returns")
    shares = [await share(post, case, made["id"]) for _, case in people]
    fleet.kill("returns")
    registration.send_signal(signal.SIGCONT)
    for person, _ in [(known, case), *people[:LEAVING]]:
        await withdraw(post, person)
    fleet.start("returns")

    await check(get, shares[:LEAVING], shares[LEAVING:])
    ended = await come_to(get, sent_before, "ended")
    assert ended["reason"] == "consent_withdrawn"
    assert ended["confirm_until"]
    for each in (api, officer):
        each.close()


async def test_p21_case_42_in_one_process(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Standalone(home, "http://masar.test")
    async with first.running(), operations(first) as client:
        post, get = speaking(client)
        made = await (await officer_of(first))("/v1/registration/sharing-agreements", AGREEMENT)
        people = [await ready_to_share(post, number) for number in range(LEAVING + STAYING + 1)]
        await share_when_heard(post, people.pop()[1], made["id"])

    second = Standalone(home, "http://masar.test")
    async with second.running(), operations(second) as client:
        # No news is brought from here on: it is not sure of anything, so the shares wait.
        await second.bus.close()
        post, get = speaking(client)
        shares = [await share(post, case, made["id"]) for _, case in people]
        for person, _ in people[:LEAVING]:
            await withdraw(post, person)

    again = Standalone(home, "http://masar.test")
    async with again.running(), operations(again) as client:
        _, get = speaking(client)
        await check(get, shares[:LEAVING], shares[LEAVING:])


def speaking(client: httpx.AsyncClient) -> tuple[Post, Get]:
    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await client.post(path, json=body)
        if not response.is_success:
            raise RefusedError(response)
        answer: dict[str, Any] = response.json()
        return answer

    async def get(path: str) -> dict[str, Any]:
        response = await client.get(path)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    return post, get


async def officer_of(system: Standalone) -> Post:
    """Let the administrator of the installation make a data-protection officer's client."""
    transport = httpx.ASGITransport(app=system.gateway, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://masar.test", timeout=30)
    credentials = json.loads((system.home / "bootstrap.json").read_text())
    client.headers["Authorization"] = f"Bearer {await token(client, credentials, 'admin_')}"
    made = (await client.post("/v1/identity/clients", json=OFFICER)).json()
    client.headers["Authorization"] = f"Bearer {await token(client, made)}"
    return speaking(client)[0]
