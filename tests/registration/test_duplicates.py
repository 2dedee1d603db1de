"""People who were registered twice are found, after the answer, and shown to their reviewers."""

import asyncio
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from services.registration.duplicates import candidates, comparing, many, search
from services.registration.duplicates.comparing import MOST_PAIRS, best
from services.registration.main import SERVICE
from services.registration.matching import blocking
from services.registration.matching.blocking import kept_under
from services.registration.matching.description import Description
from services.registration.matching.evidence import Reason, Weights, compare
from services.registration.persons.models import Person
from services.registration.places.models import Place
from tests.conftest import Running, Start, bearer
from tests.patience import until
from tests.registration.office import look_for_new

PERSONS = "/v1/registration/persons"
DUPLICATES = "/v1/registration/duplicates"
MUSA: dict[str, Any] = {
    "external_id": "R1",
    "given_name": "موسى",
    "father_name": "إدريس",
    "grandfather_name": "آدم",
    "family_name": "التباوي",
    "sex": "male",
    "birth_date": "1990-05-04",
    "nationality": "TCD",
    "population_category": "migrant",
    "phone": "+218912345678",
    "location_pcode": "LY0209",
    "household_ref": "H1",
    "registered_on": "2026-01-05",
}
AGAIN = MUSA | {
    "external_id": "R2",
    "given_name": "Moussa",
    "father_name": "Idriss",
    "grandfather_name": None,
    "family_name": "al-Tabawi",
    "birth_date": "1990-04-05",
    "phone": None,
    "household_ref": "H2",
}
BROTHER = MUSA | {
    "external_id": "R3",
    "given_name": "سليمان",
    "birth_date": "1993-08-17",
    "phone": None,
}


@pytest.fixture
async def registration(start: Start, service_url: str) -> Running:
    running = await start(SERVICE, service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY0103", level=2, parent_pcode="LY01", version=1))
    return running


async def registered(registration: Running, *people: dict[str, Any], **token: Any) -> list[str]:
    ids = []
    for person in people:
        answer = await registration.client.post(
            PERSONS, json=person, headers=bearer(**token) if token else {}
        )
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    return ids


async def found(registration: Running, wanted: int | None = None, **query: str) -> list[Any]:
    """Return the pairs, waiting for the number that is wanted."""

    async def listed() -> list[Any]:
        answer = await registration.client.get(DUPLICATES, params=query)
        assert answer.status_code == 200, answer.text
        items: list[Any] = answer.json()["items"]
        return items

    return await until(listed, lambda items: wanted in {None, len(items)})


async def test_a_second_registration_in_another_script_is_listed_with_its_reasons(
    registration: Running,
) -> None:
    first, second = await registered(registration, MUSA, AGAIN)

    [pair] = await found(registration, 1, status="open", band="probable")

    sides = {side["person_id"]: side["external_id"] for side in (pair["left"], pair["right"])}
    assert sides == {first: "R1", second: "R2"}
    assert {"given", "father", "family", "born"} <= {each["attribute"] for each in pair["reasons"]}
    assert pair["status"] == "open"


async def test_a_brother_of_the_same_household_is_not_listed(registration: Running) -> None:
    await registered(registration, MUSA, BROTHER, AGAIN)

    [pair] = await found(registration, 1)

    assert {pair["left"]["external_id"], pair["right"]["external_id"]} == {"R1", "R2"}


async def test_the_order_in_which_people_come_changes_nothing(registration: Running) -> None:
    third = AGAIN | {"external_id": "R4", "household_ref": "H4", "father_name": "Idris"}
    await registered(registration, third, AGAIN, BROTHER)
    await found(registration, 1, band="probable")

    await registered(registration, MUSA)

    pairs = await found(registration, 3, band="probable")
    together = {frozenset((p["left"]["external_id"], p["right"]["external_id"])) for p in pairs}
    assert together == {frozenset(p) for p in (("R1", "R2"), ("R1", "R4"), ("R2", "R4"))}


async def test_what_was_decided_to_be_different_stays_so(registration: Running) -> None:
    _, second = await registered(registration, MUSA, AGAIN)
    [pair] = await found(registration, 1, status="open")

    decided = await registration.client.post(
        f"{DUPLICATES}/{pair['id']}/decision", json={"decision": "different"}
    )
    corrected = await registration.client.patch(
        f"{PERSONS}/{second}",
        json={"reason": "recorded_wrongly", "grandfather_name": "Adam"},
        headers={"If-Match": '"1"'},
    )
    assert corrected.is_success, corrected.text
    await look_for_new(registration.database)

    assert decided.json()["status"] == "different"
    assert decided.json()["decided_by"] == "test-client"
    assert await found(registration, status="open") == []
    assert [each["id"] for each in await found(registration, status="different")] == [pair["id"]]


async def test_of_two_reviewers_at_once_one_decides_and_the_other_is_told(
    registration: Running,
) -> None:
    await registered(registration, MUSA, AGAIN)
    [pair] = await found(registration, 1, status="open")
    decision = f"{DUPLICATES}/{pair['id']}/decision"

    answers = await asyncio.gather(
        *(
            registration.client.post(decision, json={"decision": word})
            for word in ("same", "different")
        )
    )

    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["type"].endswith("out-of-order")
    kept = (await registration.client.get(f"{DUPLICATES}/{pair['id']}")).json()
    assert kept["status"] == first.json()["status"]


@pytest.mark.parametrize(
    ("said", "form", "status_code"),
    [
        ("unsure", {"decision": "same"}, 200),
        ("unsure", {"decision": "same", "seen": "different"}, 409),
        ("different", {"decision": "same"}, 409),
        ("different", {"decision": "same", "seen": "same"}, 409),
        ("different", {"decision": "same", "seen": "different"}, 200),
        ("same", {"decision": "unsure", "seen": "same"}, 200),
    ],
)
async def test_what_is_settled_is_changed_only_by_who_has_seen_it(
    registration: Running, said: str, form: dict[str, str], status_code: int
) -> None:
    await registered(registration, MUSA, AGAIN)
    [pair] = await found(registration, 1, status="open")
    decision = f"{DUPLICATES}/{pair['id']}/decision"
    noted = await registration.client.post(decision, json={"decision": said})
    assert noted.status_code == 200, noted.text

    answer = await registration.client.post(decision, json=form)

    assert answer.status_code == status_code, answer.text
    kept = (await registration.client.get(f"{DUPLICATES}/{pair['id']}")).json()
    assert kept["status"] == (form["decision"] if status_code == 200 else said)


async def test_a_correction_takes_back_what_no_longer_holds(
    registration: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here all who wait are looked for at once, on each kind of database.
    monkeypatch.setattr(many, "MANY", 1)
    monkeypatch.setattr(search, "LOOK_SECONDS", 0.0)
    _, second = await registered(registration, MUSA, AGAIN)
    await found(registration, 1, status="open")

    corrected = await registration.client.patch(
        f"{PERSONS}/{second}",
        json={
            "reason": "recorded_wrongly",
            "given_name": "Bakary",
            "birth_date": "1971-02-03",
            "family_name": "Keita",
        },
        headers={"If-Match": '"1"'},
    )

    assert corrected.is_success, corrected.text
    await found(registration, 0)


async def test_a_pair_is_only_shown_to_who_may_see_both(registration: Running) -> None:
    await registered(registration, MUSA)
    await registered(registration, AGAIN, organisation="another", sub="their-client")
    await look_for_new(registration.database)

    ours = await registration.client.get(DUPLICATES)
    theirs = await registration.client.get(DUPLICATES, headers=bearer(organisation="another"))
    agreement = {"id": "1", "organisation": "another", "places": ["LY"]}
    both = await registration.client.get(DUPLICATES, headers=bearer(agreements=[agreement]))

    assert ours.json()["items"] == theirs.json()["items"] == []
    [pair] = both.json()["items"]
    assert (await registration.client.get(f"{DUPLICATES}/{pair['id']}")).status_code == 404


async def test_a_place_out_of_reach_hides_the_pair(registration: Running) -> None:
    await registered(registration, MUSA, AGAIN | {"location_pcode": "LY0103"})
    [pair] = await found(registration, 1)
    officer = bearer(roles=["protection_officer"], places=["LY02"], sub="an-officer")

    listed = await registration.client.get(DUPLICATES, headers=officer)
    decided = await registration.client.post(
        f"{DUPLICATES}/{pair['id']}/decision", json={"decision": "different"}, headers=officer
    )

    assert (listed.json()["items"], decided.status_code) == ([], 404)


async def test_a_search_that_is_cut_off_is_done_again(registration: Running) -> None:
    """The mark is set in the transaction of what was found, so nothing is lost between the two."""
    await registered(registration, MUSA, AGAIN)
    await found(registration, 1)

    await look_for_new(registration.database)
    await look_for_new(registration.database)

    assert len(await found(registration)) == 1


async def test_somebody_who_cannot_be_compared_keeps_nobody_else_from_being_found(
    registration: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the look at many at once, which fails because of them."""
    monkeypatch.setattr(many, "MANY", 1)

    def broken(one: Description, other: Description, by: Weights) -> list[Reason]:
        if BROTHER["given_name"] in {one.given, other.given}:
            raise ValueError
        return compare(one, other, by)

    def keyless(person: Description) -> set[str]:
        if person.given == "Adam":
            raise ZeroDivisionError
        return kept_under(person)

    monkeypatch.setattr(comparing, "compare", broken)
    monkeypatch.setattr(blocking, "kept_under", keyless)
    keyless_one = MUSA | {"external_id": "R5", "given_name": "Adam", "phone": None}
    await registered(registration, MUSA, BROTHER, keyless_one, AGAIN)

    [pair] = await found(registration, 1, band="probable")

    assert {pair["left"]["external_id"], pair["right"]["external_id"]} == {"R1", "R2"}
    async with registration.database.read() as session:
        waiting = select(Person.id).where(col(Person.matched_version) < col(Person.version))
        assert (await session.exec(waiting)).all() == []


async def test_a_key_that_too_many_share_finds_nobody_and_a_rarer_one_still_does(
    registration: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "LARGEST_BLOCK", 2)
    phones = ("+218912345678", "+218912345679", "+218912345678")
    for number, phone in enumerate(phones):
        changes = {"external_id": f"R{number}", "household_ref": f"H{number}", "phone": phone}
        await registered(registration, MUSA | changes)
    await look_for_new(registration.database)

    [pair] = await found(registration, 1)

    assert {pair["left"]["external_id"], pair["right"]["external_id"]} == {"R0", "R2"}


@pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
async def test_pairs_are_read_before_their_people_where_all_are_of_one_organisation(
    registration: Running,
) -> None:
    engine = registration.database.reader.sync_engine
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    for query in ("", "status=open", "band=probable", "status=open&band=possible"):
        assert (await registration.client.get(f"{DUPLICATES}?{query}")).status_code == 200

    listed = [each for each in asked if "FROM duplicate_pair JOIN" in each[0]]
    async with registration.database.read() as session:
        connection = await session.connection()
        for statement, values in listed:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [step.detail for step in plan if not step.parent]
            assert "duplicate_pair" in steps[0], steps
            assert "USE TEMP B-TREE FOR ORDER BY" not in steps
    assert len(listed) == 4


async def test_an_unknown_filter_is_refused(registration: Running) -> None:
    cases: list[dict[str, str]] = [{"band": "certain"}, {"status": "shut"}, {"name": "x"}]
    for query in cases:
        answer = await registration.client.get(DUPLICATES, params=query)

        assert answer.status_code in {400, 422}, query


def test_many_who_are_alike_make_no_more_pairs_than_somebody_reviews() -> None:
    alike = [UUID(int=number) for number in range(200)]
    scores = {pair: float(rank) for rank, pair in enumerate(combinations(alike, 2))}

    kept = best({pair: (score, []) for pair, score in scores.items()}, set(alike))

    assert len(kept) <= len(alike) * MOST_PAIRS
    for one in alike:
        theirs = sorted((score, pair) for pair, score in scores.items() if one in pair)
        assert {pair for _, pair in theirs[-MOST_PAIRS:]} <= set(kept)
