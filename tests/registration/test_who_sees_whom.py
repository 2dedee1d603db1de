"""Whom a caller finds in the register: by role, organisation, place, assignment and agreement."""

import time
from typing import Any

import pytest

from chassis.caller import grants_claim
from services.registration.main import SERVICE
from services.registration.places.models import Place
from tests.conftest import Running, Start, bearer
from tests.registration.test_persons import AMINA

PATH = "/v1/registration/persons"


@pytest.fixture
async def registration(start: Start) -> Running:
    running = await start(SERVICE)
    async with running.database.write() as session:
        for number in ("02", "0209", "020908", "03", "0301", "030101"):
            session.add(Place(pcode=f"LY{number}", level=len(number) // 2, version=1))
    return running


def somebody(role: str, sub: str, places: tuple[str, ...] = ("LY",), **more: Any) -> dict[str, str]:
    return bearer(sub=sub, grants=grants_claim([role], places), **more)


async def registered(registration: Running, by: dict[str, str], **changes: Any) -> str:
    response = await registration.client.post(PATH, json=AMINA | changes, headers=by)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def sees(registration: Running, who: dict[str, str], person: str) -> bool:
    """Say whether somebody gets a person; a list and a get must say the same."""
    got = await registration.client.get(f"{PATH}/{person}", headers=who)
    listed = (await registration.client.get(PATH, headers=who)).json()["items"]
    assert got.status_code in {200, 404}, got.text
    assert (person in [each["id"] for each in listed]) is (got.status_code == 200)
    return got.status_code == 200


async def test_a_case_worker_finds_their_organisation_at_their_places(
    registration: Running,
) -> None:
    person = await registered(registration, somebody("case_worker", "yusuf"))

    assert await sees(registration, somebody("case_worker", "yusuf"), person)
    assert await sees(registration, somebody("case_worker", "mariam", ("LY02",)), person)
    assert not await sees(registration, somebody("case_worker", "mariam", ("LY03",)), person)
    other = somebody("case_worker", "yusuf", organisation="other")
    assert not await sees(registration, other, person)


async def test_medical_staff_find_only_who_is_assigned_to_them(registration: Running) -> None:
    person = await registered(registration, somebody("case_worker", "yusuf"))

    assert not await sees(registration, somebody("medical_staff", "hana"), person)


async def test_an_agreement_opens_its_places_while_it_lasts(registration: Running) -> None:
    person = await registered(registration, somebody("case_worker", "yusuf"))
    agreed = {"id": "A1", "organisation": "iom", "places": ["LY02"]}

    def partner(**change: Any) -> dict[str, str]:
        agreements = [agreed | change]
        return somebody("case_worker", "ali", organisation="partner", agreements=agreements)

    assert await sees(registration, partner(), person)
    assert not await sees(registration, partner(places=["LY03"]), person)
    assert not await sees(registration, partner(until=time.time() - 1), person)
    assert not await sees(registration, partner(organisation="third"), person)


async def test_case_30_a_role_that_has_run_out_counts_no_more_in_a_token_that_has_not(
    registration: Running,
) -> None:
    person = await registered(registration, somebody("case_worker", "yusuf"))
    grant = {"role": "case_worker", "places": ["LY"], "until": time.time() + 0.5}
    ending = bearer(sub="mariam", grants=[grant])

    before = await registration.client.get(f"{PATH}/{person}", headers=ending)
    time.sleep(0.6)
    after = await registration.client.get(f"{PATH}/{person}", headers=ending)

    assert (before.status_code, after.status_code) == (200, 403)


async def test_a_role_held_for_a_programme_opens_nobody_else(registration: Running) -> None:
    person = await registered(registration, somebody("case_worker", "yusuf"))
    grant = {"role": "case_worker", "places": ["LY"], "programmes": ["kits"]}

    assert not await sees(registration, bearer(sub="mariam", grants=[grant]), person)
    assert await sees(registration, bearer(sub="yusuf", grants=[grant]), person)


async def test_nobody_registers_where_their_role_does_not_count(registration: Running) -> None:
    elsewhere = somebody("enumerator", "sami", ("LY03",))

    response = await registration.client.post(PATH, json=AMINA, headers=elsewhere)

    assert (response.status_code, response.json()["type"]) == (403, "/problems/forbidden")


async def test_an_integrator_finds_by_id_what_it_sent_and_has_no_list(
    registration: Running,
) -> None:
    person = await registered(registration, somebody("integrator", "camp-system"))
    other = await registered(registration, somebody("case_worker", "yusuf"), external_id="R2")

    own = somebody("integrator", "camp-system")
    answers = [
        (await registration.client.get(path, headers=own)).status_code
        for path in (f"{PATH}/{person}", f"{PATH}/{other}", PATH)
    ]

    assert answers == [200, 404, 403]
