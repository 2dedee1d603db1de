"""Submissions of KoboToolbox and ODK Central, as their servers send them."""

import base64
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from services.registration.intake import receiving, rules
from services.registration.mappings.models import ColumnIn, MappingIn
from services.registration.persons.models import Person
from tests.conftest import bearer
from tests.registration.office import Office

SQLITE = pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
FORMS, SUBMISSIONS = "/v1/registration/forms", "/v1/registration/intake/submissions"
MAPPING: dict[str, Any] = {
    "name": "Household registration",
    "repeat": "hh/members",
    "columns": [
        {"column": "hh/members/name", "field": "given_name"},
        {"column": "hh/members/bio/sex", "field": "sex", "values": {"m": "male", "f": "female"}},
        {"column": "hh/members/age", "field": "age"},
        {"column": "hh/nationality", "field": "nationality"},
        {"column": "consent/place", "field": "location_pcode"},
    ],
    "constants": {"population_category": "migrant"},
}
UUID = "8b1b45a0-3f2c-4d1c-9a44-6f7a0c5d1e21"
EDITED = "0c5d1e21-3f2c-4d1c-9a44-6f7a8b1b45a0"


def kobo(*names: str, place: str = "LY0209", uuid: str = UUID, **changes: Any) -> dict[str, Any]:
    """Return a submission as KoboToolbox's REST services send it."""
    members = [
        {"hh/members/name": name, "hh/members/bio/sex": "f", "hh/members/age": 30 + number}
        for number, name in enumerate(names)
    ]
    return {
        "_id": 417,
        "formhub/uuid": "d5a1f0",
        "start": "2026-01-05T10:30:00.000+02:00",
        "consent/place": place,
        "hh/nationality": "SDN",
        "hh/members": members,
        "meta/instanceID": f"uuid:{uuid}",
        "_uuid": uuid,
        "_submission_time": "2026-01-05T08:35:00",
        "_attachments": [],
        "_geolocation": [None, None],
    } | changes


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"kobo:{secret}".encode()).decode()}


class Form:
    """A form that was let in, and its server."""

    def __init__(self, office: Office, told: dict[str, Any]) -> None:
        self.office, self.id = office, told["id"]
        self.address, self.secret = told["address"], told["secret"]

    async def send(self, body: Any, **headers: str) -> httpx.Response:
        return await self.office.running.client.post(
            self.address, json=body, headers=headers or basic(self.secret)
        )


async def let_in(office: Office, source: str = "kobo", **changes: Any) -> Form:
    mapping = await office.case_worker.post(
        "/v1/registration/mappings", MAPPING | {"name": source} | changes
    )
    assert mapping.status_code == 201, mapping.text
    told = {"name": "Registration", "source": source, "mapping_id": mapping.json()["id"]}
    answer = await office.officer.post(FORMS, told)
    assert answer.status_code == 201, answer.text
    return Form(office, answer.json())


async def registered(office: Office) -> list[Person]:
    """Return everybody as they are kept: nobody has their case yet, so nobody sees all of them."""
    async with office.running.database.read() as session:
        return list((await session.exec(select(Person).order_by(col(Person.id)))).all())


async def listed(office: Office, **filters: str) -> list[dict[str, Any]]:
    answer = await office.officer.get(SUBMISSIONS, params=filters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_the_members_of_a_submitted_household_are_registered_once(office: Office) -> None:
    form = await let_in(office)

    first = await form.send(kobo("آمنة", "Zara"))

    assert first.status_code == 201, first.text
    assert (first.json()["status"], first.json()["people"]) == ("accepted", 2)
    repeated = await form.send(kobo("آمنة", "Zara", _tags=["seen"]))
    assert (repeated.status_code, repeated.json()["status"]) == (200, "unchanged")
    [amina, zara] = await registered(office)
    assert {amina.household_ref, zara.household_ref} == {UUID}
    assert (amina.external_id, zara.age) == (f"{UUID}/1", 31)
    [told] = await listed(office, status="accepted")
    assert told["person_ids"] == [str(amina.id), str(zara.id)]
    assert ("form-" + form.id, "create", "allowed") in await office.record("submission")
    edited = kobo("آمنة", "Sara", uuid=EDITED) | {"meta/rootUuid": f"uuid:{UUID}"}
    for _ in range(2):
        conflict = await form.send(edited)
        assert (conflict.status_code, conflict.json()["status"]) == (202, "conflict")
    [again] = await listed(office, form_id=form.id)
    assert (again["status"], again["people"]) == ("conflict", 2)
    assert again["reasons"][0]["code"] == "edited"
    deprecated = kobo("آمنة", "Huda") | {"meta/deprecatedID": f"uuid:{EDITED}"}
    deprecated |= {"_uuid": "7" * 36, "meta/instanceID": "uuid:" + "7" * 36}
    assert (await form.send(deprecated)).json()["status"] == "conflict"
    assert {each.given_name for each in await registered(office)} == {"آمنة", "Zara"}


@SQLITE
async def test_a_submitted_household_that_is_odd_is_registered_with_warnings(
    office: Office,
) -> None:
    relationship = {"column": "hh/members/rel", "field": "relationship_to_head"}
    form = await let_in(office, columns=[*MAPPING["columns"], relationship])
    told = kobo("Zara", "Amal", "Huda", "Sara")
    for member, related, age in zip(
        told["hh/members"], ("head", "daughter", "head", "son"), (30, 50, 40, 6), strict=True
    ):
        member |= {"hh/members/rel": related, "hh/members/age": age}
    headless = kobo("Zara", uuid="c" * 36)
    headless["hh/members"][0]["hh/members/rel"] = "spouse"

    taken = await form.send(told)
    repeated = await form.send(told)
    without_head = await form.send(headless)

    assert (taken.status_code, taken.json()["status"], taken.json()["reasons"]) == (
        *(201, "accepted", []),
    )
    warned = [(each["row"], each["column"], each["code"]) for each in taken.json()["warnings"]]
    assert warned == [
        (2, "hh/members/age", "parent_younger_than_child"),
        (3, "hh/members/rel", "two_heads"),
    ]
    assert repeated.json() == taken.json() | {"status": "unchanged"}
    assert [each["code"] for each in without_head.json()["warnings"]] == ["head_missing"]
    shown = {each["uuid"]: each["warnings"] for each in await listed(office, status="accepted")}
    assert shown == {UUID: taken.json()["warnings"], "c" * 36: without_head.json()["warnings"]}
    assert len(await registered(office)) == 5


@SQLITE
async def test_a_submission_is_rejected_whole_with_reasons_and_taken_when_it_is_right(
    office: Office,
) -> None:
    form = await let_in(office)

    wrong = await form.send(kobo("Zara", "\u202eAmal"))
    elsewhere = await form.send(kobo("Zara", place="LY119999", uuid="a" * 36))
    empty = await form.send(kobo(uuid="b" * 36))

    assert [each.status_code for each in (wrong, elsewhere, empty)] == [202, 202, 202]
    assert await registered(office) == []
    rejected = {each["uuid"]: each["reasons"] for each in await listed(office, status="rejected")}
    [reason] = rejected[UUID]
    assert (reason["row"], reason["column"]) == (2, "hh/members/name")
    assert "Amal" not in str(rejected)
    assert [each["column"] for each in rejected["a" * 36]] == ["consent/place"]
    assert rejected["b" * 36][0]["code"] == "nobody"
    corrected = await form.send(kobo("Zara", "Amal"))
    assert (corrected.status_code, corrected.json()["people"]) == (201, 2)
    assert len(await listed(office, status="rejected")) == 2
    assert len(await registered(office)) == 2


@SQLITE
async def test_only_the_forms_secret_lets_it_send_and_only_while_it_is_let_in(
    office: Office,
) -> None:
    form = await let_in(office)
    body = kobo("Zara")
    refused = [
        await form.send(body, **basic("wrong")),
        await form.send(body, **basic("")),
        await form.send(body, Authorization="Basic %%%"),
        await form.send(body, **{"X-API-Key": form.secret[:-1]}),
        await form.send(body, **bearer(roles=["protection_officer"])),
        await office.running.client.post(form.address.replace("kobo", "odk"), json=body),
    ]
    assert [each.status_code for each in refused] == [401] * 6
    renewed = await office.officer.post(f"{FORMS}/{form.id}/secret")
    assert (await form.send(body)).status_code == 401
    form.secret = renewed.json()["secret"]
    assert (await form.send(body, **{"X-API-Key": form.secret})).status_code == 201
    assert (await office.case_worker.post(f"{FORMS}/{form.id}/secret")).status_code == 403
    assert (await office.stranger.send("DELETE", f"{FORMS}/{form.id}")).status_code == 404
    for _ in range(2):
        assert (await office.officer.send("DELETE", f"{FORMS}/{form.id}")).status_code == 204
    assert (await form.send(body)).status_code == 401
    told = (await office.officer.get(FORMS)).json()["items"]
    assert "secret" not in str(told)
    assert told[0]["ended_at"]


@SQLITE
async def test_a_form_that_sends_too_much_has_to_wait_and_hostile_bodies_are_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MOST_A_MINUTE", 12)
    form = await let_in(office)
    deep: Any = "x"
    for _ in range(14):
        deep = {"hh/members": [deep]}
    hostile: list[Any] = [
        [],
        {},
        {"_uuid": 7},
        {"_uuid": "no uuid \u202e"},
        {"_uuid": UUID, "meta/instanceID": {"x": []}, "hh/members": "none"},
        {"_uuid": UUID, "hh/members": [None, [], 3, {"hh/members/name": {"a": ["b", {}]}}]},
        {"_uuid": UUID, "hh/members": [{"hh/members/name": "=cmd", "hh/members/age": 1e300}]},
        {"_uuid": UUID, **deep},
        kobo(*["Zara"] * 201),
    ]

    answers = [(await form.send(body)).status_code for body in hostile]

    assert answers == [422] * 4 + [202] * 5
    assert await registered(office) == []
    late = [await form.send(kobo("Zara", uuid=f"{number:036}")) for number in range(13)]
    assert late[-1].status_code == 429
    assert late[-1].headers["retry-after"] == "60"


XML = (
    '<data xmlns:o="http://openrosa.org/xforms" id="r"><consent><place>LY0209</place></consent>'
    "<hh><nationality>SDN</nationality>{}</hh>"
    f"<o:meta><o:instanceID>uuid:{UUID}</o:instanceID></o:meta></data>"
)
MEMBER = "<members><name>{}</name><bio><sex>m</sex></bio><age>9</age></members>"


@SQLITE
async def test_odk_central_sends_people_as_odata_or_as_news_with_xml(office: Office) -> None:
    form = await let_in(office, "odk")
    members = [{"__id": "x", "name": "Zara", "bio": {"sex": "f"}, "age": 4}]
    shown = {
        "__id": f"uuid:{EDITED}",
        "__system": {"submissionDate": "2026-01-05T08:35:00.000Z", "edits": 0},
        "meta": {"instanceID": f"uuid:{EDITED}", "instanceName": None},
        "consent": {"place": "LY0209"},
        "hh": {"nationality": "SDN", "members": members, "members@odata.navigationLink": "…"},
    }
    news = {"type": "submission.create", "id": f"uuid:{UUID}"}
    xml = XML.format(MEMBER.format("Ali"))

    assert (await form.send(shown)).status_code == 201
    assert (await form.send(news | {"data": {"xml": xml}})).status_code == 201
    assert (await form.send(news | {"data": {"xml": xml}})).json()["status"] == "unchanged"
    review = {"type": "submission.update", "id": f"uuid:{UUID}", "data": {"reviewState": "x"}}
    assert (await form.send(review)).json()["status"] == "ignored"
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    for bad in ({"xml": bomb}, {"xml": "<a>"}, {"xml": None}, "no", {"xml": "<a>" * 100_000}):
        assert (await form.send(news | {"data": bad})).status_code == 422
    assert {each.given_name for each in await registered(office)} == {"Zara", "Ali"}


def test_people_of_groups_repeated_within_groups_have_the_answers_of_all_of_them() -> None:
    fields = {"site": "location_pcode", "hh/ref": "household_ref", "hh/p/name": "given_name"}
    mapping = MappingIn(
        name="x",
        repeat="hh/p",
        columns=[ColumnIn(column=column, field=field) for column, field in fields.items()],
    )
    households = [
        {"hh/ref": "A", "hh/p": [{"hh/p/name": "Ali"}, {"hh/p/name": "Huda"}]},
        {"ref": "B", "p": [{"name": "Zara"}]},
    ]

    found = rules.people({"site": "LY02", "hh": households}, mapping, UUID)

    cells = [each.cells for each in found]
    assert [each["given_name"] for each in cells] == ["Ali", "Huda", "Zara"]
    assert [each["household_ref"] for each in cells] == ["A", "A", "B"]
    assert {each["location_pcode"] for each in cells} == {"LY02"}
    assert cells[2]["external_id"] == f"{UUID}/3"

    # Without a reference of theirs the people of one entry are a household, and not all of them.
    mapping.columns = mapping.columns[::2]
    cells = [each.cells for each in rules.people({"site": "LY02", "hh": households}, mapping, UUID)]
    assert [each["household_ref"] for each in cells] == [f"{UUID}/1", f"{UUID}/1", f"{UUID}/2"]
