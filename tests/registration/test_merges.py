"""Two registrations of one person are put together, told everywhere, and can be taken apart."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select, update

from chassis.clock import new_id, now, today
from contracts.assistance import EntitlementDelivered
from contracts.returns import PersonDeparted
from services.registration.consents.models import Consent
from services.registration.merges import rules
from services.registration.merges.models import Merge
from services.registration.persons.models import Person
from services.registration.retention.models import LastService
from tests.patience import until
from tests.registration.office import DUPLICATES, NAWAL, PERSONS, Office, look_for_new

CASES = {"X-Purpose": "case_management"}
SECOND: dict[str, Any] = {"external_id": "R00000078", "given_name": "Nawal", "household_ref": "H78"}
NO: dict[str, Any] = {"recipient": "embassy:SDN", "purpose": "travel-document"}
MEDICAL = {"service": "medical", "worker_id": "user-salma"}
TOLD = "registration.person_merged.v1"


async def registered_twice(office: Office) -> tuple[str, str, str]:
    """Register Nawal twice, and return both and the pair that was found."""
    first, second = await office.register(), await office.register(**SECOND)
    await look_for_new(office.running.database)
    [pair] = (await office.officer.get(DUPLICATES)).json()["items"]
    return first, second, f"{DUPLICATES}/{pair['id']}"


async def merged(office: Office) -> tuple[str, str, str]:
    first, second, pair = await registered_twice(office)
    answer = await office.officer.post(f"{pair}/merge", {"keep": first})
    assert answer.status_code == 201, answer.text
    return first, second, pair


async def seen(office: Office, person: str) -> dict[str, Any]:
    answer = await office.case_worker.get(f"{PERSONS}/{person}", headers=CASES)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told(office: Office) -> list[tuple[str, str | None, int]]:
    """Return what the others are told of merges, in order."""
    table = office.running.database.tables.outbox
    async with office.running.database.read() as session:
        rows = (await session.exec(select(table).order_by(col(table.id)))).all()
    events = [row.body for row in rows if TOLD in row.body]
    bodies = [json.loads(each)["data"] for each in events]
    return [(each["person_id"], each["merged_into"], each["version"]) for each in bodies]


async def test_the_second_registration_points_to_the_first_and_is_not_listed(
    office: Office,
) -> None:
    first, second, pair = await registered_twice(office)

    answer = await office.officer.post(f"{pair}/merge", {"keep": first})

    assert answer.status_code == 201, answer.text
    assert (answer.json()["kept_id"], answer.json()["merged_id"]) == (first, second)
    kept, other = await seen(office, first), await seen(office, second)
    assert (kept["status"], kept["merged"], kept["merged_into"]) == ("registered", [second], None)
    assert (other["status"], other["merged"], other["merged_into"]) == ("merged", [], first)
    listed = (await office.case_worker.get(PERSONS)).json()["items"]
    assert [each["id"] for each in listed] == [first]
    query = {"external_id": SECOND["external_id"]}
    by_number = await office.case_worker.get(PERSONS, params=query, headers=CASES)
    assert [each["merged_into"] for each in by_number.json()["items"]] == [first]
    assert (await office.officer.get(pair)).json()["status"] == "same"
    assert await told(office) == [(second, first, 2)]
    assert ("user-nadia", "merge", "allowed") in await office.record("duplicate")


async def test_what_was_merged_is_taken_apart_as_it_was(office: Office) -> None:
    first, second, pair = await registered_twice(office)
    before = [await seen(office, each) for each in (first, second)]
    await office.officer.post(f"{pair}/merge", {"keep": first})

    answer = await office.other_officer.send("DELETE", f"{pair}/merge")

    assert answer.status_code == 200, answer.text
    assert answer.json()["undone_by"] == office.other_officer.id
    after = [await seen(office, each) for each in (first, second)]
    assert after == [each | {"version": 3} for each in before]
    assert (await office.officer.get(pair)).json()["status"] == "unsure"
    assert await told(office) == [(second, first, 2), (second, None, 3)]
    again = await office.officer.post(f"{pair}/merge", {"keep": second})
    assert again.status_code == 201, again.text
    assert (await seen(office, first))["merged_into"] == second


async def test_a_merge_is_undone_for_ninety_days(office: Office) -> None:
    _, _, pair = await merged(office)
    past = now() - rules.UNDO_FOR
    async with office.running.database.write() as session:
        await session.exec(update(Merge).values(merged_at=past + timedelta(minutes=1)))
    in_time = await office.officer.send("DELETE", f"{pair}/merge")
    twice = await office.officer.send("DELETE", f"{pair}/merge")
    first = in_time.json()["kept_id"]
    await office.officer.post(f"{pair}/merge", {"keep": first})
    async with office.running.database.write() as session:
        await session.exec(update(Merge).values(merged_at=past))

    late = await office.officer.send("DELETE", f"{pair}/merge")

    assert [each.status_code for each in (in_time, twice, late)] == [200, 409, 409]


async def test_nothing_new_is_written_of_a_registration_that_is_merged(office: Office) -> None:
    first, second, _ = await merged(office)
    path = f"{PERSONS}/{second}"
    correction = {"reason": "recorded_wrongly", "given_name": "Nawal A."}
    match = {"If-Match": '"2"', **CASES}

    answers = [
        await office.case_worker.send("PATCH", path, json=correction, headers=match),
        await office.case_worker.post(f"{path}/referrals", MEDICAL),
        await office.case_worker.post(f"{path}/assignments", {"worker_id": "user-huda"}),
    ]

    assert {each.status_code for each in answers} == {409}
    assert {each.json()["type"] for each in answers} == {"/problems/merged"}
    assert all(first in each.json()["detail"] for each in answers)


async def test_a_decision_on_a_merged_pair_wants_it_undone_first(office: Office) -> None:
    first, second, pair = await merged(office)

    decided = await office.officer.post(
        f"{pair}/decision", {"decision": "different", "seen": "same"}
    )
    once_more = await office.officer.post(f"{pair}/merge", {"keep": second})

    assert (decided.status_code, once_more.status_code) == (409, 409)
    assert (await seen(office, second))["merged_into"] == first


async def test_of_two_merges_at_once_the_other_way_round_one_holds(office: Office) -> None:
    first, second, pair = await registered_twice(office)

    answers = await asyncio.gather(
        *(office.officer.post(f"{pair}/merge", {"keep": each}) for each in (first, second))
    )

    assert sorted(each.status_code for each in answers) == [201, 409]
    people = [await seen(office, each) for each in (first, second)]
    assert sorted(each["status"] for each in people) == ["merged", "registered"]


async def three(office: Office) -> tuple[list[str], list[str]]:
    """Register three who may be one, and return them and the pairs of each with the next."""
    people = [
        await office.register(external_id=f"R{number}", household_ref=f"H{number}")
        for number in range(3)
    ]
    following = [*people[1:], people[0]]
    pairs = [await office.pair_of(*two) for two in zip(people, following, strict=True)]
    return people, pairs


async def test_a_chain_of_merges_ends_at_one_registration_and_never_closes(
    office: Office,
) -> None:
    (a, b, c), (ab, bc, ca) = await three(office)

    first = await office.officer.post(f"{ab}/merge", {"keep": b})
    second = await office.officer.post(f"{bc}/merge", {"keep": c})
    ring = [await office.officer.post(f"{ca}/merge", {"keep": each}) for each in (a, c)]
    back = [await office.officer.post(f"{ab}/merge", {"keep": each}) for each in (a, b)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert {(each.status_code, each.json()["type"]) for each in ring} == {(409, "/problems/merged")}
    assert {each.status_code for each in back} == {409}
    assert [(await seen(office, each))["merged_into"] for each in (a, b, c)] == [b, c, None]
    withdrawn = await office.case_worker.post(f"{PERSONS}/{a}/consents/withdrawals", NO)
    assert len(withdrawn.json()["changed"]) == 3
    # In the middle it is taken apart, and what was merged before stays so.
    assert (await office.officer.send("DELETE", f"{bc}/merge")).status_code == 200
    assert [(await seen(office, each))["merged_into"] for each in (a, b, c)] == [b, None, None]


async def test_what_a_merge_says_of_a_third_registration_is_no_work_for_anybody(
    office: Office,
) -> None:
    (a, _, c), (ab, bc, ca) = await three(office)
    await office.officer.post(f"{ab}/merge", {"keep": a})
    await office.officer.post(f"{ca}/merge", {"keep": c})

    async def status() -> str:
        return str((await office.officer.get(bc)).json()["status"])

    with_both = await status()
    refused = await office.officer.post(f"{bc}/decision", {"decision": "different", "seen": "same"})
    await office.officer.send("DELETE", f"{ca}/merge")
    apart = await status()
    decided = await office.officer.post(f"{bc}/decision", {"decision": "different"})
    again = await office.officer.post(f"{ca}/merge", {"keep": c})

    assert (with_both, refused.status_code) == ("same", 409)
    assert "merged" in refused.json()["detail"]
    assert (apart, decided.status_code, again.status_code) == ("unsure", 200, 409)
    # Who is said to be two people is not made one over a third.
    assert bc.rsplit("/", 1)[1] in again.json()["detail"]
    assert (await seen(office, a))["merged_into"] is None


async def test_three_merges_at_once_that_would_close_a_ring_leave_one_to_go_on(
    office: Office,
) -> None:
    people, pairs = await three(office)
    following = [*people[1:], people[0]]

    answers = await asyncio.gather(
        *(
            office.officer.post(f"{pair}/merge", {"keep": keep})
            for pair, keep in zip(pairs, following, strict=True)
        )
    )

    assert sorted(each.status_code for each in answers) == [201, 201, 409]
    merged_into = [(await seen(office, each))["merged_into"] for each in people]
    assert merged_into.count(None) == 1


async def test_only_one_of_the_two_can_be_kept(office: Office) -> None:
    _, _, pair = await registered_twice(office)

    bodies: list[dict[str, Any]] = [{"keep": "0" * 32}, {}, {"keep": 1}]
    for body in bodies:
        assert (await office.officer.post(f"{pair}/merge", body)).status_code == 422, body


async def test_who_does_not_reach_both_finds_no_pair_to_merge(office: Office) -> None:
    first, _, pair = await registered_twice(office)

    answers = [
        await worker.post(f"{pair}/merge", {"keep": first})
        for worker in (office.far_officer, office.stranger, office.nurse)
    ]

    assert [each.status_code for each in answers] == [404, 404, 403]


async def test_two_who_were_said_to_be_different_are_not_merged(office: Office) -> None:
    first, _, pair = await registered_twice(office)
    await office.officer.post(f"{pair}/decision", {"decision": "different"})

    assert (await office.officer.post(f"{pair}/merge", {"keep": first})).status_code == 409


async def test_a_departure_counts_for_both_and_a_merge_is_not_undone_after_it(
    office: Office,
) -> None:
    first, second, pair = await merged(office)
    event = PersonDeparted(case_id=new_id(), person_id=UUID(second), departed_on=today())
    await office.running.hear(event)

    answer = await office.officer.send("DELETE", f"{pair}/merge")

    assert answer.status_code == 409
    assert [(await seen(office, each))["status"] for each in (first, second)] == [
        "departed",
        "merged",
    ]


async def test_a_service_to_either_keeps_the_record_of_both(office: Office) -> None:
    first, second, _ = await merged(office)
    event = EntitlementDelivered(
        entitlement_id=new_id(),
        programme_id=new_id(),
        person_id=UUID(second),
        delivered_on=today(),
    )

    await office.running.hear(event)

    async with office.running.database.read() as session:
        served = (await session.exec(select(LastService.person_id))).all()
    assert {str(each) for each in served} == {first, second}


async def answer_of(office: Office, person: str, state: str) -> None:
    async with office.running.database.write() as session:
        known = await session.get_one(Person, UUID(person))
        session.add(
            Consent(
                person_id=known.id,
                **NO,
                version=1,
                state=state,
                text_version="2026-1",
                asked_on=known.registered_on,
                minor="no",
                recorded_by="somebody",
            )
        )


async def test_who_answered_yes_and_no_is_asked_again_before(office: Office) -> None:
    first, second, pair = await registered_twice(office)
    await answer_of(office, first, "given")
    await answer_of(office, second, "refused")

    answer = await office.officer.post(f"{pair}/merge", {"keep": first})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/consents-differ")


async def test_who_answered_yes_by_a_registration_below_is_asked_again_too(office: Office) -> None:
    (a, b, c), (ab, _, ca) = await three(office)
    await answer_of(office, b, "given")
    await answer_of(office, c, "refused")
    assert (await office.officer.post(f"{ab}/merge", {"keep": a})).status_code == 201

    answers = [await office.officer.post(f"{ca}/merge", {"keep": each}) for each in (a, c)]

    assert {each.json()["type"] for each in answers} == {"/problems/consents-differ"}


async def test_a_no_counts_for_every_registration_of_the_person(office: Office) -> None:
    first, second, pair = await registered_twice(office)
    for each in (first, second):
        await answer_of(office, each, "given")
    await office.officer.post(f"{pair}/merge", {"keep": first})

    said = await office.case_worker.post(f"{PERSONS}/{second}/consents/withdrawals", NO)

    assert said.status_code == 202, said.text
    async with office.running.database.read() as session:
        withdrawn = select(Consent.person_id).where(col(Consent.state) == "withdrawn")
        assert {str(each) for each in await session.exec(withdrawn)} == {first, second}


async def test_who_asks_is_given_the_file_of_every_registration_and_erased_in_each(
    office: Office,
) -> None:
    first, second, _ = await merged(office)
    request = {"person_id": first, "kind": "access"}
    opened = await office.dpo.post("/v1/registration/subject-requests", request)
    assert opened.status_code == 201, opened.text
    path = f"/v1/registration/people/{first}/file"

    async def given() -> dict[str, Any]:
        answer = await office.dpo.get(path, headers={"X-Purpose": "subject_access"})
        found: dict[str, Any] = answer.json()
        return found

    # The record is sealed a moment later, and each act is told once, of whomever it was.
    file = await until(given, lambda found: "merge" in [e["action"] for e in found["read_by"]])
    assert {each["id"] for each in file["held"]["person"]} == {first, second}
    assert all(each["documents"] == NAWAL["documents"] for each in file["held"]["person"])
    [pair] = file["held"]["duplicate_pair"]
    assert [pair["left_id"], pair["right_id"]] == sorted([first, second])
    assert pair["decided_by"] == {"masked": True}
    assert [each["action"] for each in file["read_by"]].count("merge") == 1
    asked = await office.case_worker.post(
        "/v1/registration/erasures", {"person_id": first, "reason": "person_asked"}
    )
    assert asked.status_code == 202, asked.text

    approved = await office.dpo.post(f"/v1/registration/erasures/{asked.json()['id']}/approval")

    assert approved.status_code == 202, approved.text
    for each in (first, second):
        assert (await office.case_worker.get(f"{PERSONS}/{each}")).status_code == 404


async def test_a_hold_keeps_the_registration_that_it_is_on(office: Office) -> None:
    first, second, _ = await merged(office)
    hold = {"person_id": second, "ground": "complaint"}
    assert (await office.dpo.post("/v1/registration/legal-holds", hold)).status_code == 201
    form = {"person_id": first, "reason": "person_asked"}
    asked = await office.case_worker.post("/v1/registration/erasures", form)

    await office.dpo.post(f"/v1/registration/erasures/{asked.json()['id']}/approval")

    assert (await office.case_worker.get(f"{PERSONS}/{first}")).status_code == 404
    kept = await seen(office, second)
    assert (kept["status"], kept["merged_into"]) == ("registered", None)
    assert (await told(office))[-1] == (second, None, 3)


async def test_who_asks_to_be_forgotten_is_so_by_each_of_their_registrations(
    office: Office,
) -> None:
    first, second, pair = await registered_twice(office)
    erasures = "/v1/registration/erasures"
    form = {"person_id": second, "reason": "person_asked"}
    before = await office.case_worker.post(erasures, form)
    answer = await office.officer.post(f"{pair}/merge", {"keep": first})
    assert answer.status_code == 201, answer.text

    approval = await office.dpo.post(f"{erasures}/{before.json()['id']}/approval")
    asked = await office.case_worker.post(erasures, form)
    by_error = form | {"reason": "registered_in_error"}
    for each in (approval, asked):
        assert (each.status_code, each.json()["type"]) == (409, "/problems/merged")
        assert first in each.json()["detail"]
    refusal = {"refusal": "needed_for_a_claim"}
    await office.dpo.post(f"{erasures}/{before.json()['id']}/refusal", refusal)
    wrong = await office.case_worker.post(erasures, by_error)
    approved = await office.dpo.post(f"{erasures}/{wrong.json()['id']}/approval")

    assert approved.status_code == 202, approved.text
    assert (await office.case_worker.get(f"{PERSONS}/{second}")).status_code == 404
    assert (await seen(office, first))["merged"] == []
