"""Published figures across rounds: the real series, restated ones, and gaps."""

import csv
import random
from itertools import groupby, pairwise
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from chassis.clock import now
from services.tracking.main import SERVICE
from services.tracking.rounds import sums
from services.tracking.rounds.models import Figure, Round
from services.tracking.series.models import PublishedFigure
from tests.conftest import Running, Start
from tests.real import real
from tests.servers.postgres import PostgresServer
from tests.tracking.test_rounds import finished

IMPORTS = "/v1/tracking/series/imports"
TRENDS = "/v1/tracking/trends"
HEADER = (
    "round,period_start,period_end,idps,migrants,source_url,basis,published_on,restated_because"
)


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


async def trend(tracking: Running, **query: Any) -> list[dict[str, Any]]:
    response = await tracking.client.get(TRENDS, params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def counted(tracking: Running, number: int, figures: dict[str, dict[str, int]]) -> None:
    """Keep a round by muhalla: all of it, and by nationality."""
    async with tracking.database.write() as session:
        total = sum(sum(of.values()) for of in figures.values())
        session.add(Round(number=number, population="idp", individuals=total, places=len(figures)))
        for pcode, of in figures.items():
            of_place: dict[str, Any] = {"round_number": number, "population": "idp", "pcode": pcode}
            session.add(Figure(**of_place, dimension="total", category="", value=sum(of.values())))
            session.add_all(
                Figure(**of_place, dimension="nationality", category=category, value=value)
                for category, value in of.items()
            )
        await sums.keep(session, number, "idp")


async def test_the_published_series_is_returned_figure_by_figure(tracking: Running) -> None:
    content = real("ground_truth/dtm_libya_rounds_long.csv").read_bytes()
    rows = list(csv.DictReader(content.decode().splitlines()))
    published = {
        (population, int(row["round"])): (int(row[column]), row["source_url"], row["basis"])
        for row in rows
        for column, population in (
            ("idps", "idp"),
            ("returnees", "returnee"),
            ("migrants", "migrant"),
        )
        if row[column]
    }

    first = await finished(tracking, IMPORTS, content)
    again = await finished(tracking, IMPORTS, content)

    assert (first["accepted"], first["rejected"], first["warnings"]) == (66, 0, [])
    assert (again["accepted"], again["unchanged"]) == (0, 66)
    items = await trend(tracking)
    assert len(items) == 3 * 57
    shown = {
        (each["population"], each["round_number"]): (each["value"], each["source"], each["basis"])
        for each in items
        if each["value"] is not None
    }
    assert shown == published
    migrants = await trend(tracking, population="migrant", from_round=5, to_round=8)
    assert [each["value"] for each in migrants] == [276_957, None, 245_242, 381_463]
    assert [each["change"] for each in migrants] == [None, None, -31_715, 136_221]
    assert migrants[2]["previous_round"] == 5
    assert [each["confidence"] for each in migrants] == ["high", None, "high", "low"]


async def test_a_restated_figure_needs_a_reason_and_keeps_each_vintage(tracking: Running) -> None:
    original = table("1,2020-01,2020-02,,381,a,direct,,", "2,2020-03,2020-04,,400,b,direct,,")
    restated = "1,2020-01,2020-02,,597,c,quoted_later,2021-08-15,"
    await finished(tracking, IMPORTS, original)

    refused = await finished(tracking, IMPORTS, table(restated))
    kept = await finished(tracking, IMPORTS, table(restated + "late reports"))
    again = await finished(tracking, IMPORTS, original)

    assert [(row["row"], row["code"]) for row in refused["rejected_rows"]] == [
        (2, "reason_missing")
    ]
    assert (kept["accepted"], again["accepted"], again["unchanged"]) == (1, 0, 2)
    today = await trend(tracking)
    assert [(each["value"], each["vintage"]) for each in today] == [(597, 2), (400, 1)]
    before = await trend(tracking, as_of="2021-08-14")
    assert [(each["value"], each["vintage"]) for each in before] == [(381, 1), (400, 1)]
    assert [each["value"] for each in await trend(tracking, as_of="2020-03-01")] == [381, None]
    response = await tracking.client.get("/v1/tracking/series", params={"round_number": 1})
    vintages = [(each["value"], each["restated_because"]) for each in response.json()["items"]]
    assert vintages == [(381, None), (597, "late reports")]


TO_COME = now().year + 2


async def test_each_wrong_row_is_refused_by_itself_and_nothing_of_it_is_kept(
    tracking: Running,
) -> None:
    rows = {
        "0,2020-01,2020-02,1,,a,direct,,": "round",
        "3,2020-01,2020-02,-1,,a,direct,,": "not_a_count",
        "3,2020-01,2020-02,5,1.5,a,direct,,": "not_a_count",
        "3,2020-01,2020-02,99999999999,,a,direct,,": "not_a_count",
        "3,2020-01,2020-02,,,a,direct,,": "no_figure",
        "3,2020-13,2020-14,1,,a,direct,,": "period",
        "3,2020-03,2020-02,1,,a,direct,,": "period",
        f"3,{TO_COME}-01,{TO_COME}-02,1,,a,direct,,": "future",
        f"3,,{TO_COME}-12,1,,a,direct,,": "future",
        f"3,2020-01,2020-02,1,,a,direct,{TO_COME}-12-03,": "future",
        "3,2020-01,2020-02,1,,a,hearsay,,": "basis",
        "3,2020-01,2020-02,1,,,direct,,": "source",
        "3,2020-01,2020-02,1,,=cmd(),direct,,": "formula",
        "2,2020-05,2020-06,7,,a,direct,,": "",
        "1,2020-06,2020-07,1,,a,direct,,": "round_out_of_order",
        "4,2020-04,2020-05,1,,a,direct,,": "round_out_of_order",
        "1,2020-04,2020-06,1,,a,direct,,": "",
    }

    job = await finished(tracking, IMPORTS, table(*rows))

    assert [(each["row"], each["code"]) for each in job["rejected_rows"]] == [
        (line, code) for line, code in enumerate(rows.values(), 2) if code
    ]
    assert [each["code"] for each in job["warnings"]] == ["rounds_overlap"]
    assert [each["value"] for each in await trend(tracking)] == [1, 7]
    elsewhere = table("1,1,a,direct,LY0199", header="round,idps,source_url,basis,pcode")
    [refused] = (await finished(tracking, IMPORTS, elsewhere))["rejected_rows"]
    assert refused["code"] == "place_unknown"
    for header in ("round,source_url,basis", "round,idps,source_url,basis,phone"):
        files = [("file", ("x.csv", table("1,a,direct,1", header=header)))]
        assert (await tracking.client.post(IMPORTS, files=files)).status_code == 422


ROUNDS = {
    1: {"LY01010101": {"SDN": 10, "TCD": 5}, "LY01010102": {"SDN": 20}},
    3: {"LY01010101": {"SDN": 12, "TCD": 5}, "LY01020101": {"TCD": 40}},
    4: {"LY01010101": {"SDN": 12}, "LY01010102": {"SDN": 1}, "LY01020101": {"TCD": 41}},
}


async def check_what_changed_coverage_makes_of_a_change(tracking: Running) -> None:
    for number, figures in ROUNDS.items():
        await counted(tracking, number, figures)

    country = await trend(tracking, population="idp")

    parts = ("value", "places", "change", "change_same_places", "change_coverage")
    assert [tuple(each[part] for part in parts) for each in country] == [
        (35, 2, None, None, None),
        (None, None, None, None, None),
        (57, 2, 22, 2, 20),
        (54, 3, -3, -4, 1),
    ]
    chadians = [
        (each["round_number"], each["value"], each["change_same_places"], each["change_coverage"])
        for each in await trend(tracking, by="nationality")
        if each["category"] == "TCD"
    ]
    assert chadians == [(1, 5, None, None), (2, None, None, None), (3, 45, 0, 40), (4, 41, -4, 0)]
    by_place = await trend(tracking, place="LY01", by="place", from_round=3)
    assert [(each["category"], each["value"]) for each in by_place] == [
        ("LY0101", 17),
        ("LY0101", 13),
        ("LY0102", 40),
        ("LY0102", 41),
    ]
    await check_that_it_is_told_apart_by_what_was_known_and_is_kept(tracking)
    await finished(tracking, IMPORTS, table("4,2020-04,2020-05,60,,a,direct,,"))
    [*_, last] = await trend(tracking)
    assert [last[part] for part in parts] == [60, 3, 43, None, None]


async def check_that_it_is_told_apart_by_what_was_known_and_is_kept(tracking: Running) -> None:
    async def changes(**query: Any) -> list[tuple[Any, ...]]:
        parts = ("round_number", "value", "change", "change_coverage")
        items = await trend(tracking, population="idp", **query)
        return [tuple(each[part] for part in parts) for each in items if each["value"] is not None]

    async def written(statement: str) -> None:
        async with tracking.database.write() as session:
            await session.exec(text(statement))  # type: ignore[call-overload]

    country, region = await changes(), await changes(place="LY0102")
    assert region == [(3, 40, None, None), (4, 41, 1, 0)]
    await written("update round set imported_at = '2999-01-01 00:00:00+00' where number = 3")
    without = await changes(as_of="2998-12-31")
    assert without == [(1, 35, None, None), (4, 54, 19, 41)]
    assert await changes() == country

    await written("delete from place_sum where round_number = 3")
    await written("delete from coverage_change where round_number = 3")
    assert await changes() != country
    await sums.keep_missing(tracking.database)
    assert await changes() == country
    # Without the second place, the country of the third round is compared without it.
    await written("delete from figure where round_number = 3 and pcode = 'LY01020101'")
    async with tracking.database.write() as session:
        await sums.keep(session, 3, "idp")
    assert await changes(place="LY0102") == [(4, 41, None, None)]
    assert await changes() == [(1, 35, None, None), (3, 17, -18, -20), (4, 54, 37, 42)]


async def test_what_changed_coverage_makes_of_a_change_is_told_apart(tracking: Running) -> None:
    await check_what_changed_coverage_makes_of_a_change(tracking)


@pytest.mark.integration
async def test_postgresql_tells_changed_coverage_apart_as_well(
    start: Start, postgres: PostgresServer
) -> None:
    postgres.create_database("series")

    await check_what_changed_coverage_makes_of_a_change(
        await start(SERVICE, postgres.url("series", driver="asyncpg"))
    )


def muhallas(chance: random.Random) -> dict[str, dict[str, int]]:
    """Return a round of some of a dozen muhallas, each with some of three nationalities."""
    places = [f"LY{region:02}0101{number:02}" for region in (1, 2, 3) for number in (1, 2, 3, 4)]
    return {
        place: {each: chance.randint(1, 500) for each in chance.sample(("NER", "SDN", "TCD"), 2)}
        for place in chance.sample(places, 9)
    }


def summed(of: dict[str, dict[str, int]], place: str, category: str | None) -> int:
    within = [figures for pcode, figures in of.items() if pcode.startswith(place)]
    return sum(sum(each.values()) if not category else each.get(category, 0) for each in within)


@pytest.mark.parametrize("by", [None, "place", "nationality"])
async def test_a_trend_tells_what_its_rounds_sum_to_and_changed_by(
    tracking: Running, by: str | None
) -> None:
    chance = random.Random(1)  # noqa: S311 - It makes up counts, and hides nothing.
    rounds = {number: muhallas(chance) for number in (2, 3, 5, 6, 9)}
    for number, figures in rounds.items():
        await counted(tracking, number, figures)

    told = await trend(tracking, population="idp", **({"by": by} if by else {}))

    lines = {"nationality": ["NER", "SDN", "TCD"], "place": ["LY01", "LY02", "LY03"]}
    assert len(told) == 8 * len(lines.get(by or "", [None]))
    for category, of_line in groupby(told, key=lambda each: each["category"]):
        points = list(of_line)
        assert [each["round_number"] for each in points] == list(range(2, 10))
        place, nationality = points[0]["pcode"], category if by == "nationality" else None
        for each in points:
            there = rounds.get(each["round_number"])
            assert each["value"] == (there and summed(there, place, nationality))
        for then, later in pairwise(each for each in points if each["value"] is not None):
            of_then, of_later = rounds[then["round_number"]], rounds[later["round_number"]]
            before, after = (
                summed(
                    {pcode: of[pcode] for pcode in of_then.keys() & of_later}, place, nationality
                )
                for of in (of_then, of_later)
            )
            assert later["previous_round"] == then["round_number"]
            assert later["change"] == later["value"] - then["value"]
            assert later["change_same_places"] == after - before
            assert later["change_coverage"] == later["change"] - (after - before)


async def test_a_day_of_the_future_knows_what_today_knows(tracking: Running) -> None:
    await finished(tracking, IMPORTS, table("1,,,5,,a,direct,,"))

    assert [each["value"] for each in await trend(tracking, as_of="9999-12-31")] == [5]
    async with tracking.database.read() as session:
        [figure] = (await session.exec(select(PublishedFigure))).all()
    assert figure.known_since == now().date()
    assert (await tracking.client.get(TRENDS, params={"place": "XX"})).json()["items"] == []
