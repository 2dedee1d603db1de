"""How much of a person a caller is shown: by role, standing and purpose; the rest is masked."""

from typing import Any
from uuid import UUID

import pytest

from services.registration.persons.models import Person
from tests.conftest import Running
from tests.registration.test_persons import AMINA
from tests.registration.test_who_sees_whom import PATH, registered, registration, somebody

__all__ = ["registration"]

MASKED = {"masked": True}
PASSPORT = {"type": "passport", "issuer": None, "expires_on": None}
YUSUF = somebody("case_worker", "yusuf")


def purpose(who: dict[str, str], name: str) -> dict[str, str]:
    return who | {"X-Purpose": name}


async def shown(registration: Running, who: dict[str, str], person: str) -> dict[str, Any]:
    response = await registration.client.get(f"{PATH}/{person}", headers=who)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    found: dict[str, Any] = response.json()
    return found


async def test_without_a_purpose_what_is_special_is_masked(registration: Running) -> None:
    person = await shown(registration, YUSUF, await registered(registration, YUSUF))

    assert person["given_name"] == AMINA["given_name"]
    assert [person["phone"], person["location_pcode"]] == [MASKED, MASKED]
    assert person["documents"] == [PASSPORT | {"number": MASKED}]
    assert [person[name] for name in ("household_ref", "relationship_to_head")] == [MASKED] * 2


async def test_a_case_worker_sees_of_a_document_its_last_three(registration: Running) -> None:
    who = purpose(YUSUF, "case_management")

    person = await shown(registration, who, await registered(registration, YUSUF))

    assert (person["phone"], person["location_pcode"]) == (AMINA["phone"], "LY020908")
    number = {"masked": True, "last": "567"}
    assert person["documents"] == [PASSPORT | {"number": number}]


async def test_a_protection_officer_sees_the_documents_of_who_is_theirs(
    registration: Running,
) -> None:
    officer = somebody("protection_officer", "salma")
    person = await registered(registration, officer)

    found = await shown(registration, purpose(officer, "protection"), person)

    assert found["documents"] == [PASSPORT | each for each in AMINA["documents"]]


async def test_a_person_of_a_colleague_is_a_number_and_no_name(registration: Running) -> None:
    person = await registered(registration, YUSUF)
    colleague = purpose(somebody("case_worker", "mariam"), "case_management")

    found = await shown(registration, colleague, person)

    told = {name for name, value in found.items() if value != MASKED}
    about = {"id", "case_number", "registered_on", "status", "version"}
    assert told == about | {"merged_into", "merged"}


async def test_case_27_an_enumerator_sees_after_a_day_that_they_registered_somebody(
    registration: Running,
) -> None:
    enumerator = somebody("enumerator", "sami")
    person = await registered(registration, enumerator)
    at_once = await shown(registration, purpose(enumerator, "registration"), person)
    async with registration.database.write() as session:
        kept = await session.get(Person, UUID(person))
        assert kept
        kept.created_at = kept.created_at.replace(year=kept.created_at.year - 1)
        session.add(kept)

    later = await shown(registration, purpose(enumerator, "registration"), person)

    assert (at_once["given_name"], at_once["phone"]) == (AMINA["given_name"], AMINA["phone"])
    assert at_once["documents"] == [PASSPORT | {"number": MASKED}]
    assert (later["given_name"], later["phone"], later["case_number"]) == (
        MASKED,
        MASKED,
        at_once["case_number"],
    )


async def test_in_the_line_of_a_distribution_there_is_a_name_and_nothing_else(
    registration: Running,
) -> None:
    who = purpose(YUSUF, "distribution")

    found = await shown(registration, who, await registered(registration, YUSUF))

    assert found["given_name"] == AMINA["given_name"]
    assert found["birth_date"] == found["sex"] == found["nationality"] == MASKED


@pytest.mark.parametrize(
    ("told", "status", "slug"),
    [
        ("medical_care", 403, "purpose-not-allowed"),
        ("curiosity", 400, "unknown-purpose"),
        ("", 400, "unknown-purpose"),
        ("x" * 9000, 400, "unknown-purpose"),
        ("case_management, protection", 400, "unknown-purpose"),
    ],
)
async def test_another_purpose_is_refused_and_not_repeated(
    registration: Running, told: str, status: int, slug: str
) -> None:
    response = await registration.client.get(PATH, headers=purpose(YUSUF, told))

    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")
    assert "curiosity" not in response.text


async def test_nobody_finds_a_person_by_a_field_that_they_see_masked(
    registration: Running,
) -> None:
    await registered(registration, YUSUF)
    search = f"{PATH}?external_id={AMINA['external_id']}"

    async def found(who: dict[str, str]) -> int:
        return len((await registration.client.get(search, headers=who)).json()["items"])

    # Mariam sees that there is somebody; she must not learn by trying who it is.
    assert await found(YUSUF) == 1
    assert await found(somebody("case_worker", "mariam")) == 0
    purposed = purpose(YUSUF, "distribution")
    refused = await registration.client.get(search, headers=purposed)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/masked-field")


async def test_case_28_a_correction_of_one_field_that_is_not_theirs_changes_none(
    registration: Running,
) -> None:
    enumerator = somebody("enumerator", "sami") | {"If-Match": '"1"'}
    person = await registered(registration, enumerator)
    mixed = {"reason": "recorded_wrongly", "given_name": "Huda", "phone": "+218911111111"}

    refused = await registration.client.patch(f"{PATH}/{person}", json=mixed, headers=enumerator)

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    now = await shown(registration, enumerator, person)
    assert (now["given_name"], now["version"]) == (AMINA["given_name"], 1)


async def test_who_did_not_register_somebody_learns_nothing_by_registering_them_again(
    registration: Running,
) -> None:
    await registered(registration, YUSUF)

    again = await registration.client.post(PATH, json=AMINA, headers=somebody("enumerator", "sami"))

    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-registered")
