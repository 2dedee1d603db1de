"""A list of entitled people for a partner: those who agreed, each asked again when it is sent."""

import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.clock import new_id, now
from contracts.registration import ConsentChanged, ConsentsTold, SharingAgreementChanged
from services.assistance.shares import service
from tests.assistance.conftest import created, entitlements, registered
from tests.conftest import Running, bearer
from tests.patience import ended, until

LISTS = "/v1/assistance/share-lists"
SHARES = "/v1/assistance/shares"
RECEIVED = "/v1/assistance/received-shares"
PARTNER = bearer(organisation="almasar", roles=["integrator"], sub="client-partner")


def consent(person: UUID, version: int = 1, state: str = "given") -> ConsentChanged:
    return ConsentChanged(
        person_id=person,
        recipient="partner:almasar",
        purpose="assistance",
        state=state,
        version=version,
        changed_at=now(),
    )


async def terms(assistance: Running, **changes: Any) -> str:
    told: dict[str, Any] = {
        "agreement_id": new_id(),
        "organisation": "iom",
        "recipient": "partner:almasar",
        "purposes": ["assistance"],
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2099, 12, 31),
        "version": 1,
    }
    agreement = SharingAgreementChanged(**told | changes)
    await assistance.hear(agreement, ConsentsTold(until=now()))
    return str(agreement.agreement_id)


async def asked(
    assistance: Running,
    programme: dict[str, Any],
    agreement: str,
    who: dict[str, str] | None = None,
    **more: Any,
) -> Any:
    body = {
        "programme_id": programme["id"],
        "recipient": "partner:almasar",
        "purpose": "assistance",
        "agreement_id": agreement,
    }
    return await assistance.client.post(LISTS, json=body | more, headers=who)


async def done(assistance: Running, response: Any) -> dict[str, Any]:
    assert response.status_code == 202, response.text

    async def told() -> dict[str, Any]:
        job: dict[str, Any] = (await assistance.client.get(response.headers["location"])).json()
        return job

    return await until(told, ended)


async def settled(assistance: Running) -> dict[str, str]:
    """Wait until no share waits any more; return the state of each person's."""

    async def states() -> dict[str, str]:
        items = (await assistance.client.get(SHARES, params={"limit": 100})).json()["items"]
        return {each["person_id"]: each["state"] for each in items}

    return await until(states, lambda found: found and "queued" not in found.values())


async def test_those_who_agreed_are_on_the_list_and_the_others_are_a_number(
    assistance: Running,
) -> None:
    programme = await created(assistance)
    people = [new_id() for _ in range(5)]
    await assistance.hear(*(registered(person) for person in people))
    await assistance.hear(consent(people[0]), consent(people[1]), consent(people[2], 1, "refused"))

    job = await done(assistance, await asked(assistance, programme, await terms(assistance)))

    assert (job["accepted"], job["rejected"]) == (2, 3)
    assert job["rejected_rows"] == []
    assert await settled(assistance) == {str(person): "sent" for person in people[:2]}
    received = (await assistance.client.get(RECEIVED, headers=PARTNER)).json()["items"]
    assert {each["person_id"] for each in received} == {str(person) for person in people[:2]}


async def test_a_list_has_those_alone_who_are_where_its_asker_works(assistance: Running) -> None:
    programme, here, elsewhere = await created(assistance), new_id(), new_id()
    await assistance.hear(registered(here), registered(elsewhere, place="LY020901"))
    await assistance.hear(consent(here), consent(elsewhere))
    officer = bearer(sub="salma", roles=["protection_officer"], places=["LY020908"])

    agreement = await terms(assistance)
    job = await done(assistance, await asked(assistance, programme, agreement, officer))

    assert (job["accepted"], job["rejected"]) == (1, 0)
    assert await settled(assistance) == {str(here): "sent"}


@pytest.mark.parametrize("lost", ["the role", "the account"])
async def test_case_30_a_list_shares_nobody_more_once_its_asker_has_lost_the_right(
    assistance: Running, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    programme, people = await created(assistance), [new_id(), new_id()]
    await assistance.hear(*(registered(person) for person in people))
    await assistance.hear(*(consent(person) for person in people))
    issuer = assistance.database.rights_ended.__self__  # type: ignore[attr-defined]  # It is the issuer's list.
    really = service._queue

    async def then_taken_away(*told: Any) -> None:
        await really(*told)
        if lost == "the role":
            issuer.note("salma", time.time())
        else:
            assistance.database.frozen = frozenset({"salma"})

    monkeypatch.setattr(service, "_queue", then_taken_away)
    monkeypatch.setattr(service, "PEOPLE_A_STEP", 1)
    officer = bearer(sub="salma", roles=["protection_officer"])

    agreement = await terms(assistance)
    job = await done(assistance, await asked(assistance, programme, agreement, officer))

    assert (job["status"], job["accepted"]) == ("failed", 1)
    assert "roles" in job["detail"]
    assert set(await settled(assistance)) == {str(people[0])}


async def test_who_does_not_agree_to_sharing_is_entitled_all_the_same(
    assistance: Running,
) -> None:
    await created(assistance)
    person = new_id()
    await assistance.hear(
        registered(person),
        consent(person, 1, "refused"),
        ConsentChanged(
            person_id=person,
            recipient="mission",
            purpose="assistance",
            state="withdrawn",
            version=2,
            changed_at=now(),
        ),
    )

    assert [each["status"] for each in await entitlements(assistance)] == ["open"]


async def test_a_line_says_whom_to_hand_what(assistance: Running) -> None:
    programme = await created(assistance)
    person = new_id()
    await assistance.hear(registered(person), consent(person))
    await done(assistance, await asked(assistance, programme, await terms(assistance)))
    await settled(assistance)
    [share] = (await assistance.client.get(RECEIVED, headers=PARTNER)).json()["items"]

    response = await assistance.client.get(f"{RECEIVED}/{share['id']}/content", headers=PARTNER)

    content = response.json()["content"]
    assert (content["person_id"], content["item"]) == (str(person), "Hygiene kit")
    assert set(content) == {"entitlement_id", "person_id", "programme_id", "item"}


async def test_the_same_list_again_shares_nobody_twice(assistance: Running) -> None:
    programme, agreement = await created(assistance), await terms(assistance)
    person = new_id()
    await assistance.hear(registered(person), consent(person))
    await done(assistance, await asked(assistance, programme, agreement))

    again = await done(assistance, await asked(assistance, programme, agreement))

    assert (again["accepted"], again["unchanged"]) == (0, 1)


async def test_a_withdrawal_ends_what_a_partner_was_sent(assistance: Running) -> None:
    programme = await created(assistance)
    person = new_id()
    await assistance.hear(registered(person), consent(person))
    await done(assistance, await asked(assistance, programme, await terms(assistance)))
    await settled(assistance)

    await assistance.hear(consent(person, 2, "withdrawn"))

    [share] = (await assistance.client.get(RECEIVED, headers=PARTNER)).json()["items"]
    content = await assistance.client.get(f"{RECEIVED}/{share['id']}/content", headers=PARTNER)
    assert (share["state"], content.status_code) == ("ended", 409)


async def test_case_36_a_list_without_terms_is_refused_whole(assistance: Running) -> None:
    programme = await created(assistance)

    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"ends_on": date(2026, 1, 2)}, {}, "agreement_not_in_force"),
        ({"organisation": "other"}, {}, "no_agreement"),
        ({}, {"purpose": "law-enforcement"}, "never_allowed"),
        ({}, {"exception_id": str(new_id())}, "no_exception"),
    ]
    for changes, more, code in cases:
        agreement = await terms(assistance, **changes)

        response = await asked(assistance, programme, agreement, **more)

        assert (response.status_code, response.json()["type"]) == (
            403,
            "/problems/purpose-not-allowed",
        )
        assert [fault["code"] for fault in response.json()["errors"]] == [code]


async def test_a_list_is_not_begun_while_it_is_not_known_who_has_withdrawn(
    assistance: Running,
) -> None:
    programme = await created(assistance)
    old = ConsentsTold(until=now() - timedelta(minutes=6))
    await assistance.hear(old)

    response = await asked(assistance, programme, str(new_id()))

    assert (response.status_code, response.json()["type"]) == (503, "/problems/consents-stale")
