"""Devices that were offline: what they send, what they are told, and what they have to delete."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from chassis.erasure import forget
from services.registration.devices import feeds, service
from services.registration.devices.models import DeviceFeed
from services.registration.erasures.service import FORGETTING
from services.registration.main import SERVICE
from services.registration.persons import registering
from services.registration.persons.models import Person, PersonIn
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.office import NAWAL, PERSONS, Office, Worker

SYNC = "/v1/registration/sync"
LEFT_OUT = ("external_id", "household_ref")
TOLD = {name: value for name, value in NAWAL.items() if name not in LEFT_OUT}
REGISTRATION = {"X-Purpose": "registration"}


def new(id_: UUID, **changes: Any) -> dict[str, Any]:
    return {"id": str(id_), "registration": TOLD | changes}


def change(id_: UUID | str, version: int, **changes: Any) -> dict[str, Any]:
    correction = {"reason": "recorded_wrongly", **changes}
    return {"id": str(id_), "base_version": version, "correction": correction}


async def send(who: Worker, *items: Any, cursor: str | None = None) -> list[dict[str, Any]]:
    body = {"items": list(items)} | ({"cursor": cursor} if cursor else {})
    answer = await who.post(SYNC, body, headers=REGISTRATION)
    assert answer.status_code == 200, answer.text
    outcomes: list[dict[str, Any]] = answer.json()["items"]
    return outcomes


async def ask(who: Worker, cursor: str | None = None, **query: Any) -> dict[str, Any]:
    params = query | ({"cursor": cursor} if cursor else {})
    answer = await who.get(SYNC, params=params, headers=REGISTRATION)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def outcomes(answers: list[dict[str, Any]]) -> list[str]:
    return [each["outcome"] for each in answers]


def reasons(answers: list[dict[str, Any]]) -> list[str]:
    return [each["reason"]["type"].removeprefix("/problems/") for each in answers]


async def opened(start: Start, url: str | None = None) -> Office:
    running = await start(SERVICE, url=url)
    async with running.database.write() as session:
        for pcode, parent in (("LY0209", "LY02"), ("LY020908", "LY0209"), ("LY110101", "LY1101")):
            level = len(pcode) // 2 - 1
            session.add(Place(pcode=pcode, level=level, parent_pcode=parent, version=1))
    return Office(running)


async def people(office: Office) -> tuple[int, int]:
    """Return how many people there are, and how many events were told at once with a change."""
    outbox = office.running.database.tables.outbox
    # Of households the others are told a moment later.
    at_once = col(outbox.type) != "registration.household_changed.v1"
    async with office.running.database.read() as session:
        registered = (await session.exec(select(func.count()).select_from(Person))).one()
        return registered, (
            await session.exec(select(func.count()).select_from(outbox).where(at_once))
        ).one()


async def test_a_batch_is_taken_item_by_item_and_changes_nothing_when_it_is_sent_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0)
    office = await opened(start)
    karim, mother, child = office.case_worker, uuid4(), uuid4()
    batch = [
        new(mother, household_ref="H77"),
        {"id": str(uuid4()), "registration": TOLD | {"sex": "سر"}},
        new(child, given_name="سارة", birth_date="2019", household_ref="H77", phone=None),
        change(mother, 1, father_name="آدم"),
        change(mother, 1, father_name="عمر"),
        new(uuid4(), location_pcode="LY110101"),
        new(uuid4(), location_pcode="LY020999"),
        change(uuid4(), 1, father_name="عمر"),
        {"id": "no id", "registration": 7, "surplus": None},
        change(mother, 2),
    ]
    done = await send(karim, *batch)
    assert outcomes(done)[:5] == ["created", "rejected", "created", "updated", "conflict"]
    assert outcomes(done)[5:] == ["rejected"] * 5
    assert [each["position"] for each in done] == list(range(10))
    assert reasons([done[1], *done[5:]]) == [
        "validation",
        "forbidden",
        "unknown-place",
        "not-found",
        "validation",
        "validation",
    ]
    assert done[1]["reason"]["errors"][0]["pointer"] == "/registration/sex"
    assert "سر" not in str(done[1])
    assert (done[8]["id"], done[0]["id"]) == (None, str(mother))

    # Both versions of a conflict, and the household that two items made.
    conflict = done[4]
    assert (conflict["base_version"], conflict["version"]) == (1, 2)
    assert conflict["sent"] == {"reason": "recorded_wrongly", "father_name": "عمر"}
    assert conflict["person"]["father_name"] == "آدم"
    assert done[0]["person"]["external_id"] == str(mother)
    households = await karim.get("/v1/registration/households", headers=REGISTRATION)
    assert [each["size"] for each in households.json()["items"]] == [2]

    # Again, as after a crash that swallowed the answer: nobody is new, and nothing is told.
    before = await people(office)
    again = await send(karim, *batch)
    assert outcomes(again)[:5] == ["unchanged", "rejected", "unchanged", "unchanged", "conflict"]
    assert [each["person_id"] for each in again[:4:2]] == [
        done[0]["person_id"],
        done[2]["person_id"],
    ]
    assert await people(office) == before

    # One number or one id twice is a conflict, masked for who may not see them; either id goes on.
    person = done[0]["person_id"]
    twice = await send(
        office.colleague,
        new(uuid4(), external_id=str(mother), given_name="هدى"),
        new(mother, external_id="R5"),
    )
    theirs = await send(karim, new(mother, external_id="R5"), change(person, 2, sex="other"))
    assert outcomes(twice + theirs) == ["conflict", "conflict", "conflict", "updated"]
    assert {each["person"]["id"] for each in twice + theirs} == {person}
    assert twice[0]["person"]["given_name"] == {"masked": True}

    # Whoever makes the id of somebody theirs is not told what others tell of that person.
    taken = await send(office.colleague, new(UUID(person), external_id="R6"))
    told = await send(karim, change(person, 3, sex="female"))
    household = {"location_pcode": TOLD["location_pcode"], "members": [{"person_id": person}]}
    with_them = await send(karim, {"id": str(uuid4()), "household": household})
    nothing = await send(karim, new(UUID(int=0)), new(UUID(int=2**128 - 1)))
    assert (outcomes(taken), outcomes(told)) == (["created"], ["updated"])
    assert taken[0]["person_id"] != told[0]["person_id"] == person
    assert with_them[0]["outcome"] == "rejected", "They are in a household already."
    assert reasons(nothing) == ["validation"] * 2

    # Somebody of another organisation learns nothing by anybody's id.
    luca = office.stranger
    probed = await send(luca, change(mother, 1, sex="male"), change(person, 4, sex="male"))
    made = await send(luca, new(mother, location_pcode="LY110101"))
    assert reasons(probed) == ["not-found", "not-found"]
    assert outcomes(made) == ["created"]
    assert made[0]["person_id"] != person
    assert (await karim.post(SYNC, {"items": [{}] * 101})).status_code == 422
    assert (await office.nurse.post(SYNC, {"items": [{}]})).status_code == 403


async def test_an_item_that_breaks_stops_no_other(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await opened(start)
    first, second = uuid4(), uuid4()
    register, broken = registering.register_all, list[bool]()

    async def breaks_twice(session: Any, forms: Any, **more: Any) -> Any:
        done = await register(session, forms, **more)
        # Taken together with the other, and once more by itself.
        if str(first) in [each.external_id for each in forms] and len(broken) <= 1:
            broken.append(True)
            raise RuntimeError
        return done

    monkeypatch.setattr(registering, "register_all", breaks_twice)
    done = await send(office.case_worker, new(first), new(second))
    assert outcomes(done) == ["rejected", "created"]
    assert reasons(done[:1]) == ["internal"]
    assert (await people(office))[0] == 1
    assert outcomes(await send(office.case_worker, new(first), new(second))) == [
        "created",
        "unchanged",
    ]


async def test_a_device_is_told_of_what_changed_and_of_what_it_must_delete(start: Start) -> None:
    office = await opened(start)
    karim = office.case_worker
    ids = [uuid4() for _ in range(6)]
    made = await send(karim, *(new(each, phone=None) for each in ids))
    persons = [each["person_id"] for each in made]

    # In pages, each person once, whom the caller carries; nobody else's device has them.
    first = await ask(karim, limit=4)
    second = await ask(karim, first["next_cursor"], limit=4)
    assert [each["id"] for each in first["items"] + second["items"]] == persons
    assert [each["client_id"] for each in first["items"]] == [str(each) for each in ids[:4]]
    assert (first["more"], second["more"]) == (True, False)
    for other in (office.colleague, office.enumerator, office.officer, office.stranger):
        assert (await ask(other))["items"] == []
    stolen = await office.colleague.get(SYNC, params={"cursor": second["next_cursor"]})
    assert (stolen.status_code, stolen.json()["type"]) == (410, "/problems/cursor-expired")
    assert (await karim.get(SYNC, params={"cursor": "1"})).status_code == 422

    # An answer that was lost is given again, with what has changed since.
    corrected = await send(karim, change(ids[0], 1, father_name="آدم"))
    assert outcomes(corrected) == ["updated"]
    lost = await ask(karim, second["next_cursor"])
    again = await ask(karim, second["next_cursor"])
    assert [each["person"]["father_name"] for each in lost["items"]] == ["آدم"]
    assert again["items"] == lost["items"]
    expired = await karim.get(SYNC, params={"cursor": lost["next_cursor"]})
    assert expired.status_code == 410
    quiet = await ask(karim, again["next_cursor"])
    assert quiet["items"] == []


async def test_a_device_that_takes_all_in_pages_misses_nothing_that_changes_meanwhile(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "FEW", 1)
    office = await opened(start)
    karim = office.case_worker
    ids = [uuid4() for _ in range(6)]
    made = await send(karim, *(new(each, phone=None) for each in ids))
    persons = [each["person_id"] for each in made]

    def told(answer: dict[str, Any]) -> list[tuple[int, bool]]:
        return [(persons.index(each["id"]), bool(each["person"])) for each in answer["items"]]

    async def withdraw(number: int) -> None:
        said_no = {"recipient": "mission", "purpose": "assistance"}
        path = f"{PERSONS}/{persons[number]}/consents/withdrawals"
        assert (await karim.post(path, said_no)).status_code == 202

    # Each answer goes on where the last one ended; the last tells of those who were passed by.
    first = await ask(karim, limit=2)
    assert outcomes(await send(karim, change(ids[0], 1, father_name="آدم"))) == ["updated"]
    await withdraw(1)
    second = await ask(karim, first["next_cursor"], limit=2)
    third = await ask(karim, second["next_cursor"], limit=3)
    fourth = await ask(karim, third["next_cursor"], limit=3)
    assert [told(each) for each in (first, second, third, fourth)] == [
        [(0, True), (1, True)],
        [(2, True), (3, True)],
        [(4, True), (5, True), (1, False)],
        [(0, True)],
    ]
    assert [each["more"] for each in (first, second, third, fourth)] == [True, True, True, False]
    assert (await ask(karim, fourth["next_cursor"]))["items"] == []

    # After an answer that was lost it begins anew, with what it lost, and goes on from there.
    first = await ask(karim, limit=2)
    await ask(karim, first["next_cursor"], limit=2)
    await withdraw(0)
    again = await ask(karim, first["next_cursor"], limit=2)
    rest = await ask(karim, again["next_cursor"], limit=2)
    assert [told(each) for each in (first, again, rest)] == [
        [(0, True), (2, True)],
        [(0, False), (3, True)],
        [(4, True), (5, True)],
    ]
    assert [each["more"] for each in (first, again, rest)] == [True, True, False]


async def test_a_device_is_told_whom_to_delete_for_whatever_reason(start: Start) -> None:
    office = await opened(start)
    karim, database = office.case_worker, office.running.database
    made = await send(karim, *(new(uuid4(), phone=None) for _ in range(6)))
    persons = [each["person_id"] for each in made]
    held = await ask(karim)

    # Moved away, consent withdrawn, erased, handed over, merged: each is told, and none says why.
    async with database.write() as session:
        moved, erased, handed, merged = [
            await session.get_one(Person, UUID(persons[number])) for number in (0, 2, 3, 4)
        ]
        moved.location_pcode, moved.version = "LY110101", moved.version + 1
        handed.case_owner, merged.merged_into = office.colleague.id, UUID(persons[5])
        session.add_all([moved, handed, merged])
        await forget(session, FORGETTING, erased.id)
    said_no = {"recipient": "mission", "purpose": "assistance"}
    withdrawn = await karim.post(f"{PERSONS}/{persons[1]}/consents/withdrawals", said_no)
    assert withdrawn.status_code == 202, withdrawn.text
    left = await ask(karim, held["next_cursor"])
    deleted = {"kind": "person", "client_id": None, "person": None, "household": None}
    assert left["items"] == [deleted | {"id": each} for each in sorted(persons[:5])]
    assert [each["id"] for each in (await ask(office.colleague))["items"]] == [persons[3]]

    # Who is assigned comes, and goes when the assignment ends; a lost answer tells of it again.
    assigned = await office.officer.post(
        f"{PERSONS}/{persons[5]}/assignments", {"worker_id": office.colleague.id}
    )
    held = await ask(office.colleague)
    assert [each["id"] for each in held["items"]] == [persons[3], persons[5]]
    await office.officer.send(
        "DELETE", f"{PERSONS}/{persons[5]}/assignments/{assigned.json()['id']}"
    )
    for _ in range(2):
        ended = await ask(office.colleague, held["next_cursor"])
        assert [(each["id"], each["person"]) for each in ended["items"]] == [(persons[5], None)]
    assert (await ask(office.colleague, ended["next_cursor"]))["items"] == []

    # What an enumerator has registered is off their device after a day, by no change of it.
    yusuf = office.enumerator
    cursor = (await ask(yusuf))["next_cursor"]
    [mine] = await send(yusuf, new(uuid4()), cursor=cursor)
    await office.let_pass(Person, mine["person_id"], timedelta(days=2), "created_at")
    over = await ask(yusuf, cursor)
    assert [(each["id"], each["person"]) for each in over["items"]] == [(mine["person_id"], None)]

    # Who has what is on record, and a feed that nobody asks for is forgotten.
    assert (karim.id, "end", "allowed") in await office.record("device")
    await office.let_pass(DeviceFeed, cursor.partition(".")[0], timedelta(days=31), "asked_at")
    await feeds.forget(database)
    gone = await yusuf.get(SYNC, params={"cursor": over["next_cursor"]})
    assert gone.status_code == 410


@pytest.mark.parametrize(
    "service_url", [pytest.param("PostgreSQL", marks=pytest.mark.integration)], indirect=True
)
async def test_who_is_committed_late_is_missed_by_no_device(start: Start, service_url: str) -> None:
    office = await opened(start, service_url)
    karim, database = office.case_worker, office.running.database
    form = PersonIn.model_validate(TOLD | {"external_id": "R1"})
    async with database.write() as slow:
        early, _ = await registering.register(
            slow, form, organisation="iom", by=karim.id, case_owner=karim.id
        )
        await slow.flush()
        [late] = await send(karim, new(uuid4()))
        told = await ask(karim)
        assert [each["id"] for each in told["items"]] == [late["person_id"]]
        assert str(early.id) < late["person_id"]
    after = await ask(karim, told["next_cursor"])
    assert [each["id"] for each in after["items"]] == [str(early.id)]
    assert (await ask(karim, after["next_cursor"]))["items"] == []
