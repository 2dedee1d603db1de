"""Figures and trends as files that other programs open."""

import asyncio
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from python_calamine import CalamineWorkbook

from cli.sample_round import Sheets
from services.tracking.formats.choice import accepted
from services.tracking.formats.columns import About, Column, Table
from services.tracking.formats.writing import Pages, file_of
from services.tracking.main import SERVICE
from tests.conftest import Running, Start, client_of
from tests.tracking.test_publications import PUBLIC, few_in_the_first_muhalla, published
from tests.tracking.test_rounds import IMPORTS, finished, workbook
from tests.tracking.test_series import IMPORTS as SERIES
from tests.tracking.test_series import table

FIGURES = "/v1/tracking/rounds/7/figures"
TRENDS = "/v1/tracking/trends"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HOSTILE = Table(
    "hostile",
    (Column("pcode", "#adm+code"), Column("value", "#affected", "integer"), Column("note")),
    About(round_number=5, attribution="It's theirs"),
)
ROWS: list[dict[str, Any]] = [
    {"pcode": "LY01", "value": -5, "note": "=1+1"},
    {"pcode": "LY02", "value": None, "note": 'a "b", c\nd'},
]


def in_a_row(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def parquet(content: bytes, folder: Path, what: str) -> list[tuple[Any, ...]]:
    path = folder / "x.parquet"
    path.write_bytes(content)
    with duckdb.connect(":memory:") as connection:
        return connection.execute(what.replace("FILE", f"'{path}'")).fetchall()


async def get(tracking: Running, path: str, **query: Any) -> httpx.Response:
    response = await tracking.client.get(path, params=query)
    assert response.status_code == 200, response.text
    return response


async def test_a_round_is_the_same_in_every_form(start: Start, tmp_path: Path) -> None:
    def put_two_muhallas_somewhere(book: Sheets) -> None:
        rows = book["Muhalla Main"]
        header = next(cells for cells in rows if "Latitude" in cells)
        at = header.index("Latitude")
        rows[2][at : at + 2] = ["32.75", "20.5"]
        rows[3][at : at + 2] = ["20.5", "32.75"]

    tracking = await start(SERVICE)
    job = await finished(tracking, IMPORTS, workbook(put_two_muhallas_somewhere))
    query = {"level": 3, "by": "nationality"}

    items = (await get(tracking, FIGURES, **query)).json()
    text = await get(tracking, FIGURES, **query, format="csv", hxl=True)
    book = await get(tracking, FIGURES, **query, format="xlsx")
    features = (await get(tracking, FIGURES, **query, format="geojson")).json()
    columns = await get(tracking, FIGURES, **query, format="parquet")

    wanted = [(each["pcode"], each["category"], each["value"]) for each in items["items"]]
    assert (items["about"]["licence"], items["about"]["round_number"]) == ("CC BY 4.0", 7)
    [header, tags, *rows] = in_a_row(text.text)
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["pcode"], row["nationality"], int(row["value"])) for row in lines] == wanted
    assert dict(zip(header, tags, strict=True))["pcode"] == "#adm3+code"
    whole = {"round_number", "vintage", "confidence", "component", "licence", "attribution"}
    assert all(row[name] for row in lines for name in whole)
    assert "round-7-migrant-level3-nationality.csv" in text.headers["content-disposition"]
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
    [names, *cells] = sheets.get_sheet_by_name("Figures").to_python()
    at = [names.index(name) for name in ("pcode", "nationality", "value")]
    assert [tuple(row[i] for i in at) for row in cells] == wanted
    assert ["licence", "CC BY 4.0"] in sheets.get_sheet_by_name("About").to_python()
    shown = [each["properties"] for each in features["features"]]
    assert [(each["pcode"], each["nationality"], each["value"]) for each in shown] == wanted
    assert features["metadata"]["round_number"] == 7
    somewhere = {
        each["properties"]["pcode"]: each["geometry"]
        for each in features["features"]
        if each["geometry"]
    }
    assert somewhere == {"LY010301": {"type": "Point", "coordinates": [20.5, 32.75]}}
    found = parquet(columns.content, tmp_path, "select pcode, nationality, value from FILE")
    assert found == wanted
    [warning] = [each for each in job["warnings"] if each["code"] == "coordinates"]
    assert "swapped" in warning["detail"]


async def test_a_trend_is_the_same_in_every_form_and_its_gaps_are_empty(
    start: Start, tmp_path: Path
) -> None:
    tracking = await start(SERVICE)
    await finished(tracking, SERIES, table("1,2020-01,,9,,a,direct,,", "3,2020-03,,5,,b,direct,,"))

    text = await tracking.client.get(TRENDS, headers={"Accept": "text/csv;q=0.9, */*"})
    book = await tracking.client.get(TRENDS, headers={"Accept": SPREADSHEET})
    columns = await get(tracking, TRENDS, format="parquet")

    [header, *rows] = in_a_row(text.text)
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["round_number"], row["value"], row["change"]) for row in lines] == [
        ("1", "9", ""),
        ("2", "", ""),
        ("3", "5", "-4"),
    ]
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
    [names, _, gap, last] = sheets.get_sheet_by_name("Figures").to_python()
    assert (gap[names.index("value")], last[names.index("change")]) == ("", -4)
    found = parquet(columns.content, tmp_path, "select round_number, value, change from FILE")
    assert found == [(1, 9, None), (2, None, None), (3, 5, -4)]
    features = (await get(tracking, TRENDS, format="geojson")).json()["features"]
    assert [each["geometry"] for each in features] == [None, None, None]
    refused = await tracking.client.get(TRENDS, params={"format": "docx"})
    assert refused.status_code == 422


async def test_a_public_table_hides_the_same_in_every_form(start: Start, tmp_path: Path) -> None:
    tracking = await start(SERVICE)
    async with client_of(tracking.app, sub="second-analyst") as second:
        await published(tracking, second, workbook(few_in_the_first_muhalla))
    del tracking.client.headers["Authorization"]
    address = f"{PUBLIC}/7/figures"
    query: dict[str, Any] = {"level": 4, "by": "nationality", "vintage": 1}

    answer = await get(tracking, address, **query, limit=10_000)
    text = await get(tracking, address, **query, format="csv")
    columns = await get(tracking, address, **query, format="parquet")

    wanted = [(e["pcode"], e["category"], e["value"]) for e in answer.json()["items"]]
    assert any(value is None for _, _, value in wanted)
    [header, *rows] = in_a_row(text.text)
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert [
        (row["pcode"], row["nationality"], int(row["value"]) if row["value"] else None)
        for row in lines
    ] == wanted
    assert all((row["suppressed"] == "yes") is (row["value"] == "") for row in lines)
    assert {(row["vintage"], row["licence"]) for row in lines} == {("1", "CC BY 4.0")}
    found = parquet(columns.content, tmp_path, "select pcode, nationality, value from FILE")
    assert found == wanted
    assert len({each.headers["etag"] for each in (answer, text, columns)}) == 3
    assert {each.headers["vary"] for each in (answer, text, columns)} == {"Accept"}
    seen = {"If-None-Match": text.headers["etag"]}
    again = await tracking.client.get(address, params=query | {"format": "csv"}, headers=seen)
    assert (again.status_code, again.content) == (304, b"")


async def pages(*rows: Sequence[dict[str, Any]]) -> Pages:
    for page in rows:
        yield page


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "geojson"])
def test_no_cell_becomes_a_formula_and_none_is_lost(form: Any, tmp_path: Path) -> None:
    async def written() -> bytes:
        answer = file_of(form, HOSTILE, pages(ROWS[:1], ROWS[1:]), {})
        parts = [part async for part in answer.body_iterator]
        return b"".join(part for part in parts if isinstance(part, bytes))

    content = asyncio.run(written())

    if form == "csv":
        assert in_a_row(content.decode())[1:] == [
            ["LY01", "-5", "'=1+1"],
            ["LY02", "", 'a "b", c\nd'],
        ]
    elif form == "xlsx":
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert book.get_sheet_by_name("Figures").to_python()[1:] == [
            ["LY01", -5, "'=1+1"],
            ["LY02", "", 'a "b", c\nd'],
        ]
    elif form == "parquet":
        assert parquet(content, tmp_path, "from FILE") == [
            ("LY01", -5, "=1+1"),
            ("LY02", None, 'a "b", c\nd'),
        ]
        about = parquet(content, tmp_path, "select key, value from parquet_kv_metadata(FILE)")
        assert (b"attribution", b"It's theirs") in about
    else:
        assert b"=1+1" in content


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html, application/xhtml+xml", "json"),
        ("image/png, TEXT/CSV", "csv"),
        ("application/geo+json; charset=utf-8", "geojson"),
        ("application/json, text/csv", "json"),
    ],
)
def test_a_client_gets_the_first_form_that_it_accepts(header: str, form: str) -> None:
    assert accepted(header) == form
