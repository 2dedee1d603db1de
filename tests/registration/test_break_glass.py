"""Breaking the glass: one file, one hour, told at once, and reviewed by somebody else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from chassis.policy import policy
from services.registration.breakglass import rules
from services.registration.breakglass.models import Breaking
from tests.registration.office import PERSONS, Office, Worker

GLASS = "/v1/registration/break-glass"
CARE = {"X-Purpose": "medical_care"}
PROTECTION = {"X-Purpose": "protection"}
REASON = {
    "reason_code": "medical_emergency",
    "explanation": "Unconscious on arrival, nobody of the case team answers.",
}


async def broken(office: Office, person: str, by: Worker | None = None, **changes: Any) -> str:
    worker = (by or office.nurse).with_second_factor()
    response = await worker.post(GLASS, {"person_id": person, **REASON, **changes})
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


async def noted(office: Office) -> str:
    """Return a person with a medical and a protection note, to whom the nurse has no link."""
    person = await office.register()
    await office.refer(person, "medical", worker_id=office.country_doctor.id)
    await office.refer(person, "protection", worker_id=office.other_officer.id)
    for writer, kind, purpose in (
        (office.country_doctor, "medical", CARE),
        (office.other_officer, "protection", PROTECTION),
    ):
        written = await writer.post(
            f"{PERSONS}/{person}/{kind}-notes", {"text": f"A {kind} note."}, headers=purpose
        )
        assert written.status_code == 201, written.text
    return person


def slug(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"]


async def test_case_34_without_a_reason_in_words_the_glass_does_not_break(office: Office) -> None:
    person = await office.register()

    cases: list[dict[str, str]] = [
        {},
        {"reason_code": "medical_emergency"},
        {"explanation": REASON["explanation"]},
        {**REASON, "explanation": "too short a reason"},
        {**REASON, "explanation": ". " * 40},
    ]
    for reason in cases:
        response = await office.nurse.with_second_factor().post(
            GLASS, {"person_id": person, **reason}
        )

        assert slug(response) == (403, "/problems/reason-needed"), reason


@pytest.mark.parametrize("seconds_ago", [None, 301])
async def test_case_34_without_a_fresh_second_factor_the_glass_does_not_break(
    office: Office, seconds_ago: float | None
) -> None:
    person = await office.register()
    worker = office.nurse if seconds_ago is None else office.nurse.with_second_factor(seconds_ago)

    response = await worker.post(GLASS, {"person_id": person, **REASON})

    assert slug(response) == (403, "/problems/second-factor-needed")


async def test_case_34_a_broken_glass_opens_one_file_for_an_hour(office: Office) -> None:
    person, other = await noted(office), await office.register(external_id="R2")
    notes = f"{PERSONS}/{person}/medical-notes"
    before = await office.nurse.get(notes, headers=CARE)

    response = await office.nurse.with_second_factor().post(GLASS, {"person_id": person, **REASON})

    assert response.status_code == 200, response.text
    during = await office.nurse.get(notes, headers=CARE)
    of_another = await office.nurse.get(f"{PERSONS}/{other}/medical-notes", headers=CARE)
    breaking = response.json()["id"]
    await office.let_pass(Breaking, breaking, timedelta(minutes=59), "broken_at", "ends_at")
    at_the_end = await office.nurse.get(notes, headers=CARE)
    await office.let_pass(Breaking, breaking, timedelta(minutes=2), "broken_at", "ends_at")
    after_61_minutes = await office.nurse.get(notes, headers=CARE)
    assert before.status_code == 404
    assert during.json()["items"][0]["text"] == "A medical note."
    assert of_another.status_code == 404
    assert (at_the_end.status_code, after_61_minutes.status_code) == (200, 404)


async def test_case_34_a_broken_glass_writes_nothing_and_exports_nothing(office: Office) -> None:
    person = await noted(office)
    await broken(office, person)
    table = policy()

    written = await office.nurse.post(
        f"{PERSONS}/{person}/medical-notes", {"text": "x"}, headers=CARE
    )

    assert written.status_code == 404
    beyond_reading = [
        cell
        for cell, qualifiers in table.cells.items()
        if cell[1] != "R" and any(each.scope.startswith("bg") for each in qualifiers)
    ]
    assert beyond_reading == []


async def test_case_34_the_data_protection_officer_finds_it_at_once_and_reviews_it(
    office: Office,
) -> None:
    person = await noted(office)
    breaking = await broken(office, person)

    inbox = await office.dpo.get(f"{GLASS}?status=unreviewed")

    [task] = inbox.json()["items"]
    assert (task["id"], task["person_id"], task["broken_by"]) == (breaking, person, "user-salma")
    assert task["explanation"] == REASON["explanation"]
    [fact] = await facts(office, "registration.glass_broken.v1")
    assert fact["data"]["breaking_id"] == breaking
    assert REASON["explanation"] not in json.dumps(fact)
    review = {"finding": "justified", "remark": "The ward confirms it."}
    reviewed = await office.dpo.post(f"{GLASS}/{breaking}/review", review)
    assert reviewed.status_code == 200, reviewed.text
    assert (await office.dpo.get(f"{GLASS}?status=unreviewed")).json()["items"] == []
    [told] = await facts(office, "registration.glass_reviewed.v1")
    assert [act for act in await office.record("breaking") if act[1] != "read"] == [
        ("user-salma", "break_glass", "allowed"),
        ("user-dina", "justified", "allowed"),
    ]
    assert (told["data"]["finding"], told["sequence"]) == ("justified", 2)


async def facts(office: Office, type_: str) -> list[dict[str, Any]]:
    outbox = office.running.database.tables.outbox
    async with office.running.database.read() as session:
        rows = await session.exec(select(outbox).where(col(outbox.type) == type_))
        return [json.loads(row.body) for row in rows.all()]


async def test_case_35_nobody_reviews_what_they_did_themselves(office: Office) -> None:
    person = await office.register()
    both = Worker(office.running, "both", ("medical_staff", "dpo"))
    breaking = await broken(office, person, by=both)

    response = await both.post(
        f"{GLASS}/{breaking}/review", {"finding": "justified", "remark": "I was right."}
    )

    assert slug(response) == (403, "/problems/not-by-oneself")


async def test_only_the_data_protection_officer_reviews_and_reads_the_words(
    office: Office,
) -> None:
    person = await office.register()
    breaking = await broken(office, person)

    supervisor = await office.officer.get(f"{GLASS}?status=unreviewed")
    own = await office.nurse.get(f"{GLASS}/{breaking}")
    others = await office.colleague.get(f"{GLASS}/{breaking}")
    review = await office.officer.post(
        f"{GLASS}/{breaking}/review", {"finding": "justified", "remark": "Fine."}
    )

    assert [each["explanation"] for each in supervisor.json()["items"]] == [None]
    assert (own.status_code, own.json()["explanation"]) == (200, None)
    assert (others.status_code, review.status_code) == (404, 403)


async def test_whoever_is_not_reviewed_in_time_loses_the_right_until_they_are(
    office: Office,
) -> None:
    person = await office.register()
    breaking = await broken(office, person)
    nurse = office.nurse.with_second_factor()
    meanwhile = await nurse.post(GLASS, {"person_id": person, **REASON})
    for each in (breaking, meanwhile.json()["id"]):
        await office.let_pass(Breaking, each, timedelta(days=9), "broken_at", "ends_at", "due_at")

    late = await nurse.post(GLASS, {"person_id": person, **REASON})
    another = await office.colleague.with_second_factor().post(
        GLASS, {"person_id": person, **REASON}
    )
    for each in (breaking, meanwhile.json()["id"]):
        review = {"finding": "justified", "remark": "Late, but justified."}
        await office.dpo.post(f"{GLASS}/{each}/review", review)
    reviewed = await nurse.post(GLASS, {"person_id": person, **REASON})

    assert meanwhile.status_code == 200
    assert slug(late) == (403, "/problems/glass-suspended")
    assert another.status_code == 200
    assert reviewed.status_code == 200


async def test_what_was_not_justified_takes_the_right_away(office: Office) -> None:
    person = await office.register()
    breaking = await broken(office, person)
    verdict = {"finding": "not_justified", "remark": "Curiosity."}
    await office.dpo.post(f"{GLASS}/{breaking}/review", verdict)

    response = await office.nurse.with_second_factor().post(GLASS, {"person_id": person, **REASON})

    assert slug(response) == (403, "/problems/glass-suspended")


async def test_an_officer_sees_medical_notes_with_a_co_signature_only(office: Office) -> None:
    person = await noted(office)
    breaking = await broken(office, person, by=office.officer)
    notes = f"{PERSONS}/{person}/medical-notes"
    path = f"{GLASS}/{breaking}/co-signature"

    protection = await office.officer.get(
        f"{PERSONS}/{person}/protection-notes", headers=PROTECTION
    )
    alone = await office.officer.get(notes, headers=PROTECTION)
    by_oneself = await office.officer.post(path)
    cosigned = await office.nurse.post(path)
    together = await office.officer.get(notes, headers=PROTECTION)

    assert (protection.status_code, alone.status_code, by_oneself.status_code) == (200, 404, 403)
    assert cosigned.status_code == 200, cosigned.text
    assert together.status_code == 200


async def test_the_glass_over_a_file_out_of_reach_does_not_break(office: Office) -> None:
    person = await office.register()
    body = {"person_id": person, **REASON}

    far = await office.far_officer.with_second_factor().post(GLASS, body)
    stranger = await office.stranger.with_second_factor().post(GLASS, body)
    enumerator = await office.enumerator.with_second_factor().post(GLASS, body)

    assert (far.status_code, stranger.status_code, enumerator.status_code) == (404, 404, 403)


@pytest.mark.parametrize(
    ("broken_at", "due"),
    [
        # Sunday the 1st of March 2026: Monday, Tuesday, Wednesday.
        (datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 4, 22, tzinfo=UTC)),
        # Wednesday: Thursday, then the weekend, Sunday, Monday.
        (datetime(2026, 3, 4, 9, tzinfo=UTC), datetime(2026, 3, 9, 22, tzinfo=UTC)),
        # Friday is no working day, nor is what is left of it.
        (datetime(2026, 3, 6, 9, tzinfo=UTC), datetime(2026, 3, 10, 22, tzinfo=UTC)),
        # Late in the evening in UTC it is the next day in Libya.
        (datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 5, 22, tzinfo=UTC)),
    ],
)
def test_a_review_is_due_after_three_working_days_of_libya(
    broken_at: datetime, due: datetime
) -> None:
    assert rules.review_due(broken_at) == due
