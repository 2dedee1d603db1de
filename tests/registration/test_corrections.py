"""Correcting a record: only as it was read, with what it said before kept."""

from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from chassis.clock import today
from services.registration.main import SERVICE
from services.registration.persons.births import FIELDS
from services.registration.places.models import Place
from tests.conftest import Running, Start, bearer
from tests.registration.test_persons import AMINA

PATH = "/v1/registration/persons"


@pytest.fixture
async def registration(start: Start, service_url: str) -> Running:
    running = await start(SERVICE, url=service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
        session.add(Place(pcode="LY1103", level=2, parent_pcode="LY11", version=1))
    return running


async def amina(registration: Running) -> str:
    response = await registration.client.post(PATH, json=AMINA)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def correct(
    registration: Running, person: str, etag: str | None = '"1"', **changes: Any
) -> httpx.Response:
    headers = {"If-Match": etag} if etag else {}
    body = {"reason": "recorded_wrongly", **changes}
    return await registration.client.patch(f"{PATH}/{person}", json=body, headers=headers)


async def told(registration: Running) -> list[dict[str, Any]]:
    """Return the facts about corrections that wait to be sent."""
    outbox = registration.database.tables.outbox
    async with registration.database.read() as session:
        statement = select(outbox).where(col(outbox.type) == "registration.person_corrected.v1")
        return [row.model_dump() for row in (await session.exec(statement)).all()]


async def test_a_correction_changes_what_is_sent_and_keeps_what_was_said(
    registration: Running,
) -> None:
    person = await amina(registration)

    response = await correct(registration, person, given_name="آمنة", phone=None)

    assert response.status_code == 200, response.text
    assert response.headers["etag"] == '"2"'
    purpose = {"X-Purpose": "case_management"}
    shown = (await registration.client.get(f"{PATH}/{person}", headers=purpose)).json()
    assert (shown["given_name"], shown["phone"], shown["version"]) == ("آمنة", None, 2)
    assert shown["family_name"] == AMINA["family_name"]
    path = f"{PATH}/{person}/corrections"
    history = (await registration.client.get(path, headers=purpose)).json()["items"]
    assert [(each["version"], each["before"]) for each in history] == [
        (2, {"given_name": AMINA["given_name"], "phone": AMINA["phone"]})
    ]
    assert history[0]["corrected_by"] == "test-client"


async def test_a_correction_of_a_version_that_was_not_read_is_refused(
    registration: Running,
) -> None:
    person = await amina(registration)

    for etag, status in [
        (None, 428),
        ("*", 428),
        ('"2"', 412),
        ('"0"', 412),
        ("nonsense", 412),
        ('W/"1"', 412),
    ]:
        response = await correct(registration, person, etag, given_name="Other")

        assert response.status_code == status, response.text
        shown = (await registration.client.get(f"{PATH}/{person}")).json()
        assert shown["given_name"] == AMINA["given_name"], etag


async def test_of_two_corrections_of_one_version_the_second_is_refused(
    registration: Running,
) -> None:
    person = await amina(registration)

    first = await correct(registration, person, given_name="First")
    second = await correct(registration, person, given_name="Second")

    assert (first.status_code, second.status_code) == (200, 412)


async def test_what_cannot_be_corrected_is_refused_whole(registration: Running) -> None:
    person = await amina(registration)

    cases: list[dict[str, Any]] = [
        {},
        {"given_name": None},
        {"documents": None},
        {"nationality": "ZZZ"},
        {"external_id": "R2"},
        {"organisation": "other"},
        {"consent": True},
        {"birth_date": "2999-01-01"},
        {"birth_date": None},
        {"birth_date_precision": "estimated", "birth_date": None},
        {"birth_date": "1410-02-15"},
        {"birth_date_calendar": "hijri"},
        {"birth_date": "1994", "age": 20},
        {"age": 20, "age_to": 19},
        {"age_to": 20},
    ]
    for changes in cases:
        response = await correct(
            registration, person, **{"family_name": "X", **changes} if changes else {}
        )

        assert response.status_code == 422, response.text
        if None in changes.values():
            assert "never empty: " in response.json()["errors"][0]["detail"]
        assert (await registration.client.get(f"{PATH}/{person}")).json()["version"] == 1, changes


async def test_what_is_right_already_is_no_correction(registration: Running) -> None:
    person = await amina(registration)

    response = await correct(registration, person, given_name=AMINA["given_name"])

    assert (response.status_code, response.headers["etag"]) == (200, '"1"')
    assert await told(registration) == []


async def test_a_date_of_birth_takes_the_place_of_an_age_and_the_other_way_round(
    registration: Running,
) -> None:
    person = await amina(registration)
    hijri = {"birth_date": "1410-02-15", "birth_date_calendar": "hijri"}

    guessed = await correct(registration, person, age=16, age_to=18)
    dated = await correct(registration, person, '"2"', **hijri)
    forgotten = await correct(registration, person, '"3"', birth_date_precision="unknown")

    told = [{name: each.json()[name] for name in FIELDS} for each in (guessed, dated, forgotten)]
    empty: dict[str, Any] = dict.fromkeys(FIELDS) | {"birth_date_calendar": "gregorian"}
    age = {"birth_date_precision": "estimated", "age": 16, "age_to": 18}
    assert told == [
        empty | age | {"age_as_of": today().isoformat()},
        empty | {"birth_date_precision": "day"} | hijri,
        empty | {"birth_date_precision": "unknown"},
    ]
    assert [each.json()["minor"] for each in (guessed, dated, forgotten)] == [None, False, None]
    purpose = {"X-Purpose": "case_management"}
    path = f"{PATH}/{person}/corrections"
    history = (await registration.client.get(path, headers=purpose)).json()["items"]
    before = {each["version"]: each["before"] for each in history}
    assert before[2] == {
        **dict.fromkeys(("age", "age_to", "age_as_of")),
        "birth_date": AMINA["birth_date"],
        "birth_date_precision": "day",
    }
    assert before[3] == {name: told[0][name] for name in FIELDS}
    assert before[4] == hijri | {"birth_date_precision": "day"}


async def test_a_place_of_nowhere_is_refused(registration: Running) -> None:
    person = await amina(registration)

    response = await correct(registration, person, location_pcode="LY9999")

    assert (response.status_code, response.json()["type"]) == (422, "/problems/unknown-place")


async def test_who_works_in_one_place_can_say_that_somebody_has_moved_to_another(
    registration: Running,
) -> None:
    here = bearer(sub="karim", roles=("case_worker",), places=("LY02",))
    there = bearer(sub="huda", roles=("case_worker",), places=("LY11",))
    created = await registration.client.post(PATH, json=AMINA, headers=here)
    person = f"{PATH}/{created.json()['id']}"
    moved = {"reason": "has_changed", "location_pcode": "LY1103"}

    told = await registration.client.patch(person, json=moved, headers=here | {"If-Match": '"1"'})

    assert (told.status_code, told.headers["etag"]) == (200, '"2"')
    assert told.json()["given_name"] == AMINA["given_name"]
    assert (await registration.client.get(person, headers=here)).status_code == 404
    assert (await registration.client.get(person, headers=there)).status_code == 200


async def test_the_others_are_told_which_fields_changed_and_no_value(
    registration: Running,
) -> None:
    person = await amina(registration)

    await correct(registration, person, given_name="Corrected", location_pcode="LY0209")

    (fact,) = await told(registration)
    assert '"fields":["given_name","location_pcode"]' in fact["body"]
    assert '"location_pcode":"LY0209"' in fact["body"]
    assert "Corrected" not in fact["body"]


async def test_the_first_registration_again_changes_nothing_after_a_correction(
    registration: Running,
) -> None:
    person = await amina(registration)
    await correct(registration, person, given_name="Corrected")

    again = await registration.client.post(PATH, json=AMINA)

    assert (again.status_code, again.json()["given_name"]) == (200, "Corrected")


async def test_a_record_of_another_organisation_is_not_there_to_correct(
    registration: Running,
) -> None:
    person = await amina(registration)
    registration.client.headers.update(bearer(organisation="another"))

    response = await correct(registration, person, given_name="Other")

    assert response.status_code == 404
    assert (await registration.client.get(f"{PATH}/{person}/corrections")).status_code == 404
