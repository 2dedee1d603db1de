"""A return goes its way in order, once, and ends when the person says so."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import col, select

from chassis.authz import Access
from chassis.caller import claimed
from chassis.clock import new_id, today
from contracts.event import Envelope, Event
from contracts.registration import (
    ErasureRequested,
    PersonMerged,
    PersonRegistered,
    VulnerabilityChanged,
)
from contracts.returns import CaseOpened, CaseWithdrawn, PersonDeparted
from services.returns.cases import rules, service
from services.returns.cases.models import Case, CaseIn
from services.returns.cases.rules import ENDED, WAY, Status
from services.returns.erasures.handlers import forget_person
from services.returns.main import SERVICE
from tests.conftest import Running, Start, bearer, claims

PATH = "/v1/returns/cases"
SOON = (today() + timedelta(days=60)).isoformat()
STEPS: dict[Status, tuple[str, dict[str, Any]]] = {
    "screened": ("screening", {"vulnerability_level": "medium"}),
    "consented": ("consent", {"given": True, "language": "ar", "alternatives_explained": True}),
    "cleared": ("clearance", {"travel_document_expires_on": SOON, "fit_to_travel_until": SOON}),
    "departed": ("departure", {"consent_reconfirmed": True}),
    "withdrawn": ("withdrawal", {}),
}


@pytest.fixture
async def returns(start: Start, service_url: str) -> Running:
    return await start(SERVICE, url=service_url)


async def known_person(returns: Running) -> str:
    person_id = new_id()
    await returns.hear(
        PersonRegistered(
            person_id=person_id,
            population_category="migrant",
            location_pcode="LY0209",
            registered_on=today(),
            organisation="iom",
            case_owner="test-client",
        )
    )
    return str(person_id)


async def opened(returns: Running) -> dict[str, Any]:
    response = await returns.client.post(PATH, json={"person_id": await known_person(returns)})
    assert response.status_code == 201, response.text
    case: dict[str, Any] = response.json()
    return case


async def step(returns: Running, case: dict[str, Any], to: Status, **more: Any) -> Any:
    name, evidence = STEPS[to]
    headers = more.pop("headers", None)
    return await returns.client.post(
        f"{PATH}/{case['id']}/{name}", json=evidence | more, headers=headers
    )


async def test_whoever_is_very_vulnerable_is_helped_after_arrival_until_they_are_so_no_more(
    returns: Running,
) -> None:
    person = await known_person(returns)

    async def told(*news: tuple[str | None, int]) -> Any:
        for level, version in news:
            event = VulnerabilityChanged(
                person_id=UUID(person), vulnerability_level=level, version=version
            )
            await returns.hear(event)
        path = f"/v1/returns/people/{person}"
        found = await returns.client.get(path, headers={"X-Purpose": "case_management"})
        seen = found.json()["reintegration"]
        return seen["vulnerability_level"], seen["eligible"]

    assert await told() == (None, False)
    assert await told(("high", 2), ("low", 1)) == ("high", True)
    assert await told(("medium", 3)) == ("medium", False)
    assert await told((None, 4)) == (None, False)
    masked = await returns.client.get(f"/v1/returns/people/{person}")
    assert masked.json()["reintegration"]["eligible"] == {"masked": True}


async def told(returns: Running) -> list[Event]:
    async with returns.database.read() as session:
        outbox = returns.database.tables.outbox
        bodies = (await session.exec(select(outbox.body).order_by(col(outbox.id)))).all()
    return [Envelope.model_validate_json(body).event() for body in bodies]


async def test_a_case_goes_its_way_and_tells_the_ends_of_it(returns: Running) -> None:
    case = await opened(returns)

    for status in WAY[1:]:
        response = await step(returns, case, status)
        assert (response.status_code, response.json()["status"]) == (200, status), response.text

    purpose = {"X-Purpose": "voluntary_return"}
    shown = await returns.client.get(f"{PATH}/{case['id']}", headers=purpose)
    assert list(shown.json()["steps"]) == list(WAY[1:])
    assert shown.headers["etag"] == '"5"'
    assert [type(event) for event in await told(returns)] == [CaseOpened, PersonDeparted]


async def test_a_case_is_opened_for_the_registration_that_goes_on_alone(returns: Running) -> None:
    case = await opened(returns)
    merged, kept = case["person_id"], await known_person(returns)
    news = PersonMerged(person_id=UUID(merged), merged_into=UUID(kept), version=2)
    await returns.hear(news)

    refused = await returns.client.post(PATH, json={"person_id": merged})
    in_hand = await returns.client.post(PATH, json={"person_id": kept})
    seen = (await returns.client.get(f"/v1/returns/people/{kept}")).json()
    await returns.hear(news.model_copy(update={"merged_into": None, "version": 3}), news)
    apart = await returns.client.post(PATH, json={"person_id": kept})

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/merged")
    assert (in_hand.status_code, in_hand.json()["type"]) == (409, "/problems/case-open")
    assert [each["id"] for each in seen["cases"]] == [case["id"]]
    assert apart.status_code == 201, apart.text


async def test_a_step_out_of_order_names_what_is_missing(returns: Running) -> None:
    case = await opened(returns)

    response = await step(returns, case, "departed")

    assert (response.status_code, response.json()["type"]) == (409, "/problems/out-of-order")
    missing = [fault["pointer"] for fault in response.json()["errors"]]
    assert missing == ["screened", "consented", "cleared"]
    purpose = {"X-Purpose": "voluntary_return"}
    still = (await returns.client.get(f"{PATH}/{case['id']}", headers=purpose)).json()
    assert (still["status"], still["version"], still["steps"]) == ("open", 1, {})


@pytest.mark.parametrize("reached", WAY[:-1])
async def test_a_person_may_change_their_mind_until_they_depart(
    returns: Running, reached: Status
) -> None:
    case = await opened(returns)
    for status in WAY[1 : WAY.index(reached) + 1]:
        await step(returns, case, status)

    withdrawn = await step(returns, case, "withdrawn")
    after = await step(returns, case, "departed")

    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert after.status_code == 409
    assert [type(event) for event in await told(returns)] == [CaseOpened, CaseWithdrawn]


async def test_nobody_withdraws_after_departure(returns: Running) -> None:
    case = await opened(returns)
    for status in WAY[1:]:
        await step(returns, case, status)

    response = await step(returns, case, "withdrawn")

    assert (response.status_code, response.json()["type"]) == (409, "/problems/out-of-order")


async def test_a_person_has_one_case_at_a_time_and_another_after_its_end(
    returns: Running,
) -> None:
    person = {"person_id": await known_person(returns)}

    answers = await asyncio.gather(*(returns.client.post(PATH, json=person) for _ in range(10)))
    made = [answer.json() for answer in answers if answer.status_code == 201]
    await step(returns, made[0], "withdrawn")
    later = await returns.client.post(PATH, json=person)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert later.status_code == 201


async def test_of_many_who_take_one_step_at_once_one_does(returns: Running) -> None:
    case = await opened(returns)

    answers = await asyncio.gather(*(step(returns, case, "screened") for _ in range(10)))

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409, 412}


async def test_who_is_erased_while_a_case_is_opened_for_them_is_in_no_case(
    returns: Running,
) -> None:
    person = UUID(await known_person(returns))
    access = Access(claimed(claims()), "return_case", "C")

    async with returns.database.write() as session:
        await service.open_case(session, CaseIn(person_id=person), access)
        event = ErasureRequested(erasure_id=new_id(), person_id=person)
        erasing = asyncio.create_task(returns.hear(event))
        # Until it waits, or is done where it waits for nothing.
        await asyncio.wait({erasing}, timeout=0.5)
    await erasing

    async with returns.database.read() as session:
        [case] = await session.exec(select(Case))
        keys = await session.exec(select(returns.database.tables.subject_key.subject))
        assert (case.person_id, case.open_for, set(keys)) == (None, None, {"service"})


async def test_while_somebody_is_erased_no_step_of_theirs_is_taken_and_no_case_is_opened(
    returns: Running,
) -> None:
    case = await opened(returns)
    other = await known_person(returns)
    whose = [UUID(case["person_id"]), UUID(other)]

    async with returns.database.write() as session:
        for person in whose:
            await forget_person(session, ErasureRequested(erasure_id=new_id(), person_id=person))
        asked = [
            asyncio.create_task(step(returns, case, "screened")),
            asyncio.create_task(returns.client.post(PATH, json={"person_id": other})),
        ]
        await asyncio.wait(asked, timeout=0.5)

    assert [(await each).status_code for each in asked] == [404, 422]


async def test_who_has_seen_an_older_version_takes_no_step(returns: Running) -> None:
    case = await opened(returns)
    await step(returns, case, "screened")

    stale = await step(returns, case, "consented", headers={"If-Match": '"1"'})
    fresh = await step(returns, case, "consented", headers={"If-Match": '"2"'})

    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/version-mismatch")
    assert fresh.status_code == 200


async def test_nobody_departs_on_a_clearance_that_has_run_out(returns: Running) -> None:
    case = await opened(returns)
    await step(returns, case, "screened")
    await step(returns, case, "consented")
    yesterday = (today() - timedelta(days=1)).isoformat()
    await step(returns, case, "cleared", fit_to_travel_until=yesterday)

    response = await step(returns, case, "departed")

    assert (response.status_code, response.json()["type"]) == (409, "/problems/clearance-expired")
    assert [fault["pointer"] for fault in response.json()["errors"]] == ["fit_to_travel_until"]


async def test_evidence_that_cannot_be_is_refused_at_its_place(returns: Running) -> None:
    case = await opened(returns)

    cases: list[tuple[Status, dict[str, Any], str]] = [
        ("consented", {"given": False}, "/given"),
        ("consented", {"alternatives_explained": False}, "/alternatives_explained"),
        ("screened", {"vulnerability_level": "extreme"}, "/vulnerability_level"),
        ("screened", {"screened_on": "2099-01-01"}, "/screened_on"),
        ("cleared", {"travel_document_expires_on": "2027-02-29"}, "/travel_document_expires_on"),
        ("departed", {"consent_reconfirmed": "true"}, "/consent_reconfirmed"),
        ("withdrawn", {"reason": "unasked"}, "/reason"),
    ]
    for to, change, pointer in cases:
        response = await step(returns, case, to, **change)

        assert response.status_code == 422, response.text
        assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize("country", ["ZZZ", "XXA", "YUG", "SD", "sdn"])
def test_nobody_is_returned_to_what_is_no_country(country: str) -> None:
    told = {"person_id": str(new_id()), "destination_country": country}
    with pytest.raises(ValidationError):
        CaseIn.model_validate_json(json.dumps(told))

    assert CaseIn.model_validate_json(json.dumps(told | {"destination_country": "SDN"}))


async def test_somebody_unknown_has_no_case(returns: Running) -> None:
    response = await returns.client.post(PATH, json={"person_id": str(new_id())})

    assert (response.status_code, response.json()["type"]) == (422, "/problems/unknown-person")


async def test_a_case_waits_for_the_person_who_was_registered_a_moment_ago(
    returns: Running,
) -> None:
    person_id = new_id()
    opening = asyncio.create_task(returns.client.post(PATH, json={"person_id": str(person_id)}))
    await asyncio.sleep(0.5)

    await returns.hear(
        PersonRegistered(
            person_id=person_id,
            population_category="migrant",
            location_pcode="LY0209",
            registered_on=today(),
            organisation="iom",
            case_owner="test-client",
        )
    )

    assert (await opening).status_code == 201


async def test_another_organisations_case_is_not_there(returns: Running) -> None:
    case = await opened(returns)
    other = bearer(organisation="other")

    shown = await returns.client.get(f"{PATH}/{case['id']}", headers=other)
    taken = await step(returns, case, "withdrawn", headers=other)

    assert (shown.status_code, taken.status_code) == (404, 404)


@given(st.lists(st.sampled_from([*WAY[1:], "withdrawn"]), max_size=12))
def test_whatever_is_tried_a_case_only_goes_forward_and_ends_once(tried: list[Status]) -> None:
    now: Status = "open"
    taken: list[Status] = []

    for wanted in tried:
        if not rules.missing(now, wanted):
            now = wanted
            taken.append(wanted)

    forward = [status for status in taken if status != "withdrawn"]
    assert forward == list(WAY[1 : len(forward) + 1])
    assert sum(status in ENDED for status in taken) <= 1
    assert not any(status in ENDED for status in taken[:-1])


@given(st.sampled_from(sorted({*WAY, *ENDED})), st.sampled_from([*WAY, "withdrawn"]))
def test_a_refusal_always_says_what_is_missing(now: Status, wanted: Status) -> None:
    possible = now not in ENDED and (
        wanted == "withdrawn" or WAY.index(wanted) == WAY.index(now) + 1
    )

    assert (rules.missing(now, wanted) == []) is possible
