"""What people agreed to, refused and took back: every answer stays, the newest counts."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from chassis import outbox
from chassis.clock import now, today
from contracts.event import Envelope
from contracts.registration import (
    ConsentChanged,
    ConsentsTold,
    PersonRegistered,
    SharingAgreementChanged,
    SharingExceptionChanged,
)
from contracts.sharing import PURPOSES
from services.registration.consents import heartbeat, rules
from services.registration.consents.models import ConsentClock
from services.registration.main import SERVICE
from services.registration.persons.models import Person
from services.registration.places.models import Place
from services.registration.tables import TABLES
from tests.conftest import Running, Start, bearer

PERSONS = "/v1/registration/persons"
YARO: dict[str, Any] = {
    "external_id": "C1",
    "given_name": "Yaro",
    "sex": "male",
    "birth_date": "1990-05-01",
    "nationality": "NER",
    "population_category": "migrant",
    "location_pcode": "LY020908",
}
TO_THE_EMBASSY: dict[str, Any] = {
    "recipient": "embassy:NER",
    "purpose": "travel-document",
    "given": True,
    "text_version": "2026-1",
    "language": "ha",
    "interpreter": True,
    "form": "verbal",
    "place_pcode": "LY020908",
    "detained": True,
}


@pytest.fixture
async def registration(start: Start, service_url: str) -> Running:
    running = await start(SERVICE, url=service_url)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    return running


async def registered(registration: Running, **changes: Any) -> str:
    response = await registration.client.post(PERSONS, json=YARO | changes)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def answered(registration: Running, person: str, **changes: Any) -> dict[str, Any]:
    response = await registration.client.post(
        f"{PERSONS}/{person}/consents", json=TO_THE_EMBASSY | changes
    )
    assert response.status_code == 201, response.text
    consent: dict[str, Any] = response.json()
    return consent


async def withdrawn(registration: Running, person: str, **what: Any) -> dict[str, Any]:
    response = await registration.client.post(f"{PERSONS}/{person}/consents/withdrawals", json=what)
    assert response.status_code == 202, response.text
    shown = await registration.client.get(f"{PERSONS}/{person}/consents")
    consents: dict[str, Any] = shown.json()
    return consents


async def told(registration: Running, kind: type[Any]) -> list[Any]:
    async with registration.database.read() as session:
        statement = (
            select(TABLES.outbox.body)
            .where(col(TABLES.outbox.type) == kind.type)
            .order_by(col(TABLES.outbox.id))
        )
        bodies = (await session.exec(statement)).all()
    return [Envelope.model_validate_json(body).event() for body in bodies]


async def test_an_answer_is_kept_with_how_it_was_given(registration: Running) -> None:
    person = await registered(registration)

    consent = await answered(registration, person)

    assert consent["state"] == "given"
    assert consent["version"] == 1
    assert (consent["language"], consent["interpreter"]) == ("ha", True)
    assert (consent["place_pcode"], consent["detained"]) == ("LY020908", True)
    assert consent["minor"] == "no"
    [event] = await told(registration, ConsentChanged)
    assert (event.person_id, event.recipient, event.purpose) == (
        UUID(person),
        "embassy:NER",
        "travel-document",
    )
    assert (event.state, event.version) == ("given", 1)


async def test_every_answer_stays_and_the_newest_counts(registration: Running) -> None:
    person = await registered(registration)
    await answered(registration, person)
    await answered(registration, person, given=False)
    await answered(registration, person, language="en", interpreter=False)

    shown = (await registration.client.get(f"{PERSONS}/{person}/consents")).json()

    assert [each["state"] for each in shown["history"]] == ["given", "refused", "given"]
    [counts] = shown["items"]
    assert (counts["version"], counts["language"]) == (3, "en")


async def test_of_answers_in_the_same_moment_each_is_a_version_of_its_own(
    registration: Running,
) -> None:
    person = await registered(registration)

    answers = await asyncio.gather(
        *(
            registration.client.post(f"{PERSONS}/{person}/consents", json=TO_THE_EMBASSY)
            for _ in range(8)
        )
    )

    kept = [each.json()["version"] for each in answers if each.status_code == 201]
    assert {each.status_code for each in answers} <= {201, 412}
    assert sorted(kept) == list(range(1, len(kept) + 1))
    assert [event.version for event in await told(registration, ConsentChanged)] == sorted(kept)


async def test_an_answer_counts_the_version_on_from_a_correction_of_the_same_moment(
    registration: Running,
) -> None:
    person = await registered(registration)
    corrected = update(Person).where(col(Person.id) == UUID(person)).values(version=2)
    mission = {"recipient": "mission", "purpose": "assistance"}

    async with registration.database.write() as session:
        await session.exec(corrected)
        answering = asyncio.create_task(answered(registration, person, **mission))
        # On PostgreSQL it reads the record as it was, and waits when it writes it.
        await asyncio.wait({answering}, timeout=0.5)
    await answering

    shown = (await registration.client.get(f"{PERSONS}/{person}")).json()
    assert shown["version"] == 3


async def test_a_withdrawal_is_told_with_the_next_version(registration: Running) -> None:
    person = await registered(registration)
    await answered(registration, person)

    consents = await withdrawn(
        registration, person, recipient="embassy:NER", purpose="travel-document"
    )

    assert [each["state"] for each in consents["items"]] == ["withdrawn"]
    events = await told(registration, ConsentChanged)
    assert [(event.state, event.version) for event in events] == [("given", 1), ("withdrawn", 2)]


async def test_withdrawn_twice_it_is_withdrawn_once(registration: Running) -> None:
    person = await registered(registration)
    await answered(registration, person)

    await withdrawn(registration, person, everything=True)
    consents = await withdrawn(registration, person, everything=True)

    assert [each["state"] for each in consents["history"]] == ["given", "withdrawn"]


async def test_what_was_never_asked_is_a_no_once_it_is_taken_back(registration: Running) -> None:
    person = await registered(registration)

    consents = await withdrawn(registration, person, recipient="unhcr", purpose="referral")

    assert [(each["recipient"], each["state"]) for each in consents["items"]] == [
        ("unhcr", "refused")
    ]


async def test_everything_is_taken_back_at_once(registration: Running) -> None:
    person = await registered(registration, consent=True)
    await answered(registration, person)
    await answered(registration, person, recipient="unhcr", purpose="referral", given=False)

    consents = await withdrawn(registration, person, everything=True)

    assert sorted((each["recipient"], each["state"]) for each in consents["items"]) == [
        ("embassy:NER", "withdrawn"),
        ("mission", "withdrawn"),
        ("unhcr", "refused"),
    ]
    shown = (await registration.client.get(f"{PERSONS}/{person}")).json()
    assert shown["consent"]["given"] is False


async def test_a_withdrawal_says_what_it_takes_back(registration: Running) -> None:
    person = await registered(registration)

    cases: list[dict[str, str]] = [{}, {"recipient": "unhcr"}, {"purpose": "referral"}]
    for what in cases:
        response = await registration.client.post(
            f"{PERSONS}/{person}/consents/withdrawals", json=what
        )

        assert response.status_code == 422, what


@pytest.mark.parametrize(
    ("consent", "state"),
    [(True, "given"), (False, "refused"), ({"given": True, "language": "ar"}, "given")],
)
async def test_the_answer_told_with_a_registration_is_the_first_about_the_missions_own_work(
    registration: Running, consent: Any, state: str
) -> None:
    person = await registered(registration, consent=consent)

    shown = (await registration.client.get(f"{PERSONS}/{person}/consents")).json()

    [kept] = shown["items"]
    assert (kept["recipient"], kept["purpose"]) == ("mission", "assistance")
    assert (kept["state"], kept["version"]) == (state, 1)
    assert kept["text_version"] == rules.current_version()
    [event] = await told(registration, PersonRegistered)
    assert event.consent == state
    assert await told(registration, ConsentChanged) == []


async def test_who_was_not_asked_has_no_consent(registration: Running) -> None:
    person = await registered(registration)

    shown = (await registration.client.get(f"{PERSONS}/{person}/consents")).json()

    assert shown == {"items": [], "history": []}


async def test_a_registration_shows_the_answer_that_counts_now(registration: Running) -> None:
    person = await registered(registration, consent={"given": True, "language": "ar"})

    await answered(
        registration, person, recipient="mission", purpose="assistance", given=False, language="fr"
    )

    shown = (await registration.client.get(f"{PERSONS}/{person}")).json()
    assert shown["consent"] == {"given": False, "language": "fr", "interpreter": True}


async def test_an_answer_that_cannot_be_is_refused_and_leaves_nothing(
    registration: Running,
) -> None:
    person = await registered(registration)

    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"recipient": "police"}, 422, "/recipient"),
        ({"recipient": "embassy:ner"}, 422, "/recipient"),
        ({"recipient": "partner:" + "a" * 64}, 422, "/recipient"),
        ({"purpose": "assistance"}, 422, "/purpose"),
        ({"purpose": "law-enforcement"}, 403, "/purpose"),
        ({"text_version": "1999-1"}, 422, "/text_version"),
        ({"interpreter": False}, 422, "/interpreter"),
        ({"given": "yes"}, 422, "/given"),
        ({"asked_on": "2099-01-01"}, 422, "/asked_on"),
        ({"expires_on": "2020-01-01"}, 422, "/expires_on"),
        ({"place_pcode": "LY999999"}, 422, "/place_pcode"),
        ({"guardian": {"relation": "neighbour"}}, 422, "/guardian/relation"),
    ]
    for change, status, pointer in cases:
        response = await registration.client.post(
            f"{PERSONS}/{person}/consents", json=TO_THE_EMBASSY | change
        )

        assert response.status_code == status, response.text
        assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]
        assert await told(registration, ConsentChanged) == []


async def test_case_36_law_enforcement_is_no_purpose_that_anybody_can_agree_to(
    registration: Running,
) -> None:
    person = await registered(registration)
    wanted = {"purpose": "law-enforcement"}

    answer = await registration.client.post(
        f"{PERSONS}/{person}/consents", json=TO_THE_EMBASSY | wanted
    )
    exception = await registration.client.post(
        f"{PERSONS}/{person}/sharing-exceptions", json=EXCEPTION | wanted
    )
    agreement = await registration.client.post(
        "/v1/registration/sharing-agreements",
        json=AGREEMENT | {"purposes": ["law-enforcement"]},
        headers=bearer(roles=["dpo"]),
    )

    refused = [answer, exception, agreement]
    assert [each.status_code for each in refused] == [403, 403, 403]
    assert {each.json()["type"] for each in refused} == {"/problems/purpose-not-allowed"}


async def test_another_organisation_does_not_see_that_there_is_a_person(
    registration: Running,
) -> None:
    person = await registered(registration)
    other = bearer(organisation="other")

    asked = await registration.client.post(
        f"{PERSONS}/{person}/consents", json=TO_THE_EMBASSY, headers=other
    )
    shown = await registration.client.get(f"{PERSONS}/{person}/consents", headers=other)
    taken = await registration.client.post(
        f"{PERSONS}/{person}/consents/withdrawals", json={"everything": True}, headers=other
    )

    assert [each.status_code for each in (asked, shown, taken)] == [404, 404, 404]


CHILD_BORN = today().replace(year=today().year - 10, day=1).isoformat()
MAY_BE_A_CHILD = f"{today().year - 18}-01-01"


@pytest.mark.parametrize(
    ("birth_date", "precision"),
    [(CHILD_BORN, "day"), (MAY_BE_A_CHILD, "estimated")],
)
async def test_a_child_or_who_may_be_one_does_not_agree_alone(
    registration: Running, birth_date: str, precision: str
) -> None:
    person = await registered(registration, birth_date=birth_date, birth_date_precision=precision)

    alone = await registration.client.post(f"{PERSONS}/{person}/consents", json=TO_THE_EMBASSY)
    no = await answered(registration, person, given=False)
    together = await answered(registration, person, guardian={"relation": "parent"})

    assert alone.status_code == 409
    assert alone.json()["type"] == "/problems/guardian-needed"
    assert no["state"] == "refused"
    assert (together["state"], together["guardian"]["relation"]) == ("given", "parent")


async def test_a_child_takes_a_consent_back_alone(registration: Running) -> None:
    person = await registered(registration, birth_date=CHILD_BORN)
    await answered(registration, person, guardian={"relation": "appointed"})

    consents = await withdrawn(registration, person, everything=True)

    assert [each["state"] for each in consents["items"]] == ["withdrawn"]


def test_every_purpose_has_its_text_in_three_languages() -> None:
    purposes = set().union(*PURPOSES.values())

    for version, by_purpose in rules.texts().items():
        assert set(by_purpose) == purposes, version
        for by_language in by_purpose.values():
            assert set(by_language) >= {"ar", "en", "fr"}


async def test_the_texts_are_there_for_who_asks_a_person(registration: Running) -> None:
    response = await registration.client.get(
        "/v1/registration/consent-texts", params={"purpose": "travel-document", "language": "ar"}
    )

    [shown] = response.json()["items"]
    assert "{recipient}" in shown["text"]
    assert shown["version"] == response.json()["current_version"]


async def test_it_is_said_at_the_start_up_to_when_all_changes_were_told(
    registration: Running,
) -> None:
    before = now()

    await asyncio.sleep(0)
    while not (said := await told(registration, ConsentsTold)):
        await asyncio.sleep(0.02)

    assert said[0].until <= now()
    assert said[0].until > before - timedelta(seconds=30)


async def test_it_is_not_said_of_a_change_that_still_waits(registration: Running) -> None:
    person = await registered(registration)
    await answered(registration, person)
    while await outbox.unsent(registration.database):
        await asyncio.sleep(0.02)
    old, later = now() - timedelta(minutes=10), now() + timedelta(minutes=10)
    waiting = col(TABLES.outbox.type) == ConsentChanged.type
    async with registration.database.write() as session:
        await session.exec(
            update(TABLES.outbox)
            .where(waiting)
            .values(sent_at=None, not_before=later, created_at=old)
        )
        await session.exec(delete(ConsentClock))

    await heartbeat.say(registration.database)

    assert (await told(registration, ConsentsTold))[-1].until == old


async def test_it_is_said_once_by_all_processes_together(registration: Running) -> None:
    await heartbeat.say(registration.database)
    async with registration.database.write() as session:
        clock = await session.get_one(ConsentClock, 1)
        clock.said_at = now() - timedelta(minutes=1)
        session.add(clock)
    before = len(await told(registration, ConsentsTold))

    await asyncio.gather(*(heartbeat.say(registration.database) for _ in range(5)))

    assert len(await told(registration, ConsentsTold)) == before + 1


AGREEMENT: dict[str, Any] = {
    "reference": "DSA-7",
    "recipient": "embassy:NER",
    "purposes": ["travel-document"],
    "starts_on": "2026-01-01",
    "ends_on": "2099-12-31",
}
EXCEPTION: dict[str, Any] = {
    "recipient": "embassy:NER",
    "purpose": "travel-document",
    "ground": "vital_interest",
    "document": "PO-2026-14",
    "ends_on": (today() + timedelta(days=1)).isoformat(),
}


async def test_an_agreement_is_told_and_so_is_its_end(registration: Running) -> None:
    dpo = bearer(roles=["dpo"])
    made = await registration.client.post(
        "/v1/registration/sharing-agreements", json=AGREEMENT, headers=dpo
    )
    path = f"/v1/registration/sharing-agreements/{made.json()['id']}/end"

    ended = [await registration.client.post(path, headers=dpo) for _ in range(2)]

    assert made.status_code == 201, made.text
    assert [each.json()["version"] for each in ended] == [2, 2]
    events = await told(registration, SharingAgreementChanged)
    assert [event.ends_on >= today() for event in events] == [True, False]


async def asked(registration: Running, person: str) -> str:
    response = await registration.client.post(
        f"{PERSONS}/{person}/sharing-exceptions",
        json=EXCEPTION,
        headers=bearer(roles=["protection_officer"], sub="user-po"),
    )
    assert response.status_code == 201, response.text
    return f"/v1/registration/sharing-exceptions/{response.json()['id']}/decision"


async def test_case_36_an_exception_takes_two_people(registration: Running) -> None:
    person = await registered(registration)
    path = await asked(registration, person)

    alone = await registration.client.post(
        path, json={"approved": True}, headers=bearer(roles=["dpo"], sub="user-po")
    )
    no_dpo = await registration.client.post(
        path, json={"approved": True}, headers=bearer(roles=["protection_officer"], sub="user-2")
    )
    before = await told(registration, SharingExceptionChanged)
    second = await registration.client.post(
        path, json={"approved": True}, headers=bearer(roles=["dpo"], sub="user-dpo")
    )

    assert (alone.status_code, no_dpo.status_code) == (403, 403)
    assert alone.json()["type"] == "/problems/second-person-needed"
    assert before == []
    assert (second.status_code, second.json()["state"]) == (200, "approved")
    [event] = await told(registration, SharingExceptionChanged)
    assert event.state == "approved"


async def test_an_exception_is_decided_once(registration: Running) -> None:
    path = await asked(registration, await registered(registration))
    dpo = bearer(roles=["dpo"], sub="user-dpo")

    first = await registration.client.post(path, json={"approved": False}, headers=dpo)
    again = await registration.client.post(path, json={"approved": True}, headers=dpo)

    assert (first.json()["state"], again.status_code) == ("rejected", 409)
    assert await told(registration, SharingExceptionChanged) == []


async def test_a_no_ends_what_was_allowed_without_asking(registration: Running) -> None:
    person = await registered(registration)
    path = await asked(registration, person)
    dpo = bearer(roles=["dpo"], sub="user-dpo")
    await registration.client.post(path, json={"approved": True}, headers=dpo)

    await withdrawn(registration, person, recipient="embassy:NER", purpose="travel-document")

    events = await told(registration, SharingExceptionChanged)
    assert [event.state for event in events] == ["approved", "ended"]


async def test_an_exception_lasts_a_month_at_most(registration: Running) -> None:
    person = await registered(registration)

    response = await registration.client.post(
        f"{PERSONS}/{person}/sharing-exceptions",
        json=EXCEPTION | {"ends_on": (today() + timedelta(days=31)).isoformat()},
    )

    assert response.status_code == 422
