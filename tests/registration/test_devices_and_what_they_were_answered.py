"""A device is told to delete whom any answer told it of, and nobody else."""

from uuid import uuid4

from tests.conftest import Start
from tests.registration.office import NAWAL
from tests.registration.test_devices import ask, new, opened, outcomes, send


async def test_a_device_deletes_again_what_it_was_answered_since_it_was_told_to(
    start: Start,
) -> None:
    office = await opened(start)
    karim = office.case_worker
    ids = [uuid4(), uuid4()]
    kept, merged = [each["person_id"] for each in await send(karim, *map(new, ids))]
    held = await ask(karim)
    pair = await office.pair_of(kept, merged)
    done = await office.officer.post(f"{pair}/merge", {"keep": kept})
    assert done.status_code == 201, done.text

    told = await ask(karim, held["next_cursor"])
    cursor = told["next_cursor"]
    # Batches of before are sent again once there is a network; each answer tells of the person.
    again = await send(karim, new(ids[1]), cursor=cursor)
    conflict = await send(karim, new(ids[1], sex="male"), cursor=cursor)
    twice = await ask(karim, cursor)

    assert [each["id"] for each in told["items"] if not each["person"]] == [merged]
    assert outcomes(again + conflict) == ["unchanged", "conflict"]
    assert {each["person_id"] for each in again + conflict} == {merged}
    assert [(each["id"], each["person"]) for each in twice["items"]] == [(merged, None)]
    assert (await ask(karim, twice["next_cursor"]))["items"] == []


async def test_a_device_is_told_of_nobody_by_what_was_rejected(start: Start) -> None:
    office = await opened(start)
    theirs = await office.register(external_id="R1")
    cursor = (await ask(office.enumerator))["next_cursor"]

    [answer] = await send(
        office.enumerator,
        {"id": str(uuid4()), "registration": NAWAL | {"external_id": "R1"}},
        cursor=cursor,
    )

    assert (answer["outcome"], answer["person_id"]) == ("rejected", None)
    assert theirs not in str(await ask(office.enumerator, cursor))


async def test_a_no_of_a_registration_that_is_merged_keeps_the_other_off_devices(
    start: Start,
) -> None:
    office = await opened(start)
    karim = office.case_worker
    refused = {"given": False, "language": "ar"}
    merged = await office.register(consent=refused)
    kept = await office.register(external_id="R2", household_ref="H2")
    held = await ask(karim)
    pair = await office.pair_of(kept, merged)
    await office.officer.post(f"{pair}/merge", {"keep": kept})

    told = await ask(karim, held["next_cursor"])
    await office.officer.send("DELETE", f"{pair}/merge")
    apart = await ask(karim, told["next_cursor"])

    assert kept in [each["id"] for each in held["items"]]
    assert (kept, None) in [(each["id"], each["person"]) for each in told["items"]]
    assert kept in [each["id"] for each in apart["items"] if each["person"]]
    assert merged not in str([held, told, apart])
