"""Devices that were offline tell of households and of enquiries, and are told of them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func
from sqlmodel import select

from services.registration.devices import service
from services.registration.devices.models import ItemIn
from services.registration.devices.rules import runs
from services.registration.households.models import Household
from services.registration.persons.models import Person
from tests.conftest import Start
from tests.registration.office import Office
from tests.registration.test_devices import (
    REGISTRATION,
    TOLD,
    ask,
    change,
    new,
    opened,
    outcomes,
    people,
    reasons,
    send,
)

HOUSEHOLDS = "/v1/registration/households"
ALONE: dict[str, Any] = {"phone": None, "documents": []}


def household(id_: UUID, *members: tuple[UUID | str, str | None], **more: Any) -> dict[str, Any]:
    named = [{"person_id": str(id_), "relationship_to_head": who} for id_, who in members]
    return {"id": str(id_), "household": {"location_pcode": "LY020908", "members": named, **more}}


def changed(id_: UUID | str, version: int, **changes: Any) -> dict[str, Any]:
    return {"id": str(id_), "base_version": version, "household_correction": changes}


def relation(id_: UUID | str, who: str | None = None) -> dict[str, Any]:
    return {"person_id": str(id_), "relationship_to_head": who}


async def households(office: Office) -> int:
    async with office.running.database.read() as session:
        return (await session.exec(select(func.count()).select_from(Household))).one()


async def test_a_device_makes_a_household_of_those_it_registered_and_changes_it(
    start: Start,
) -> None:
    office = await opened(start)
    karim, home, other = office.case_worker, uuid4(), uuid4()
    mother, child, aunt = uuid4(), uuid4(), uuid4()
    batch = [
        new(mother, **ALONE),
        new(child, **ALONE, birth_date="2019"),
        new(aunt, **ALONE),
        household(home, (mother, "head"), (child, "child"), collector_person_id=str(mother)),
        changed(home, 1, joined=[relation(aunt, "aunt")], household_ref="H9"),
    ]
    done = await send(karim, *batch)
    assert outcomes(done) == ["created", "created", "created", "created", "updated"]
    ids = [each["person_id"] for each in done[:3]]
    made, grown = done[3]["household"], done[4]["household"]
    assert {each["person_id"] for each in made["members"]} == set(ids[:2])
    assert (made["head_person_id"], made["collector_person_id"]) == (ids[0], ids[0])
    assert (grown["size"], grown["household_ref"], grown["version"]) == (
        3,
        "H9",
        done[4]["version"],
    )

    # Sent again, in whatever order its answer was lost, nothing is new.
    before = await people(office)
    assert outcomes(await send(karim, *batch)) == ["unchanged"] * 5
    assert (await people(office), await households(office)) == (before, 1)

    # Told otherwise under the id, a version that is gone, a reference that is taken: conflicts.
    clash = await send(
        karim,
        household(home, (mother, "head")),
        changed(home, 1, location_pcode="LY0209"),
        changed(home, 1, left=[{"person_id": str(child)}]),
    )
    assert outcomes(clash) == ["conflict"] * 3
    assert [each["household"]["size"] for each in clash] == [3, 3, 3]
    assert clash[1]["sent"] == {"location_pcode": "LY0209"}
    [taken] = await send(karim, new(uuid4(), **ALONE))
    again = await send(karim, household(other, (taken["person_id"], "head"), household_ref="H9"))
    assert (outcomes(again), again[0]["household_id"]) == (["conflict"], grown["id"])

    # Somebody moves: they have left the one before they come to the other.
    version = grown["version"]
    moved = await send(
        karim,
        household(other, (taken["person_id"], "head")),
        changed(other, 1, joined=[relation(aunt)]),
        changed(home, version, left=[{"person_id": str(aunt)}], relationships=[relation(child)]),
        changed(grown["id"], version, left=[{"person_id": ids[2]}]),
        changed(other, 1, joined=[relation(aunt)]),
    )
    assert outcomes(moved) == ["created", "rejected", "updated", "unchanged", "updated"]
    assert reasons(moved[1:2]) == ["in-another-household"]
    assert moved[4]["household"]["size"] == 2

    # Nobody of another organisation reaches one by anybody's id, and an enumerator changes none.
    theirs = await send(
        office.stranger,
        changed(home, version, head_absence="missing"),
        changed(grown["id"], version, head_absence="missing"),
        household(uuid4(), (mother, "head"), location_pcode="LY110101"),
    )
    assert reasons(theirs) == ["not-found", "not-found", "unknown-person"]
    assert reasons(await send(office.enumerator, changed(home, version, left=[]))) == ["not-found"]


async def test_what_a_household_item_cannot_say_is_rejected_where_it_is_wrong(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0)
    office = await opened(start)
    karim, mother, home = office.case_worker, uuid4(), uuid4()
    [person] = await send(karim, new(mother, **ALONE))
    refused = await send(
        karim,
        household(home, (mother, "head"), (person["person_id"], "child")),
        household(home, (uuid4(), "head")),
        household(home, (mother, "head"), location_pcode="LY020999"),
        changed(home, 1),
        {"id": str(home), "base_version": 1, "household": {}},
        {"id": str(home), "household_correction": {"location_pcode": "LY0209"}},
        {"id": str(home), "registration": TOLD, "enquiry": TOLD},
    )
    assert outcomes(refused) == ["rejected"] * 7
    assert reasons(refused[:3]) == ["validation", "unknown-person", "unknown-place"]
    assert [each["reason"]["errors"][0]["pointer"] for each in (refused[0], refused[2])] == [
        "/household",
        "/household/location_pcode",
    ]
    assert reasons(refused[3:]) == ["validation"] * 4
    assert await households(office) == 0


async def test_a_household_comes_to_the_device_and_goes_with_the_last_of_its_people(
    start: Start,
) -> None:
    office = await opened(start)
    karim, home, wife, husband = office.case_worker, uuid4(), uuid4(), uuid4()
    batch = (
        new(wife, **ALONE),
        new(husband, **ALONE),
        household(home, (wife, "head"), (husband, None)),
    )
    cursor = (await ask(karim))["next_cursor"]
    sent = await send(karim, *batch, cursor=cursor)
    made = sent[2]["household_id"]

    # In pages, people before what they belong to, each once; nobody else's device has any.
    first = await ask(karim, limit=2)
    second = await ask(karim, first["next_cursor"], limit=2)
    assert [each["kind"] for each in first["items"]] == ["person", "person"]
    assert [(each["kind"], each["id"]) for each in second["items"]] == [("household", made)]
    assert (first["more"], second["more"]) == (True, False)
    assert second["items"][0]["client_id"] == str(home)
    assert second["items"][0]["household"]["size"] == 2
    for nobody in (office.colleague, office.enumerator, office.stranger):
        assert (await ask(nobody))["items"] == []

    # What was changed at the office comes again; a lost answer is given again.
    path = f"{HOUSEHOLDS}/{made}"
    corrected = {"head_absence": "missing", "relationships": [relation(sent[0]["person_id"])]}
    version = {"If-Match": '"1"'}
    answer = await karim.send("PATCH", path, json=corrected, headers=REGISTRATION | version)
    assert answer.status_code == 200, answer.text
    for _ in range(2):
        told = await ask(karim, second["next_cursor"])
        assert [each["household"]["head_absence"] for each in told["items"]] == ["missing"]

    # One of its people goes from the device and it stays; with the last of them it goes.
    async with office.running.database.write() as session:
        gone = await session.get_one(Person, UUID(sent[0]["person_id"]))
        gone.case_owner = office.colleague.id
        session.add(gone)
    one = await ask(karim, told["next_cursor"])
    assert [(each["kind"], each["person"]) for each in one["items"]] == [("person", None)]
    # The colleague carries it now, by the one.
    assert {each["kind"] for each in (await ask(office.colleague))["items"]} == {
        "person",
        "household",
    }
    async with office.running.database.write() as session:
        gone = await session.get_one(Person, UUID(sent[1]["person_id"]))
        gone.case_owner = office.colleague.id
        session.add(gone)
    for _ in range(2):
        both = await ask(karim, one["next_cursor"])
        assert {(each["kind"], each["id"]) for each in both["items"]} == {
            ("person", sent[1]["person_id"]),
            ("household", made),
        }
    assert (await ask(karim, both["next_cursor"]))["items"] == []


async def test_an_enquiry_is_noted_and_completed_from_a_device(start: Start) -> None:
    office = await opened(start)
    karim, caller = office.case_worker, uuid4()
    rung = {"given_name": "نوال", "nationality": "SDN", "phone": "0912345677"}
    enquiry = {"id": str(caller), "enquiry": rung | {"location_pcode": "LY020908"}}
    rest = {
        "sex": "female",
        "birth_date": "1999",
        "population_category": "migrant",
        "location_pcode": "LY020908",
        "registered_on": "2026-01-05",
    }
    completion = {"id": str(caller), "base_version": 1, "completion": rest}
    done = await send(karim, enquiry, enquiry, completion, completion)
    assert outcomes(done) == ["created", "unchanged", "updated", "unchanged"]
    assert [each["person"]["status"] for each in done[1:3]] == ["enquiry", "registered"]
    assert done[2]["person"]["external_id"] == str(caller)

    # Completed otherwise it is a conflict, and so is another call under the id.
    otherwise = completion | {"completion": rest | {"birth_date": "1998"}}
    again = {"id": str(caller), "enquiry": rung | {"nationality": "ETH"}}
    clash = await send(karim, otherwise, again, change(caller, 1, sex="male"))
    assert outcomes(clash) == ["conflict", "conflict", "conflict"]
    assert {each["person"]["birth_date"] for each in clash} == {"1999"}

    # Who is told to have moved away is still told of once, and is off the device then.
    cursor = (await ask(karim))["next_cursor"]
    [moved] = await send(karim, change(caller, 2, location_pcode="LY110101"))
    assert (moved["outcome"], moved["person"]["location_pcode"]) == ("updated", "LY110101")
    left = await ask(karim, cursor)
    assert [(each["id"], each["person"]) for each in left["items"]] == [(moved["person_id"], None)]


def test_registrations_that_follow_each_other_are_taken_together() -> None:
    first, second = uuid4(), uuid4()
    told = [
        new(first),
        new(second),
        new(first),
        change(first, 1, sex="other"),
        change(second, 1, sex="other"),
        new(uuid4()),
    ]
    for each in told:
        each.get("registration", {}).setdefault("external_id", str(each["id"]))
    items = [(place, ItemIn.model_validate(each)) for place, each in enumerate(told)]
    assert [[place for place, _ in run] for run in runs(items)] == [[0, 1], [2], [3], [4], [5]]
