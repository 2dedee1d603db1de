"""What was true of somebody and when, told by corrections and by the households they were in."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, update

from services.registration.histories.rules import Step, periods
from services.registration.persons.models import Person
from tests.conftest import Start
from tests.registration.office import PERSONS, Office, Worker
from tests.registration.test_devices import REGISTRATION, opened
from tests.registration.test_merges import merged

FIRST, SECOND, THIRD = date(2026, 1, 5), date(2026, 2, 1), date(2026, 3, 1)


def spans(name: str, now: Any, *steps: Step) -> list[tuple[Any, date, date | None]]:
    return [(each.value, each.since, each.until) for each in periods(name, now, FIRST, steps)]


def test_what_has_changed_ends_a_time_and_what_was_wrong_never_was() -> None:
    name = "population_category"
    wrong = Step({name: "idp"}, "recorded_wrongly", SECOND)
    moved = Step({name: "migrant", "sex": "male"}, "has_changed", SECOND)
    other = Step({"sex": "female"}, "has_changed", THIRD)
    again = Step({name: "returnee"}, "document_shown", THIRD)
    assert spans(name, "migrant") == [("migrant", FIRST, None)]
    assert spans(name, "migrant", wrong, other) == [("migrant", FIRST, None)]
    assert spans(name, "returnee", wrong, moved) == [
        ("migrant", FIRST, SECOND),
        ("returnee", SECOND, None),
    ]
    # The later value was wrong: the one before it stays as it was.
    assert spans(name, "host_community", moved, again) == [
        ("migrant", FIRST, SECOND),
        ("host_community", SECOND, None),
    ]
    # What is told last counts since its day: nothing else was so after it.
    late = Step({name: "idp"}, "has_changed", date(2026, 1, 20))
    assert spans(name, "returnee", Step({name: "migrant"}, "has_changed", SECOND), late) == [
        ("migrant", FIRST, date(2026, 1, 20)),
        ("returnee", date(2026, 1, 20), None),
    ]
    # Who was registered late had changed before.
    early = Step({name: "migrant"}, "has_changed", date(2025, 12, 1))
    assert spans(name, "idp", early) == [
        ("migrant", date(2025, 12, 1), date(2025, 12, 1)),
        ("idp", date(2025, 12, 1), None),
    ]


async def correct(who: Worker, person: str, version: int, **changes: Any) -> None:
    answer = await who.send(
        "PATCH", f"{PERSONS}/{person}", json=changes, headers={"If-Match": f'"{version}"'}
    )
    assert answer.status_code == 200, answer.text


async def test_a_persons_history_is_read_by_who_reads_the_person_and_as_far(start: Start) -> None:
    office = await opened(start)
    karim = office.case_worker
    person = await office.register(household_ref="H1", relationship_to_head="head")
    changed = {"reason": "has_changed", "changed_on": "2026-02-01"}
    early = {"reason": "has_changed", "changed_on": "1999-04-30", "population_category": "idp"}
    match = {"If-Match": '"1"'}
    refused = await karim.send("PATCH", f"{PERSONS}/{person}", json=early, headers=match)
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/changed_on"]
    await correct(karim, person, 1, **changed, population_category="idp", place_before="SDN")
    await correct(karim, person, 2, reason="recorded_wrongly", location_pcode="LY0209")
    await correct(karim, person, 3, reason="recorded_wrongly", household_ref="H2")

    path = f"{PERSONS}/{person}/history"
    told = (await karim.get(path, headers=REGISTRATION)).json()
    here = {"registration_id": person}
    assert told["population_category"] == [
        here | {"value": "migrant", "since": "2026-01-05", "until": "2026-02-01"},
        here | {"value": "idp", "since": "2026-02-01", "until": None},
    ]
    assert [each["value"] for each in told["place_before"]] == [None, "SDN"]
    nalut = {"value": "LY0209", "since": "2026-01-05", "until": None}
    assert told["location_pcode"] == [here | nalut]
    households = told["households"]
    assert [each["relationship_to_head"] for each in households] == ["head", "head"]
    assert [each["left_because"] for each in households] == ["corrected", None]
    assert households[0]["household_id"] != households[1]["household_id"]

    # Places and households want a purpose, and are masked whole without; who may not see the
    # person sees nothing, and who sees them masked sees this masked.
    plain = (await karim.get(path)).json()
    masked = {"masked": True}
    assert [plain[name] for name in ("location_pcode", "place_of_origin", "households")] == [
        masked,
        masked,
        masked,
    ]
    assert plain["population_category"] == told["population_category"]
    seen = (await office.colleague.get(path, headers=REGISTRATION)).json()
    assert seen["population_category"] == masked
    for nobody in (office.stranger, office.far_officer, office.nurse):
        assert (await nobody.get(path)).status_code == 404


async def put(office: Office, person: str, place: str) -> None:
    async with office.running.database.write() as session:
        there = update(Person).where(col(Person.id) == UUID(person))
        await session.exec(there.values(location_pcode=place))


async def test_of_somebody_merged_the_history_tells_of_both_registrations_and_of_which(
    start: Start,
) -> None:
    office = await opened(start)
    karim = office.case_worker
    kept, other, pair = await merged(office)
    path = f"{PERSONS}/{kept}"
    stays = await office.register(external_id="R9", given_name="Idris")
    changed = {"reason": "has_changed", "changed_on": "2026-02-01"}
    version = (await karim.get(path)).json()["version"]
    await correct(karim, kept, version, **changed, population_category="idp")

    told = (await karim.get(f"{path}/history", headers=REGISTRATION)).json()
    assert told["person_id"] == kept
    assert [
        (each["registration_id"], each["value"], each["until"])
        for each in told["population_category"]
    ] == [(kept, "migrant", "2026-02-01"), (other, "migrant", None), (kept, "idp", None)]
    assert [each["registration_id"] for each in told["households"]] == [kept, other]
    assert len({each["household_id"] for each in told["households"]}) == 2
    # By the other one it is the same person, and the same is told.
    merged_path = f"{PERSONS}/{other}"
    again = (await karim.get(f"{merged_path}/history", headers=REGISTRATION)).json()
    assert len(again["population_category"]) == 3
    corrections = (await karim.get(f"{merged_path}/corrections")).json()["items"]
    assert [(each["registration_id"], each["version"]) for each in corrections] == [
        (kept, version + 1)
    ]
    alone = (await karim.get(f"{PERSONS}/{stays}/history", headers=REGISTRATION)).json()
    assert {each["registration_id"] for each in alone["location_pcode"]} == {stays}
    # What is not within somebody's reach is not told by the other one's being so.
    await put(office, other, "LY11")
    seen = (await office.officer.get(f"{path}/history", headers=REGISTRATION)).json()
    assert {each["registration_id"] for each in seen["population_category"]} == {kept}

    await put(office, other, "LY020908")
    assert (await office.officer.send("DELETE", f"{pair}/merge")).status_code == 200
    apart = (await karim.get(f"{path}/history", headers=REGISTRATION)).json()
    assert {each["registration_id"] for each in apart["population_category"]} == {kept}
