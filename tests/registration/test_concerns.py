"""Sealed referrals: what a writer sends is for protection officers of the place, and never back."""

from typing import Any

from tests.registration.office import PERSONS, Office, Worker

CONCERNS = "/v1/registration/concerns"
PROTECTION = {"X-Purpose": "protection"}


def told(person: str, **changes: Any) -> dict[str, Any]:
    return {
        "person_id": person,
        "category": "trafficking",
        "urgency": "now",
        "text": "A man who is not her brother answers for her and keeps her papers.",
        **changes,
    }


async def sent(office: Office, person: str) -> str:
    response = await office.enumerator.post(CONCERNS, told(person))
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_whoever_writes_a_concern_learns_its_id_and_never_reads_it(office: Office) -> None:
    person = await office.register()

    response = await office.enumerator.post(CONCERNS, told(person))

    assert response.status_code == 201, response.text
    assert set(response.json()) == {"id"}
    concern = response.json()["id"]
    unknown = await office.enumerator.get(f"{CONCERNS}/{person}")
    back = await office.enumerator.get(f"{CONCERNS}/{concern}")
    assert (back.status_code, unknown.status_code) == (404, 404)
    assert back.json() | {"instance": ""} == unknown.json() | {"instance": ""}


async def test_an_officer_who_writes_a_concern_cannot_read_or_triage_it_either(
    office: Office,
) -> None:
    person = await office.register()
    written = await office.officer.post(CONCERNS, told(person))
    concern = written.json()["id"]

    back = await office.officer.get(f"{CONCERNS}/{concern}", headers=PROTECTION)
    triaged = await office.officer.post(f"{CONCERNS}/{concern}/triage", {"outcome": "unfounded"})
    listed = await office.officer.get(CONCERNS, headers=PROTECTION)
    by_another = await office.other_officer.get(f"{CONCERNS}/{concern}", headers=PROTECTION)

    assert (back.status_code, triaged.status_code) == (404, 404)
    assert listed.json()["items"] == []
    assert by_another.json()["category"] == "trafficking"


async def test_only_protection_officers_of_the_place_see_what_waits(office: Office) -> None:
    person = await office.register()
    concern = await sent(office, person)

    seen = await office.officer.get(CONCERNS, headers=PROTECTION)
    far = await office.far_officer.get(CONCERNS, headers=PROTECTION)
    stranger = await office.stranger.get(CONCERNS, headers=PROTECTION)
    case_worker = await office.case_worker.get(CONCERNS, headers=PROTECTION)

    assert [(each["id"], each["text"]) for each in seen.json()["items"]] == [
        (concern, told(person)["text"])
    ]
    assert (far.json()["items"], stranger.json()["items"]) == ([], [])
    assert case_worker.status_code == 403


async def test_a_concern_about_somebody_out_of_reach_is_not_taken(office: Office) -> None:
    person = await office.register()
    far = Worker(office.running, "far", ("enumerator",), places=("LY11",))

    response = await far.post(CONCERNS, told(person))

    assert response.status_code == 404


async def test_taking_a_concern_up_opens_the_notes_to_the_officer(office: Office) -> None:
    person = await office.register()
    concern = await sent(office, person)
    notes = f"{PERSONS}/{person}/protection-notes"
    before = await office.officer.get(notes, headers=PROTECTION)

    triaged = await office.officer.post(f"{CONCERNS}/{concern}/triage", {"outcome": "taken_up"})

    assert (before.status_code, triaged.status_code) == (404, 200), triaged.text
    assert (await office.officer.get(notes, headers=PROTECTION)).status_code == 200
    again = await office.other_officer.post(
        f"{CONCERNS}/{concern}/triage", {"outcome": "unfounded"}
    )
    assert again.status_code == 409
    assert await office.record("concern") == [
        ("user-yusuf", "create", "allowed"),
        ("user-nadia", "taken_up", "allowed"),
    ]
    waiting = await office.officer.get(CONCERNS, headers=PROTECTION)
    done = await office.officer.get(f"{CONCERNS}?status=triaged", headers=PROTECTION)
    assert (waiting.json()["items"], len(done.json()["items"])) == ([], 1)


async def test_a_concern_passed_on_opens_the_notes_to_the_colleague_alone(office: Office) -> None:
    person = await office.register()
    concern = await sent(office, person)
    notes = f"{PERSONS}/{person}/protection-notes"
    path = f"{CONCERNS}/{concern}/triage"

    nobody = await office.officer.post(path, {"outcome": "passed_on"})
    passed = await office.officer.post(
        path, {"outcome": "passed_on", "worker_id": office.other_officer.id}
    )

    assert (nobody.status_code, passed.status_code) == (422, 200)
    assert (await office.other_officer.get(notes, headers=PROTECTION)).status_code == 200
    assert (await office.officer.get(notes, headers=PROTECTION)).status_code == 404
