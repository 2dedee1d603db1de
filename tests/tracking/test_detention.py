"""Visits to detention centres: what is found stays with those who go there."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from chassis.clock import new_id, today
from contracts.event import Envelope
from contracts.tracking import CentreVisited
from services.tracking.detention import rules
from services.tracking.detention.models import Visit
from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from tests.conftest import Running, Start, client_of

CENTRES = "/v1/tracking/detention-centres"
MUHALLA = "LY02110101"
VISIT = {
    "visited_on": "2017-06-14",
    "organisations": ["iom", "partner-a"],
    "entry": "given",
    "population": {
        "total": 517,
        "men": 480,
        "women": 30,
        "boys": 5,
        "girls": 2,
        "by_nationality": {"Nigeria": 300, "BurkinaFaso": 200, "Unkown": 17},
    },
    "health": {"latrines": 6, "meals_a_day": 2, "illnesses": ["scabies"], "laundry": "no"},
    "conditions": {"legal_aid": "no", "family_tracing": "partly"},
}


@pytest.fixture
async def tracking(start: Start) -> Running:
    running = await start(SERVICE)
    async with running.database.write() as session:
        session.add(Place(pcode=MUHALLA, level=4, name_en="A", name_ar="أ"))
    return running


async def centre(tracking: Running, **changes: Any) -> str:
    form = {"place_pcode": MUHALLA, "name_en": "A centre"} | changes
    response = await tracking.client.post(CENTRES, json=form)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def visited(tracking: Running, site: str, **changes: Any) -> dict[str, Any]:
    response = await tracking.client.post(f"{CENTRES}/{site}/visits", json=VISIT | changes)
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_a_visit_is_kept_sealed_and_its_correction_beside_it(tracking: Running) -> None:
    site = await centre(tracking)
    first = await visited(tracking, site)
    fewer = VISIT["population"] | {"total": 516, "men": 479, "by_nationality": {}}  # type: ignore[operator]
    reason = {"corrects": first["id"], "reason": "Counted twice"}
    second = await visited(tracking, site, population=fewer, **reason)
    refused = {"population": None, "health": None, "conditions": None, "refusal": "security"}
    await visited(tracking, site, entry="refused", visited_on="2017-07-01", **refused)

    assert first["population"]["by_nationality"] == {"NGA": 300, "BFA": 200, "unknown": 17}
    assert len(first["warnings"]) == 2
    told = (await tracking.client.get(f"{CENTRES}/{site}/visits")).json()["items"]
    assert [(each["entry"], each["corrected_by"]) for each in told] == [
        ("given", second["id"]),
        ("given", None),
        ("refused", None),
    ]
    assert told[1]["conditions"]["family_tracing"] == "partly"
    health = (await tracking.client.get(f"{CENTRES}/{site}/health")).json()["items"]
    assert [(each["total"], each["health"]["latrines"]) for each in health] == [(516, 6)]
    again = await tracking.client.post(f"{CENTRES}/{site}/visits", json=VISIT | reason)
    assert again.status_code == 409
    async with tracking.database.read() as session:
        kept = (await session.exec(select(Visit))).all()
        bodies = (await session.exec(select(tracking.database.tables.outbox.body))).all()
    assert not any(b"scabies" in each.content or b"517" in each.content for each in kept)
    # The news of a visit tells neither of the centre nor of anybody in it.
    envelopes = [Envelope.model_validate_json(body) for body in bodies]
    news = [each for each in envelopes if each.type == CentreVisited.type]
    assert [each.data["place_pcode"] for each in news] == ["LY02"] * 3
    told_of = {name for each in news for name in each.data}
    assert told_of == {"visit_id", "visited_on", "place_pcode", "entry", "corrects"}
    assert not any(site in each.model_dump_json() for each in news)


async def test_a_visit_that_cannot_be_is_refused_and_nothing_is_kept(tracking: Running) -> None:
    site = await centre(tracking, opened_on="2017-01-01")
    population = VISIT["population"]
    nowhere_yet = (today() + timedelta(days=2)).isoformat()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"visited_on": nowhere_yet}, "validation"),
        ({"visited_on": "2016-12-31"}, "site-closed"),
        ({"organisations": []}, "validation"),
        ({"entry": "refused"}, "validation"),
        ({"entry": "refused", "refusal": "security"}, "validation"),
        ({"refusal": "security"}, "validation"),
        ({"corrects": str(uuid4())}, "validation"),
        ({"corrects": str(uuid4()), "reason": "A slip"}, "validation"),
        ({"guard": "x"}, "validation"),
    ]
    counts = (
        {"total": 518},
        {"men": -1},
        {"men": 480.5},
        {"total": 20_001, "men": 19_964, "by_nationality": {}},
        {"by_nationality": {"Nigeria": 516}},
        {"by_nationality": {"Atlantis": 517}},
    )
    wrong += [({"population": population | change}, "validation") for change in counts]  # type: ignore[operator]

    answers = [
        await tracking.client.post(f"{CENTRES}/{site}/visits", json=VISIT | change)
        for change, _ in wrong
    ]

    told = [(each.status_code, each.json()["type"].rpartition("/")[2]) for each in answers]
    assert told == [(422, slug) for _, slug in wrong]
    assert not any("Atlantis" in each.text for each in answers)
    assert (await tracking.client.get(f"{CENTRES}/{site}/visits")).json()["items"] == []


async def test_who_does_not_go_there_learns_neither_of_a_centre_nor_of_its_people(
    tracking: Running,
) -> None:
    sites = [await centre(tracking) for _ in range(2)]
    for site in sites:
        await visited(tracking, site)
    elsewhere = [{"role": "protection_officer", "places": ["LY03"]}]
    path = f"{CENTRES}/{sites[0]}"

    async with client_of(tracking.app, grants=elsewhere) as officer:
        assert (await officer.get(f"{path}/visits")).status_code == 404
        assert (await officer.post(f"{path}/visits", json=VISIT)).status_code == 404
    camp = {"kind": "camp", "place_pcode": MUHALLA, "name_en": "A camp"}
    other = (await tracking.client.post("/v1/tracking/sites", json=camp)).json()["id"]
    assert (await tracking.client.get(f"{CENTRES}/{other}/visits")).status_code == 404
    # Two centres of a region could each tell of the other: the summary tells of neither.
    summary = (await tracking.client.get("/v1/tracking/detention-summary")).json()
    hidden = {"pcode": "LY02", "centres_visited": None, "individuals": None}
    assert summary["items"] == [hidden]
    await visited(tracking, await centre(tracking), visited_on=today().isoformat())
    late = (await tracking.client.get("/v1/tracking/detention-summary")).json()
    assert late["items"] == [hidden]
    await visited(tracking, await centre(tracking))
    last = (await tracking.client.get("/v1/tracking/detention-summary")).json()
    assert last["items"] == [{"pcode": "LY02", "centres_visited": 3, "individuals": 1_550}]


def visit(day: str, **told: Any) -> Visit:
    fields = {"entry": "given", "corrects": None, "content": b"", "site_id": SITE}
    rest = {"organisation": "iom", "recorded_by": "x"}
    return Visit(visited_on=date.fromisoformat(day), **fields | rest | told)


SITE = new_id()


def test_the_last_visit_that_got_in_and_stands_is_what_counts() -> None:
    wrong = visit("2024-02-01")
    visits = [
        visit("2024-01-01"),
        wrong,
        visit("2024-01-02", corrects=wrong.id),
        visit("2024-03-01", entry="refused"),
        visit("2024-05-01"),
    ]

    assert rules.last_seen(visits, date(2024, 3, 31)) == {SITE: visits[2]}


@pytest.mark.parametrize(
    ("day", "until"),
    [("2024-01-01", "2023-12-31"), ("2024-03-31", "2023-12-31"), ("2024-04-01", "2024-03-31")],
)
def test_a_summary_is_of_the_last_whole_quarter(day: str, until: str) -> None:
    assert rules.last_quarter(date.fromisoformat(day)).isoformat() == until


def test_a_region_with_hardly_anybody_in_it_is_hidden() -> None:
    told = rules.summary([("LY0211", 3), ("LY0212", 3), ("LY0213", 3)])

    assert told[0].individuals is None
