"""Incidents: what was believed of a displaced group on each day, and what is refused."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from chassis.clock import today
from contracts.event import Envelope
from contracts.tracking import DisplacementEstimated
from services.tracking.incidents import rules
from services.tracking.incidents.models import Estimate
from services.tracking.main import SERVICE
from tests.conftest import Running, Start

INCIDENTS = "/v1/tracking/incidents"
DANIEL = {
    "external_id": "storm-daniel",
    "name": "Storm Daniel",
    "cause": "storm",
    "occurred_on": "2023-09-10",
    "place_pcode": "LY01",
}
LIBYA, EAST, DERNA = "LY", "LY01", "LY0101"
PUBLISHED = [
    ("2023-09-13", "idp", LIBYA, None, 30_000, None, "DTM flash update", None),
    ("2023-09-21", "idp", LIBYA, None, 43_059, None, "DTM flash update", "Access to Derna"),
    ("2023-10-05", "idp", LIBYA, None, 40_018, None, "DTM update", "Another count"),
    ("2023-10-05", "idp", LIBYA, None, 43_421, None, "DTM flash update", "More areas"),
    ("2023-11-01", "idp", LIBYA, None, 44_862, 8_907, "DTM flash update", "End of the count"),
    ("2023-11-01", "idp", EAST, "18 municipalities", 41_720, None, "DTM flash update", None),
    ("2023-11-01", "idp", DERNA, None, 23_500, None, "DTM flash update", None),
    ("2023-11-01", "migrant", LIBYA, None, 1_715, None, "DTM flash update", None),
]
"""Storm Daniel as it was published; the source of each row is told by its own words."""


def form(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("published_on", "population", "to_pcode", "area", "individuals", "households")
    return dict(zip((*names, "source", "reason"), row, strict=True)) | {"from_pcode": DERNA}


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def recorded(tracking: Running, **changes: Any) -> str:
    response = await tracking.client.post(INCIDENTS, json=DANIEL | changes)
    assert response.status_code == 201, response.text
    return str(response.headers["location"])


async def seen(tracking: Running, path: str, **query: str) -> dict[str, Any]:
    response = await tracking.client.get(path, params=query)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


def of(told: dict[str, Any], population: str, to: str) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [
        group
        for group in told["groups"]
        if (group["population"], group["to_pcode"]) == (population, to)
    ]
    return found


async def test_storm_daniel_is_told_on_each_day_as_it_was_believed_then(
    tracking: Running,
) -> None:
    path = await recorded(tracking)
    # The last is told first: what was believed on a day does not hang on the order of arrival.
    for row in [PUBLISHED[-1], *PUBLISHED[:-1]]:
        sent = await tracking.client.post(f"{path}/estimates", json=form(row))
        assert sent.status_code == 201, sent.text

    assert (await seen(tracking, path, as_of="2023-09-12"))["groups"] == []
    for day, individuals in (("2023-09-13", 30_000), ("2023-09-20", 30_000)):
        told = await seen(tracking, path, as_of=day)
        assert told["totals"] == [
            {"population": "idp", "lowest": individuals, "highest": individuals}
        ]
    assert of(await seen(tracking, path, as_of="2023-09-21"), "idp", LIBYA)["highest"] == 43_059
    october = await seen(tracking, path, as_of="2023-10-31")
    group = of(october, "idp", LIBYA)
    assert [each["individuals"] for each in group["standing"]] == [40_018, 43_421]
    assert (group["lowest"], group["highest"], group["estimates"]) == (40_018, 43_421, 4)
    assert october["contradictions"] == [
        {"code": "sources_differ", "estimates": [each["id"] for each in group["standing"]]}
    ]

    now = await seen(tracking, path)
    assert now["as_of"] == today().isoformat()
    last = of(now, "idp", LIBYA)["standing"][-1]
    assert (last["individuals"], last["households"]) == (44_862, 8_907)
    assert of(now, "idp", EAST)["highest"] == 41_720
    assert of(now, "idp", DERNA)["highest"] == 23_500
    # Derna and the municipalities lie in the whole, and are not counted beside it.
    assert now["totals"] == [
        {"population": "idp", "lowest": 40_018, "highest": 44_862},
        {"population": "migrant", "lowest": 1_715, "highest": 1_715},
    ]
    every = (await seen(tracking, f"{path}/estimates"))["items"]
    assert sorted(each["individuals"] for each in every) == sorted(row[4] for row in PUBLISHED)
    ended = {each["individuals"]: each["replaced_on"] for each in every}
    assert (ended[30_000], ended[43_059]) == ("2023-09-21", "2023-10-05")
    assert (ended[40_018], ended[44_862]) == (None, None)

    weeks = (await seen(tracking, f"{path}/trend", place=LIBYA))["items"]
    idps = [each for each in weeks if each["population"] == "idp"]
    assert {each["component"] for each in weeks} == {"event_tracking"}
    assert [each["highest"] for each in idps] == [None, 30_000, 43_059, None, 43_421] + [
        None
    ] * 3 + [44_862]
    assert [idps[1][each] for each in ("period_start", "period_end")] == [
        "2023-09-11",
        "2023-09-17",
    ]
    assert [each["change"] for each in idps if each["change"]] == [13_059, 362, 1_441]
    assert idps[4]["lowest"] == 40_018
    derna = (await seen(tracking, f"{path}/trend", by="month", place=DERNA))["items"]
    assert [each["highest"] for each in derna] == [None, None, 23_500]
    early = await seen(tracking, f"{path}/trend", by="day", as_of="2023-09-15", limit="3")
    assert ([each["highest"] for each in early["items"]], early["next_cursor"]) == ([None] * 3, "3")

    # The other source gives in: its estimate is named, and both vintages stay.
    [other] = [each["id"] for each in every if each["individuals"] == 40_018]
    word = form(("2023-11-20", "idp", LIBYA, None, 44_862, 8_907, "DTM update", "Same lists"))
    await tracking.client.post(f"{path}/estimates", json=word | {"replaces": [other]})
    assert (await seen(tracking, path))["totals"][0]["lowest"] == 44_862
    assert len((await seen(tracking, f"{path}/estimates", limit="5"))["items"]) == 5


async def test_the_same_told_again_is_kept_once_and_told_once(tracking: Running) -> None:
    path = await recorded(tracking)
    again = await tracking.client.post(INCIDENTS, json=DANIEL)
    other = await tracking.client.post(INCIDENTS, json=DANIEL | {"cause": "flood"})
    told = [
        (await tracking.client.post(f"{path}/estimates", json=form(PUBLISHED[0]))).json()["id"]
        for _ in range(2)
    ]

    assert (again.status_code, again.headers["location"], other.status_code) == (200, path, 409)
    assert told[0] == told[1]
    listed = (await seen(tracking, INCIDENTS, cause="storm", place="LY01"))["items"]
    assert [each["version"] for each in listed] == [2]
    assert (await seen(tracking, INCIDENTS, place="LY02"))["items"] == []
    async with tracking.database.read() as session:
        bodies = (await session.exec(select(tracking.database.tables.outbox.body))).all()
    events = [Envelope.model_validate_json(body).event() for body in bodies]
    [event] = [each for each in events if isinstance(each, DisplacementEstimated)]
    assert (event.individuals, event.to_pcode, event.cause) == (30_000, LIBYA, "storm")


async def test_an_estimate_that_cannot_be_is_refused_and_nothing_is_kept(
    tracking: Running,
) -> None:
    path = await recorded(tracking)
    await tracking.client.post(f"{path}/estimates", json=form(PUBLISHED[0]))
    second = form(PUBLISHED[1])
    nowhere_yet = (today() + timedelta(days=2)).isoformat()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"reason": None}, "restatement-unexplained"),
        ({"reason": None, "source": "Another"}, "restatement-unexplained"),
        ({"individuals": -1}, "validation"),
        ({"individuals": 1.5}, "validation"),
        ({"individuals": 10_000_001}, "validation"),
        ({"individuals": None}, "validation"),
        ({"individuals": 5, "households": 6}, "validation"),
        ({"published_on": nowhere_yet}, "validation"),
        ({"published_on": "2023-09-09"}, "validation"),
        ({"to_pcode": "LY0999"}, "unknown-place"),
        ({"replaces": [str(UUID(int=1))]}, "validation"),
        ({"camp": "x"}, "validation"),
    ]

    answers = [
        await tracking.client.post(f"{path}/estimates", json=second | change) for change, _ in wrong
    ]

    told = [(each.status_code, each.json()["type"].rpartition("/")[2]) for each in answers]
    assert told == [(422, slug) for _, slug in wrong]
    assert len((await seen(tracking, f"{path}/estimates"))["items"]) == 1
    future = await tracking.client.post(INCIDENTS, json=DANIEL | {"occurred_on": nowhere_yet})
    assert future.status_code == 422


def estimate(to: str, individuals: int, day: int = 1, **told: Any) -> Estimate:
    fields = {"population": "idp", "from_pcode": None, "area": None, "source": "A"} | told
    return Estimate(to_pcode=to, individuals=individuals, published_on=date(2026, 1, day), **fields)


def test_a_part_above_its_whole_contradicts_it_and_is_counted_once() -> None:
    told = [estimate("LY01", 100), estimate("LY0103", 120), estimate("LY02", 7)]

    groups = rules.believed(told, date(2026, 2, 1))

    assert rules.totals(groups) == {"idp": (107, 107)}
    [found] = rules.contradictions(groups)
    assert found == ("part_above_whole", [told[1].id, told[0].id])


def test_an_area_without_borders_holds_nothing() -> None:
    told = [estimate("LY01", 100, area="18 municipalities"), estimate("LY0103", 20)]

    assert rules.totals(rules.believed(told, date(2026, 2, 1))) == {"idp": (120, 120)}


def test_an_estimate_beside_the_others_replaces_none_and_is_replaced_by_the_next() -> None:
    told = [estimate("LY01", 100), estimate("LY01", 90, 2, replaces=""), estimate("LY01", 95, 3)]

    stand = [
        [each.individuals for each in rules.believed(told, date(2026, 1, day))[0].standing]
        for day in (1, 2, 3)
    ]

    assert stand == [[100], [100, 90], [95]]
