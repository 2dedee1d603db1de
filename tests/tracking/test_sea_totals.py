"""Published totals of returns from the sea: each vintage kept, as the table and its notes say."""

import csv
from collections import Counter
from typing import Any

import pytest

from chassis.jobs import Remark
from chassis.tabular import Row
from services.tracking.main import SERVICE
from services.tracking.seatotals import rules
from services.tracking.seatotals.models import PublishedTotalIn
from tests.conftest import Running, Start
from tests.real import real
from tests.tracking.test_rounds import finished

PATH = "/v1/tracking/maritime/published"
TABLE = """period,returned_to_libya,dead,missing,note,source_url
2030,10,3.0,4.0,"2 men, 1 women",https://a.example/2031/01/02/news
2020,100,1,,"sum of 2 locations: Here 60; There 40",https://a.example/1
2020 (restated),100,2,,as quoted Aug 2021,https://a.example/2
2021,50,1,,later restated 3,https://a.example/3
2021,51,1,,,https://a.example/3
2022,10,1,,"11 men",https://a.example/4
2022-13,10,1,,,https://a.example/5
2023,ten,1,,,https://a.example/6
2023,-1,1,,,https://a.example/6
"""


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def vintages(tracking: Running, **query: str) -> list[dict[str, Any]]:
    response = await tracking.client.get(PATH, params=query | {"limit": "100"})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_the_published_table_is_told_with_every_vintage(tracking: Running) -> None:
    content = real("ground_truth/maritime_returns_to_libya.csv").read_bytes()

    first = await finished(tracking, f"{PATH}/imports", content)
    again = await finished(tracking, f"{PATH}/imports", content)

    assert (first["accepted"], first["rejected"]) == (11, 0)
    assert (again["accepted"], again["unchanged"]) == (0, 11)
    told = await vintages(tracking)
    by_period = [(each["starts_on"], each["ends_on"], each["vintage"]) for each in told]
    figures = [(each["total"], each["dead"], each["missing"]) for each in told]
    assert dict(zip(by_period, figures, strict=True)) == {
        ("2016-01-01", "2016-12-31", 1): (18_946, None, None),
        ("2017-05-01", "2017-05-31", 1): (4_027, None, None),
        ("2018-01-01", "2018-06-30", 1): (10_000, None, None),
        ("2019-01-01", "2019-12-31", 1): (9_225, 270, 992),
        ("2020-01-01", "2020-12-31", 1): (11_891, 316, 417),
        ("2020-01-01", "2020-12-31", 2): (11_891, 381, 597),
        ("2021-01-01", "2021-12-31", 1): (32_425, 655, 897),
        ("2022-01-01", "2022-12-31", 1): (24_684, 525, 848),
        ("2022-01-01", "2022-12-31", 2): (24_684, 529, 848),
        ("2023-01-01", "2023-12-31", 1): (17_190, 962, 1_536),
        ("2024-01-01", "2024-12-31", 1): (21_762, 665, 1_034),
        ("2025-01-01", "2025-07-12", 1): (12_338, 317, 286),
    }
    by = dict(zip(by_period, told, strict=True))
    assert by["2016-01-01", "2016-12-31", 1]["by_place"]["Sabratha"] == 1_803
    assert by["2017-05-01", "2017-05-31", 1]["operations"] == 17
    assert by["2018-01-01", "2018-06-30", 1]["is_rounded"]
    last = by["2025-01-01", "2025-07-12", 1]
    assert [last[name] for name in ("men", "women", "children", "no_data")] == [
        10_653,
        1_136,
        404,
        145,
    ]
    assert by["2020-01-01", "2020-12-31", 2]["reason"] == "Restated; as quoted Aug 2021"
    then = await vintages(tracking, as_of="2021-08-01")
    assert {each["vintage"] for each in then} == {1}
    assert max(each["ends_on"] for each in then) == "2020-12-31"


def test_the_published_dead_and_missing_are_near_those_of_the_incidents() -> None:
    """Figures of the same years from another project, so that a column read wrongly is seen."""
    with real("ground_truth/maritime_returns_to_libya.csv").open(encoding="utf-8") as file:
        read = [rules.totals(Row(line, cells)) for line, cells in enumerate(csv.DictReader(file))]
    incidents = Counter[int]()
    with real("missing_migrants/mmp_central_med_and_libya.csv").open(encoding="utf-8") as file:
        for cells in csv.DictReader(file):
            if cells["migration_route"] == "Central Mediterranean":
                incidents[int(cells["year"])] += int(float(cells["total_dead_and_missing"] or 0))
    published = {
        each.starts_on.year: (each.dead or 0) + (each.missing or 0)
        for told in read
        if not isinstance(told, Remark)
        for each in told
        if each.dead is not None
    }

    assert published[2019] == incidents[2019] == 1_262
    apart = {year: abs(published[year] / incidents[year] - 1) for year in range(2019, 2024)}
    assert max(apart.values()) < 0.04


async def test_a_wrong_row_is_rejected_alone_and_a_restated_one_needs_its_reason(
    tracking: Running,
) -> None:
    job = await finished(tracking, f"{PATH}/imports", TABLE.encode())

    assert (job["accepted"], job["rejected"]) == (3, 6)
    told = {(row["row"], row["column"], row["code"]) for row in job["rejected_rows"]}
    assert told == {
        (2, "starts_on", "value_error"),
        (6, "reason", "restatement-unexplained"),
        (7, "returned_to_libya", "value_error"),
        (8, "period", "period"),
        (9, "returned_to_libya", "not_a_count"),
        (10, "returned_to_libya", "not_a_count"),
    }
    kept = await vintages(tracking)
    assert [(each["dead"], each["vintage"]) for each in kept] == [(1, 1), (2, 2), (1, 1), (3, 2)]
    assert kept[1]["published_on"] == "2021-08-31"
    # Until a correction is dated it is told for no day.
    assert [each["dead"] for each in await vintages(tracking, as_of="2026-01-01")] == [1, 2, 1]

    form = {"starts_on": "2021-01-01", "ends_on": "2021-12-31", "total": 50, "dead": 4}
    assert (await tracking.client.post(PATH, json=form)).status_code == 422
    restated = form | {"reason": "A late report", "published_on": "2022-03-01"}
    assert (await tracking.client.post(PATH, json=restated)).json()["vintage"] == 3
    assert (await tracking.client.post(PATH, json=restated)).status_code == 200
    for wrong in ({"ends_on": "2020-12-31"}, {"men": 51}, {"by_place": {"Here": 1}}):
        assert (await tracking.client.post(PATH, json=restated | wrong)).status_code == 422


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2016", "2016-01-01", "2016-12-31"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2018 H2", "2018-07-01", "2018-12-31"),
        ("2025 to 12 Jul", "2025-01-01", "2025-07-12"),
    ],
)
def test_a_period_is_read_from_its_first_to_its_last_day(text: str, first: str, last: str) -> None:
    starts_on, ends_on, restated = rules.period(text)

    assert (starts_on.isoformat(), ends_on.isoformat(), restated) == (first, last, False)


@pytest.mark.parametrize("text", ["", "16", "2025 to 31 Feb", "2025 to 1 Foo", "2018 H3", "0000"])
def test_what_is_no_period_is_not_guessed(text: str) -> None:
    cells = {"period": text, "returned_to_libya": "1", "note": "", "source_url": ""}
    told = rules.totals(Row(2, cells | {"dead": "", "missing": ""}))

    assert isinstance(told, Remark)
    assert told.column == "period"


def test_a_day_of_publication_is_the_note_s_before_the_address_s() -> None:
    def said(note: str, address: str) -> str:
        return str(rules.published_on(note, address))

    assert said("as published 23 Dec 2020", "https://a.example/2020/12/24/x") == "2020-12-23"
    assert said("", "https://a.example/2018/07/1013712") == "2018-07-31"
    assert said("", "https://a.example/news") == "None"
    assert said("as quoted Foo 2020", "") == "None"
    assert (
        PublishedTotalIn.model_validate(
            {"starts_on": "2016-01-01", "ends_on": "2016-12-31", "total": 3, **rules.parts("1 men")}
        ).model_dump(exclude_none=True)["men"]
        == 1
    )
