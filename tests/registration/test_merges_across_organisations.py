"""Two organisations find that they registered one person, who agrees; nobody else learns of it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select, update

from chassis.clock import new_id, now, today
from contracts.returns import PersonDeparted
from services.registration.main import SERVICE
from services.registration.mergeproposals import rules
from services.registration.mergeproposals.models import MergeProposal
from services.registration.merges.models import Merge
from services.registration.merges.rules import UNDO_FOR
from services.registration.ownfiles.models import OwnFile
from services.registration.persons.models import Person
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.office import DUPLICATES, NAWAL, PERSONS, Office, Worker
from tests.registration.partners import CANDIDATES, PROPOSALS, THEIRS, Partners

HOUSEHOLDS = "/v1/registration/households"
CASE = {"X-Purpose": "case_management"}
WITHDRAWN = {"recipient": f"partner:{THEIRS}", "purpose": "referral"}


@pytest.fixture
async def partners(start: Start) -> Partners:
    running = await start(SERVICE)
    async with running.database.write() as session:
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    return Partners(Office(running))


async def persons(partners: Partners, *ids: str) -> list[Person]:
    async with partners.office.running.database.read() as session:
        return [await session.get_one(Person, UUID(each)) for each in ids]


def test_what_is_told_of_the_other_side_is_how_names_sex_and_birth_agree() -> None:
    reasons = [
        {"attribute": each, "level": "same", "weight": 3.5}
        for each in ("given", "given_rarity", "born", "phone", "document", "household", "sex")
    ]

    assert rules.told(reasons) == [
        {"attribute": each, "level": "same"} for each in ("given", "born", "sex")
    ]


async def test_nothing_is_there_until_the_person_and_both_organisations_have_agreed(
    partners: Partners,
) -> None:
    ours, theirs = await partners.registered()
    everybody = (partners.us, partners.them)
    reader = {"id": "A1", "organisation": THEIRS, "places": ["LY"]}
    with_agreement = Worker(
        partners.office.running,
        "nadia",
        ("protection_officer",),
        places=("LY02",),
        agreements=[reader],
    )

    async def nobody_knows() -> bool:
        found = [await partners.candidates(each) for each in (*everybody, with_agreement)]
        return not any(found)

    before = [await nobody_knows()]
    await partners.agree()
    before.append(await nobody_knows())
    await partners.say(ours, given=True, ours=True)
    before.append(await nobody_knows())
    await partners.say(theirs, given=False, ours=False)
    before.append(await nobody_knows())
    await partners.say(theirs, given=True, ours=False)

    assert before == [True] * 4
    [[here], [there]] = [await partners.candidates(each) for each in everybody]
    assert here["id"] == there["id"]
    assert here["ours"] == {"person_id": ours, "external_id": NAWAL["external_id"]}
    assert there["ours"] == {"person_id": theirs, "external_id": "E-1"}
    assert (here["other_organisation"], there["other_organisation"]) == (THEIRS, "iom")
    told = {each["attribute"] for each in here["reasons"]}
    assert {"given", "born"} <= told <= rules.TOLD
    assert theirs not in str(here)
    assert ours not in str(there)
    # Reading under an agreement is one thing, and being their reviewer another.
    assert await partners.candidates(with_agreement) == [here]
    [pair] = (await with_agreement.get(DUPLICATES)).json()["items"]
    assert {pair["left"]["person_id"], pair["right"]["person_id"]} == {ours, theirs}
    alone = await with_agreement.post(f"{DUPLICATES}/{pair['id']}/merge", {"keep": ours})
    assert alone.status_code == 404
    far = Worker(partners.office.running, "rania", ("protection_officer",), places=("LY11",))
    assert await partners.candidates(far) == []
    assert (await partners.our_worker.get(CANDIDATES)).status_code == 403
    agreements = await partners.their_dpo.get("/v1/registration/sharing-agreements")
    [agreement] = agreements.json()["items"]
    ended = f"/v1/registration/sharing-agreements/{agreement['id']}/end"
    assert (await partners.their_dpo.post(ended)).status_code == 200
    assert await nobody_knows()


async def test_one_proposes_the_other_confirms_and_either_takes_it_apart(
    partners: Partners,
) -> None:
    ours, theirs = await partners.may_both_know()
    proposal = await partners.propose(keep="theirs")

    asked = (await partners.them.get(PROPOSALS, params={"state": "open"})).json()["items"]
    by_us = [
        await partners.us.post(f"{proposal}/answer", {"confirmed": True}),
        await partners.office.other_officer.post(f"{proposal}/answer", {"confirmed": True}),
    ]
    one_who_works_for_both = Worker(
        partners.office.running, "nadia", ("protection_officer",), organisation=THEIRS
    )
    by_us.append(await one_who_works_for_both.post(f"{proposal}/answer", {"confirmed": True}))
    not_yet = await partners.us.send("DELETE", f"{proposal}/merge")
    merged_before = [each.merged_into for each in await persons(partners, ours, theirs)]
    await partners.confirm(proposal)

    assert [(each["asked"], each["keep"], each["proposed_by"]) for each in asked] == [
        ("of_us", "ours", None)
    ]
    assert {each.json()["type"] for each in by_us} == {"/problems/second-person-needed"}
    assert (not_yet.status_code, merged_before) == (409, [None, None])
    here, there = await persons(partners, ours, theirs)
    assert (str(here.merged_into), there.merged) == (theirs, [ours])
    seen_by_us = (await partners.us.get(proposal)).json()
    assert (seen_by_us["state"], seen_by_us["decided_by"]) == ("merged", None)
    assert (seen_by_us["keep"], seen_by_us["proposed_by"]) == ("theirs", "user-nadia")
    assert (await partners.them.get(proposal)).json()["decided_by"] == "user-rima"
    # Neither sees more of the other's than before, and what is merged is written of no more.
    assert (await partners.us.get(f"{PERSONS}/{theirs}")).status_code == 404
    assert (await partners.them.get(f"{PERSONS}/{ours}")).status_code == 404
    note = {"service": "medical", "worker_id": "user-salma"}
    refused = await partners.our_worker.post(f"{PERSONS}/{ours}/referrals", note)
    assert refused.json()["type"] == "/problems/merged"
    assert [await partners.candidates(each) for each in (partners.us, partners.them)] == [[], []]
    again = await partners.them.post(f"{proposal}/answer", {"confirmed": True})
    undone = await partners.us.send("DELETE", f"{proposal}/merge")
    assert (again.status_code, undone.status_code) == (409, 200), undone.text
    assert await partners.state(proposal) == ["undone", "undone"]
    assert [(each.merged_into, each.merged) for each in await persons(partners, ours, theirs)] == [
        (None, [])
    ] * 2
    table = partners.office.running.database.tables.outbox
    async with partners.office.running.database.read() as session:
        told = select(table.body).where(table.type == "registration.person_merged.v1")
        events = [str(each) for each in (await session.exec(told)).all()]
    assert (len(events), THEIRS in str(events)) == (2, False)
    await partners.confirm(await partners.propose())
    assert (await persons(partners, theirs))[0].merged_into == UUID(ours)
    on_record = await partners.office.record("merge_proposal")
    assert {("user-nadia", "propose", "allowed"), ("user-rima", "confirm", "allowed")} <= set(
        on_record
    )


async def test_who_was_refused_asks_no_more_and_who_refused_may(partners: Partners) -> None:
    await partners.may_both_know()
    first = await partners.propose()
    bad: list[dict[str, Any]] = [
        {"confirmed": False},
        {"confirmed": True, "because": "two_people"},
        {"confirmed": False, "because": "Zorro"},
        {"confirmed": "yes"},
        {},
    ]
    answers = [await partners.them.post(f"{first}/answer", each) for each in bad]

    twice = await partners.them.get(CANDIDATES)
    refusal = {"confirmed": False, "because": "keep_apart"}
    refused = await partners.them.post(f"{first}/answer", refusal)
    [pair] = await partners.candidates(partners.us)
    path = f"{CANDIDATES}/{pair['id']}/proposals"
    asked_again = await partners.us.post(path, {"keep": "ours"})
    by_them = await partners.them.post(path, {"keep": "ours"})
    second = f"{PROPOSALS}/{by_them.json()['id']}"
    wrong_side = await partners.us.post(f"{second}/withdrawal")
    withdrawn = await partners.them.post(f"{second}/withdrawal")
    late = await partners.us.post(f"{second}/answer", {"confirmed": True})
    third = (await partners.them.post(path, {"keep": "ours"})).json()
    two_people = {"confirmed": False, "because": "two_people"}
    different = await partners.us.post(f"{PROPOSALS}/{third['id']}/answer", two_people)

    assert {(each.status_code, "Zorro" in each.text) for each in answers} == {(422, False)}
    assert twice.json()["items"] == []
    assert (refused.status_code, refused.json()["because"]) == (200, "keep_apart")
    assert (asked_again.status_code, by_them.status_code) == (409, 201)
    assert (wrong_side.status_code, withdrawn.status_code, late.status_code) == (409, 200, 409)
    assert different.status_code == 200
    # That they are two people is remembered, until who said so proposes otherwise.
    for each in (partners.us, partners.them):
        assert await partners.candidates(each) == []
    assert (await partners.them.post(path, {"keep": "ours"})).status_code == 409
    assert (await partners.us.post(path, {"keep": "nobody"})).status_code == 422
    assert (await partners.us.post(path, {"keep": "theirs"})).status_code == 201
    states = [each["state"] for each in (await partners.us.get(PROPOSALS)).json()["items"]]
    assert states == ["refused", "withdrawn", "refused", "open"]


async def test_a_side_dismisses_a_pair_unasked_and_the_other_side_learns_nothing(
    partners: Partners,
) -> None:
    await partners.may_both_know()
    [pair] = await partners.candidates(partners.us)
    path = f"{CANDIDATES}/{pair['id']}/dismissal"
    reader = Worker(
        partners.office.running,
        "omar",
        ("protection_officer",),
        places=("LY02",),
        agreements=[{"id": "A1", "organisation": THEIRS, "places": ["LY"]}],
    )

    async def seen() -> list[int]:
        open_ones = await reader.get(DUPLICATES, params={"status": "open"})
        lists = [await partners.candidates(each) for each in (partners.us, partners.them)]
        return [*map(len, lists), len(open_ones.json()["items"])]

    before = await seen()
    dismissed = await partners.us.send("PUT", path, json={"because": "two_people"})
    after = await seen()
    listed = await partners.us.get(CANDIDATES, params={"dismissed": "true"})
    back = await partners.us.send("DELETE", path)
    twice = await partners.us.send("DELETE", path)
    again = await seen()
    refused = [
        await partners.us.send("PUT", path, json=each) for each in ({}, {"because": "Zorro"})
    ]
    by_nobody = await partners.our_worker.send("PUT", path, json={"because": "two_people"})
    assert (before, after, again) == ([1, 1, 1], [0, 1, 0], [1, 1, 1])
    assert (dismissed.status_code, dismissed.json()["because"]) == (200, "two_people")
    assert [each["id"] for each in listed.json()["items"]] == [pair["id"]]
    assert (back.status_code, twice.status_code, by_nobody.status_code) == (204, 204, 403)
    assert {(each.status_code, "Zorro" in each.text) for each in refused} == {(422, False)}

    # The other side may still ask, and is answered as ever; who proposes has thought better of it.
    await partners.us.send("PUT", path, json={"because": "two_people"})
    asked = await partners.them.post(f"{CANDIDATES}/{pair['id']}/proposals", {"keep": "ours"})
    await partners.them.post(f"{PROPOSALS}/{asked.json()['id']}/withdrawal")
    ours = await partners.us.post(f"{CANDIDATES}/{pair['id']}/proposals", {"keep": "ours"})
    await partners.us.post(f"{PROPOSALS}/{ours.json()['id']}/withdrawal")
    assert (asked.status_code, ours.status_code, await seen()) == (201, 201, [1, 1, 1])

    # What both leave apart stays open; that both find two people settles it.
    for who, because in (("us", "two_people"), ("them", "keep_apart"), ("them", "two_people")):
        worker = getattr(partners, who)
        assert (await worker.send("PUT", path, json={"because": because})).status_code == 200
        settled = await reader.get(DUPLICATES, params={"status": "different"})
        assert len(settled.json()["items"]) == ((who, because) == ("them", "two_people"))
    assert (await partners.us.send("DELETE", path)).status_code == 404
    on_record = await partners.office.record("merge_proposal")
    assert ("user-nadia", "dismiss", "allowed") in on_record


async def test_a_proposal_that_nobody_answers_expires_and_can_be_made_anew(
    partners: Partners,
) -> None:
    await partners.may_both_know()
    proposal = await partners.propose()
    ago = rules.ANSWERED_WITHIN
    id_ = proposal.rpartition("/")[2]
    await partners.office.let_pass(MergeProposal, id_, ago, "until", "proposed_at")

    late = await partners.them.post(f"{proposal}/answer", {"confirmed": True})
    expired = (await partners.them.get(PROPOSALS, params={"state": "expired"})).json()["items"]
    none = (await partners.them.get(PROPOSALS, params={"state": "open"})).json()["items"]
    await partners.confirm(await partners.propose())

    assert (late.status_code, none) == (409, [])
    assert [each["id"] for each in expired] == [id_]
    assert await partners.state(proposal) == ["expired", "expired"]


async def test_a_person_who_agrees_no_more_ends_what_was_merged_however_long_ago(
    partners: Partners,
) -> None:
    ours, theirs = await partners.may_both_know()
    merged = await partners.propose()
    await partners.confirm(merged)
    database = partners.office.running.database
    async with database.write() as session:
        await session.exec(update(Merge).values(merged_at=now() - UNDO_FOR))
    too_late = await partners.them.send("DELETE", f"{merged}/merge")
    standing = await partners.state(merged)

    withdrawn = await partners.our_worker.post(f"{PERSONS}/{ours}/consents/withdrawals", WITHDRAWN)

    assert (too_late.status_code, standing) == (409, ["merged", "merged"])
    assert [each["recipient"] for each in withdrawn.json()["changed"]] == [f"partner:{THEIRS}"]
    assert await partners.state(merged) == [404, 404]
    assert [each.merged_into for each in await persons(partners, ours, theirs)] == [None, None]
    await partners.say(ours, given=True, ours=True)
    waiting = await partners.propose()
    everything = {"everything": True}
    await partners.their_worker.post(f"{PERSONS}/{theirs}/consents/withdrawals", everything)
    await partners.say(theirs, given=True, ours=False)
    assert await partners.state(waiting) == ["ended", "ended"]
    answer = await partners.them.post(f"{waiting}/answer", {"confirmed": True})
    assert answer.status_code == 409


async def test_what_each_organisation_keeps_stays_its_own(partners: Partners) -> None:
    ours, theirs = await partners.may_both_know()
    proposal = await partners.propose(keep="theirs")
    level = {
        "vulnerability_level": "critical",
        "reason": "Seen today.",
        "next_review_on": today().isoformat(),
    }
    shared = await partners.our_worker.post(
        f"{PERSONS}/{ours}/assignments", {"worker_id": partners.us.id}
    )
    set_ = await partners.us.send(
        "PUT", f"{PERSONS}/{ours}/vulnerability", json=level, headers={"If-Match": '"0"'}
    )
    await partners.confirm(proposal)
    mission = {"recipient": "mission", "purpose": "assistance"}

    no = await partners.our_worker.post(f"{PERSONS}/{ours}/consents/withdrawals", mission)
    members = []
    for each in (partners.our_worker, partners.their_worker):
        [known] = (await each.get(HOUSEHOLDS, headers=CASE)).json()["items"]
        household = (await each.get(f"{HOUSEHOLDS}/{known['id']}", headers=CASE)).json()
        members.append([(one["person_id"], one["counted"]) for one in household["members"]])
    request = {"person_id": ours, "kind": "access"}
    await partners.our_dpo.post("/v1/registration/subject-requests", request)
    path = f"/v1/registration/people/{ours}/file"
    file = await partners.our_dpo.get(path, headers={"X-Purpose": "subject_access"})
    form = {"person_id": theirs, "reason": "person_asked"}
    asked = await partners.their_worker.post("/v1/registration/erasures", form)
    erasure = f"/v1/registration/erasures/{asked.json()['id']}/approval"
    erased = await partners.their_dpo.post(erasure)

    assert (shared.status_code, set_.status_code, erased.status_code) == (201, 204, 202)
    assert [each["id"] for each in file.json()["held"]["person"]] == [ours]
    [left] = await persons(partners, ours)
    assert len(no.json()["changed"]) == 1
    assert members == [[(ours, True)], [(theirs, True)]]
    assert (left.merged_into, left.vulnerability_level) == (None, "critical")
    assert (await partners.their_worker.get(f"{PERSONS}/{theirs}")).status_code == 404
    assert await partners.state(proposal) == [404, 404]
    assert await partners.office.record("vulnerability") == [("user-nadia", "update", "allowed")]


async def test_a_departure_counts_for_both_and_nobody_undoes_the_merge_after_it(
    partners: Partners,
) -> None:
    ours, theirs = await partners.may_both_know()
    proposal = await partners.propose()
    await partners.confirm(proposal)
    event = PersonDeparted(case_id=new_id(), person_id=UUID(theirs), departed_on=today())
    await partners.office.running.hear(event)

    undone = await partners.us.send("DELETE", f"{proposal}/merge")

    assert undone.status_code == 409
    assert [each.departed_on for each in await persons(partners, ours, theirs)] == [today()] * 2


async def test_nobody_decides_on_their_own_file_whoever_keeps_it(partners: Partners) -> None:
    _, theirs = await partners.may_both_know()
    async with partners.office.running.database.write() as session:
        session.add(
            OwnFile(
                user_id=partners.us.id,
                person_id=UUID(theirs),
                relation="self",
                organisation=THEIRS,
                location_pcode="LY020908",
                flagged_by="somebody",
            )
        )

    assert await partners.candidates(partners.us) == []
    assert len(await partners.candidates(partners.office.other_officer)) == 1


async def test_a_confirmation_and_a_withdrawal_at_once_leave_nothing_merged_without_a_yes(
    office: Office,
) -> None:
    partners = Partners(office)
    ours, theirs = await partners.may_both_know()
    proposal = await partners.propose()
    confirmed = {"confirmed": True}

    answers = await asyncio.gather(
        partners.them.post(f"{proposal}/answer", confirmed),
        partners.them.post(f"{proposal}/answer", confirmed),
        partners.our_worker.post(f"{PERSONS}/{ours}/consents/withdrawals", WITHDRAWN),
    )

    codes = [each.status_code for each in answers]
    assert codes[2] == 202
    assert all(each in {200, 404, 409} for each in codes[:2])
    assert codes.count(200) < 2
    assert [each.merged_into for each in await persons(partners, ours, theirs)] == [None, None]
