"""Searches by name: in any script, spelling and order, and by who may see the names."""

from random import Random
from typing import Any

import pytest
from sqlmodel import select

from chassis.clock import new_id
from services.registration.matching.spelling import words
from services.registration.persons import called
from services.registration.searches.marks import marks
from services.registration.searches.models import NameKey
from tests.registration.office import PERSONS, Office, Worker, look_for_new
from tests.registration.test_break_glass import broken

FOR_CASES = {"X-Purpose": "case_management"}


async def found(worker: Worker, **terms: Any) -> list[str]:
    response = await worker.get(PERSONS, params=terms, headers=FOR_CASES)
    assert response.status_code == 200, response.text
    assert response.json()["next_cursor"] is None
    return [each["external_id"] for each in response.json()["items"]]


async def registered(
    office: Office, *names: str, external_prefix: str = "N", **changes: Any
) -> None:
    """Register one person for each name, whose parts are written in a row, and keep the words."""
    for number, name in enumerate(names):
        parts = dict(zip(("given_name", "father_name", "family_name"), name.split(), strict=False))
        told = (
            {"external_id": f"{external_prefix}{number:04}", "phone": None, "documents": []}
            | parts
            | changes
        )
        await office.register(**told)
    await look_for_new(office.running.database)


async def test_case_11_a_name_is_found_in_each_script_and_spelling(office: Office) -> None:
    await registered(office, "مُحَمَّد")

    for asked in ["محمد", "مُحَمَّد", "مـحمد", "ﻣﺤﻤﺪ", "Mohamed", "Muhammad", "MOHAMMED"]:
        assert await found(office.case_worker, name=asked, born_in=1999) == ["N0000"], asked


async def test_a_name_is_found_by_its_other_spelling(office: Office) -> None:
    spellings = {
        "قذافي": "Gaddafi",
        "القذافي": "Kadhafi",
        "عبدالله": "Abdallah",
        "Abdoulaye": "عبد الله",
        "يوسف": "Youssef",
        "Aïcha": "عائشة",
        "Ousmane": "عثمان",
        "أحمد": "احمد",
        "فاطمة": "فاطمه",
        "مصطفى": "مصطفي",
        "Fatoumata": "Fatou",
        "Gabriel": "جبريل",
        "Zia": "ضياء",
        "Mamadou": "محمد",
        "Hadiza": "خديجة",
        "Xaliimo": "Halimatou",
        "Abdoul-Karim": "Abdikarim",
    }
    await registered(office, *spellings)

    for number, asked in enumerate(spellings.values()):
        # Two spellings each of the first two names are borne by people here.
        bearers = {number, number ^ 1} if number < 4 else {number}
        # So are forms of a third.
        bearers |= {8, 10} if number in {8, 10} else set()
        known = await found(office.case_worker, name=asked, location_pcode="LY02")
        assert set(known) == {f"N{each:04}" for each in bearers}, asked
    # Some write every ق with the letters of a خ.
    for asked in ("Khadafy", "Khadafi", "Kazzafi"):
        known = await found(office.case_worker, name=asked, location_pcode="LY02")
        assert set(known) == {"N0000", "N0001"}, asked


async def test_another_name_is_not_taken_for_it(office: Office) -> None:
    await registered(office, "سعيد", "Hassan", "Mahdi", "Aline")

    for asked in ("Saad", "حسين", "محمد", "علي"):
        assert await found(office.case_worker, name=asked, born_in=1999) == [], asked


async def test_the_order_of_the_parts_is_free_and_the_likeliest_comes_first(
    office: Office,
) -> None:
    await registered(
        office, "Ibrahim Mahamat Saleh", "Mahamat Ibrahim Saleh", "Moussa Ibrahim Saley"
    )

    answers = await found(office.case_worker, name="إبراهيم محمد صالح", born_in=1999)

    assert answers[:2] == ["N0000", "N0001"] or answers[:2] == ["N0001", "N0000"]
    # Of three parts one may be another.
    assert answers[2:] == ["N0002"]
    assert await found(office.case_worker, name="Saleh Mahamat", born_in=1999) == answers[:2]


async def test_who_is_born_nearer_to_the_year_comes_first_and_who_is_not_is_not_found(
    office: Office,
) -> None:
    for number, year in enumerate((1996, 1998, 1999, 2001)):
        await office.register(external_id=f"N{number:04}", birth_date=f"{year}-03-01")
    await office.register(external_id="N0004", birth_date=None, birth_date_precision="unknown")
    await look_for_new(office.running.database)

    answers = await found(office.case_worker, name="Nawal", born_in=1999)

    assert answers == ["N0002", "N0001", "N0003", "N0004"]


async def test_what_is_told_with_a_name_narrows_the_search(office: Office) -> None:
    await registered(office, "Amina", sex="female", nationality="SDN", location_pcode="LY020908")
    name = {"name": "Amina", "born_in": 1999}

    for agrees in (
        {"sex": "female"},
        {"nationality": "SDN"},
        {"location_pcode": "LY0209"},
        {"status": "registered"},
    ):
        assert await found(office.case_worker, **name, **agrees) == ["N0000"]
    for differs in (
        {"sex": "male"},
        {"nationality": "TCD"},
        {"location_pcode": "LY0211"},
        {"status": "enquiry"},
        {"registration_event_id": str(new_id())},
    ):
        assert await found(office.case_worker, **name, **differs) == []


async def test_no_more_than_twenty_are_shown_and_no_second_page(office: Office) -> None:
    await registered(office, *["Amina"] * 23)

    assert len(await found(office.case_worker, name="Amina", born_in=1999, limit=100)) == 20
    assert len(await found(office.case_worker, name="Amina", born_in=1999, limit=5)) == 5
    cursor = "00000000-0000-7000-8000-000000000000"
    paged = await office.case_worker.get(
        PERSONS, params={"name": "Amina", "born_in": 1999, "cursor": cursor}
    )
    assert (paged.status_code, paged.json()["type"]) == (422, "/problems/no-next-page")


async def test_case_31_what_fits_too_many_is_no_search(office: Office) -> None:
    cases: list[dict[str, Any]] = [
        {"name": "Amina"},
        {"name": "Amina", "sex": "female"},
        {"name": "عل", "born_in": 1990},
        {"born_in": 1990, "nationality": "SDN"},
        {"location_pcode": "LY0209"},
    ]
    for terms in cases:
        response = await office.case_worker.get(PERSONS, params=terms, headers=FOR_CASES)

        assert (response.status_code, response.json()["type"]) == (
            422,
            "/problems/search-too-broad",
        ), terms


async def test_case_21_whatever_is_asked_for_is_taken_as_a_name(office: Office) -> None:
    await registered(office, "Amina")

    for asked in [
        "%%%",
        "___",
        "'; drop",
        "a" * 300,
        " ".join("bdfghjklmnqrstz" * 6),
        "... ...",
        "👩‍👩‍👧",
        "عبد",
        "ـــ",
        "123",
        "王小明",
    ]:
        response = await office.case_worker.get(PERSONS, params={"name": asked, "born_in": 1999})

        assert response.status_code in {200, 422}, asked
        assert response.json().get("items", []) == [], asked


async def test_whom_others_hide_by_bearing_a_common_name_too_is_found_all_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(called, "MOST_RANKED", 1)
    await registered(office, "Amina Ali", "Amina Ali", "Amina Ali")
    await registered(office, "Amina", external_prefix="M", sex="male")

    assert await found(office.case_worker, name="Amina", born_in=1999, sex="male") == ["M0000"]
    assert len(await found(office.case_worker, name="Amina", born_in=1999)) == 1


async def test_with_a_number_of_their_own_somebody_is_looked_for_by_that(office: Office) -> None:
    await registered(office, "Amina Ali", "Amina Umar")

    asked = {"name": "Ali Amina", "external_id": "N0000"}
    assert await found(office.case_worker, **asked) == ["N0000"]
    assert await found(office.case_worker, **asked, born_in=2000) == ["N0000"]
    assert await found(office.case_worker, **asked, born_in=1990) == []
    assert await found(office.case_worker, name="Ali Amina", external_id="N0001") == []


def test_marks_never_leave_out_what_was_marked_and_seldom_show_what_was_not() -> None:
    chance = Random(1)  # noqa: S311 - It hides nothing.
    keys = [chance.randrange(-(2**63), 2**63) for _ in range(2005)]
    marked = marks(keys[:5])

    assert -(2**63) <= marked < 2**63
    assert all(marked & marks([key]) == marks([key]) for key in keys[:5])
    assert sum(marked & marks([key]) == marks([key]) for key in keys[5:]) < 30


async def test_nobody_is_found_who_is_out_of_reach_or_by_what_is_masked(office: Office) -> None:
    await registered(office, "Amina")

    assert await found(office.far_officer, name="Amina", born_in=1999) == []
    assert await found(office.stranger, name="Amina", born_in=1999) == []
    # Where somebody is, is shown for a purpose only.
    masked = await office.case_worker.get(
        PERSONS, params={"name": "Amina", "location_pcode": "LY0209"}
    )
    assert (masked.status_code, masked.json()["type"]) == (403, "/problems/masked-field")


async def test_whoever_sees_somebody_for_whatever_reason_finds_them(office: Office) -> None:
    person = await office.register(given_name="Amina")
    await office.register(given_name="Amina", external_id="N0002", by=office.officer)
    await look_for_new(office.running.database)
    asked: dict[str, Any] = {"name": "Amina", "born_in": 1999}

    async def who_finds() -> list[list[str]]:
        workers = (office.colleague, office.country_doctor, office.nurse)
        answers = [(await worker.get(PERSONS, params=asked)).json() for worker in workers]
        return [[each["id"] for each in answer["items"]] for answer in answers]

    assert await who_finds() == [[], [], []]

    body = {"worker_id": office.colleague.id}
    await office.case_worker.post(f"{PERSONS}/{person}/assignments", body)
    await office.refer(person, "medical", worker_id=office.country_doctor.id)
    await broken(office, person, office.nurse)

    assert await who_finds() == [[person]] * 3
    assert len((await office.officer.get(PERSONS, params=asked)).json()["items"]) == 2


async def test_a_corrected_name_is_found_and_the_old_one_no_longer(office: Office) -> None:
    person = await office.register()
    await look_for_new(office.running.database)
    corrected = await office.case_worker.send(
        "PATCH",
        f"{PERSONS}/{person}",
        json={"given_name": "Zeinab", "reason": "recorded_wrongly"},
        headers={"If-Match": '"1"'},
    )
    assert corrected.status_code == 200, corrected.text

    await look_for_new(office.running.database)

    assert await found(office.case_worker, name="زينب", born_in=1999) == ["R00000077"]
    assert await found(office.case_worker, name="نوال", born_in=1999) == []


async def test_a_search_by_name_is_written_down_without_the_name(office: Office) -> None:
    await registered(office, "Amina")
    async with office.running.database.read() as session:
        kept = (await session.exec(select(NameKey))).all()

    assert kept
    assert "amina" not in str([each.model_dump() for each in kept]).casefold()


def test_a_name_is_told_apart_from_the_next() -> None:
    assert words("Abd al-Rahman el Mahdi") == ("Abd al Rahman", "el Mahdi")
    assert words("محمد بن علي") == ("محمد", "علي")
    assert words("Jean-Pierre") == ("Jean", "Pierre")
    assert words("أبو بكر") == ("أبو بكر",)
    assert words("Ben") == ("Ben",)
    assert words(" - ") == ()
