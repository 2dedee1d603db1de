"""Searches: specific, counted, and written down without their words."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from chassis.caller import claimed
from chassis.problems import Problem
from services.registration.searches import rules, service
from services.registration.searches.models import Search
from tests.conftest import claims
from tests.registration.office import PERSONS, Office


@pytest.mark.parametrize("terms", ["external_id=R1", "external_id=%25%25%25"])
async def test_case_31_a_search_by_fewer_than_three_letters_is_refused(
    office: Office, terms: str
) -> None:
    response = await office.case_worker.get(f"{PERSONS}?{terms}")

    assert (response.status_code, response.json()["type"]) == (422, "/problems/search-too-broad")


async def test_a_case_number_is_found_however_it_is_typed_and_a_slip_is_told(
    office: Office,
) -> None:
    person = await office.register()
    number = (await office.case_worker.get(f"{PERSONS}/{person}")).json()["case_number"]
    last = "0" if number[-1] != "0" else "1"
    swapped = number[:-1] + last

    async def asked(text: str) -> httpx.Response:
        return await office.case_worker.get(PERSONS, params={"case_number": text})

    typed = [number, number.lower().replace("-", ""), number.replace("0", "O").replace("-", " ")]
    for each in typed:
        assert [one["id"] for one in (await asked(each)).json()["items"]] == [person]
    for each in (swapped, number[:-1], "12", "H-" + number, "x" * 40):
        refused = await asked(each)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/validation")
        assert refused.json()["errors"][0]["pointer"] == "query/case_number"


async def test_case_31_the_61st_search_of_an_hour_is_refused_to_that_user_only(
    office: Office,
) -> None:
    person = await office.register()
    searches = [f"{PERSONS}?external_id=R00000{number:03}" for number in range(60)]
    found = await office.case_worker.get(f"{PERSONS}?external_id=R00000077")
    assert [each["id"] for each in found.json()["items"]] == [person]

    answers = await asyncio.gather(*(office.case_worker.get(path) for path in searches))

    assert sorted(each.status_code for each in answers) == [200] * 59 + [429]
    [refused] = [each for each in answers if each.status_code == 429]
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert (await office.colleague.get(searches[0])).status_code == 200
    assert (await office.case_worker.get(PERSONS)).status_code == 200
    assert (await office.case_worker.get(f"{PERSONS}/{person}")).status_code == 200


async def test_case_31_searches_made_at_once_share_what_is_left_of_the_hour(
    office: Office,
) -> None:
    async with office.running.database.write() as session:
        for _ in range(55):
            session.add(
                Search(
                    searched_by=office.case_worker.id,
                    organisation="iom",
                    attributes="external_id",
                    terms_hash="",
                )
            )

    answers = await asyncio.gather(
        *(office.case_worker.get(f"{PERSONS}?external_id=R{number:08}") for number in range(30))
    )

    assert sorted(each.status_code for each in answers) == [200] * 5 + [429] * 25


async def test_a_search_counts_for_one_hour(office: Office) -> None:
    await office.case_worker.get(f"{PERSONS}?external_id=R00000001")
    kept = await searches(office)
    await office.let_pass(Search, str(kept[0].id), timedelta(minutes=61), "searched_at")
    caller = claimed(claims(sub=office.case_worker.id))

    for _ in range(60):
        await service.note(office.running.database, caller, {"external_id": "R00000001"})

    with pytest.raises(Problem, match="60 searches"):
        await service.note(office.running.database, caller, {"external_id": "R00000001"})


async def test_a_search_is_kept_as_a_hash_that_is_the_same_for_the_same_words(
    office: Office,
) -> None:
    for term in ("R00000001", "r00000001", "R00000002"):
        await office.case_worker.get(f"{PERSONS}?external_id={term}")

    first, second, third = await searches(office)

    assert first.terms_hash == second.terms_hash != third.terms_hash
    assert (first.searched_by, first.attributes) == ("user-karim", "external_id")
    assert "00000001" not in str(first.model_dump())


async def searches(office: Office) -> list[Search]:
    async with office.running.database.read() as session:
        return list((await session.exec(select(Search).order_by(Search.searched_at))).all())  # type: ignore[arg-type]


def test_a_name_alone_is_too_broad() -> None:
    assert [fault.code for fault in rules.faults({"name": "علي"})] == ["one_attribute"]
    assert [fault.code for fault in rules.faults({"name": "عل", "born_in": "1990"})] == [
        "too_short"
    ]
    assert rules.faults({"name": "علي", "born_in": "1990"}) == []


FOR_CASES = {"X-Purpose": "case_management"}


async def test_case_11_a_phone_or_a_paper_finds_its_bearer_however_it_is_written(
    office: Office,
) -> None:
    person = await office.register(by=office.officer)

    cases: list[dict[str, str]] = [
        {"phone": "+218912345677"},
        {"phone": "091 234 5677"},
        {"phone": "٠٠٢١٨٩١٢٣٤٥٦٧٧"},
        {"document_number": "p-765 4321"},
    ]
    for terms in cases:
        found = await office.officer.get(PERSONS, params=terms, headers={"X-Purpose": "protection"})

        assert [each["id"] for each in found.json()["items"]] == [person], found.text


async def test_who_sees_of_papers_the_end_alone_is_told_that_they_cannot_search_by_them(
    office: Office,
) -> None:
    await office.register()

    for number in ("P7654321", "P0000000"):
        params = {"document_number": number}
        refused = await office.case_worker.get(PERSONS, params=params, headers=FOR_CASES)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/masked-field")
        assert "do not see" in refused.json()["detail"]
    with_a_name = {"name": "Nawal", "born_in": "1990", "document_number": "P7654321"}
    refused = await office.case_worker.get(PERSONS, params=with_a_name, headers=FOR_CASES)
    assert refused.status_code == 403


async def test_another_s_phone_finds_nobody(office: Office) -> None:
    await office.register()

    found = await office.case_worker.get(
        PERSONS, params={"phone": "+218912345670"}, headers=FOR_CASES
    )

    assert (found.status_code, found.json()["items"]) == (200, [])


async def test_nobody_is_found_by_a_phone_that_the_searcher_sees_masked(office: Office) -> None:
    await office.register()
    phone = {"phone": "+218912345677"}

    without_purpose = await office.case_worker.get(PERSONS, params=phone)
    colleague = await office.colleague.get(PERSONS, params=phone, headers=FOR_CASES)

    assert without_purpose.status_code == 403
    assert colleague.json()["items"] == []
