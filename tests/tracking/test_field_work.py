"""Who is asked, what they estimate, what is chosen from it, and how far a round is collected."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from chassis.clock import today
from services.tracking.informants.models import KeyInformant
from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from services.tracking.triangulation.rules import spread
from tests.conftest import Running, Start, bearer
from tests.tracking.test_assessments import FORM
from tests.tracking.test_rounds import IMPORTS, finished, workbook
from tests.tracking.test_where_places_are import collection

URL = "/v1/tracking"
MUHALLAS = ("LY02110101", "LY02110102", "LY02110201")
INFORMANT: dict[str, Any] = {
    "role": "muhalla_affairs",
    "sex": "female",
    "place_pcode": MUHALLAS[0],
    "reliability": "high",
    "name": "مريم القماطي",
    "phone": "+218912345678",
    "may_be_called": True,
    "consented_on": "2024-08-01",
}
FIGURE: dict[str, Any] = {"round_number": 7, "population": "idp", "place_pcode": MUHALLAS[0]}


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await with_muhallas(await start(SERVICE))


async def with_muhallas(running: Running) -> Running:
    async with running.database.write() as session:
        pcodes = {*MUHALLAS, *(pcode[:8] for pcode in MUHALLAS)}
        session.add_all(
            Place(
                pcode=pcode,
                level=len(pcode) // 2 - 1,
                parent_pcode=pcode[:-2],
                name_en=pcode,
                name_ar=pcode,
            )
            for pcode in pcodes
        )
    return running


async def made(tracking: Running, path: str, body: Any, **headers: str) -> Any:
    response = await tracking.client.post(f"{URL}/{path}", json=body, headers=headers)
    assert response.status_code == 201, response.text
    return response.json()


async def refused(tracking: Running, path: str, body: Any) -> tuple[int, str]:
    response = await tracking.client.post(f"{URL}/{path}", json=body)
    errors = response.json().get("errors", [])
    return response.status_code, errors[0]["pointer"] if errors else response.json()["type"]


async def test_an_informant_is_sealed_and_told_to_who_asks_them_only(tracking: Running) -> None:
    informant = await made(tracking, "informants", INFORMANT)
    path = f"{URL}/informants/{informant['id']}"
    client = tracking.client

    async with tracking.database.read() as session:
        [kept] = (await session.exec(select(KeyInformant))).all()
    assert b"+218" not in kept.contact
    assert (await client.get(path)).json()["name"] == INFORMANT["name"]
    for roles, status in ((["data_analyst"], 403), (["case_worker"], 403), (["enumerator"], 200)):
        assert (await client.get(path, headers=bearer(roles=roles))).status_code == status
    another = bearer(roles=["enumerator"], sub="another")
    assert (await client.get(path, headers=another)).status_code == 404
    assert (await client.get(f"{URL}/informants?role=other")).json()["items"] == []
    change = {"may_be_called": False}
    assert (await client.patch(path, json=change)).status_code == 428
    taken_back = await client.patch(path, json=change, headers={"If-Match": '"1"'})
    told = taken_back.json()
    assert (told["phone"], told["consented_on"], told["name"]) == (None, None, INFORMANT["name"])
    phone = {"phone": "+218912345678"}
    again = await client.patch(path, json=phone, headers={"If-Match": '"2"'})
    assert again.status_code == 422
    wrong: list[dict[str, Any]] = [
        {"may_be_called": False, "consented_on": None},
        {"consented_on": None},
        {"phone": "091234"},
        {"place_pcode": "LY02119999"},
        {"role": "spy"},
    ]
    for each in wrong:
        assert (await refused(tracking, "informants", INFORMANT | each))[0] == 422, each
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_figure_is_chosen_from_what_several_sources_estimate(tracking: Running) -> None:
    informants = [
        await made(tracking, "informants", INFORMANT | {"reliability": reliability})
        for reliability in ("high", "low")
    ]
    told = FIGURE | {"source": "key_informant", "told_on": "2024-08-20"}
    for value, informant in ((100, informants[0]), (90, informants[0]), (240, informants[1])):
        await made(tracking, "estimates", told | {"value": value, "informant_id": informant["id"]})
    seen = FIGURE | {"source": "direct_observation", "told_on": "2024-08-21", "value": 110}
    estimate = await made(tracking, "estimates", seen)
    form = await made(tracking, "question-sets", FORM)
    sent = {
        "question_set_id": form["id"],
        "external_id": "uuid:1",
        "round_number": 7,
        "place_pcode": MUHALLAS[0],
        "collected_on": "2024-08-20",
        "answers": {"idps": 500},
    }
    await made(tracking, "submissions", sent)
    await made(tracking, "submissions", sent | {"answers": {"idps": 120}})

    query = f"{URL}/triangulations?round_number=7&population=idp"
    [figure] = (await tracking.client.get(query)).json()["items"]
    # What the same informant or form had said before is replaced.
    assert [each["value"] for each in figure["estimates"]] == [90, 110, 120, 240]
    assert (figure["lowest"], figure["median"], figure["highest"]) == (90, 115, 240)
    assert (figure["spread"], figure["chosen"]) == (1.304, None)
    assert "informant" not in str(figure["estimates"]).replace("key_informant", "")
    assert "informant_id" not in estimate
    for value, method in ((116, "median"), (240, "most_reliable"), (111, "source")):
        choice = FIGURE | {"value": value, "method": method, "reason": "As is written."}
        assert await refused(tracking, "triangulations", choice) == (422, "/value"), method
    nobody = FIGURE | {"round_number": 8, "value": 1, "method": "by_hand", "reason": "So."}
    assert await refused(tracking, "triangulations", nobody) == (422, "/value")
    first = FIGURE | {"value": 115, "method": "median", "reason": "They agree but for one."}
    second = FIGURE | {"value": 90, "method": "most_reliable", "reason": "She keeps the list."}
    assert (await made(tracking, "triangulations", first))["chosen"]["version"] == 1
    chosen = (await made(tracking, "triangulations", second))["chosen"]
    assert (chosen["version"], chosen["value"], chosen["chosen_by"]) == (2, 90, "test-client")
    [figure] = (await tracking.client.get(f"{query}&place=LY0211")).json()["items"]
    assert figure["chosen"] == chosen
    assert (await tracking.client.get(f"{query}&place=LY01")).json()["items"] == []
    unknown: list[tuple[dict[str, Any], str]] = [
        ({"informant_id": "01a20b3e-ef60-7467-a414-6dd2e35e07bb"}, "/informant_id"),
        ({"informant_id": None}, "/"),
        ({"value": -1}, "/value"),
        ({"place_pcode": "LY02119999"}, "/place_pcode"),
    ]
    base = told | {"value": 1, "informant_id": informants[0]["id"]}
    for change, pointer in unknown:
        assert await refused(tracking, "estimates", base | change) == (422, pointer)
    assert len((await tracking.client.get(f"{URL}/estimates?round_number=7")).json()["items"]) == 4


async def test_what_depends_on_the_database_is_the_same_on_both(
    start: Start, service_url: str
) -> None:
    tracking = await with_muhallas(await start(SERVICE, service_url))
    for pcode in MUHALLAS:
        for category in ("", "rented"):
            told = {"place_pcode": pcode, "category": category, "value": 5}
            told |= {"source": "secondary_data", "told_on": "2024-08-21"}
            await made(tracking, "estimates", FIGURE | told)
    query: dict[str, Any] = {"round_number": 7, "population": "idp", "limit": 4}
    first = (await tracking.client.get(f"{URL}/triangulations", params=query)).json()
    query["cursor"] = first["next_cursor"]
    second = (await tracking.client.get(f"{URL}/triangulations", params=query)).json()

    keys = [(each["place_pcode"], each["category"]) for each in first["items"] + second["items"]]
    assert keys == [(pcode, category) for pcode in MUHALLAS for category in ("", "rented")]
    assert second["next_cursor"] is None
    camp = {"kind": "camp", "place_pcode": MUHALLAS[0], "name_en": "Camp"}
    site = await made(tracking, "sites", camp | {"opened_on": "2016-05-01"})
    change = {"on": "2020-01-01", "status": "closed"}
    path = f"{URL}/sites/{site['id']}"
    await tracking.client.patch(path, json=change, headers={"If-Match": '"1"'})
    for day, count in (("2016-01-01", 0), ("2017-01-01", 1), ("2021-01-01", 0)):
        found = await tracking.client.get(f"{URL}/sites?status=open&on={day}")
        assert len(found.json()["items"]) == count, day
    triangle = [[13.0, 32.7], [13.5, 32.7], [13.25, 32.95], [13.0, 32.7]]
    job = await finished(tracking, f"{URL}/places/imports", collection(triangle))
    assert (job["accepted"], job["rejected_rows"]) == (1, [])
    located = await tracking.client.get(f"{URL}/places/at?latitude=32.75&longitude=13.25")
    assert located.json()["inside"]
    named = await tracking.client.get(f"{URL}/places/lookup?name=Trablus")
    assert named.json()["items"][0]["place"]["pcode"] == "LY0211"


def test_a_spread_is_told_in_parts_of_the_median() -> None:
    assert spread([90, 110]) == 0.2
    assert spread([5]) == 0
    assert spread([0, 0]) is None


async def test_rounds_follow_each_other_from_plan_to_validation(tracking: Running) -> None:
    day = today()
    plan = {
        "round_number": 7,
        "population": "idp",
        "starts_on": (day - timedelta(days=5)).isoformat(),
        "ends_on": (day + timedelta(days=20)).isoformat(),
        "assessments": ["B1", "B2"],
    }
    first = await made(tracking, "collections", plan)
    assert (await made(tracking, "collections", plan))["id"] == first["id"]
    later = {
        "starts_on": (day + timedelta(days=21)).isoformat(),
        "ends_on": (day + timedelta(days=40)).isoformat(),
    }
    second = await made(tracking, "collections", plan | later | {"round_number": 8})
    await made(tracking, "collections", plan | {"population": "migrant"})
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"assessments": ["B1"]}, 409),
        ({"round_number": 8}, 409),
        ({"round_number": 9}, 409),
        ({"round_number": 6}, 409),
        (later | {"round_number": 6}, 409),
        ({"round_number": 9, "starts_on": plan["ends_on"], "ends_on": plan["starts_on"]}, 422),
        ({"round_number": 9, "assessments": ["B1", "B1"]}, 422),
        ({"round_number": 0}, 422),
    ]
    for change, status in wrong:
        assert (await refused(tracking, "collections", plan | change))[0] == status, change

    async def step(collection: Any, version: int, **change: Any) -> tuple[int, Any]:
        response = await tracking.client.patch(
            f"{URL}/collections/{collection['id']}",
            json=change,
            headers={"If-Match": f'"{version}"'},
        )
        return response.status_code, response.json().get("status")

    assert (await step(first, 1, status="validating"))[0] == 409
    assert (await step(second, 1, status="collecting"))[0] == 409
    assert await step(first, 1, status="collecting") == (200, "collecting")
    assert (await step(first, 1, status="validating"))[0] == 412
    assert await step(first, 2, status="validating") == (200, "validating")
    assert await step(first, 3, status="collecting") == (200, "collecting")
    assert (await step(first, 4, ends_on=later["starts_on"]))[0] == 409
    assert (await step(first, 4, starts_on=later["ends_on"]))[0] in {409, 422}
    assert (await step(first, 4, ends_on=day.isoformat()))[0] == 200
    listed = (await tracking.client.get(f"{URL}/collections?population=idp")).json()["items"]
    assert [each["round_number"] for each in listed] == [7, 8]


async def test_coverage_counts_the_places_that_were_assessed(tracking: Running) -> None:
    day = today().isoformat()
    plan = {"round_number": 7, "population": "idp", "starts_on": day, "ends_on": day}
    await made(tracking, "collections", plan | {"assessments": ["B2"]})
    form = await made(tracking, "question-sets", FORM)
    sent = {"question_set_id": form["id"], "external_id": "1", "round_number": 7}
    sent |= {"place_pcode": MUHALLAS[0], "collected_on": "2024-08-20", "answers": {"idps": 0}}
    await made(tracking, "submissions", sent)

    told = (await tracking.client.get(f"{URL}/rounds/7/coverage?population=idp")).json()

    levels = {each["level"]: (each["assessed"], each["of"]) for each in told["levels"]}
    assert levels == {1: (1, 3), 2: (1, 22), 3: (1, 2), 4: (1, 3)}
    assert told["not_assessed"] == list(MUHALLAS[1:])
    below = f"{URL}/rounds/7/coverage?population=idp&parent=LY021101"
    [muhallas] = [
        each for each in (await tracking.client.get(below)).json()["levels"] if each["level"] == 4
    ]
    assert (muhallas["assessed"], muhallas["of"]) == (1, 2)
    await finished(tracking, IMPORTS, workbook())
    migrants = (await tracking.client.get(f"{URL}/rounds/7/coverage")).json()
    assert migrants["levels"][0] == {"level": 1, "assessed": 3, "of": 3}
    assert (await tracking.client.get(f"{URL}/rounds/99/coverage")).status_code == 404
