"""Referrals to services: how they go, to whom, by whose leave, and what the other side learns."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select, update

from chassis.clock import today
from services.registration.main import SERVICE
from services.registration.places.models import Place
from services.registration.servicereferrals import rules
from services.registration.servicereferrals.models import ServiceReferral
from services.registration.servicereferrals.rules import Status
from tests.conftest import Start
from tests.registration.office import PERSONS, Office, Worker

SENT, GOT = "/v1/registration/service-referrals", "/v1/registration/received-referrals"
SHELTER = {"kind": "shelter", "recipient": "partner:redcrescent", "urgency": "within_days"}
YES, NO = {"accepted": True}, {"accepted": False, "reason": "no_capacity"}


@pytest.fixture
async def nalut(start: Start) -> Office:
    """An office on SQLite alone: nothing that is tried with it is done by the database."""
    running = await start(SERVICE)
    async with running.database.write() as session:
        for pcode, parent in (("LY020908", "LY0209"), ("LY020901", "LY0209")):
            session.add(Place(pcode=pcode, level=3, parent_pcode=parent, version=1))
    return Office(running)


def of_partner(office: Office, *roles: str, places: tuple[str, ...] = ("LY02",)) -> Worker:
    return Worker(office.running, "-".join(roles), roles, organisation="redcrescent", places=places)


async def answered(office: Office, person: str, *, given: bool, **more: Any) -> httpx.Response:
    """Let the person answer whether the partner may have their record for a referral."""
    told = {
        "recipient": "partner:redcrescent",
        "purpose": "referral",
        "given": given,
        "text_version": "2026-1",
        "language": "ar",
        "form": "verbal",
        "interpreter": True,
        "place_pcode": "LY020908",
        "detained": False,
    }
    return await office.case_worker.post(f"{PERSONS}/{person}/consents", told | more)


async def agreed(office: Office) -> str:
    form = {
        "reference": "A1",
        "recipient": "partner:redcrescent",
        "purposes": ["referral"],
        "starts_on": "2026-01-01",
        "ends_on": "2099-01-01",
    }
    made = await office.dpo.post("/v1/registration/sharing-agreements", form)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def referred(office: Office, person: str, **changes: Any) -> str:
    answer = await office.case_worker.post(
        f"{PERSONS}/{person}/service-referrals", SHELTER | changes
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize(
    ("before", "possible"),
    [
        ("sent", {"accepted", "rejected", "withdrawn", "stopped"}),
        ("accepted", {"closed", "withdrawn", "stopped"}),
        *((status, set[Status]()) for status in ("rejected", "closed", "withdrawn", "stopped")),
    ],
)
def test_a_referral_goes_one_way(before: str, possible: set[Status]) -> None:
    assert {wanted for wanted in rules.FROM if rules.may_become(before, wanted)} == possible


@pytest.mark.parametrize(
    ("agreed", "consented", "excepted", "lack"),
    [
        (True, True, False, None),
        (True, False, True, None),
        (True, False, False, "no_consent"),
        (False, True, True, "no_agreement"),
    ],
)
def test_who_is_no_part_of_the_mission_needs_an_agreement_and_a_yes_or_an_exception(
    agreed: bool, consented: bool, excepted: bool, lack: str | None
) -> None:
    known = {"agreed": agreed, "consented": consented, "excepted": excepted}

    assert rules.lack("partner:x", **known) == lack
    assert rules.lack("mission", agreed=False, consented=False, excepted=False) is None
    assert [rules.receiver(each, "iom") for each in ("mission", "unhcr", "partner:x")] == [
        *("iom", "unhcr", "x")
    ]


async def test_nobody_is_referred_to_others_who_has_not_agreed_and_a_withdrawal_stops_it(
    nalut: Office,
) -> None:
    person = await nalut.register()
    path = f"{PERSONS}/{person}/service-referrals"
    lacking = [await nalut.case_worker.post(path, SHELTER)]
    agreement = await agreed(nalut)
    lacking.append(await nalut.case_worker.post(path, SHELTER))
    given = await answered(nalut, person, given=True)
    first, second = await referred(nalut, person), await referred(nalut, person, kind="legal")
    partner = of_partner(nalut, "case_worker")
    accepted = await partner.post(f"{GOT}/{first}/answer", YES)

    withdrawal = {"recipient": "partner:redcrescent", "purpose": "referral"}
    withdrawn = await nalut.enumerator.post(f"{PERSONS}/{person}/consents/withdrawals", withdrawal)

    assert given.status_code == 201, given.text
    assert withdrawn.status_code == 202, withdrawn.text
    assert [each.status_code for each in lacking] == [403, 403]
    codes = [each.json()["errors"][0]["code"] for each in lacking]
    assert codes == ["no_agreement", "no_consent"]
    about = accepted.json()["about"]
    assert (about["person_id"], about["kind"], set(about)) == (
        person,
        "shelter",
        {"person_id", "case_number", "kind", "urgency", "place_pcode"},
    )
    left = (await partner.get(GOT)).json()["items"]
    assert [(each["id"], each["status"], each["about"]) for each in left] == [
        (first, "stopped", None),
        (second, "stopped", None),
    ]
    late = await partner.post(f"{GOT}/{first}/closure", {"outcome": "helped"})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/out-of-order")
    assert person not in (await partner.get(f"{GOT}/{first}")).text
    await answered(nalut, person, given=True)
    third = await referred(nalut, person)
    ended = await nalut.dpo.post(f"/v1/registration/sharing-agreements/{agreement}/end")
    without = await partner.get(f"{GOT}/{third}")
    refused = await partner.post(f"{GOT}/{third}/answer", YES)
    rejected = await partner.post(f"{GOT}/{third}/answer", NO)
    assert (ended.status_code, without.json()["about"]) == (200, None)
    assert (refused.status_code, rejected.json()["status"]) == (403, "rejected")
    assert await told(nalut) == {
        first: ["sent", "accepted", "stopped"],
        second: ["sent", "stopped"],
        third: ["sent", "rejected"],
    }


async def told(office: Office) -> dict[str, list[str]]:
    """Return the statuses that events tell of each referral; they tell nothing else."""
    outbox = office.running.database.tables.outbox
    wanted = select(outbox).where(outbox.type == "registration.service_referral_changed.v1")
    found: dict[str, list[str]] = {}
    async with office.running.database.read() as session:
        for row in (await session.exec(wanted.order_by(outbox.id))).all():  # type: ignore[arg-type]  # As SQLModel types it.
            data = httpx.Response(200, content=row.body).json()["data"]
            assert set(data) == {"referral_id", "person_id", "status", "version"}
            found.setdefault(data["referral_id"], []).append(data["status"])
    return found


async def test_a_no_to_one_registration_stops_what_was_asked_for_another(nalut: Office) -> None:
    await agreed(nalut)
    first = await nalut.register()
    second = await nalut.register(external_id="R2", household_ref="H2")
    assert (await answered(nalut, second, given=True)).status_code == 201
    referral = await referred(nalut, second)
    pair = await nalut.pair_of(first, second)
    await nalut.officer.post(f"{pair}/merge", {"keep": first})

    said = await answered(nalut, first, given=False)

    assert said.status_code == 201, said.text
    found = await nalut.case_worker.get(f"{SENT}/{referral}")
    theirs = await of_partner(nalut, "case_worker").get(f"{GOT}/{referral}")
    assert (found.json()["status"], theirs.json()["about"]) == ("stopped", None)


async def test_what_was_asked_for_a_registration_is_told_of_the_one_it_goes_on_as(
    nalut: Office,
) -> None:
    first, second = [
        await nalut.register(external_id=f"R{number}", household_ref=f"H{number}")
        for number in range(2)
    ]
    asked = [await referred(nalut, each, recipient="mission") for each in (second, first)]
    pair = await nalut.pair_of(first, second)

    async def told(person: str) -> list[str]:
        found = await nalut.case_worker.get(f"{PERSONS}/{person}/service-referrals")
        return [each["id"] for each in found.json()["items"]]

    before = [await told(each) for each in (second, first)]
    await nalut.officer.post(f"{pair}/merge", {"keep": first})

    assert before == [[each] for each in asked]
    assert [await told(each) for each in (second, first)] == [asked, asked]


async def test_within_the_mission_it_goes_to_whose_work_it_is_at_the_place_that_was_named(
    nalut: Office,
) -> None:
    person = await nalut.register()
    ill = await referred(nalut, person, recipient="mission", kind="health")
    hurt = await referred(nalut, person, recipient="mission", kind="gender_based_violence")
    there = {"recipient": "mission", "kind": "legal", "place_pcode": "LY020901"}
    legal = await referred(nalut, person, **there)

    async def got(worker: Worker) -> list[str]:
        return [each["id"] for each in (await worker.get(GOT)).json()["items"]]

    assert await got(nalut.nurse) == [ill]
    assert await got(nalut.colleague) == [legal]
    assert await got(nalut.officer) == [ill, hurt, legal]
    assert await got(nalut.far_officer) == await got(nalut.stranger) == []
    assert (await nalut.colleague.get(f"{GOT}/{hurt}")).status_code == 404
    assert (await nalut.colleague.post(f"{GOT}/{hurt}/answer", YES)).status_code == 404
    assert (await nalut.colleague.get(f"{SENT}/{hurt}")).status_code == 404
    assert (await nalut.enumerator.get(GOT)).status_code == 403


async def test_what_is_open_after_its_day_is_overdue_until_somebody_ends_it(nalut: Office) -> None:
    person = await nalut.register()
    late, soon, over = [
        await referred(nalut, person, recipient="mission", urgency=urgency)
        for urgency in ("now", "when_possible", "now")
    ]
    async with nalut.running.database.write() as session:
        past = today() - timedelta(days=1)
        for each in (late, over):
            change = update(ServiceReferral).where(ServiceReferral.id == UUID(each))  # type: ignore[arg-type]  # As SQLModel types it.
            await session.exec(change.values(due_on=past))
    await nalut.case_worker.post(f"{SENT}/{over}/withdrawal")

    overdue = await nalut.case_worker.get(SENT, params={"overdue": True})
    others = await nalut.case_worker.get(SENT, params={"overdue": False, "limit": 1})
    next_page = {"overdue": False, "cursor": others.json()["next_cursor"]}
    rest = await nalut.case_worker.get(SENT, params=next_page)
    received = await nalut.officer.get(GOT, params={"overdue": True})
    closed_early = await nalut.case_worker.post(f"{SENT}/{late}/closure", {"outcome": "helped"})
    await nalut.case_worker.post(f"{SENT}/{late}/answer", YES)
    closed = await nalut.case_worker.post(f"{SENT}/{late}/closure", {"outcome": "helped_in_part"})
    of_person = await nalut.case_worker.get(f"{PERSONS}/{person}/service-referrals")

    assert [(each["id"], each["overdue"]) for each in overdue.json()["items"]] == [(late, True)]
    assert [each["id"] for each in others.json()["items"] + rest.json()["items"]] == [soon, over]
    assert [each["id"] for each in received.json()["items"]] == [late]
    assert closed_early.status_code == 409
    assert (closed.json()["outcome"], closed.json()["overdue"]) == ("helped_in_part", False)
    assert closed.json()["answered_by"] == nalut.case_worker.id
    statuses = [(each["id"], each["status"]) for each in of_person.json()["items"]]
    assert statuses == [(late, "closed"), (soon, "sent"), (over, "withdrawn")]


async def test_of_two_who_answer_at_once_one_wins_and_the_other_is_told_so(office: Office) -> None:
    person = await office.register()
    await agreed(office)
    await answered(office, person, given=True)
    referral = await referred(office, person)
    partners = [of_partner(office, "case_worker"), of_partner(office, "protection_officer")]

    answers = await asyncio.gather(
        *(
            partner.post(f"{GOT}/{referral}/answer", body)
            for partner, body in zip(partners, (YES, NO), strict=True)
        )
    )

    assert sorted(each.status_code for each in answers) == [200, 409]
    won = next(each for each in answers if each.status_code == 200)
    seen = await office.case_worker.get(f"{SENT}/{referral}")
    assert seen.json()["status"] == won.json()["status"]
    assert (seen.json()["rejected_because"] is None) == (seen.json()["status"] == "accepted")


async def test_what_is_no_referral_and_no_answer_is_refused(nalut: Office) -> None:
    person = await nalut.register()
    inside = SHELTER | {"recipient": "mission"}
    far = (today() + timedelta(days=400)).isoformat()
    bad: list[Any] = [
        {},
        inside | {"kind": "Zorro"},
        inside | {"recipient": "police"},
        inside | {"recipient": "embassy:SDN"},
        inside | {"recipient": "icrc"},
        inside | {"urgency": None},
        inside | {"due_on": "2020-01-01"},
        inside | {"due_on": far},
        inside | {"place_pcode": "LY119999"},
        inside | {"note": "Zorro"},
    ]
    path = f"{PERSONS}/{person}/service-referrals"
    for body in bad:
        answer = await nalut.case_worker.post(path, body)
        assert (answer.status_code, "Zorro" in answer.text) == (422, False), (body, answer.text)
    referral = await referred(nalut, person, recipient="mission")
    for what, body in (
        ("answer", {"accepted": False}),
        ("answer", {"accepted": True, "reason": "no_capacity"}),
        ("answer", {"accepted": "yes"}),
        ("answer", {"accepted": False, "reason": "Zorro"}),
        ("closure", {"outcome": "Zorro"}),
        ("closure", {}),
    ):
        refused = await nalut.case_worker.post(f"{SENT}/{referral}/{what}", body)
        assert refused.status_code == 422, refused.text

    filters = [{"status": "gone"}, {"overdue": "perhaps"}]
    narrowed = [await nalut.case_worker.get(SENT, params=each) for each in filters]
    seen = (await nalut.case_worker.get(path)).json()["items"]
    assert [each.status_code for each in narrowed] == [422, 422]
    assert [(each["id"], each["status"], each["version"]) for each in seen] == [
        (referral, "sent", 1)
    ]
