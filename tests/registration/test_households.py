"""Households: formed by who names them, split, joined, moved, and always as their members are."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from chassis.clock import new_id, today
from contracts.returns import PersonDeparted
from services.registration.main import SERVICE
from services.registration.places.models import Place
from tests.conftest import Start
from tests.patience import until
from tests.registration.kin import CASES, HOUSEHOLDS, PLACE, Kin, people
from tests.registration.office import PERSONS, Office, look_for_new
from tests.registration.test_registers_as_they_come import sent, text

CHILD: dict[str, Any] = {"birth_date": "2015-03-01"}
HEADER = (
    *("external_id", "given_name", "sex", "birth_date", "nationality", "population_category"),
    *("location_pcode", "household_ref", "relationship_to_head"),
)


async def opened(start: Start, url: str | None = None) -> Kin:
    running = await start(SERVICE, url=url)
    async with running.database.write() as session:
        for pcode, parent in (("LY0209", "LY02"), (PLACE, "LY0209"), ("LY020901", "LY0209")):
            level = len(pcode) // 2 - 1
            session.add(Place(pcode=pcode, level=level, parent_pcode=parent, version=1))
    return Kin(Office(running))


@pytest.fixture
async def kin(start: Start) -> Kin:
    """Return an office on SQLite; what differs on PostgreSQL has a test that names it."""
    return await opened(start)


async def refused(kin: Kin, path: str, body: dict[str, Any], status: int) -> str:
    answer = await kin.does(path, body, status)
    slug = str(answer["type"]).removeprefix("/problems/")
    return slug if slug != "validation" else str(answer["errors"][0]["code"])


async def test_who_names_one_household_is_in_it_whoever_comes_first(kin: Kin) -> None:
    child = await kin.person("H1", "child", **CHILD)
    alone = await kin.of("H1")
    mother = await kin.person("H1", "head")
    other = await kin.person("H2", "head")

    home = await kin.of("H1")

    assert alone["flags"] == ["children_only", "head_missing"]
    assert home["id"] == alone["id"]
    assert home["case_number"].startswith("H-")
    assert people(home) == {child, mother}
    assert (home["head_person_id"], home["location_pcode"]) == (mother, PLACE)
    assert (home["size"], home["flags"]) == (2, [])
    assert home["composition"] == {"female": {"5-17": 1, "18-59": 1}}
    assert people(await kin.of("H2")) == {other}
    assert {each["id"] for each in await kin.listed(person_id=mother)} == {home["id"]}
    assert await kin.listed(by=kin.office.stranger) == []


async def test_a_register_forms_households_in_any_order_and_once(kin: Kin) -> None:
    rows = [
        (f"R{number}", "Ali", "male", born, "SDN", "migrant", PLACE, f"H{number % 3}", role)
        for number, (born, role) in enumerate(
            [("1990-01-01", "head"), ("2020-01-01", "child"), ("1991-01-01", "spouse")] * 3
        )
    ]
    register = text(HEADER, *reversed(rows)).encode()
    await sent(kin.office, register)
    before = [await kin.of(f"H{number}") for number in range(3)]

    await sent(kin.office, register)

    after = [await kin.of(f"H{number}") for number in range(3)]
    assert after == before
    assert [len(each["members"]) for each in after] == [3, 3, 3]
    assert [each["flags"] for each in after] == [
        ["two_heads"],
        ["children_only", "head_missing"],
        ["head_missing"],
    ]


async def test_the_others_are_told_once_of_many_changes_and_never_a_name(kin: Kin) -> None:
    first, second = await kin.person("H1", "head"), await kin.person("H1", "child", **CHILD)

    told = [each for each in await kin.told() if each["size"] == 2]

    assert len(told) == 1
    assert set(told[0]["member_ids"]) == {first, second}
    assert told[0]["composition"] == {"female": {"18-59": 1, "5-17": 1}}
    assert (told[0]["head_person_id"], told[0]["kind"]) == (first, "household")
    assert "Given" not in str(told)
    count = len(await kin.told())
    assert len(await kin.told()) == count


async def test_its_composition_follows_a_correction_a_departure_and_an_erasure(kin: Kin) -> None:
    head, child = await kin.person("H1", "head"), await kin.person("H1", "child", **CHILD)
    home = (await kin.of("H1"))["id"]
    correction = {"reason": "recorded_wrongly", "sex": "male", "birth_date": "1950-01-01"}
    headers = CASES | {"If-Match": '"1"'}
    path = f"{PERSONS}/{child}"
    await kin.office.case_worker.send("PATCH", path, json=correction, headers=headers)
    corrected = await kin.seen(home)
    [told] = [each for each in await kin.told() if each["version"] == corrected["version"]]

    event = PersonDeparted(case_id=new_id(), person_id=UUID(head), departed_on=today())
    await kin.office.running.hear(event)
    departed = await kin.seen(home)

    assert corrected["composition"] == {"female": {"18-59": 1}, "male": {"60+": 1}}
    assert told["composition"] == corrected["composition"]
    assert corrected["flags"] == ["parent_younger_than_child"]
    assert departed["composition"] == {"male": {"60+": 1}}
    assert departed["flags"] == ["head_missing"]
    assert {each["person_id"]: each["counted"] for each in departed["members"]} == {
        head: False,
        child: True,
    }
    assert (await kin.told())[-1]["member_ids"] == [child]
    await kin.corrects(home, collector_person_id=child)
    await erased(kin, child)
    after = await kin.seen(home)
    assert (people(after), after["collector_person_id"]) == ({head}, None)
    assert after["size"] == 0
    await erased(kin, head)
    assert (await kin.told())[-1] | {"version": 0} == told | {
        "version": 0,
        "member_ids": [],
        "size": 0,
        "composition": {},
        "head_person_id": None,
        "ended_on": today().isoformat(),
    }


async def erased(kin: Kin, person: str, reason: str = "person_asked") -> None:
    body = {"person_id": person, "reason": reason}
    asked = await kin.office.case_worker.post("/v1/registration/erasures", body)
    path = f"/v1/registration/erasures/{asked.json()['id']}/approval"
    assert (await kin.office.dpo.post(path)).status_code == 202


async def test_who_is_registered_twice_counts_once_until_the_merge_is_undone(kin: Kin) -> None:
    first = await kin.office.register(household_ref="H1", relationship_to_head="head")
    second = await kin.office.register(
        external_id="R2", given_name="Nawal", household_ref="H2", relationship_to_head="head"
    )
    await look_for_new(kin.office.running.database)
    [pair] = (await kin.office.officer.get("/v1/registration/duplicates")).json()["items"]
    path = f"/v1/registration/duplicates/{pair['id']}/merge"

    merged = await kin.office.officer.post(path, {"keep": second})
    assert merged.status_code == 201, merged.text
    one, other = await kin.of("H1"), await kin.of("H2")
    told = {each["household_id"]: each["member_ids"] for each in await kin.told()}
    await kin.office.officer.send("DELETE", path)

    assert (one["size"], other["size"]) == (0, 1)
    assert one["flags"] == ["empty", "in_two_households"]
    assert people(one) == {first}
    assert told == {one["id"]: [], other["id"]: [second]}
    assert [(await kin.of(each))["size"] for each in ("H1", "H2")] == [1, 1]
    assert (await kin.of("H1"))["flags"] == []


async def test_a_person_moves_splits_off_and_comes_back_with_their_history(kin: Kin) -> None:
    head, wife = await kin.person("H1", "head"), await kin.person("H1", "spouse")
    son, other = await kin.person("H1", "child", **CHILD), await kin.person("H2", "head")
    one, two = (await kin.of("H1"))["id"], (await kin.of("H2"))["id"]
    moving = {"to": two, "relationship_to_head": "nephew"}

    assert people(await kin.does(f"/{one}/members/{son}/move", moving)) == {other, son}
    assert await refused(kin, f"/{one}/members/{son}/move", moving, 404) == "not-found"
    assert (await kin.does(f"/{two}/members/{son}/move", {"to": one}))["size"] == 3
    parts = [{"person_id": wife, "relationship_to_head": "head"}, {"person_id": son}]
    made = await kin.does(f"/{one}/split", {"members": parts}, 201)
    assert (made["head_person_id"], made["size"], people(made)) == (wife, 2, {wife, son})
    assert people(await kin.seen(one)) == {head}
    told = [{"person_id": wife, "relationship_to_head": "spouse"}]
    joined = await kin.does(f"/{made['id']}/join", {"into": one, "relationships": told})

    assert (joined["id"], joined["head_person_id"], joined["size"]) == (one, head, 3)
    assert joined["flags"] == []
    assert [
        each["left_because"] for each in joined["former_members"] if each["person_id"] == son
    ] == ["moved", "split"]
    ended = await kin.seen(made["id"])
    assert (ended["joined_into"], ended["ended_on"]) == (one, today().isoformat())
    assert await refused(kin, f"/{made['id']}/end", {}, 409) == "household-ended"
    assert ("user-karim", "join", "allowed") in await kin.office.record("household")


async def test_who_comes_with_the_old_reference_follows_a_join_and_not_an_end(kin: Kin) -> None:
    await kin.person("H1", "head")
    await kin.person("H2", "head")
    one, two = (await kin.of("H1"))["id"], (await kin.of("H2"))["id"]
    await kin.does(f"/{two}/join", {"into": one})
    late = await kin.person("H2", "child", **CHILD)

    assert late in people(await kin.seen(one))
    assert (await kin.does(f"/{one}/end", {}))["size"] == 0
    anew = await kin.person("H1", "head")
    home = await kin.of("H1")
    assert (home["id"] == one, people(home)) == (False, {anew})


async def test_a_household_is_made_of_whom_the_maker_knows_and_nobody_is_in_two(kin: Kin) -> None:
    mother, baby = await kin.person(), await kin.person(**CHILD)
    outside = await kin.person(birth_date="1980-01-01")
    roles = [(mother, "head"), (baby, "child")]
    members = [{"person_id": id_, "relationship_to_head": role} for id_, role in roles]
    told = {"location_pcode": PLACE, "members": members, "household_ref": "H9"}

    home = await kin.does("", told | {"alternate_person_id": outside}, 201)

    assert (home["size"], home["head_person_id"], home["flags"]) == (2, mother, [])
    assert home["alternate_person_id"] == outside
    for change, status, wanted in (
        ({}, 409, "in-another-household"),
        ({"members": [{"person_id": outside}]}, 409, "name-taken"),
        ({"members": [{"person_id": str(new_id())}]}, 422, "unknown-person"),
        ({"members": members + members}, 422, "value_error"),
        ({"head_absence": "unaccompanied_child"}, 422, "value_error"),
        ({"collector_person_id": baby, "kind": "family"}, 422, "collector_is_minor"),
        ({"location_pcode": "LY1101"}, 403, "forbidden"),
    ):
        assert await refused(kin, "", told | change, status) == wanted
    unknown = told | {"members": [*members, {"person_id": str(new_id())}]}
    for body, status, where in (
        (told, 409, ["/members/0/person_id", "/members/1/person_id"]),
        (unknown, 422, ["/members/2/person_id"]),
        (told | {"collector_person_id": str(new_id())}, 422, ["/collector_person_id"]),
    ):
        answer = await kin.office.case_worker.post(HOUSEHOLDS, body, headers=CASES)
        assert answer.status_code == status
        assert [each["pointer"] for each in answer.json()["errors"]] == where
    group = await kin.does("", told | {"kind": "group", "household_ref": "boat"}, 201)
    assert [each["kind"] for each in await kin.listed(person_id=baby)] == ["household", "group"]
    assert (await kin.does(f"/{group['id']}/members", {"person_id": outside}, 201))["size"] == 3


async def test_a_household_has_one_head_unless_a_register_told_of_two(kin: Kin) -> None:
    head, wife = await kin.person("H1", "head"), await kin.person("H1", "spouse")
    son = await kin.person()
    home = (await kin.of("H1"))["id"]
    coming = {"person_id": son, "relationship_to_head": "head"}
    both = [
        {"person_id": wife, "relationship_to_head": "head"},
        {"person_id": head, "relationship_to_head": "spouse"},
    ]

    assert await refused(kin, f"/{home}/members", coming, 409) == "head-taken"
    assert (await kin.corrects(home, 409, relationships=both[:1]))["type"] == "/problems/head-taken"
    after = await kin.corrects(home, relationships=both, head_absence=None)
    assert (after["head_person_id"], len(after["former_members"])) == (wife, 2)
    assert {each["left_because"] for each in after["former_members"]} == {"corrected"}
    stale = CASES | {"If-Match": '"1"'}
    path = f"{HOUSEHOLDS}/{home}"
    body: dict[str, Any] = {"location_pcode": "LY020901"}
    answer = await kin.office.case_worker.send("PATCH", path, json=body, headers=stale)
    assert answer.status_code == 412
    assert (await kin.corrects(home, **body))["flags"] == ["two_places"]
    await kin.person("H1", "head")
    assert (await kin.seen(home))["flags"] == ["two_heads", "two_places"]
    await kin.does(f"/{home}/members", {"person_id": son, "relationship_to_head": "child"}, 201)


async def test_nobody_is_an_unaccompanied_child_with_a_head(kin: Kin) -> None:
    child, aunt, friend = await kin.person(**CHILD), await kin.person(), await kin.person()
    alone = {"head_absence": "unaccompanied_child", "members": [{"person_id": child}]}
    made = await kin.does("", {"location_pcode": PLACE, **alone}, 201)
    head = {"person_id": aunt, "relationship_to_head": "head"}

    with_head = await kin.does(f"/{made['id']}/members", head, 201)
    refused_ = await kin.corrects(made["id"], 422, head_absence="missing")
    both = [head | {"relationship_to_head": "aunt"}]
    replaced = await kin.corrects(made["id"], head_absence="missing", relationships=both)
    await kin.does(f"/{made['id']}/members", head | {"person_id": friend}, 201)
    event = PersonDeparted(case_id=new_id(), person_id=UUID(friend), departed_on=today())
    await kin.office.running.hear(event)
    gone = await kin.corrects(made["id"], head_absence="elsewhere")

    assert (made["head_absence"], with_head["head_absence"]) == ("unaccompanied_child", None)
    assert with_head["head_person_id"] == aunt
    assert refused_["errors"][0]["pointer"] == "/head_absence"
    assert (replaced["head_absence"], replaced["flags"]) == ("missing", ["head_absent"])
    assert gone["head_absence"] == "elsewhere"


async def test_who_receives_for_it_is_no_child_and_does_not_when_they_have_left(kin: Kin) -> None:
    head, child = await kin.person("H1", "head"), await kin.person("H1", "child", **CHILD)
    home = (await kin.of("H1"))["id"]

    assert (await kin.corrects(home, 422, collector_person_id=child))["errors"][0]["pointer"] == (
        "/collector_person_id"
    )
    assert (await kin.corrects(home, collector_person_id=head))["collector_person_id"] == head
    same = await kin.corrects(home, 422, alternate_person_id=head)
    assert same["errors"][0]["code"] == "own_alternate"
    left = await kin.does(f"/{home}/members/{head}/leaving", {"on": today().isoformat()})
    assert (left["collector_person_id"], people(left)) == (None, {child})
    early = {"on": "2020-01-01"}
    assert await refused(kin, f"/{home}/members/{child}/leaving", early, 422) == "before_they_came"


async def test_a_corrected_reference_takes_its_person_along(kin: Kin) -> None:
    head, son = await kin.person("H1", "head"), await kin.person("HI", "child", **CHILD)
    wrong = await kin.of("HI")
    headers = CASES | {"If-Match": '"1"'}
    body = {"reason": "recorded_wrongly", "household_ref": "H1", "relationship_to_head": "son"}

    answer = await kin.office.case_worker.send(
        "PATCH", f"{PERSONS}/{son}", json=body, headers=headers
    )

    assert answer.status_code == 200, answer.text
    home = await kin.of("H1")
    assert {each["person_id"]: each["relationship_to_head"] for each in home["members"]} == {
        head: "head",
        son: "son",
    }
    assert await kin.listed(household_ref="HI", ended=False) == []
    assert (await kin.listed(household_ref="HI", ended=True, by=kin.office.case_worker)) in (
        [],
        [wrong],
    )
    headers = CASES | {"If-Match": '"2"'}
    body = {"reason": "recorded_wrongly", "relationship_to_head": "nephew"}
    await kin.office.case_worker.send("PATCH", f"{PERSONS}/{son}", json=body, headers=headers)
    assert [each["left_because"] for each in (await kin.of("H1"))["former_members"]] == [
        "corrected"
    ]


async def test_it_is_seen_for_a_purpose_by_who_carries_a_member_or_made_it_today(kin: Kin) -> None:
    head = await kin.person("H1", "head")
    home = (await kin.of("H1"))["id"]
    path, office = f"{HOUSEHOLDS}/{home}", kin.office

    answers = {
        "without a purpose": await office.case_worker.get(path),
        "another's": await office.colleague.get(path, headers=CASES),
        "nurse": await office.nurse.get(path, headers=CASES),
    }

    assert answers["without a purpose"].json()["members"] == {"masked": True}
    assert answers["without a purpose"].json()["composition"] == {"masked": True}
    assert [answers[each].status_code for each in ("another's", "nurse")] == [404, 403]
    filtered = await office.case_worker.get(HOUSEHOLDS, params={"household_ref": "H1"})
    assert filtered.status_code == 403
    await office.case_worker.post(f"{PERSONS}/{head}/assignments", {"worker_id": "user-huda"})
    assert (await office.colleague.get(path, headers=CASES)).status_code == 200

    async def readers() -> str:
        return (await office.case_worker.get(f"{PERSONS}/{head}/readers")).text

    assert await until(readers, lambda told: "user-huda" in told)
    body = {"user_id": "user-huda", "person_id": head, "relation": "relative"}
    await office.dpo.post("/v1/registration/own-files", body)
    assert (await office.colleague.get(path, headers=CASES)).status_code == 404
    brother = await kin.person("H5")
    moved = {"to": home}
    from_ = (await kin.of("H5"))["id"]
    await office.case_worker.post(f"{PERSONS}/{brother}/assignments", {"worker_id": "user-huda"})
    assert (await office.colleague.get(f"{PERSONS}/{brother}")).status_code == 200
    await kin.does(f"/{from_}/members/{brother}/move", moved)
    assert (await office.colleague.get(f"{PERSONS}/{brother}")).status_code == 404


async def test_whoever_carries_many_people_is_shown_the_same_households(
    kin: Kin, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, _ = await kin.person("H1", "head"), await kin.person("H2")
    await kin.office.register(by=kin.office.colleague, external_id="R3", household_ref="H3")
    carrier = {"worker_id": "user-huda"}
    await kin.office.case_worker.post(f"{PERSONS}/{head}/assignments", carrier)

    async def listed() -> list[list[str]]:
        workers = (kin.office.case_worker, kin.office.colleague, kin.office.officer)
        return [[home["household_ref"] for home in await kin.listed(by=each)] for each in workers]

    by_what_is_theirs = await listed()
    monkeypatch.setattr("services.registration.households.showing.MANY", 1)

    assert await listed() == by_what_is_theirs == [["H1", "H2"], ["H1", "H3"], []]


async def test_of_two_who_move_a_person_at_once_one_does_and_one_finds_them_gone(
    start: Start, service_url: str
) -> None:
    kin = await opened(start, service_url)
    refs = ("A", "B", "C")
    people_of = {each: await kin.person(each, "head") for each in refs}
    child = await kin.person("A", "child")
    home = {each: (await kin.of(each))["id"] for each in refs}
    path = f"{HOUSEHOLDS}/{home['A']}/members/{child}/move"
    worker = kin.office.case_worker

    moves = [worker.post(path, {"to": home[each]}, headers=CASES) for each in ("B", "C")]
    joins = worker.post(f"{HOUSEHOLDS}/{home['B']}/join", {"into": home["C"]}, headers=CASES)

    first, second, joined, *came = await asyncio.gather(
        *moves, joins, *(kin.person(each) for each in refs * 2)
    )

    assert isinstance(first, Response)
    assert isinstance(second, Response)
    moved = sorted([first.status_code, second.status_code])
    assert moved in ([200, 404], [200, 409])
    assert isinstance(joined, Response)
    assert joined.status_code == 200, joined.text
    now = await kin.listed(ended=False)
    everybody = [one["person_id"] for each in now for one in each["members"]]
    assert len(everybody) == len(set(everybody)) == 10
    assert {*people_of.values(), child, *came} == set(everybody)
