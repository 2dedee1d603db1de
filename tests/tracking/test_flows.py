"""Flow monitoring: batches row by row, tables and matrices, and the hours that were watched."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import today
from chassis.countries import codes
from services.tracking.flows import countries, rules
from services.tracking.flows.models import WatchedIn
from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from tests.conftest import Running, Start, client_of

FLOWS = "/v1/tracking/flows"
MUHALLA = "LY03170101"
PERIOD = {"since": "2024-05-01", "until": "2024-05-10"}


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "day": "2024-05-02",
        "from_hour": 8,
        "to_hour": 9,
        "nationality": "NER",
        "men": 3,
        "women": 1,
        "origin": "NER",
        "destination": "LY0211",
        "mode": "lorry",
    } | changes


@pytest.fixture
async def tracking(start: Start) -> Running:
    running = await start(SERVICE)
    await a_muhalla(running)
    return running


async def a_muhalla(tracking: Running) -> None:
    async with tracking.database.write() as session:
        session.add(Place(pcode=MUHALLA, level=4, name_en="A", name_ar="أ"))


async def point(tracking: Running, **changes: Any) -> str:
    form = {"kind": "flow_monitoring_point", "place_pcode": MUHALLA, "name_en": "A crossing"}
    response = await tracking.client.post("/v1/tracking/sites", json=form | changes)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def sent(tracking: Running, site: str, *entries: Any) -> dict[str, Any]:
    body = {"site_id": site, "entries": entries}
    response = await tracking.client.post(f"{FLOWS}/entries", json=body)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


async def asked(tracking: Running, what: str, **query: str) -> dict[str, Any]:
    response = await tracking.client.get(f"{FLOWS}/{what}", params=PERIOD | query)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


async def test_flows_are_told_as_counted_with_the_share_of_hours_watched(
    tracking: Running,
) -> None:
    site, other = await point(tracking), await point(tracking, opened_on="2024-05-06")
    watched = [
        {"day": "2024-05-02", "from_hour": 6, "to_hour": 18},
        {"day": "2024-05-02", "from_hour": 12, "to_hour": 20},
        {"day": "2024-05-03", "from_hour": 0, "to_hour": 24},
    ]
    for _ in range(2):
        kept = await tracking.client.post(
            f"{FLOWS}/hours", json={"site_id": site, "watched": watched}
        )
        assert kept.json() == {"days": 2, "hours": 38}
    await sent(
        tracking,
        site,
        entry(),
        entry(nationality="Sudan", origin="LY0317", boys=2, destination="ITA"),
        entry(day="2024-05-03", men=0, women=0, no_data=7, mode="car", vehicle="pickup"),
    )
    await sent(tracking, other, entry(day="2024-05-10", origin="LY03170101", destination="ITA"))
    await sent(tracking, site, entry(day="2024-06-01"))

    def of(told: dict[str, Any]) -> dict[str, int]:
        return {each["category"]: each["individuals"] for each in told["items"]}

    table = await asked(tracking, "tables", by="nationality")
    assert (of(table), table["individuals"]) == ({"NER": 15, "SDN": 6}, 21)
    # Ten days of the one point and five of the other: 38 hours of 360.
    assert table["watch"] == {
        "sites": 2,
        "observed_hours": 38,
        "hours": 360,
        "observed_share": 0.1056,
        "days_without_hours": 1,
    }
    assert of(await asked(tracking, "tables", by="sex_age")) == {
        "men": 9,
        "women": 3,
        "boys": 2,
        "no_data": 7,
    }
    assert of(await asked(tracking, "tables", by="month")) == {"2024-05": 21}
    assert of(await asked(tracking, "tables", by="vehicle")) == {"pickup": 7, "unknown": 14}
    assert of(await asked(tracking, "tables", by="site", site_id=other)) == {other: 4}
    assert of(await asked(tracking, "tables", by="day", place="LY02")) == {}

    def pairs(told: dict[str, Any]) -> set[Any]:
        return {
            (each["origin"], each["destination"], each["individuals"]) for each in told["items"]
        }

    assert pairs(await asked(tracking, "matrix", level="1")) == {
        ("NER", "LY02", 11),
        ("LY03", "ITA", 10),
    }
    assert pairs(await asked(tracking, "matrix", level="0")) == {
        ("NER", "LBY", 11),
        ("LBY", "ITA", 10),
    }
    empty = await asked(tracking, "tables", by="day", since="2023-01-01", until="2023-01-02")
    assert (empty["individuals"], empty["watch"]["observed_share"]) == (0, None)


async def test_a_batch_that_is_sent_again_counts_once_row_by_row(
    start: Start, database_url: str
) -> None:
    tracking = await start(SERVICE, database_url)
    await a_muhalla(tracking)
    site = await point(tracking)
    rows = [entry() for _ in range(1_500)]

    first = await sent(tracking, site, *rows)
    more = [*rows[:3], rows[3] | {"men": 4}, entry(nationality="SDN")]
    again = await sent(tracking, site, *more, more[-1], more[-1] | {"women": 2})

    assert (first["accepted"], first["rejected"]) == (1_500, 0)
    assert (again["accepted"], again["unchanged"], again["rejected"]) == (1, 4, 2)
    assert [(each["row"], each["code"]) for each in again["rejected_rows"]] == [
        (4, "conflict"),
        (7, "twice"),
    ]
    assert (await asked(tracking, "tables", by="day"))["individuals"] == 6_004
    async with client_of(tracking.app, organisation="another") as others:
        told = await others.post(f"{FLOWS}/entries", json={"site_id": site, "entries": [rows[0]]})
        assert told.json()["rejected_rows"][0]["code"] == "conflict"


async def test_a_wrong_row_is_refused_alone_and_named(tracking: Running) -> None:
    site = await point(tracking, opened_on="2024-01-01")
    nowhere_yet = (today() + timedelta(days=2)).isoformat()
    wrong = [
        (entry(men=-1), "men"),
        (entry(men=1.5), "men"),
        (entry(men=2_001), "men"),
        (entry(men="3"), "men"),
        (entry(men=0, women=0), None),
        (entry(total=5), None),
        (entry(to_hour=8), None),
        (entry(to_hour=25), "to_hour"),
        (entry(day=nowhere_yet), "day"),
        (entry(day="2023-12-31"), "day"),
        (entry(nationality="Nigerien"), "nationality"),
        (entry(origin="LY0999"), "origin"),
        (entry(destination="XYZ"), "destination"),
        (entry(transit="Agadez"), "transit"),
        (entry(mode="rocket"), "mode"),
        (entry(id="7"), "id"),
        (entry(passport_of_somebody="x"), None),
        ({}, "id"),
    ]

    told = await sent(
        tracking,
        site,
        *(row for row, _ in wrong),
        entry(nationality="BurkinaFaso"),
        entry(nationality="Unkown"),
        entry(nationality="Côte d'Ivoire", total=4),
    )

    assert (told["accepted"], told["rejected"]) == (3, len(wrong))
    named = [(each["row"], each["column"]) for each in told["rejected_rows"]]
    assert named == [(row, column) for row, (_, column) in enumerate(wrong, 1)]
    assert "passport_of_somebody" not in str(told)
    assert [each["row"] for each in told["warnings"]] == [len(wrong) + 1, len(wrong) + 2]


async def test_nobody_counts_where_there_is_no_open_point_or_none_of_theirs(
    tracking: Running,
) -> None:
    site = await point(tracking, opened_on="2024-01-01")
    camp = await point(tracking, kind="camp")
    watched = [{"day": "2023-12-31", "from_hour": 1, "to_hour": 2}]

    async def answer(path: str, **body: Any) -> str:
        response = await tracking.client.post(f"{FLOWS}/{path}", json=body)
        return str(response.json().get("type", response.status_code)).rpartition("/")[2]

    assert await answer("entries", site_id=camp, entries=[entry()]) == "unknown-site"
    assert await answer("entries", site_id=site, entries=[]) == "validation"
    assert await answer("hours", site_id=site, watched=watched) == "site-closed"
    assert await answer("hours", site_id=str(UUID(int=1)), watched=watched) == "unknown-site"
    backwards = PERIOD | {"until": "2024-04-30", "by": "day"}
    response = await tracking.client.get(f"{FLOWS}/tables", params=backwards)
    assert response.status_code == 422
    elsewhere = [{"role": "enumerator", "places": ["LY02"]}]
    async with client_of(tracking.app, grants=elsewhere) as enumerator:
        body = {"site_id": site, "entries": [entry()]}
        assert (await enumerator.post(f"{FLOWS}/entries", json=body)).status_code == 403


def test_bands_that_overlap_count_once_and_a_day_has_24_hours() -> None:
    day = date(2024, 5, 1)
    bands = [(0, 12), (6, 24)]
    told = [WatchedIn(day=day, from_hour=first, to_hour=last) for first, last in bands]

    assert rules.hours(told)[day].bit_count() == 24


@pytest.mark.parametrize(
    ("label", "code", "is_odd"),
    [
        ("SDN", "SDN", False),
        ("sudan", "SDN", False),
        ("South Sudan", "SSD", False),
        ("SouthSudan", "SSD", True),
        ("Unkown", "unknown", True),
        ("unknown", "unknown", False),
        ("Palestine", "PSE", False),
        ("XKX", "XKX", False),
        ("كوسوفو", "XKX", False),
    ],
)
def test_a_nationality_is_read_and_an_odd_label_is_told(
    label: str, code: str, is_odd: bool
) -> None:
    told = countries.nationality(label)

    assert told is not None
    assert (told[0], bool(told[1])) == (code, is_odd)


@pytest.mark.parametrize("label", ["", "XXX", "QMA", "ZZZ", "SUN", "YUG", "World", "12"])
def test_what_is_no_country_is_not_guessed(label: str) -> None:
    assert countries.nationality(label) is None


def test_there_are_as_many_countries_as_iso_3166_has_and_kosovo() -> None:
    assert len(codes() - {"XKX"}) == 249
    assert countries.names("XKX") == ("Kosovo", "كوسوفو")
