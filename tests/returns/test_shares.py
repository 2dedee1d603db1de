"""What of a return case goes to an embassy: by agreement and consent, asked when it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.app import Service, create_service
from chassis.bus import InProcessBus
from chassis.clock import new_id, now, today
from chassis.inbox import Consumer
from chassis.settings import Settings
from chassis.sharing import ShareColumns, Sharing, rules, sender
from chassis.sharing.judging import Verdict
from chassis.sharing.sender import send_waiting
from contracts.event import Envelope
from contracts.registration import (
    ConsentChanged,
    ConsentsTold,
    PersonRegistered,
    SharingAgreementChanged,
    SharingExceptionChanged,
)
from contracts.returns import RecordShared, SharingEnded
from services.returns.main import SERVICE
from services.returns.shares.service import SHARING
from services.returns.tables import TABLES
from tests.conftest import Running, Start, bearer, client_of, keys, lifespan
from tests.patience import until
from tests.returns.test_cases import STEPS, step

SHARES = "/v1/returns/shares"
RECEIVED = "/v1/returns/received-shares"
EMBASSY = bearer(organisation="embassy:NER", roles=["integrator"], sub="client-embassy")
NO_SENDER = replace(SERVICE, background=[])


@pytest.fixture
async def returns(start: Start, service_url: str) -> Running:
    return await start(SERVICE, url=service_url)


@asynccontextmanager
async def awake(service: Service, url: str, home: Path) -> AsyncIterator[Running]:
    """Let a service live for the block only, so that it can be down after it."""
    bus = InProcessBus()
    bus.open()
    app = create_service(service, Settings(database_url=url, home=home), bus, keys())  # type: ignore[arg-type]
    async with lifespan(app), client_of(app) as client:
        yield Running(service, app, client)


def agreement(**changes: Any) -> SharingAgreementChanged:
    told: dict[str, Any] = {
        "agreement_id": new_id(),
        "organisation": "iom",
        "recipient": "embassy:NER",
        "purposes": ["travel-document"],
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2099, 12, 31),
        "version": 1,
    }
    return SharingAgreementChanged(**told | changes)


def consent(person: str, version: int = 1, state: str = "given", **changes: Any) -> ConsentChanged:
    told: dict[str, Any] = {
        "person_id": person,
        "recipient": "embassy:NER",
        "purpose": "travel-document",
        "state": state,
        "version": version,
        "changed_at": now(),
    }
    return ConsentChanged(**told | changes)


async def all_told(returns: Running, ago: float = 0) -> None:
    await returns.hear(ConsentsTold(until=now() - timedelta(seconds=ago)))


async def case_of(returns: Running) -> tuple[str, str]:
    """Open a case; return the ids of the case and of its person."""
    person = new_id()
    await returns.hear(
        PersonRegistered(
            person_id=person,
            population_category="migrant",
            location_pcode="LY0209",
            registered_on=today(),
            organisation="iom",
            case_owner="test-client",
        )
    )
    body = {"person_id": str(person), "destination_country": "NER"}
    response = await returns.client.post("/v1/returns/cases", json=body)
    assert response.status_code == 201, response.text
    return response.json()["id"], str(person)


async def asked(returns: Running, case: str, terms: UUID, **changes: Any) -> Any:
    body = {
        "case_id": case,
        "recipient": "embassy:NER",
        "purpose": "travel-document",
        "agreement_id": str(terms),
    }
    return await returns.client.post(SHARES, json=body | changes)


async def queued(returns: Running, *, ago: float = 0) -> tuple[str, str, UUID]:
    """Ask for a share that may be; return its path, the person, and the agreement."""
    case, person = await case_of(returns)
    terms = agreement()
    await returns.hear(terms, consent(person))
    await all_told(returns, ago)
    response = await asked(returns, case, terms.agreement_id)
    assert response.status_code == 202, response.text
    return response.headers["location"], person, terms.agreement_id


async def come_to(returns: Running, path: str, *states: str) -> dict[str, Any]:
    async def share() -> dict[str, Any]:
        found: dict[str, Any] = (await returns.client.get(path)).json()
        return found

    return await until(share, lambda found: found["state"] in states)


async def told(returns: Running, kind: type[Any]) -> list[Any]:
    async with returns.database.read() as session:
        statement = select(TABLES.outbox.body).where(col(TABLES.outbox.type) == kind.type)
        bodies = (await session.exec(statement)).all()
    return [Envelope.model_validate_json(body).event() for body in bodies]


async def test_a_file_is_sent_and_every_step_of_it_is_logged(returns: Running) -> None:
    path, person, _ = await queued(returns)

    share = await come_to(returns, path, "sent", "refused")

    assert [(each["what"], each["consent_version"]) for each in share["log"]] == [
        ("queued", 1),
        ("sent", 1),
    ]
    [event] = await told(returns, RecordShared)
    assert (str(event.person_id), event.recipient) == (person, "embassy:NER")


async def test_what_is_collected_holds_no_more_than_the_purpose_needs(returns: Running) -> None:
    path, person, _ = await queued(returns)
    share = await come_to(returns, path, "sent")

    response = await returns.client.get(f"{RECEIVED}/{share['id']}/content", headers=EMBASSY)

    assert response.status_code == 200, response.text
    content = response.json()["content"]
    assert content == {"case_id": share["about"], "person_id": person, "destination_country": "NER"}
    log = (await returns.client.get(path)).json()["log"]
    assert [(each["what"], each["by"]) for each in log][-1] == ("collected", "client-embassy")


async def test_nobody_else_sees_that_there_is_a_share(returns: Running) -> None:
    path, _, _ = await queued(returns)
    share = await come_to(returns, path, "sent")

    for organisation in ["embassy:NGA", "partner:embassy:NER", "unhcr"]:
        other = bearer(organisation=organisation, roles=["integrator"])

        listed = await returns.client.get(RECEIVED, headers=other)
        content = await returns.client.get(f"{RECEIVED}/{share['id']}/content", headers=other)
        staff = await returns.client.get(path, headers=bearer(organisation="other"))

        assert listed.json()["items"] == [], organisation
        assert (content.status_code, staff.status_code) == (404, 404), organisation


async def test_the_data_protection_officer_reads_the_log_and_not_the_file(
    returns: Running,
) -> None:
    path, _, _ = await queued(returns)
    await come_to(returns, path, "sent")
    dpo = bearer(roles=["dpo"], sub="user-dpo")

    log = await returns.client.get(path, headers=dpo)
    content = await returns.client.get(f"{path}/content", headers=dpo)

    assert [each["what"] for each in log.json()["log"]] == ["queued", "sent"]
    assert content.status_code == 403


async def test_case_36_without_agreement_consent_or_a_purpose_nothing_is_shared(
    returns: Running,
) -> None:
    cases: list[tuple[dict[str, Any], list[str], dict[str, Any], str]] = [
        ({"organisation": "other"}, ["given"], {}, "no_agreement"),
        ({}, ["given"], {"agreement_id": str(new_id())}, "no_agreement"),
        ({"ends_on": date(2026, 1, 2)}, ["given"], {}, "agreement_not_in_force"),
        ({"starts_on": date(2099, 1, 1)}, ["given"], {}, "agreement_not_in_force"),
        ({"recipient": "unhcr"}, ["given"], {}, "agreement_is_for_another_purpose"),
        ({"purposes": ["referral"]}, ["given"], {}, "agreement_is_for_another_purpose"),
        ({}, [], {}, "no_consent"),
        ({}, ["refused"], {}, "consent_refused"),
        ({}, ["given", "withdrawn"], {}, "consent_withdrawn"),
        ({}, ["given"], {"purpose": "law-enforcement"}, "never_allowed"),
        ({}, ["given"], {"purpose": "referral"}, "unknown_purpose"),
        ({}, ["given"], {"recipient": "mission", "purpose": "return"}, "unknown_purpose"),
        ({}, [], {"exception_id": str(new_id())}, "no_exception"),
    ]
    for terms, answers, body, code in cases:
        case, person = await case_of(returns)
        made = agreement(**terms)
        await returns.hear(made)
        for version, state in enumerate(answers, 1):
            await returns.hear(consent(person, version, state))
        await all_told(returns)

        response = await asked(returns, case, made.agreement_id, **body)

        assert response.status_code == 403, response.text
        assert response.json()["type"] == "/problems/purpose-not-allowed", code
        assert [fault["code"] for fault in response.json()["errors"]] == [code], code
        assert (await returns.client.get(SHARES)).json()["items"] == [], code
        assert await told(returns, RecordShared) == [], code


async def test_a_consent_that_has_expired_is_none(returns: Running) -> None:
    case, person = await case_of(returns)
    terms = agreement()
    yesterday = today() - timedelta(days=1)
    await returns.hear(terms, consent(person, expires_on=yesterday))
    await all_told(returns)

    response = await asked(returns, case, terms.agreement_id)

    assert [fault["code"] for fault in response.json()["errors"]] == ["consent_expired"]


async def test_case_36_an_exception_by_two_people_stands_in_for_the_consent(
    returns: Running,
) -> None:
    case, person = await case_of(returns)
    terms, exception = agreement(), exception_of(person)
    await returns.hear(terms, exception)
    await all_told(returns)

    response = await asked(
        returns, case, terms.agreement_id, exception_id=str(exception.exception_id)
    )

    assert response.status_code == 202, response.text
    await come_to(returns, response.headers["location"], "sent")


def exception_of(person: str, **changes: Any) -> SharingExceptionChanged:
    allowed: dict[str, Any] = {
        "exception_id": new_id(),
        "person_id": person,
        "recipient": "embassy:NER",
        "purpose": "travel-document",
        "state": "approved",
        "ends_on": today(),
        "version": 1,
    }
    return SharingExceptionChanged(**allowed | changes)


async def test_case_36_an_exception_counts_for_what_it_says_and_as_long(returns: Running) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"person_id": new_id()}, "no_exception"),
        ({"recipient": "unhcr"}, "no_exception"),
        ({"state": "ended"}, "exception_over"),
        ({"ends_on": date(2026, 1, 1)}, "exception_over"),
    ]
    for changes, code in cases:
        case, person = await case_of(returns)
        terms, exception = agreement(), exception_of(person, **changes)
        await returns.hear(terms, exception)
        await all_told(returns)

        response = await asked(
            returns, case, terms.agreement_id, exception_id=str(exception.exception_id)
        )

        assert response.status_code == 403, changes
        assert [fault["code"] for fault in response.json()["errors"]] == [code], changes


async def test_who_was_sent_something_is_told_that_it_has_ended(returns: Running) -> None:
    path, person, _ = await queued(returns)
    await come_to(returns, path, "sent")

    await returns.hear(consent(person, 2, "withdrawn"))

    share = (await returns.client.get(path)).json()
    assert (share["state"], share["reason"]) == ("ended", "consent_withdrawn")
    [event] = await told(returns, SharingEnded)
    assert str(event.share_id) == share["id"]
    assert event.confirm_until - now() > timedelta(hours=71)
    [received] = (await returns.client.get(RECEIVED, headers=EMBASSY)).json()["items"]
    assert received["state"] == "ended"
    content = await returns.client.get(f"{RECEIVED}/{share['id']}/content", headers=EMBASSY)
    assert content.status_code == 409


async def test_a_recipient_confirms_the_deletion_once_the_sharing_has_ended(
    returns: Running,
) -> None:
    path, person, _ = await queued(returns)
    share = await come_to(returns, path, "sent")
    confirmation = f"{RECEIVED}/{share['id']}/confirmation"

    early = await returns.client.post(confirmation, headers=EMBASSY)
    await returns.hear(consent(person, 2, "withdrawn"))
    twice = [await returns.client.post(confirmation, headers=EMBASSY) for _ in range(2)]

    assert early.status_code == 409
    assert [each.json()["state"] for each in twice] == ["confirmed", "confirmed"]
    log = (await returns.client.get(path)).json()["log"]
    assert [each["what"] for each in log] == ["queued", "sent", "ended", "confirmed"]


async def test_a_deletion_that_is_overdue_stands_on_a_list(returns: Running) -> None:
    path, person, _ = await queued(returns)
    share = await come_to(returns, path, "sent")
    await returns.hear(consent(person, 2, "withdrawn"))
    overdue = {"unconfirmed": "true"}
    dpo = bearer(roles=["dpo"], sub="user-dpo")
    before = (await returns.client.get(SHARES, params=overdue, headers=dpo)).json()["items"]

    async with returns.database.write() as session:
        row = await session.get(SHARING.tables.share, UUID(share["id"]))
        assert row is not None
        row.confirm_until = now() - timedelta(seconds=1)
        session.add(row)

    after = (await returns.client.get(SHARES, params=overdue, headers=dpo)).json()["items"]
    assert before == []
    assert [each["id"] for each in after] == [share["id"]]


async def test_answers_are_heard_in_any_order_and_any_number_of_times(returns: Running) -> None:
    case, person = await case_of(returns)
    terms = agreement()
    await returns.hear(
        terms,
        consent(person, 3, "withdrawn"),
        consent(person, 2, "given"),
        consent(person, 3, "withdrawn"),
        consent(person, 1, "refused"),
    )
    await all_told(returns)

    response = await asked(returns, case, terms.agreement_id)

    assert [fault["code"] for fault in response.json()["errors"]] == ["consent_withdrawn"]


@pytest.mark.parametrize("ago", [None, 301])
async def test_who_has_not_heard_of_consents_for_five_minutes_shares_nothing(
    returns: Running, ago: float | None
) -> None:
    case, person = await case_of(returns)
    terms = agreement()
    await returns.hear(terms, consent(person))
    if ago:
        await all_told(returns, ago)

    response = await asked(returns, case, terms.agreement_id)

    assert (response.status_code, response.json()["type"]) == (503, "/problems/consents-stale")


async def test_what_was_asked_for_waits_until_it_is_sure_who_has_withdrawn(
    start: Start, service_url: str
) -> None:
    returns = await start(NO_SENDER, url=service_url)
    path, _, _ = await queued(returns, ago=90)
    started = now() - timedelta(hours=1)

    unsure = await send_waiting(SHARING, returns.database, started)
    await all_told(returns)
    sure = await send_waiting(SHARING, returns.database, started)

    assert (unsure, sure) == (0, 1)
    assert (await returns.client.get(path)).json()["state"] == "sent"


async def test_nothing_is_shared_while_a_change_of_a_consent_lies_with_the_dead_letters(
    returns: Running,
) -> None:
    case, person = await case_of(returns)
    terms = agreement()
    await returns.hear(terms, consent(person))
    await all_told(returns)
    consumer = Consumer("returns", returns.database, SERVICE.subscriptions)
    await consumer.bury(b'{"type": "registration.consent_changed.v1"}', "OSError")

    refused = await asked(returns, case, terms.agreement_id)
    async with returns.database.write() as session:
        await session.exec(delete(TABLES.dead_letter))
    seen_to = await asked(returns, case, terms.agreement_id)

    assert (refused.status_code, seen_to.status_code) == (503, 202)


async def test_an_agreement_that_ends_keeps_what_waits_from_being_sent(
    start: Start, service_url: str
) -> None:
    returns = await start(NO_SENDER, url=service_url)
    path, _, terms = await queued(returns)
    yesterday = today() - timedelta(days=1)
    await returns.hear(agreement(agreement_id=terms, ends_on=yesterday, version=2))

    await send_waiting(SHARING, returns.database, now() - timedelta(hours=1))

    share = (await returns.client.get(path)).json()
    assert (share["state"], share["reason"]) == ("refused", "agreement_not_in_force")


async def test_two_senders_send_a_share_once(start: Start, service_url: str) -> None:
    returns = await start(NO_SENDER, url=service_url)
    for _ in range(5):
        await queued(returns)
    await all_told(returns)
    started = now() - timedelta(hours=1)

    sent = await asyncio.gather(
        *(send_waiting(SHARING, returns.database, started) for _ in range(4))
    )

    assert sum(sent) == 5
    assert len(await told(returns, RecordShared)) == 5


async def test_a_withdrawal_in_the_moment_of_sending_refuses_or_ends(
    start: Start, service_url: str
) -> None:
    returns = await start(NO_SENDER, url=service_url)
    shares = [await queued(returns) for _ in range(10)]
    await all_told(returns)
    started = now() - timedelta(hours=1)

    await asyncio.gather(
        send_waiting(SHARING, returns.database, started),
        *(returns.hear(consent(person, 2, "withdrawn")) for _, person, _ in shares),
    )

    found = (await returns.client.get(SHARES)).json()["items"]
    assert {each["state"] for each in found} <= {"refused", "ended"}
    sent = [each for each in found if each["state"] == "ended"]
    assert len(await told(returns, SharingEnded)) == len(await told(returns, RecordShared))
    assert len(sent) == len(await told(returns, SharingEnded))


class ChecksOnArrivalOnly(Sharing):
    """The twin without the safeguard: what was allowed when it was asked for is sent."""

    async def judge(self, session: AsyncSession, share: ShareColumns) -> Verdict:
        return Verdict(None)

    async def told_until(self, session: AsyncSession) -> datetime | None:
        return now() + timedelta(seconds=1)


class TrustsWhatItHeardBefore(Sharing):
    """The twin that asks the consent, and not whether it is still known who has withdrawn."""

    async def told_until(self, session: AsyncSession) -> datetime | None:
        return now() + timedelta(seconds=1)


def twin(kind: type[Sharing]) -> Sharing:
    parts = (SHARING.tables, SHARING.content, SHARING.assigned, SHARING.shared, SHARING.ended)
    return kind(*parts)


WITHDRAWN = 6
STAYING = 2


@pytest.mark.parametrize(
    ("sharing", "is_broken"),
    [
        pytest.param(SHARING, False, id="as it is"),
        pytest.param(twin(ChecksOnArrivalOnly), True, id="checks on arrival only"),
        pytest.param(twin(TrustsWhatItHeardBefore), True, id="trusts what it heard before"),
    ],
)
async def test_p21_case_42_who_was_down_when_somebody_withdrew_sends_nothing_of_the_backlog(
    service_url: str, tmp_path: Path, sharing: Sharing, *, is_broken: bool
) -> None:
    async with awake(NO_SENDER, service_url, tmp_path) as before:
        shares = [await queued(before) for _ in range(WITHDRAWN + STAYING)]
    leaving = [person for _, person, _ in shares[:WITHDRAWN]]
    # It is down now. They withdraw; the news waits at the bus, behind a service that has woken.
    withdrawn_at = now()
    news = [consent(person, 2, "withdrawn") for person in leaving]

    service = replace(SERVICE, background=[sender(sharing)])
    async with awake(service, service_url, tmp_path) as again:
        if is_broken:
            await come_to(again, shares[0][0], "sent")
        else:
            await asyncio.sleep(1)
        await again.hear(*news)
        await all_told(again)
        settled = [await come_to(again, path, "sent", "refused", "ended") for path, _, _ in shares]
        for path, _, _ in shares[WITHDRAWN:]:
            await come_to(again, path, "sent")

    late = [
        share
        for share in settled
        if share["person_id"] in leaving and any(e["what"] == "sent" for e in share["log"])
    ]
    assert (len(late) > 0) is is_broken
    assert all(datetime.fromisoformat(share["sent_at"]) > withdrawn_at for share in late)


@given(
    st.timedeltas(timedelta(0), timedelta(minutes=20)),
    st.timedeltas(timedelta(0), timedelta(minutes=20)),
)
def test_what_is_sure_was_heard_within_a_minute_and_since_the_start(
    heard_ago: timedelta, started_ago: timedelta
) -> None:
    moment = now()
    heard, started = moment - heard_ago, moment - started_ago

    sure = rules.is_sure(heard, moment, started)

    assert sure is (heard_ago <= timedelta(seconds=60) and heard_ago <= started_ago)
    assert not (sure and rules.is_stale(heard, moment))


@pytest.mark.parametrize("state", ["refused", "withdrawn"])
async def test_a_return_stops_when_the_register_knows_a_no(returns: Running, state: str) -> None:
    case, person = await case_of(returns)
    made = {"id": case}
    for status in ("screened", "consented"):
        assert (await step(returns, made, status)).status_code == 200
    await returns.hear(consent(person, 1, state, recipient="mission", purpose="return"))

    stopped = await step(returns, made, "cleared")
    withdrawn = await step(returns, made, "withdrawn")

    assert (stopped.status_code, stopped.json()["type"]) == (409, "/problems/consent-withdrawn")
    assert [fault["code"] for fault in stopped.json()["errors"]] == [f"consent_{state}"]
    assert withdrawn.status_code == 200


async def test_a_return_goes_on_after_a_new_yes(returns: Running) -> None:
    case, person = await case_of(returns)
    made = {"id": case}
    for version, state in ((1, "withdrawn"), (2, "given")):
        await returns.hear(consent(person, version, state, recipient="mission", purpose="return"))

    response = await step(returns, made, "screened")

    assert response.status_code == 200, response.text


async def test_a_departure_is_stopped_by_a_no_of_the_last_hour(returns: Running) -> None:
    case, person = await case_of(returns)
    made = {"id": case}
    for status in list(STEPS)[:3]:
        assert (await step(returns, made, status)).status_code == 200
    await returns.hear(consent(person, 1, "withdrawn", recipient="mission", purpose="return"))

    response = await step(returns, made, "departed")

    assert response.status_code == 409
