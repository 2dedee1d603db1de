"""Sites: where they lie, what becomes of them, and who learns that there is a detention one."""

import json
from typing import Any

import pytest

from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from tests.conftest import Running, Start, bearer

SITES, CENTRES = "/v1/tracking/sites", "/v1/tracking/detention-centres"
MUHALLA = "LY02110101"
CAMP = {
    "kind": "camp",
    "place_pcode": MUHALLA,
    "name_en": "Tawergha camp",
    "name_ar": "مخيم تاورغاء",
    "latitude": 32.8,
    "longitude": 13.2,
    "authority": "Local council",
    "opened_on": "2016-05-01",
}
CENTRE = {key: CAMP[key] for key in CAMP.keys() - {"kind"}}


@pytest.fixture
async def tracking(start: Start) -> Running:
    running = await start(SERVICE)
    async with running.database.write() as session:
        session.add(
            Place(pcode=MUHALLA, level=4, parent_pcode=MUHALLA[:8], name_en="One", name_ar="واحد")
        )
    return running


async def opened(tracking: Running, path: str = SITES, **changes: Any) -> Any:
    told = (CAMP if path == SITES else CENTRE) | changes
    response = await tracking.client.post(path, json=told)
    assert response.status_code == 201, response.text
    return response


async def changed(tracking: Running, site_id: str, version: int, **change: Any) -> Any:
    headers = {"If-Match": f'"{version}"'}
    return await tracking.client.patch(f"{SITES}/{site_id}", json=change, headers=headers)


async def ids(tracking: Running, query: str, path: str = SITES) -> list[str]:
    response = await tracking.client.get(f"{path}?{query}")
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["items"]]


async def test_a_site_is_known_as_it_stood_on_any_day(tracking: Running) -> None:
    first = await opened(tracking)
    site = first.json()["id"]

    assert first.headers["etag"] == '"1"'
    renamed = await changed(tracking, site, 1, on="2018-08-10", name_en="Triq al Matar")
    handed = await changed(tracking, site, 2, on="2019-01-01", authority="Ministry")
    closed = await changed(tracking, site, 3, on="2020-06-30", status="closed")
    again = await changed(tracking, site, 4, on="2023-09-11", status="open")

    codes = [each.status_code for each in (renamed, handed, closed, again)]
    assert (codes, again.headers["etag"]) == ([200] * 4, '"5"')
    told = again.json()
    assert (told["opened_on"], told["closed_on"], told["name_en"]) == (
        "2023-09-11",
        None,
        "Triq al Matar",
    )
    stood = {}
    for day in ("2017-01-01", "2018-08-10", "2019-06-01", "2021-01-01", "2024-01-01"):
        then = (await tracking.client.get(f"{SITES}/{site}?on={day}")).json()
        stood[day] = (then["name_en"], then["authority"], then["status"])
    assert stood == {
        "2017-01-01": ("Tawergha camp", "Local council", "open"),
        "2018-08-10": ("Triq al Matar", "Local council", "open"),
        "2019-06-01": ("Triq al Matar", "Ministry", "open"),
        "2021-01-01": ("Triq al Matar", "Ministry", "closed"),
        "2024-01-01": ("Triq al Matar", "Ministry", "open"),
    }
    assert (await tracking.client.get(f"{SITES}/{site}?on=2016-04-30")).status_code == 404
    history = (await tracking.client.get(f"{SITES}/{site}/history")).json()["items"]
    assert [each["version"] for each in history] == [5, 4, 3, 2, 1]


async def test_sites_are_found_by_kind_place_state_and_day(tracking: Running) -> None:
    camp = (await opened(tracking)).json()["id"]
    port = (await opened(tracking, kind="disembarkation_point", opened_on=None)).json()["id"]
    await changed(tracking, camp, 1, on="2020-06-30", status="closed")

    assert await ids(tracking, "place=LY0211") == [camp, port]
    assert await ids(tracking, "place=LY0101") == []
    assert await ids(tracking, "kind=disembarkation_point") == [port]
    assert await ids(tracking, "status=closed") == [camp]
    assert await ids(tracking, "status=open&on=2019-01-01") == [camp, port]
    assert await ids(tracking, "on=2016-04-30") == [port]
    page = (await tracking.client.get(f"{SITES}?limit=1")).json()
    assert await ids(tracking, f"limit=1&cursor={page['next_cursor']}") == [port]


async def test_a_change_is_for_the_version_that_was_read_and_in_the_order_of_days(
    tracking: Running,
) -> None:
    site = (await opened(tracking)).json()["id"]
    path = f"{SITES}/{site}"

    blind = await tracking.client.patch(path, json={"on": "2020-01-01", "status": "closed"})
    stale = await changed(tracking, site, 7, on="2020-01-01", status="closed")
    before_it_opened = await changed(tracking, site, 1, on="2016-04-30", status="closed")
    dated = await changed(tracking, site, 1, because="recorded_wrongly", on="2020-01-01")
    no_day = await changed(tracking, site, 1, status="closed")
    swapped = await changed(tracking, site, 1, on="2020-01-01", latitude=13.2, longitude=32.8)
    no_name = await changed(tracking, site, 1, on="2020-01-01", name_en=None)

    refused = (blind, stale, before_it_opened, dated, no_day, swapped, no_name)
    assert [each.status_code for each in refused] == [428, 412, 409, 422, 422, 422, 422]
    corrected = await changed(
        tracking, site, 1, because="recorded_wrongly", opened_on="2016-01-01", authority=None
    )
    assert (corrected.json()["authority"], corrected.json()["version"]) == (None, 2)
    assert (await tracking.client.get(f"{path}?on=2016-02-01")).json()["authority"] is None
    same = await changed(tracking, site, 2, because="recorded_wrongly", name_en="Tawergha camp")
    assert same.json()["version"] == 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"latitude": 13.2, "longitude": 32.8}, "swapped"),
    ({"latitude": 48.8, "longitude": 2.3}, "outside"),
    ({"longitude": None}, "together"),
    ({"latitude": float("inf")}, "malformed-body"),
    ({"place_pcode": "LY0211"}, "muhalla"),
    ({"place_pcode": "LY02119999"}, "muhalla"),
    ({"name_en": None, "name_ar": None}, "name"),
    ({"kind": "detention_centre"}, "kind"),
    ({"opened_on": "2099-01-01"}, "future"),
    ({"colour": "blue"}, "colour"),
]


async def test_a_site_that_cannot_be_is_refused(tracking: Running) -> None:
    headers = {"Content-Type": "application/json"}
    for change, told in WRONG:
        body = json.dumps(CAMP | change)
        response = await tracking.client.post(SITES, content=body, headers=headers)

        assert response.status_code in {400, 422}, response.text
        assert told in response.text
    assert await ids(tracking, "limit=10") == []


async def test_case_40_a_detention_centre_is_in_no_list_of_sites_and_has_no_place_there(
    tracking: Running,
) -> None:
    centre = (await opened(tracking, CENTRES)).json()["id"]
    camp = (await opened(tracking)).json()["id"]
    client = tracking.client

    assert await ids(tracking, "limit=10", CENTRES) == [centre]
    assert await ids(tracking, "limit=10") == [camp]
    assert await ids(tracking, "on=2020-01-01") == [camp]
    change: dict[str, Any] = {
        "json": {"on": "2020-01-01", "status": "closed"},
        "headers": {"If-Match": '"1"'},
    }
    answers = [
        await client.get(f"{SITES}/{centre}"),
        await client.get(f"{SITES}/{centre}?on=2020-01-01"),
        await client.get(f"{SITES}/{centre}/history"),
        await client.patch(f"{SITES}/{centre}", **change),
        await client.get(f"{CENTRES}/{camp}"),
    ]
    assert {each.status_code for each in answers} == {404}
    assert (await client.patch(f"{CENTRES}/{centre}", **change)).status_code == 200
    for role in ("data_analyst", "case_worker", "enumerator", "integrator"):
        asked = await client.get(f"{CENTRES}/{centre}", headers=bearer(roles=[role]))
        assert asked.status_code == 403, role
    elsewhere = bearer(roles=["protection_officer"], places=["LY01"])
    assert (await client.get(f"{CENTRES}/{centre}", headers=elsewhere)).status_code == 404
