"""Who may read the record of who read: an officer all of it, others their own part."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis import audit
from chassis.audit.chain import seal
from chassis.audit.verification import verify
from services.registration.main import SERVICE
from tests.conftest import Running, Start, bearer

AMAL = uuid4()
ENTRIES = "/v1/registration/audit/entries"
VERIFICATION = "/v1/registration/audit/verification"
RESTORES = "/v1/registration/audit/restores"
DPO = bearer(sub="user-officer", roles=["dpo"])
ADMIN = bearer(sub="user-admin", roles=["admin"])
CLERK = audit.Actor("clerk", "iom", ("case_worker",))


@pytest.fixture
async def registration(start: Start) -> Running:
    running = await start(SERVICE)
    async with running.database.write() as session:
        audit.note(session, CLERK, "update", "person", AMAL, fields=["phone"])
    assert (await running.client.get(f"/v1/registration/persons/{AMAL}")).status_code == 404
    # The service's own sealer may be at it, and then nobody else is: its end is waited for.
    while (await verify(running.database)).waiting:
        await seal(running.database)
    return running


async def entries(running: Running, headers: dict[str, str] | None, **query: Any) -> Any:
    answer = await running.client.get(ENTRIES, headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_officer_sees_who_did_what_to_whom(registration: Running) -> None:
    page = await entries(registration, DPO, subject=str(AMAL))

    change, refusal = page["items"]
    assert (change["actor"], change["action"], change["fields"]) == ("clerk", "update", ["phone"])
    assert (refusal["actor"], refusal["decision"]) == ("test-client", "refused")
    assert change["subjects"] == refusal["subjects"] == [str(AMAL)]


async def test_anybody_else_sees_what_they_did_themselves(registration: Running) -> None:
    page = await entries(registration, None)

    assert {entry["actor"] for entry in page["items"]} == {"test-client"}


async def test_reading_the_record_is_on_record(registration: Running) -> None:
    await entries(registration, DPO, subject=str(AMAL))

    page = await entries(registration, DPO, actor="user-officer")

    assert page["items"][0]["resource"] == "audit_log"


async def test_entries_come_in_pages_and_none_twice(registration: Running) -> None:
    async with registration.database.write() as session:
        for person in range(5):
            audit.note(session, CLERK, "update", "person", UUID(int=person), fields=[str(person)])

    seen, cursor = [], None
    while True:
        query = {"actor": "clerk", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await entries(registration, DPO, **query)
        seen += [entry["id"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen)


async def test_entries_are_found_by_when_they_were_made(registration: Running) -> None:
    everything = await entries(registration, DPO, **{"from": "2026-01-01T00:00:00Z"})
    at = everything["items"][1]["at"]

    before = await entries(registration, DPO, to=at)
    after = await entries(registration, DPO, **{"from": at})

    assert [entry["at"] for entry in before["items"]] == [everything["items"][0]["at"]]
    assert after["items"][0]["at"] == at


@pytest.mark.parametrize(
    "query",
    ["from=yesterday", "from=0001-01-01T00:00:00%2B14:00", "to=2026-01-01T00:00:00", "to=5"],
)
async def test_a_time_that_is_none_is_refused(registration: Running, query: str) -> None:
    answer = await registration.client.get(f"{ENTRIES}?{query}", headers=DPO)

    assert answer.status_code == 422


async def test_an_administrator_sees_the_health_of_the_chain_and_no_entry(
    registration: Running,
) -> None:
    health = await registration.client.get(VERIFICATION, headers=ADMIN)
    content = await registration.client.get(ENTRIES, headers=ADMIN)

    assert (health.status_code, health.json()["state"]) == (200, "whole")
    assert content.status_code == 403


async def test_who_keeps_neither_the_installation_nor_the_data_may_not_verify(
    registration: Running,
) -> None:
    answer = await registration.client.get(VERIFICATION)

    assert answer.status_code == 403


async def test_a_broken_chain_is_told_to_both_and_whose_entry_it_is_to_the_officer(
    registration: Running,
) -> None:
    async with registration.database.writer.begin() as connection:
        await connection.execute(text("drop trigger audit_entry_no_update"))
        await connection.execute(text("update audit_entry set actor = 'x' where actor = 'clerk'"))

    officer = (await registration.client.get(VERIFICATION, headers=DPO)).json()
    administrator = (await registration.client.get(VERIFICATION, headers=ADMIN)).json()

    assert officer["state"] == administrator["state"] == "broken"
    assert officer["fault"]["kind"] == administrator["fault"]["kind"] == "edited"
    assert officer["fault"]["seq"] == administrator["fault"]["seq"] == 1
    assert officer["fault"]["entry_id"]
    assert administrator["fault"]["entry_id"] is None


async def test_a_restore_is_declared_by_the_administrator_for_a_time_that_was(
    registration: Running,
) -> None:
    past, future = {"restored_to": "2026-01-01T00:00:00Z"}, {"restored_to": "2099-01-01T00:00:00Z"}

    declared = await registration.client.post(RESTORES, json=past, headers=ADMIN)
    refused = await registration.client.post(RESTORES, json=future, headers=ADMIN)
    forbidden = await registration.client.post(RESTORES, json=past)

    assert [declared.status_code, refused.status_code, forbidden.status_code] == [201, 422, 403]
    verified = (await registration.client.get(VERIFICATION, headers=DPO)).json()
    assert [each["restored_to"] for each in verified["restores"]] == [past["restored_to"]]


async def test_restores_declared_at_once_follow_one_another(registration: Running) -> None:
    past = {"restored_to": "2026-01-01T00:00:00Z"}

    answers = await asyncio.gather(
        *(registration.client.post(RESTORES, json=past, headers=ADMIN) for _ in range(8))
    )

    assert [answer.status_code for answer in answers] == [201] * 8
    verified = (await registration.client.get(VERIFICATION, headers=DPO)).json()
    assert len(verified["restores"]) == 8
