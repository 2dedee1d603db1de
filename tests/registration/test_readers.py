"""Who carries a person sees who has read their file: roles and times, never values."""

from typing import Any
from uuid import uuid4

from chassis.audit.chain import seal
from chassis.audit.verification import verify
from tests.registration.office import PERSONS, Office, Worker
from tests.registration.test_honey import planted


async def readers(office: Office, worker: Worker, person: str, **query: Any) -> dict[str, Any]:
    # An entry is found by its person once it is sealed, within about a second.
    while (await verify(office.running.database)).waiting:
        await seal(office.running.database)
    answer = await worker.get(f"{PERSONS}/{person}/readers", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_case_45_a_case_worker_sees_who_read_the_file_of_their_person(
    office: Office,
) -> None:
    person = await office.register()
    await office.colleague.get(PERSONS)
    await office.officer.get(f"{PERSONS}/{person}", headers={"X-Purpose": "protection"})
    assert (await office.stranger.get(f"{PERSONS}/{person}")).status_code == 404

    items = (await readers(office, office.case_worker, person))["items"]

    listed, opened = (
        each for each in items if each["account"] in {office.colleague.id, office.officer.id}
    )
    assert (listed["account"], listed["action"]) == (office.colleague.id, "listed")
    assert (opened["account"], opened["action"]) == (office.officer.id, "read")
    assert (opened["roles"], opened["organisation"]) == (["protection_officer"], "iom")
    assert opened["purpose"] == "protection"
    assert set(opened) == {"id", "at", "account", "roles", "organisation", "purpose", "action"}
    assert office.stranger.id not in {each["account"] for each in items}
    again = (await readers(office, office.case_worker, person))["items"]
    assert again[-1]["account"] == office.case_worker.id
    assert (office.case_worker.id, "read", "allowed") in await office.record("reading")


async def test_the_account_of_another_organisation_is_not_told(office: Office) -> None:
    person = await office.register()
    agreement = {"id": "A1", "organisation": "iom", "places": ["LY02"]}
    partner = Worker(
        office.running,
        "mara",
        ("protection_officer",),
        organisation="partner",
        agreements=[agreement],
    )
    assert (await partner.get(f"{PERSONS}/{person}")).status_code == 200

    [theirs] = [
        each
        for each in (await readers(office, office.case_worker, person))["items"]
        if each["organisation"] == "partner"
    ]

    assert theirs["account"] == {"masked": True}
    assert theirs["roles"] == ["protection_officer"]


async def test_readers_come_in_pages_and_none_twice(office: Office) -> None:
    person = await office.register()
    for _ in range(4):
        await office.officer.get(f"{PERSONS}/{person}")

    first = await readers(office, office.case_worker, person, limit=2)
    rest = await readers(office, office.case_worker, person, cursor=first["next_cursor"])

    seen = [each["id"] for each in (*first["items"], *rest["items"])]
    assert len(first["items"]) == 2
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)


async def test_whose_person_it_is_not_learns_of_no_reader(office: Office) -> None:
    person = await office.register()
    answers = [
        await worker.get(f"{PERSONS}/{which}/readers")
        for which in (person, str(uuid4()))
        for worker in (office.colleague, office.officer, office.stranger, office.enumerator)
    ]

    assert [each.status_code for each in answers] == [404, 404, 404, 403] * 2


async def test_readers_do_not_tell_that_a_person_was_planted(office: Office) -> None:
    real, honey = await office.register(household_ref=None, consent=False), await planted(office)
    await office.dpo.get("/v1/registration/honey-records")
    for person in (real, honey):
        form = {"worker_id": office.colleague.id}
        made = await office.officer.post(f"{PERSONS}/{person}/assignments", form)
        assert made.status_code == 201, made.text

    told = [
        {
            tuple(each["roles"])
            for each in (await readers(office, office.colleague, person))["items"]
        }
        for person in (real, honey)
    ]

    assert not any("dpo" in roles for roles in told[1])
