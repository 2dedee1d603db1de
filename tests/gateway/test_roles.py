"""Roles are held through assignments, and nobody gives one to themselves."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.clock import now
from gateway.identity.assignments.models import Assignment
from gateway.identity.revocations import service as revocations
from tests.gateway.house import (
    ADMIN,
    ASSIGNMENTS,
    CLIENTS,
    SESSIONS,
    House,
    Person,
    bearer_of,
    claims_of,
)

AGREEMENTS = "/v1/identity/agreements"
ORGANISATIONS = "/v1/identity/organisations"


async def signed_in(house: House, person: Person) -> dict[str, str]:
    return bearer_of((await house.log_in(person))["access_token"])


async def hold(house: House, person: Person, role: str) -> None:
    """Let somebody hold a role that nobody asked for, as the installation's own clients do."""
    async with house.database.write() as session:
        session.add(
            Assignment(
                holder=person.subject,
                role=role,
                organisation="iom",
                places=["LY"],
                approved_at=now(),
            )
        )


def form(holder: str, role: str) -> dict[str, Any]:
    return {"holder": holder, "role": role, "organisation": "iom", "places": ["LY02"]}


async def test_case_30_what_goes_on_after_its_token_hears_for_a_week_that_its_right_has_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    amal = await house.person("amal", "case_worker")
    session = await signed_in(house, amal)
    held = (await house.as_admin("GET", ASSIGNMENTS, params={"holder": amal.subject})).json()
    await house.client.delete(f"{SESSIONS}/current", headers=session)
    await house.as_admin("DELETE", f"{ASSIGNMENTS}/{held['items'][0]['id']}")

    async def told(after: timedelta) -> set[str]:
        monkeypatch.setattr(revocations, "now", lambda: now() + after)
        return set(await revocations.ended(house.database))

    assert len(await told(timedelta(minutes=9))) == 2
    assert await told(timedelta(days=6)) == {amal.subject}
    assert await told(timedelta(days=8)) == set()


async def test_case_35_a_user_edits_their_own_role(house: House) -> None:
    amal = await house.person("amal", "case_worker")
    headers = await signed_in(house, amal)
    held = (await house.as_admin("GET", ASSIGNMENTS, params={"holder": amal.subject})).json()

    answers = [
        await house.client.post(ASSIGNMENTS, json=form(amal.subject, role), headers=headers)
        for role in ("data_analyst", "medical_staff")
    ]
    path = f"{ASSIGNMENTS}/{held['items'][0]['id']}"
    answers.append(await house.client.delete(path, headers=headers))

    assert [response.status_code for response in answers] == [403, 403, 403]


async def test_case_35_an_administrator_grants_themselves_the_medical_role(
    house: House, tmp_path: Path
) -> None:
    by_client = await house.as_admin("POST", ASSIGNMENTS, json=form(ADMIN[0], "medical_staff"))
    omar = await house.person("omar")
    await hold(house, omar, "admin")
    by_person = await house.client.post(
        ASSIGNMENTS,
        json=form(omar.subject, "medical_staff"),
        headers=await signed_in(house, omar),
    )

    for response in (by_client, by_person):
        assert (response.status_code, response.json()["type"]) == (403, "/problems/own-rights")
    with sqlite3.connect(tmp_path / "gateway.sqlite") as connection:
        refused = connection.execute(
            "select actor from audit_entry where resource = 'role' and decision = 'refused'"
        ).fetchall()
    connection.close()
    assert refused == [(ADMIN[0],), (omar.subject,)]


async def test_case_35_an_administrator_approves_what_they_asked_for(house: House) -> None:
    amal = await house.person("amal")
    asked = await house.assign(amal.subject, "medical_staff")

    response = await house.as_admin("POST", f"{ASSIGNMENTS}/{asked['id']}/approval")

    assert (asked["state"], response.status_code) == ("waiting", 403)


async def test_case_35_the_officer_and_who_asked_are_the_same_person(house: House) -> None:
    both = await house.person("both", "dpo")
    await hold(house, both, "admin")
    amal = await house.person("amal")
    headers = await signed_in(house, both)
    asked = (
        await house.client.post(
            ASSIGNMENTS, json=form(amal.subject, "medical_staff"), headers=headers
        )
    ).json()
    own = await house.assign(both.subject, "protection_officer")
    headers = await signed_in(house, both)

    answers = [
        await house.client.post(f"{ASSIGNMENTS}/{each['id']}/approval", headers=headers)
        for each in (asked, own)
    ]

    assert [response.json()["type"] for response in answers] == ["/problems/own-rights"] * 2
    assert [response.status_code for response in answers] == [403, 403]


async def test_a_role_that_another_officer_approves_counts(house: House) -> None:
    officer, amal = await house.person("officer", "dpo"), await house.person("amal")
    asked = await house.assign(amal.subject, "medical_staff", places=["LY0208"])
    headers = await signed_in(house, officer)

    approved = await house.client.post(f"{ASSIGNMENTS}/{asked['id']}/approval", headers=headers)

    claims = claims_of((await house.log_in(amal))["access_token"])
    assert approved.json()["approved_by"] == officer.subject
    assert claims["grants"] == [{"role": "medical_staff", "places": ["LY0208"]}]


async def test_only_the_first_officer_needs_no_approval(house: House) -> None:
    first, second = await house.person("first"), await house.person("second")

    states = [
        (await house.assign(person.subject, "dpo"))["state"] for person in (first, second, first)
    ]

    assert states == ["in force", "waiting", "waiting"]


async def test_an_administrator_who_is_a_person_needs_an_approval(house: House) -> None:
    omar = await house.person("omar")

    assert (await house.assign(omar.subject, "admin"))["state"] == "waiting"


async def test_case_30_a_role_that_is_taken_away_ends_the_tokens_that_say_it(house: House) -> None:
    amal = await house.person("amal")
    held = await house.assign(amal.subject, "case_worker")
    begun = await house.log_in(amal)
    headers = bearer_of(begun["access_token"])
    before = await house.client.get("/v1/registration/x", headers=headers)

    await house.as_admin("DELETE", f"{ASSIGNMENTS}/{held['id']}")

    after = await house.client.get("/v1/registration/x", headers=headers)
    refresh = {"refresh_token": begun["refresh_token"]}
    renewed = (await house.client.post(f"{SESSIONS}/renewal", json=refresh)).json()
    assert (before.status_code, after.status_code) == (204, 401)
    assert claims_of(renewed["access_token"])["grants"] == []


async def test_case_30_an_assignment_carries_its_end_into_the_token(house: House) -> None:
    amal = await house.person("amal")
    until = now() + timedelta(minutes=5)

    await house.assign(amal.subject, "case_worker", until=until.isoformat())

    (grant,) = claims_of((await house.log_in(amal))["access_token"])["grants"]
    assert grant["until"] == pytest.approx(until.timestamp())


@pytest.mark.parametrize(
    "change",
    [
        {"holder": "user-of-nobody"},
        {"organisation": "unknown"},
        {"role": "king"},
        {"places": []},
        {"places": ["../LY"]},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "2030-01-01T00:00:00"},
        {"approved_by": "me"},
    ],
)
async def test_an_assignment_of_what_is_not_there_is_refused(
    house: House, change: dict[str, Any]
) -> None:
    amal = await house.person("amal")

    response = await house.as_admin(
        "POST", ASSIGNMENTS, json=form(amal.subject, "case_worker") | change
    )

    assert response.status_code == 422


async def test_more_rights_than_a_token_holds_are_refused(house: House) -> None:
    amal = await house.person("amal")
    places = [f"LY{number:02}{part:02}" for number in range(1, 11) for part in range(10)]
    forms = [
        form(amal.subject, role) | {"places": places}
        for role in ("enumerator", "case_worker", "data_analyst", "integrator") * 2
    ]

    answers = [await house.as_admin("POST", ASSIGNMENTS, json=each) for each in forms]

    assert answers[-1].json()["type"] == "/problems/too-many-rights"
    token = (await house.log_in(amal))["access_token"]
    used = await house.client.get("/v1/tracking/x", headers=bearer_of(token))
    assert used.status_code == 204


async def test_who_works_for_two_organisations_acts_for_one_at_a_time(house: House) -> None:
    await house.as_admin("POST", ORGANISATIONS, json={"code": "ngo", "name": "An NGO"})
    amal = await house.person("amal", "case_worker")
    await house.assign(amal.subject, "enumerator", organisation="ngo")

    own = claims_of((await house.log_in(amal))["access_token"])
    other = claims_of((await house.log_in(amal, organisation="ngo"))["access_token"])

    assert (own["organisation"], own["grants"][0]["role"]) == ("iom", "case_worker")
    assert (other["organisation"], other["grants"][0]["role"]) == ("ngo", "enumerator")


async def test_an_agreement_opens_nothing_before_its_approval_and_after_its_end(
    house: House,
) -> None:
    officer = await house.person("officer", "dpo")
    await house.as_admin("POST", ORGANISATIONS, json={"code": "ngo", "name": "An NGO"})
    made = await house.as_admin(
        "POST", CLIENTS, json={"name": "NGO", "organisation": "ngo", "roles": ["case_worker"]}
    )
    reader = made.json()["client_id"], made.json()["client_secret"]

    async def said() -> list[dict[str, Any]]:
        token = (await house.client_token(*reader)).json()["access_token"]
        agreements: list[dict[str, Any]] = claims_of(token)["agreements"]
        return agreements

    agreement = {
        "reference": "IOM-NGO 2026/1",
        "giver": "iom",
        "reader": "ngo",
        "places": ["LY02"],
        "until": (now() + timedelta(days=90)).isoformat(),
    }
    asked = (await house.as_admin("POST", AGREEMENTS, json=agreement)).json()
    path = f"{AGREEMENTS}/{asked['id']}"
    waiting = await said()
    own = await house.as_admin("POST", f"{path}/approval")
    approval = await house.client.post(f"{path}/approval", headers=await signed_in(house, officer))
    token = (await house.client_token(*reader)).json()["access_token"]
    open_ = await said()
    await house.as_admin("DELETE", path)
    ended = await said()

    used = await house.client.get("/v1/tracking/x", headers=bearer_of(token))
    assert (own.status_code, approval.json()["state"]) == (403, "in force")
    assert (waiting, ended) == ([], [])
    assert [(each["organisation"], each["places"]) for each in open_] == [("iom", ["LY02"])]
    assert used.status_code == 401
