"""Who rings the hotline is one person, from the enquiry until they are registered and after."""

from typing import Any

from sqlmodel import col, select

from contracts.event import Envelope
from services.registration.enquiries.rules import registration
from services.registration.main import SERVICE
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.kin import Kin
from tests.registration.office import PERSONS, Office, look_for_new

ENQUIRIES = "/v1/registration/enquiries"
CALL: dict[str, Any] = {"given_name": "نوال", "nationality": "SDN", "phone": "091 234 5677"}
REST: dict[str, Any] = {
    "external_id": "R00000077",
    "sex": "female",
    "birth_date": "1999-05-01",
    "population_category": "migrant",
    "documents": [{"type": "passport", "number": "P7654321"}],
    "location_pcode": "LY020908",
    "household_ref": "H77",
    "registered_on": "2026-01-05",
    "consent": True,
}
REGISTRATION = {"X-Purpose": "registration"}


async def told(office: Office) -> list[tuple[str, Any]]:
    """Return the events of persons, each with the consent or the fields that it names."""
    outbox = office.running.database.tables.outbox
    async with office.running.database.read() as session:
        statement = select(outbox.body).where(col(outbox.type).contains("person"))
        bodies = (await session.exec(statement.order_by(col(outbox.id)))).all()
    events = [Envelope.model_validate_json(body) for body in bodies]
    return [
        (each.type.split(".")[1], each.data.get("consent", each.data.get("fields")))
        for each in events
    ]


async def opened(start: Start) -> Office:
    running = await start(SERVICE)
    async with running.database.write() as session:
        for pcode, parent in (("LY0209", "LY02"), ("LY020908", "LY0209")):
            level = len(pcode) // 2 - 1
            session.add(Place(pcode=pcode, level=level, parent_pcode=parent, version=1))
    return Office(running)


async def test_an_enquiry_is_completed_to_a_registration_of_the_same_person(start: Start) -> None:
    office = await opened(start)
    karim = office.case_worker

    # A name, a nationality and a phone are enough; nobody else hears of it, nor of its correction.
    made = await karim.post(ENQUIRIES, CALL, headers=REGISTRATION)
    assert made.status_code == 201, made.text
    enquiry = made.json()
    path, person = f"{ENQUIRIES}/{enquiry['id']}/completion", f"{PERSONS}/{enquiry['id']}"
    assert (enquiry["status"], enquiry["phone"]) == ("enquiry", "+218912345677")
    assert (enquiry["sex"], enquiry["population_category"]) == ("unknown", "unknown")
    assert (enquiry["location_pcode"], enquiry["external_id"]) == ("LY02", enquiry["case_number"])
    corrected = await karim.send(
        "PATCH",
        person,
        json={"reason": "recorded_wrongly", "father_name": "آدم"},
        headers={"If-Match": '"1"'},
    )
    assert corrected.status_code == 200, corrected.text
    assert await told(office) == []
    found = await karim.get(PERSONS, params={"phone": "+218912345677"}, headers=REGISTRATION)
    waiting = await karim.get(PERSONS, params={"status": "enquiry"})
    assert [each["id"] for each in found.json()["items"]] == [enquiry["id"]]
    assert [each["id"] for each in waiting.json()["items"]] == [enquiry["id"]]

    # What is missing is said of the whole; an old version, or somebody else's file, is not changed.
    second, stale = {"If-Match": '"2"'}, {"If-Match": '"1"'}
    missing = await karim.send("PUT", path, json={"sex": "female"}, headers=second)
    assert {each["pointer"] for each in missing.json()["errors"]} == {
        "/birth_date",
        "/population_category",
        "/location_pcode",
    }
    assert (await karim.send("PUT", path, json=REST, headers=stale)).status_code == 412
    assert (await office.stranger.send("PUT", path, json=REST, headers=second)).status_code == 404
    elsewhere = REST | {"location_pcode": "LY1101"}
    assert (await karim.send("PUT", path, json=elsewhere, headers=second)).status_code == 403

    # Completed, it is one person, told of once, with what was said before in their history.
    done = await karim.send("PUT", path, json=REST, headers=second | REGISTRATION)
    assert done.status_code == 200, done.text
    shown = done.json()
    assert (shown["id"], shown["case_number"]) == (enquiry["id"], enquiry["case_number"])
    assert (shown["status"], shown["father_name"]) == ("registered", "آدم")
    assert (shown["phone"], shown["consent"]["given"]) == ("+218912345677", True)
    assert (shown["enquired_on"], shown["registered_on"]) == (enquiry["enquired_on"], "2026-01-05")
    assert await told(office) == [("person_registered", "given")]
    history = (await karim.get(f"{person}/corrections", headers=REGISTRATION)).json()["items"]
    assert history[0]["reason"] == "enquiry_completed"
    assert history[0]["before"]["sex"] == "unknown"
    assert "phone" not in history[0]["before"]
    consents = (await karim.get(f"{person}/consents")).json()["items"]
    assert [each["state"] for each in consents] == ["given"]
    households = await karim.get("/v1/registration/households", headers=REGISTRATION)
    assert [each["size"] for each in households.json()["items"]] == [1]

    # Sent again it changes nothing, as completion or as registration; other content is refused.
    again = await karim.send("PUT", path, json=REST, headers=second)
    as_registration = await karim.post(PERSONS, REST | CALL | {"father_name": "آدم"})
    other = await karim.send("PUT", path, json=REST | {"sex": "male"}, headers=second)
    assert (again.status_code, again.json()["version"]) == (200, shown["version"])
    assert (as_registration.status_code, as_registration.json()["id"]) == (200, enquiry["id"])
    assert (other.status_code, other.json()["type"]) == (409, "/problems/already-registered")
    assert len(await told(office)) == 1


async def test_an_enquiry_of_somebody_registered_goes_under_their_registration(
    start: Start,
) -> None:
    office = await opened(start)
    karim = office.case_worker
    registered = await office.register()
    called = await karim.post(ENQUIRIES, CALL | {"external_id": "C1", "location_pcode": "LY020908"})
    again = await karim.post(ENQUIRIES, CALL | {"external_id": "C1", "location_pcode": "LY020908"})
    other = await karim.post(ENQUIRIES, CALL | {"external_id": "C1", "given_name": "هدى"})
    assert (called.status_code, again.status_code, other.status_code) == (201, 200, 409)
    enquiry = called.json()["id"]

    # A number that is somebody's already is refused.
    path = f"{ENQUIRIES}/{enquiry}/completion"
    taken = await karim.send("PUT", path, json=REST, headers={"If-Match": '"1"'})
    assert taken.json()["type"] == "/problems/already-registered"

    # The doubles are found, and the registration is the one that goes on.
    await look_for_new(office.running.database)
    pairs = (await karim.get("/v1/registration/duplicates")).json()["items"]
    assert {pairs[0]["left"]["person_id"], pairs[0]["right"]["person_id"]} == {registered, enquiry}
    merge = f"/v1/registration/duplicates/{pairs[0]['id']}/merge"
    assert (await karim.post(merge, {"keep": enquiry})).status_code == 409
    assert (await karim.post(merge, {"keep": registered})).status_code == 201
    late = await karim.send("PUT", path, json=REST, headers={"If-Match": '"2"'})
    assert late.json()["type"] == "/problems/merged"
    assert [kind for kind, _ in await told(office)] == ["person_registered"]


async def test_an_answer_about_consent_to_an_enquiry_counts_on(start: Start) -> None:
    office = await opened(start)
    nadia = office.officer
    enquiry = (await nadia.post(ENQUIRIES, CALL | {"external_id": "C2"})).json()["id"]
    withdrawn = await nadia.post(
        f"{PERSONS}/{enquiry}/consents/withdrawals",
        {"recipient": "mission", "purpose": "assistance"},
    )
    assert withdrawn.status_code == 202, withdrawn.text

    rest = {name: value for name, value in REST.items() if name not in {"consent", "external_id"}}
    path = f"{ENQUIRIES}/{enquiry}/completion"
    done = await nadia.send("PUT", path, json=rest, headers={"If-Match": '"2"'})
    assert done.status_code == 200, done.text
    assert (done.json()["consent"]["given"], done.json()["external_id"]) == (False, "C2")
    assert ("person_registered", "refused") in await told(office)
    by_paper = {"document_number": "P7654321"}
    found = await nadia.get(PERSONS, params=by_paper, headers=REGISTRATION)
    assert [each["id"] for each in found.json()["items"]] == [enquiry]
    registered = await nadia.get(PERSONS, params={"status": "registered"})
    assert [each["id"] for each in registered.json()["items"]] == [enquiry]
    assert (await nadia.get(PERSONS, params={"status": "enquiry"})).json()["items"] == []


async def test_what_the_completion_says_of_consent_follows_the_answer_before(start: Start) -> None:
    office = await opened(start)
    nadia = office.officer
    enquiry = (await nadia.post(ENQUIRIES, CALL | {"external_id": "C3"})).json()["id"]
    consents = f"{PERSONS}/{enquiry}/consents"
    about = {"recipient": "mission", "purpose": "assistance"}
    assert (await nadia.post(f"{consents}/withdrawals", about)).status_code == 202

    path = f"{ENQUIRIES}/{enquiry}/completion"
    rest = REST | {"external_id": "C3"}
    done = await nadia.send("PUT", path, json=rest, headers={"If-Match": '"2"'})

    assert done.status_code == 200, done.text
    history = (await nadia.get(consents)).json()["history"]
    assert [(each["version"], each["state"]) for each in history] == [(1, "refused"), (2, "given")]
    assert ("person_registered", "given") in await told(office)


def test_whom_a_nationality_made_stateless_is_not_by_another_one() -> None:
    known = {"nationality": "XXA", "stateless": True}

    assert registration(known, {"sex": "male"}) == known | {"sex": "male"}
    assert registration(known, {"nationality": "SDN"}) == {"nationality": "SDN"}


async def test_nobody_lives_in_a_household_by_an_enquiry_until_it_is_completed(
    start: Start,
) -> None:
    office = await opened(start)
    karim, kin = office.case_worker, Kin(office)
    head = await kin.person("H77", "head")
    enquiry = (await karim.post(ENQUIRIES, CALL)).json()["id"]
    household = (await kin.of("H77"))["id"]

    async def living_there() -> set[str]:
        return {each["person_id"] for each in (await kin.seen(household))["members"]}

    await kin.does(f"/{household}/members", {"person_id": enquiry}, 409)
    named = await karim.send(
        "PATCH",
        f"{PERSONS}/{enquiry}",
        json={"reason": "has_changed", "household_ref": "H77"},
        headers={"If-Match": '"1"'} | REGISTRATION,
    )
    assert named.status_code == 200, named.text
    assert await living_there() == {head}

    # The completion need not name what the enquiry says by now.
    rest = {name: value for name, value in REST.items() if name != "household_ref"}
    done = await karim.send(
        "PUT",
        f"{ENQUIRIES}/{enquiry}/completion",
        json=rest,
        headers={"If-Match": named.headers["etag"]},
    )

    assert done.status_code == 200, done.text
    assert await living_there() == {head, enquiry}
