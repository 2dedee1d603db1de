"""Where, when and by whom people are registered, and who is told of detention centres."""

from typing import Any

from services.registration.main import SERVICE
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.office import NAWAL, PERSONS, Office
from tests.registration.test_registers_as_they_come import AMINA, HEADER, sent, text

EVENTS = "/v1/registration/registration-events"
URBAN: dict[str, Any] = {
    "context": "urban",
    "place_pcode": "LY020908",
    "site_name": "A square",
    "held_on": "2026-01-05",
    "interpreter": "I7",
    "language": "ha",
    "device": "D1",
    "form_version": "2026-1",
}


async def test_a_registration_event_is_kept_corrected_listed_and_names_its_people(
    start: Start,
) -> None:
    running = await start(SERVICE)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    office = Office(running)
    made = await office.case_worker.post(EVENTS, URBAN)
    held = (await office.case_worker.post(EVENTS, URBAN | {"context": "detention_centre"})).json()
    assert made.status_code == 201, made.text
    event = made.json()
    path = f"{EVENTS}/{event['id']}"

    # Who is told of which, in a list and by id.
    theirs = [event["id"], held["id"]]
    for who, found in [
        (office.case_worker, theirs),
        (office.officer, theirs),
        (office.colleague, theirs[:1]),
        (office.enumerator, []),
        (office.far_officer, []),
        (office.stranger, []),
    ]:
        listed = (await who.get(EVENTS)).json()["items"]
        assert [each["id"] for each in listed] == found, who.id
        for each in theirs:
            status = (await who.get(f"{EVENTS}/{each}")).status_code
            assert status == (200 if each in found else 404)
    assert (await office.nurse.get(EVENTS)).status_code == 403

    # Filters; the enumerator is the caller where nobody is named.
    assert (event["enumerator"], event["version"]) == (office.case_worker.id, 1)
    for query, number in [
        ({"context": "urban"}, 1),
        ({"place_pcode": "LY02"}, 2),
        ({"place_pcode": "LY11"}, 0),
        ({"from_day": "2026-01-05", "to_day": "2026-01-05"}, 2),
        ({"from_day": "2026-01-06"}, 0),
        ({"limit": "1"}, 1),
    ]:
        listed = (await office.officer.get(EVENTS, params=query)).json()["items"]
        assert len(listed) == number, query
    turned = {"from_day": "2026-02-01", "to_day": "2026-01-31"}
    answer = await office.officer.get(EVENTS, params=turned)
    assert [each["pointer"] for each in answer.json()["errors"]] == ["query/to_day"]

    # A correction of what was read, and of nothing else.
    first = {"If-Match": '"1"'}
    corrected = await office.case_worker.send("PATCH", path, json={"device": "D2"}, headers=first)
    stale = await office.case_worker.send("PATCH", path, json={"device": "D3"}, headers=first)
    emptied = await office.case_worker.send("PATCH", path, json={"context": None}, headers=first)
    nowhere = await office.case_worker.post(EVENTS, URBAN | {"place_pcode": "LY020999"})
    assert (corrected.json()["device"], corrected.headers["etag"]) == ("D2", '"2"')
    assert (stale.status_code, emptied.status_code) == (412, 422)
    assert nowhere.json()["errors"][0]["pointer"] == "/place_pcode"

    # People are registered in an event that the caller may see, and found by it.
    person = await office.register(registration_event_id=held["id"])
    refused = await office.colleague.post(
        PERSONS, NAWAL | {"external_id": "R2", "registration_event_id": held["id"]}
    )
    assert refused.json()["type"] == "/problems/unknown-registration-event"
    for who, found in [(office.case_worker, [person]), (office.officer, [person])]:
        asked = await who.get(PERSONS, params={"registration_event_id": held["id"]})
        assert [each["id"] for each in asked.json()["items"]] == found
    unseen = await office.colleague.get(PERSONS, params={"registration_event_id": held["id"]})
    other = await office.case_worker.get(PERSONS, params={"registration_event_id": event["id"]})
    assert unseen.json()["items"] == other.json()["items"] == []

    # A register may say in its rows where each was registered.
    header = (*HEADER, "registration_event_id")
    rows = [(f"E{number}", *AMINA[1:], each["id"]) for number, each in enumerate([event, held])]
    nobody = ("E2", *AMINA[1:], event["id"].replace("-7", "-4", 1))
    job = await sent(office, text(header, *rows, nobody).encode())
    assert (job["accepted"], [each["code"] for each in job["rejected_rows"]]) == (
        2,
        ["unknown_event"],
    )
    listed = await office.case_worker.get(PERSONS, params={"registration_event_id": event["id"]})
    assert [each["external_id"] for each in listed.json()["items"]] == ["E0"]

    # Whoever is handed the case is told where the person was registered.
    handed = await office.case_worker.post(
        f"{PERSONS}/{person}/assignments", {"worker_id": office.colleague.id}
    )
    assert handed.status_code == 201, handed.text
    assert (await office.colleague.get(f"{EVENTS}/{held['id']}")).status_code == 200
