"""Operations at sea: their counts, each restatement, and totals as they were told on a day."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from chassis.clock import today
from contracts.event import Envelope
from contracts.tracking import PeopleDisembarked
from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from tests.conftest import Running, Start

MUHALLA = "LY02110101"
PATH = "/v1/tracking/maritime"
COUNT = {
    "word": "intercepted",
    "total": 100,
    "men": 80,
    "women": 12,
    "children": 8,
    "published_on": "2017-05-03",
    "source": "Coast guard",
}
OPERATION = {
    "external_id": "op-1",
    "occurred_on": "2017-05-02",
    "zone": "Off Azzawya",
    "authority": "coast_guard",
    "place_pcode": "LY0213",
    "point": "Oil refinery port",
    "count": COUNT,
}


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def recorded(tracking: Running, **changes: Any) -> dict[str, Any]:
    response = await tracking.client.post(f"{PATH}/operations", json=OPERATION | changes)
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


async def totals(tracking: Running, **query: str) -> dict[str, tuple[int, ...]]:
    response = await tracking.client.get(f"{PATH}/totals", params=query)
    assert response.status_code == 200, response.text
    names = ("operations", "total", "no_data", "bodies", "missing")
    return {each["key"]: tuple(each[name] for name in names) for each in response.json()["items"]}


async def three(tracking: Running) -> dict[str, Any]:
    """Record two operations in May and one a year later; the first is counted again in June."""
    first = await recorded(tracking)
    lists = {"total": 130, "bodies": 2, "missing": 30, "published_on": "2017-05-09"}
    count = {"word": "rescued", "source": "A ship"} | lists
    other = {"place_pcode": "LY0211", "authority": "navy", "count": count}
    await recorded(tracking, external_id="op-2", occurred_on="2017-05-09", **other)
    late = COUNT | {"published_on": "2018-01-02"}
    await recorded(tracking, external_id="op-3", occurred_on="2018-01-01", count=late)
    again = COUNT | {"men": 85, "total": 105, "bodies": 1, "published_on": "2017-06-20"}
    path = f"{PATH}/operations/{first['id']}/counts"
    response = await tracking.client.post(path, json=again | {"reason": "Five more on the list"})
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_a_restated_count_keeps_every_vintage_and_totals_follow_the_day(
    tracking: Running,
) -> None:
    told = await three(tracking)

    assert [(each["vintage"], each["total"]) for each in told["vintages"]] == [(2, 105), (1, 100)]
    assert told["vintages"][0]["reason"] == "Five more on the list"
    assert (told["vintages"][1]["bodies"], told["vintages"][1]["no_data"]) == (None, 0)
    assert await totals(tracking, by="year") == {
        "2017": (2, 235, 130, 3, 30),
        "2018": (1, 100, 0, 0, 0),
    }
    assert await totals(tracking, by="month", as_of="2017-06-19") == {
        "2017-05": (2, 230, 130, 2, 30)
    }
    assert await totals(tracking, by="month", as_of="2017-05-08") == {"2017-05": (1, 100, 0, 0, 0)}
    by_authority = await totals(tracking, by="authority", since="2017-05-01", until="2017-05-31")
    assert by_authority == {"coast_guard": (1, 105, 0, 1, 0), "navy": (1, 130, 130, 2, 30)}
    assert set(await totals(tracking, by="place")) == {"LY0211", "LY0213"}
    # Rescued and intercepted are never added up as one.
    assert await totals(tracking, by="word", until="2017-12-31") == {
        "intercepted": (1, 105, 0, 1, 0),
        "rescued": (1, 130, 130, 2, 30),
    }
    listed = await tracking.client.get(f"{PATH}/operations?authority=navy&since=2017-05-09")
    assert [each["external_id"] for each in listed.json()["items"]] == ["op-2"]
    async with tracking.database.read() as session:
        bodies = (await session.exec(select(tracking.database.tables.outbox.body))).all()
    events = [Envelope.model_validate_json(body) for body in bodies]
    heard = [each for each in events if each.type == PeopleDisembarked.type]
    figures = [(each.sequence, each.data["total"], each.data["women"]) for each in heard]
    assert sorted(figures) == [(1, 100, 12), (1, 100, 12), (1, 130, 0), (2, 105, 12)]


async def test_the_same_operation_and_count_sent_again_are_kept_once(tracking: Running) -> None:
    told = await three(tracking)
    path = f"{PATH}/operations"

    again = await tracking.client.post(path, json=OPERATION)
    other = await tracking.client.post(path, json=OPERATION | {"authority": "ssa"})
    recount = await tracking.client.post(f"{path}/{told['id']}/counts", json=COUNT)

    assert (again.status_code, other.status_code) == (200, 409)
    assert len(recount.json()["vintages"]) == 2


async def test_a_count_that_cannot_be_is_refused_and_nothing_is_kept(tracking: Running) -> None:
    first = await recorded(tracking)
    nowhere_yet = (today() + timedelta(days=2)).isoformat()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"men": 81}, "validation"),
        ({"total": 101}, "validation"),
        ({"men": -1}, "validation"),
        ({"men": 80.5}, "validation"),
        ({"total": 5_001, "men": 4_981}, "validation"),
        ({"word": "pushed back"}, "validation"),
        ({"published_on": nowhere_yet}, "validation"),
        ({"published_on": "2017-05-01"}, "validation"),
        ({"bodies": 1}, "restatement-unexplained"),
    ]

    answers = [
        await tracking.client.post(f"{PATH}/operations/{first['id']}/counts", json=COUNT | change)
        for change, _ in wrong
    ]

    told = [(each.status_code, each.json()["type"].rpartition("/")[2]) for each in answers]
    assert told == [(422, slug) for _, slug in wrong]
    for change in ({"occurred_on": nowhere_yet}, {"place_pcode": "LY0999"}, {"captain": "x"}):
        form = OPERATION | {"external_id": "op-9"} | change
        assert (await tracking.client.post(f"{PATH}/operations", json=form)).status_code == 422
    assert await totals(tracking) == {"2017": (1, 100, 0, 0, 0)}


async def test_people_go_ashore_at_a_point_that_was_open_on_that_day(tracking: Running) -> None:
    async with tracking.database.write() as session:
        session.add(Place(pcode=MUHALLA, level=4, name_en="A", name_ar="أ"))
    site = {"kind": "disembarkation_point", "place_pcode": MUHALLA, "name_en": "Port"}
    opened = await tracking.client.post(
        "/v1/tracking/sites", json=site | {"opened_on": "2017-01-01"}
    )
    closing = {"status": "closed", "on": "2017-05-02"}
    camp = await tracking.client.post("/v1/tracking/sites", json=site | {"kind": "camp"})
    path = f"/v1/tracking/sites/{opened.json()['id']}"
    await tracking.client.patch(path, json=closing, headers={"If-Match": '"1"'})

    async def landed(day: str, site: Any = opened) -> str:
        change = {"external_id": f"op-{day}", "occurred_on": day, "site_id": site.json()["id"]}
        late = {"count": COUNT | {"published_on": "2017-06-01"}}
        sent = await tracking.client.post(f"{PATH}/operations", json=OPERATION | change | late)
        return str(sent.json().get("type", sent.status_code))

    assert await landed("2017-05-02") == "201"
    assert await landed("2017-05-03") == "/problems/site-closed"
    assert await landed("2016-12-31") == "/problems/site-closed"
    assert await landed("2017-05-01", camp) == "/problems/unknown-site"
