"""Rounds of any population that come in as tables, from the file to what IOM's API shows."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
import xlsxwriter

from chassis.clock import today
from services.tracking.disclosure.rules import ORIGIN_DESTINATION_K, Cell
from services.tracking.main import SERVICE
from services.tracking.rounds.periods import bounds
from tests.conftest import Running, Start, client_of
from tests.tracking.attack import Told, told, widths
from tests.tracking.test_rounds import IMPORTS, ended, finished, workbook
from tests.tracking.test_series import IMPORTS as SERIES

IDPS = (
    "pcode,round,idps,idps:households,idps:sex:male,idps:sex:female,idps:reason:conflict,Village\n"
    "#adm4+code,#round,#affected+idps,#affected+hh,#affected+m,#affected+f,#cause,\n"
    'LY01010101,7,"1,200",240,700,500,1200,Somewhere\n'
    "LY01010102,7,100,20,40,60,100,\n"
    "LY02010101,7,300,60,100,200,300,\n"
    "LY0101,7,1300,,,,,\n"
    "Total,,1600,,,,,\n"
)
"""What DTM tables have besides figures: tags of HXL, thousands, rows of places above, a total."""


ASKED = {"columns": json.dumps({"Village": ""}), "period": "2024-08/2024-09"}


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def sent(tracking: Running, content: str | bytes, **query: Any) -> Any:
    files = [("file", ("round.csv", content))]
    return await tracking.client.post(IMPORTS, files=files, params=query)


async def done(tracking: Running, content: str | bytes, **query: Any) -> dict[str, Any]:
    response = await sent(tracking, content, **query)
    assert response.status_code == 202, response.text
    return await ended(tracking, response.headers["location"])


async def got(tracking: Running, path: str, **query: Any) -> Any:
    response = await tracking.client.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_idps_are_counted_published_and_shown_beside_the_migrants_of_a_round(
    tracking: Running,
) -> None:
    await done(tracking, workbook())

    job = await done(tracking, IDPS, **ASKED)

    assert (job["accepted"], job["rejected"], job["total"]) == (5, 0, 5)
    assert "column_left_out" in {each["code"] for each in job["warnings"]}
    kept = await got(tracking, "/v1/tracking/rounds")
    assert [(each["population"], each["individuals"]) for each in kept["items"]] == [
        ("idp", 1600),
        ("migrant", 3600),
    ]
    first = await got(tracking, "/v1/tracking/rounds", limit=1)
    second = await got(tracking, "/v1/tracking/rounds", limit=1, cursor=first["next_cursor"])
    assert [*first["items"], *second["items"]] == kept["items"]
    figures = "/v1/tracking/rounds/7/figures"
    families = await got(tracking, figures, level=1, population="idp", by="households")
    assert [each["value"] for each in families["items"]] == [260, 60]
    [point] = (await got(tracking, "/v1/tracking/trends", population="idp"))["items"]
    assert (point["value"], point["period_end"]) == (1600, "2024-09")

    form = {"population": "idp"}
    draft = await tracking.client.post("/v1/tracking/rounds/7/publications", json=form)
    assert (await ended(tracking, draft.headers["location"]))["status"] == "done"
    analyst = client_of(tracking.app, sub="second-analyst")
    path = f"/v1/tracking/publications/{draft.json()['id']}/approval"
    assert (await analyst.post(path)).status_code == 200
    public = await got(tracking, "/v1/tracking/public/rounds")
    assert [(each["population"], each["round_number"]) for each in public["items"]] == [("idp", 7)]
    shown = await got(tracking, "/v3/displacement/admin1", CountryName="Libya")
    told = ("numPresentIdpInd", "numberMales", "numberFemales", "displacementReason")
    assert [[each[name] for name in told] for each in shown["result"]] == [
        [1300, 740, 560, "Conflict"],
        [300, 100, 200, "Conflict"],
    ]
    assert {each["reportingDate"] for each in shown["result"]} == {"2024-09-30T00:00:00"}


async def test_a_workbook_of_another_layout_is_read_by_what_its_columns_are_said_to_mean(
    tracking: Running,
) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Code de la commune", "PDI", "عائدون"])
        sheet.write_row(1, 0, ["LY010101", 50, 12])
        sheet.write_row(2, 0, ["LY020101", 7, 0])
    columns = {"Code de la commune": "pcode", "PDI": "idps", "عائدون": "returnees"}
    asked = {"columns": json.dumps(columns), "round_number": 9}

    await done(tracking, target.getvalue(), **asked)

    for population, whole in (("idp", 57), ("returnee", 12)):
        found = await got(tracking, "/v1/tracking/rounds/9", population=population)
        assert (found["individuals"], found["places"]) == (whole, 2)
    deeper = await got(tracking, "/v1/tracking/rounds/9/figures", level=4, population="idp")
    assert deeper["items"] == []
    again = await done(tracking, target.getvalue(), **asked)
    assert (again["accepted"], again["unchanged"]) == (0, 2)


async def test_a_table_is_found_on_its_sheet_below_its_titles(tracking: Running) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("Read me").write(0, 0, "IDPs and returnees of round 21")
        for name, column in (("IDPs", "IDP IND"), ("Returnees", "Returnees (IND)")):
            sheet = book.add_worksheet(name)
            sheet.merge_range(0, 0, 0, 2, "DTM Libya")
            sheet.write_row(1, 0, ["Baladiya", "Baladiya PCode", column])
            sheet.write_row(2, 0, ["Derna", "LY010101", 31])

    await done(tracking, target.getvalue(), round_number=21)
    await done(tracking, target.getvalue(), round_number=21, sheet="Returnees")

    kept = (await got(tracking, "/v1/tracking/rounds"))["items"]
    assert [(each["population"], each["individuals"]) for each in kept] == [
        ("idp", 31),
        ("returnee", 31),
    ]
    two = "P-code,IDP IND,HH\npcode,idps,idps:households\nLY0101,31,6\nLY0102,9,2\n"
    assert (await done(tracking, two, round_number=22))["warnings"] == []
    figures = "/v1/tracking/rounds/22/figures"
    of_two = await got(tracking, figures, population="idp", level=1, by="households")
    assert [each["value"] for each in of_two["items"]] == [8]
    nowhere = await sent(tracking, target.getvalue(), round_number=21, sheet="Migrants")
    assert nowhere.json()["errors"][0]["code"] == "sheet_missing"
    other = await sent(tracking, workbook(), round_number=21)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "round")


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("adm1_pcode,adm2_pcode,idps\nLY02,LY0101,5\n", {"round_number": 8}, "cells", "parent"),
    ("pcode,idps\nLY0101,5\n", {"round_number": 8, "sheet": "IDPs"}, "sheets", "sheet_missing"),
    ("pcode,idps\nLY010101,-4\n", {"round_number": 9}, "workbook-cells", "not_a_count"),
    ("pcode,idps\nLY010101,4.5\n", {"round_number": 9}, "workbook-cells", "not_a_count"),
    ("pcode,idps\nLY010101,4e9\n", {"round_number": 9}, "workbook-cells", "not_a_count"),
    ("pcode,idps\nLY0101011,4\n", {"round_number": 9}, "workbook-cells", "pcode"),
    ("pcode,idps\nLY0101,4\nLY0101,5\n", {"round_number": 9}, "workbook-cells", "twice"),
    ("pcode,round,idps\nLY01,3,4\nLY02,4,5\n", {}, "workbook-cells", "round"),
    ("pcode,idps\nLY0101,4\n", {}, "validation", "missing"),
    ("pcode,idps:sex:male\nLY0101,4\n", {"round_number": 9}, "table-header", "column_missing"),
    ("name,idps\nDerna,4\n", {"round_number": 9}, "table-header", "column_missing"),
    ("pcode,idps\nLY0101,4\n", {"columns": "[]"}, "validation", "columns"),
    (
        "pcode,idps\nLY01,9\nLY0101,4\n",
        {"round_number": 9},
        "round-does-not-sum",
        "does_not_sum",
    ),
    (
        "pcode,idps\nLY0101,4\n",
        {"round_number": 6, "period": "2025-01"},
        "conflict",
        "round_out_of_order",
    ),
    ("pcode,idps\nLY0101,\n", {"round_number": 9}, "table-unreadable", "empty"),
    (
        "pcode,idps\nLY0101,4\n",
        {"round_number": 9, "period": "2025-03/2025-01"},
        "validation",
        "period",
    ),
    (
        "pcode,idps\nLY0101,4\n",
        {"round_number": 9, "period": "2025-13"},
        "validation",
        "string_pattern_mismatch",
    ),
    (
        "pcode,idps\nLY0101,4\n",
        {"round_number": 9, "period": "2025-02-31/9999-12"},
        "validation",
        "period",
    ),
    (
        "pcode,idps\nLY0101,4\n",
        {"round_number": 9, "period": (today() + timedelta(days=2)).isoformat()},
        "validation",
        "future",
    ),
]


async def test_a_round_that_runs_into_another_is_told_of_and_covers_the_places_of_its_days(
    tracking: Running,
) -> None:
    table = "pcode,idps\nLY0101,40\n"
    warned = {}
    for number, period in ((3, "2019-01/2019-03"), (4, "2019-03/2019-04"), (5, "2019-03/2019-05")):
        job = await done(tracking, table, round_number=number, period=period)
        warned[number] = [each["code"] for each in job["warnings"]]

    assert warned == {3: [], 4: [], 5: ["rounds_overlap"]}
    not_over = f"{today()}/{today() + timedelta(days=40)}"
    job = await done(tracking, table, round_number=6, period=not_over)
    assert [each["code"] for each in job["warnings"]] == ["period_not_over"]
    covered = await got(tracking, "/v1/tracking/rounds/3/coverage", population="idp")
    assert covered["on"] == "2019-03-31"


async def test_a_row_of_a_total_is_no_category_and_counts_nobody_twice(tracking: Running) -> None:
    table = "pcode,nationality,migrants\nLY0101,SDN,3\nLY0101,TCD,2\nLY0101,{},{}\n"

    job = await done(tracking, table.format("Total", 5), round_number=3)
    twice = await sent(tracking, table.format("المجموع", 5) + "LY0101,,5\n", round_number=3)
    wrong = await sent(tracking, table.format("Grand total", 6), round_number=3)

    assert job["warnings"] == []
    assert (await got(tracking, "/v1/tracking/rounds/3"))["individuals"] == 5
    assert [each["code"] for each in twice.json()["errors"]] == ["twice"]
    assert wrong.json()["type"] == "/problems/round-does-not-sum"


async def test_a_round_whose_number_is_out_of_order_elsewhere_is_told_of(
    tracking: Running,
) -> None:
    series = b"round,period_start,idps,source_url,basis\n8,2019-08,70,a,direct\n"
    await finished(tracking, SERIES, series)
    await done(tracking, "pcode,returnees\nLY0101,9\n", round_number=2, period="2018-01")
    table, warned = "pcode,idps\nLY0101,40\n", {}

    for number, period in ((3, "2017-12"), (7, "2019-08"), (8, "2019-09"), (9, "2019-09")):
        job = await done(tracking, table, round_number=number, period=period)
        warned[number] = [each["detail"] for each in job["warnings"]]
    late = await done(tracking, "pcode,migrants\nLY0101,4\n", round_number=9, period="2019-01")

    [before] = warned.pop(3)
    assert before.startswith("Round 2 starts in 2018-01, after this one does.")
    assert warned == {7: [], 8: [], 9: []}
    assert [each["code"] for each in late["warnings"]] == ["round_out_of_order"]


async def test_a_round_tells_where_people_come_from_and_where_they_came_back_from(
    tracking: Running,
) -> None:
    rows = (
        "pcode,origin,idps\nLY010101,,500\nLY010101,LY02,300\nLY010101,Ghat,150\n"
        "LY010101,Sudan,40\nLY010101,Nowhere,10\nLY020101,Unkown,7\nLY020101,,7\n"
    )
    job = await done(tracking, rows, round_number=8)
    columns = "pcode,returnees,returnees:returned_from:LY0211,returnees_returned_from_egypt\n"
    await done(tracking, f"{columns}LY010101,90,60,30\n", round_number=8)
    parts = "pcode,nationality,migrants\nLY010101,Niger,6\nLY010101,BurkinaFaso,4\n"
    await done(tracking, parts, round_number=8)

    odd = {each["row"]: each["code"] for each in job["warnings"] if each["code"] == "label"}
    assert odd == {4: "label", 6: "label", 7: "label"}
    figures = "/v1/tracking/rounds/8/figures"
    by_origin = await got(tracking, figures, level=1, population="idp", by="origin")
    assert [(each["pcode"], each["category"], each["value"]) for each in by_origin["items"]] == [
        ("LY01", "LY02", 300),
        ("LY01", "LY0321", 150),
        ("LY01", "SDN", 40),
        ("LY01", "label_nowhere", 10),
        ("LY02", "unknown", 7),
    ]
    assert [each["category_name"] for each in by_origin["items"]][:3] == ["West", "Ghat", None]
    back = await got(tracking, figures, level=1, population="returnee", by="returned_from")
    assert {each["category"]: each["value"] for each in back["items"]} == {"LY0211": 60, "EGY": 30}
    # Where a table tells nothing but parts, they are what there is.
    whole = await got(tracking, "/v1/tracking/rounds/8", population="migrant")
    assert whole["individuals"] == 10
    trend = await got(tracking, "/v1/tracking/trends", population="idp", by="origin", place="LY01")
    assert {each["category"] for each in trend["items"]} == {"LY02", "LY0321", "SDN"} | {
        "label_nowhere"
    }
    refused: list[tuple[str, str]] = [
        ("pcode,origin,idps\nLY01,,9\nLY01,LY02,8\n", "does_not_sum"),
        ("pcode,origin,idps\nLY01,,9\nLY01,LY02,9\nLY01,LY02,9\n", "twice"),
        ("pcode,origin,nationality,migrants\nLY01,LY02,Niger,9\n", "crossed"),
        ("pcode,origin,idps,idps:sex:male\nLY01,LY02,9,9\n", "crossed"),
    ]
    for table, code in refused:
        response = await sent(tracking, table, round_number=9)
        assert response.status_code == 422, table
        assert response.json()["errors"][0]["code"] == code, table


async def test_origins_are_public_by_regions_and_hidden_below_twice_as_many(
    tracking: Running,
) -> None:
    parts = {
        ("LY010101", "LY02"): 300,
        ("LY010102", "LY0211"): 21,
        ("LY010102", "LY03"): 12,
        ("LY010102", "SDN"): 90,
        ("LY010102", "Egypt"): 45,
        ("LY020101", "LY01"): 400,
        ("LY020101", "LY03"): 60,
        ("LY020101", "SDN"): 19,
        ("LY020101", "Egypt"): 70,
        ("LY030101", "LY01"): 55,
        ("LY030101", "LY02"): 44,
        ("LY030101", "SDN"): 33,
        ("LY030101", "Egypt"): 22,
    }
    rows = [f"{place},{origin},{value}\n" for (place, origin), value in parts.items()]
    await done(tracking, "".join(["pcode,origin,idps\n", *rows]), round_number=8)

    draft = await tracking.client.post(
        "/v1/tracking/rounds/8/publications", json={"population": "idp"}
    )
    job = await ended(tracking, draft.headers["location"])
    assert job["status"] == "done", job
    analyst = client_of(tracking.app, sub="second-analyst")
    path = f"/v1/tracking/publications/{draft.json()['id']}/approval"
    assert (await analyst.post(path)).status_code == 200

    public = "/v1/tracking/public/rounds/8"
    cells: dict[Cell, int | None] = {}
    for level in (0, 1):
        for by in ("total", "origin"):
            query = {"population": "idp", "level": level} | ({"by": by} if by == "origin" else {})
            for each in (await got(tracking, f"{public}/figures", **query))["items"]:
                cells[each["pcode"], by, each["category"] or ""] = each["value"]
    assert cells["LY01", "origin", "LY02"] == 321
    hidden = {cell for cell, value in cells.items() if value is None}
    assert {("LY01", "origin", "LY03"), ("LY02", "origin", "SDN")} < hidden
    assert all(dimension == "origin" for _, dimension, _ in hidden)
    attacked = told({cell: value for cell, value in cells.items() if value is not None}, [])
    left = widths([Told(attacked.figures, frozenset(hidden))])
    assert min(left.values()) > ORIGIN_DESTINATION_K
    # From which baladiya to which nobody is told, nor how many there would be.
    assert (await got(tracking, f"{public}/figures", population="idp", level=3, by="origin"))[
        "items"
    ] == []
    why = {"population": "idp", "pcode": "LY01", "by": "origin", "category": "LY03"}
    assert (await got(tracking, f"{public}/suppression", **why))["k"] == ORIGIN_DESTINATION_K
    # A round whose other tables hide the total of a region tells no origins.
    few = "pcode,origin,idps\nLY0101,LY02,3\nLY0201,LY01,400\nLY0301,LY01,300\n"
    await done(tracking, few, round_number=9)
    draft = await tracking.client.post(
        "/v1/tracking/rounds/9/publications", json={"population": "idp"}
    )
    job = await ended(tracking, draft.headers["location"])
    assert [each["code"] for each in job["rejected_rows"]] == ["publication-would-disclose"]


async def test_a_table_that_cannot_be_a_round_is_refused_whole(tracking: Running) -> None:
    await done(tracking, IDPS, **ASKED)

    for table, query, slug, code in WRONG:
        response = await sent(tracking, table, **query)
        assert response.status_code in {409, 422}, (table, response.text)
        problem = response.json()
        assert problem["type"].endswith(slug), table
        assert problem["errors"][0]["code"] == code, table
    kept = await got(tracking, "/v1/tracking/rounds")
    assert [each["number"] for each in kept["items"]] == [7]


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ("August-September 2024", ("2024-08", "2024-09")),
        ("Dec 2021 – Jan 2022", ("2021-12", "2022-01")),
        ("December - January 2022", ("2021-12", "2022-01")),
        ("May 2016", ("2016-05", "2016-05")),
        ("2024-08/2024-09", ("2024-08", "2024-09")),
        ("2019-06-13", ("2019-06-13", "2019-06-13")),
        ("Ramadan 1445", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_period_is_read_from_words_that_tell_it_and_no_others(
    words: str | None, period: tuple[str | None, str | None]
) -> None:
    assert bounds(words) == period
