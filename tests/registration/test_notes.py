"""Medical and protection notes: whom a link lets in, until when, and what is kept."""

from datetime import timedelta

from sqlalchemy import text

from chassis.caller import claimed
from chassis.scoping import Who
from services.registration.referrals import rules
from services.registration.referrals.models import Referral
from tests.conftest import claims
from tests.registration.office import PERSONS, Office, Worker

CARE = {"X-Purpose": "medical_care"}
PROTECTION = {"X-Purpose": "protection"}
WOUND = {"text": "Gunshot wound, left calf.\nDressing changed; see again in two days."}
THREAT = {"text": "Held for ransom in the south; fears the man who lives opposite."}


def medical(person: str) -> str:
    return f"{PERSONS}/{person}/medical-notes"


def protection(person: str) -> str:
    return f"{PERSONS}/{person}/protection-notes"


async def test_a_referral_to_a_facility_lets_in_who_is_posted_there_and_nobody_else(
    office: Office,
) -> None:
    person = await office.register()
    before = await office.nurse.post(medical(person), WOUND, headers=CARE)
    await office.refer(person, "medical", facility_pcode="LY020908")

    written = await office.nurse.post(medical(person), WOUND, headers=CARE)

    assert before.status_code == 404
    assert written.status_code == 201, written.text
    read = await office.nurse.get(medical(person), headers=CARE)
    assert [note["text"] for note in read.json()["items"]] == [WOUND["text"]]
    assert read.headers["cache-control"] == "no-store"
    elsewhere = await office.country_doctor.get(medical(person), headers=CARE)
    assert elsewhere.status_code == 404
    assert (await office.stranger.get(medical(person), headers=CARE)).status_code == 404


async def test_a_note_is_masked_to_who_does_not_say_what_for(office: Office) -> None:
    person = await office.register()
    await office.refer(person, "medical", worker_id=office.nurse.id)
    await office.nurse.post(medical(person), WOUND, headers=CARE)

    without = await office.nurse.get(medical(person))
    wrong = await office.nurse.get(medical(person), headers=PROTECTION)

    assert [note["text"] for note in without.json()["items"]] == [{"masked": True}]
    assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/purpose-not-allowed")


async def test_who_wrote_read_and_asked_for_notes_is_on_record(office: Office) -> None:
    person = await office.register()
    await office.refer(person, "medical", worker_id=office.nurse.id)

    await office.nurse.get(medical(person), headers=CARE)
    await office.nurse.post(medical(person), WOUND, headers=CARE)
    await office.country_doctor.get(medical(person), headers=CARE)
    await office.case_worker.get(medical(person))
    await office.case_worker.get(f"{PERSONS}/{person}/note-flags")

    assert await office.record("medical_note") == [
        ("user-salma", "read", "allowed"),
        ("user-salma", "create", "allowed"),
        ("user-idris", "read", "refused"),
        ("user-karim", "read", "refused"),
    ]
    assert await office.record("note_flag") == [("user-karim", "read", "allowed")]
    assert await office.record("referral") == [("user-karim", "create", "allowed")]


async def test_a_medical_referral_opens_no_protection_notes(office: Office) -> None:
    person = await office.register()
    await office.refer(person, "protection", worker_id=office.officer.id)
    await office.refer(person, "medical", worker_id=office.nurse.id)
    await office.officer.post(protection(person), THREAT, headers=PROTECTION)

    by_nurse = await office.nurse.get(protection(person), headers=CARE)
    by_officer = await office.officer.get(medical(person), headers=PROTECTION)

    assert (by_nurse.status_code, by_officer.status_code) == (404, 404)


async def test_case_27_a_case_worker_reads_no_medical_notes_but_knows_that_there_are_some(
    office: Office,
) -> None:
    person = await office.register()
    await office.refer(person, "medical", facility_pcode="LY020908")
    await office.nurse.post(medical(person), WOUND, headers=CARE)

    notes = await office.case_worker.get(medical(person), headers=CARE)
    flags = await office.case_worker.get(f"{PERSONS}/{person}/note-flags")

    assert notes.status_code == 403
    assert flags.json() == {"medical_notes": True, "protection_notes": False}
    assert (await office.colleague.get(f"{PERSONS}/{person}/note-flags")).status_code == 404


async def test_nobody_refers_a_person_to_themselves(office: Office) -> None:
    person = await office.register()

    response = await office.case_worker.post(
        f"{PERSONS}/{person}/referrals",
        {"service": "protection", "worker_id": office.case_worker.id},
    )

    assert (response.status_code, response.json()["type"]) == (403, "/problems/not-by-oneself")


async def test_a_referral_is_to_one_worker_or_one_facility(office: Office) -> None:
    person = await office.register()

    cases: list[dict[str, str]] = [
        {},
        {"worker_id": "user-a", "facility_pcode": "LY020908"},
        {"worker_id": "%"},
    ]
    for to in cases:
        response = await office.case_worker.post(
            f"{PERSONS}/{person}/referrals", {"service": "medical", **to}
        )

        assert response.status_code == 422, to


async def test_a_closed_link_is_read_through_for_14_days_and_written_through_no_more(
    office: Office,
) -> None:
    person = await office.register()
    referral = await office.refer(person, "medical", facility_pcode="LY020908")
    note = (await office.nurse.post(medical(person), WOUND, headers=CARE)).json()["id"]
    closed = await office.case_worker.post(f"/v1/registration/referrals/{referral}/closure")

    after_closing = await office.nurse.get(medical(person), headers=CARE)
    more = await office.nurse.post(medical(person), WOUND, headers=CARE)
    changed = await office.nurse.send(
        "PUT", f"{medical(person)}/{note}", json=WOUND, headers={**CARE, "If-Match": '"1"'}
    )
    await office.let_pass(Referral, referral, timedelta(days=13, hours=23), "closed_at")
    on_the_last_day = await office.nurse.get(medical(person), headers=CARE)
    await office.let_pass(Referral, referral, timedelta(hours=2), "closed_at")
    later = await office.nurse.get(medical(person), headers=CARE)

    assert closed.json()["closed_by"] == office.case_worker.id
    assert (after_closing.status_code, more.status_code, changed.status_code) == (200, 404, 404)
    assert (on_the_last_day.status_code, later.status_code) == (200, 404)


async def test_a_link_says_who_opened_it_and_who_closed_it_and_only_once(office: Office) -> None:
    person = await office.register()
    referral = await office.refer(person, "protection", worker_id=office.officer.id)
    path = f"/v1/registration/referrals/{referral}/closure"

    by_a_stranger = await office.stranger.post(path)
    first = await office.case_worker.post(path)
    again = await office.case_worker.post(path)

    assert by_a_stranger.status_code == 404
    assert again.json() == first.json()
    listed = await office.case_worker.get(f"{PERSONS}/{person}/referrals")
    assert listed.json()["items"] == [first.json()]


async def test_a_changed_note_keeps_what_it_said(office: Office) -> None:
    person = await office.register()
    await office.refer(person, "protection", worker_id=office.officer.id)
    first = await office.officer.post(protection(person), THREAT, headers=PROTECTION)
    path = f"{protection(person)}/{first.json()['id']}"
    new = {"text": "The man moved away."}

    without = await office.officer.send("PUT", path, json=new, headers=PROTECTION)
    changed = await office.officer.send(
        "PUT", path, json=new, headers={**PROTECTION, "If-Match": first.headers["etag"]}
    )
    stale = await office.officer.send(
        "PUT", path, json=new, headers={**PROTECTION, "If-Match": first.headers["etag"]}
    )

    assert (without.status_code, changed.status_code, stale.status_code) == (428, 200, 412)
    assert changed.headers["etag"] == '"2"'
    now = (await office.officer.get(path, headers=PROTECTION)).json()
    assert now == {**changed.json(), **new}
    versions = (await office.officer.get(f"{path}/versions", headers=PROTECTION)).json()["items"]
    assert [each["text"] for each in versions] == [THREAT["text"], new["text"]]


async def test_a_note_of_a_registration_that_is_merged_stays_as_it_was(office: Office) -> None:
    merged = await office.register()
    kept = await office.register(external_id="R2", household_ref="H2")
    await office.refer(merged, "protection", worker_id=office.officer.id)
    first = await office.officer.post(protection(merged), THREAT, headers=PROTECTION)
    pair = await office.pair_of(kept, merged)
    await office.officer.post(f"{pair}/merge", {"keep": kept})
    path = f"{protection(merged)}/{first.json()['id']}"
    headers = {**PROTECTION, "If-Match": first.headers["etag"]}

    changed = await office.officer.send("PUT", path, json=WOUND, headers=headers)
    read = await office.officer.get(path, headers=PROTECTION)

    assert (changed.status_code, changed.json().get("type")) == (409, "/problems/merged")
    assert kept in changed.json()["detail"]
    assert (read.status_code, read.json()["text"]) == (200, THREAT["text"])


async def test_a_note_of_one_kind_is_not_found_under_the_other_or_another_person(
    office: Office,
) -> None:
    person = await office.register()
    other = await office.register(external_id="R2")
    for each in (person, other):
        await office.refer(each, "protection", worker_id=office.officer.id)
    both = Worker(office.running, "nadia", ("protection_officer", "medical_staff"))
    await office.refer(person, "medical", worker_id=both.id)
    note = (await both.post(protection(person), THREAT, headers=PROTECTION)).json()["id"]

    wrong_kind = await both.get(f"{medical(person)}/{note}", headers=CARE)
    wrong_person = await both.get(f"{protection(other)}/{note}", headers=PROTECTION)

    assert (wrong_kind.status_code, wrong_person.status_code) == (404, 404)


async def test_a_note_stands_nowhere_in_the_database_as_text(office: Office) -> None:
    person = await office.register()
    await office.refer(person, "protection", worker_id=office.officer.id)
    key = {"Idempotency-Key": "1"}
    written = await office.officer.post(protection(person), THREAT, headers={**PROTECTION, **key})
    assert written.status_code == 201, written.text

    found = await everything(office)

    assert b"protection" in found
    assert b"ransom" not in found


async def everything(office: Office) -> bytes:
    """Return the content of every table, as it is kept."""
    content = []
    async with office.running.database.read() as session:
        for table in office.running.service.tables.metadata.sorted_tables:
            for row in await session.exec(text(f'select * from "{table.name}"')):  # type: ignore[call-overload]  # noqa: S608 - Our own names.
                content += [each if isinstance(each, bytes) else str(each).encode() for each in row]
    return b"\n".join(content)


def test_a_role_for_a_region_is_no_post_at_its_facilities() -> None:
    told = claimed(claims(roles=("medical_staff", "case_worker"), places=("LY02", "LY020908")))
    caller = Who(told.id, told.organisation, told.grants, ())

    assert rules.posts(caller, "medical") == ["LY02", "LY020908"]
    assert rules.posts(caller, "protection") == []
