"""Case 31: whoever opens a planted person and walks ids is let in by no service any more."""

from typing import Any
from uuid import uuid4

import httpx
from sqlmodel import select

from gateway.identity.keys.signer import AUDIENCES
from services.registration.honey.models import DeniedReads
from standalone import Standalone
from tests.patience import until
from tests.registration.test_honey import PLANTED

PLACE = "LY0209"
DOORS = (
    "/v1/registration/persons",
    "/v1/assistance/programmes",
    "/v1/returns/cases",
    "/v1/tracking/rounds",
    "/v1/gateway/audit/entries",
)


def bearer(system: Standalone, name: str, role: str) -> dict[str, str]:
    told: dict[str, Any] = {
        "sub": name,
        "aud": list(AUDIENCES),
        "organisation": "iom",
        "grants": [{"role": role, "places": ["LY02"]}],
        "sid": f"session-{name}",
    }
    return {"Authorization": f"Bearer {system.gateway.state.issuer.signer.sign(told)}"}


async def answers(client: httpx.AsyncClient, headers: dict[str, str]) -> set[int]:
    return {(await client.get(path, headers=headers)).status_code for path in DOORS}


async def come_to(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    await until(lambda: answers(client, headers), lambda found: found == {status})


async def counted(system: Standalone, account: str) -> int:
    async with system.apps["registration"].state.database.read() as session:
        found = (await session.exec(select(DeniedReads))).all()
    return sum(each.reads for each in found if each.account == account)


async def test_case_31_an_account_that_walks_ids_anywhere_is_frozen_everywhere(
    system: Standalone, client: httpx.AsyncClient
) -> None:
    officer, snooper, other = (
        bearer(system, "user-dina", "dpo"),
        bearer(system, "user-huda", "case_worker"),
        bearer(system, "user-karim", "case_worker"),
    )
    planted = await client.post(
        "/v1/registration/honey-records", json=PLANTED | {"location_pcode": PLACE}, headers=officer
    )
    assert planted.status_code == 201, planted.text
    person = planted.json()["person_id"]
    # What each service is told of by the view is no walking: registration shows the person.
    assert (await client.get(f"/v1/people/{person}", headers=snooper)).status_code == 200
    assert (await client.get(f"/v1/people/{person}", headers=other)).status_code == 200
    assert await answers(client, snooper) == {200}

    for number in range(10):
        for path in ("/v1/assistance/distributions", "/v1/returns/cases"):
            for headers in (snooper, other)[: 1 if number < 5 else 2]:
                found = await client.get(f"{path}/{uuid4()}", headers=headers)
                assert found.status_code == 404

    await come_to(client, snooper, 401)
    assert await answers(client, other) == {200}
    await until(lambda: counted(system, "user-huda"), lambda reads: reads == 20)
    await until(lambda: counted(system, "user-karim"), lambda reads: reads == 10)
    # A token that is made now is void too; whoever gets tokens here is told why there is none.
    assert await answers(client, bearer(system, "user-huda", "case_worker")) == {401}

    listed = await client.get("/v1/registration/alerts", headers=officer)
    alert = next(each for each in listed.json()["items"] if each["account"] == "user-huda")
    assert alert["frozen"]
    path = f"/v1/registration/alerts/{alert['id']}/review"
    await client.post(path, json={"finding": "harmless"}, headers=officer)
    await come_to(client, snooper, 200)
