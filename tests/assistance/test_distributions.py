"""An entitlement is delivered once, whoever hands it over and how often they say so."""

import asyncio
from uuid import UUID

from sqlmodel import select

from chassis.authz import Access
from chassis.caller import claimed
from chassis.clock import new_id, today
from contracts.registration import ErasureRequested
from services.assistance.distributions import service
from services.assistance.distributions.models import Distribution, DistributionIn
from tests.assistance.conftest import created, entitlements, registered
from tests.conftest import Running, bearer, claims

PATH = "/v1/assistance/distributions"


async def entitled(assistance: Running) -> str:
    await created(assistance)
    await assistance.hear(registered())
    (entitlement,) = await entitlements(assistance)
    return str(entitlement["id"])


async def test_of_twenty_deliveries_at_once_one_is_made(assistance: Running) -> None:
    entitlement_id = await entitled(assistance)

    answers = await asyncio.gather(
        *(assistance.client.post(PATH, json={"entitlement_id": entitlement_id}) for _ in range(20))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    refused = [answer.json()["type"] for answer in answers if answer.status_code == 409]
    assert set(refused) == {"/problems/already-delivered"}
    (made,) = (await assistance.client.get(PATH)).json()["items"]
    assert made["entitlement_id"] == entitlement_id
    (known,) = await entitlements(assistance)
    assert (known["status"], known["version"]) == ("delivered", 2)


async def test_who_is_erased_while_something_is_handed_to_them_is_in_no_distribution(
    assistance: Running,
) -> None:
    entitlement_id = await entitled(assistance)
    person = UUID((await entitlements(assistance))[0]["person_id"])
    access = Access(claimed(claims()), "distribution", "C")
    form = DistributionIn(entitlement_id=UUID(entitlement_id))

    async with assistance.database.write() as session:
        await service.deliver(session, form, access)
        event = ErasureRequested(erasure_id=new_id(), person_id=person)
        erasing = asyncio.create_task(assistance.hear(event))
        # Until it waits, or is done where it waits for nothing.
        await asyncio.wait({erasing}, timeout=0.5)
    await erasing

    async with assistance.database.read() as session:
        assert [each.person_id for each in await session.exec(select(Distribution))] == [None]


async def test_a_delivery_is_found_again_where_the_answer_said(assistance: Running) -> None:
    entitlement_id = await entitled(assistance)

    response = await assistance.client.post(PATH, json={"entitlement_id": entitlement_id})

    found = await assistance.client.get(response.headers["location"])
    assert found.json() == response.json()
    assert found.json()["delivered_on"] == today().isoformat()


async def test_a_delivery_in_the_future_is_refused(assistance: Running) -> None:
    entitlement_id = await entitled(assistance)

    response = await assistance.client.post(
        PATH, json={"entitlement_id": entitlement_id, "delivered_on": "2099-01-01"}
    )

    assert response.status_code == 422
    assert [fault["pointer"] for fault in response.json()["errors"]] == ["/delivered_on"]
    (still,) = await entitlements(assistance)
    assert still["status"] == "open"


async def test_another_organisations_entitlement_is_not_there(assistance: Running) -> None:
    entitlement_id = await entitled(assistance)
    other = bearer(organisation="other")

    delivered = await assistance.client.post(
        PATH, json={"entitlement_id": entitlement_id}, headers=other
    )
    listed = await assistance.client.get("/v1/assistance/entitlements", headers=other)

    assert delivered.status_code == 404
    assert listed.json()["items"] == []
