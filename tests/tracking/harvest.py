"""Collects all that anybody is told of published rounds, in every form in which it is told."""

import csv
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import httpx
from pydantic import SecretStr
from python_calamine import CalamineWorkbook

from chassis.app import create_service
from chassis.bus import InProcessBus
from chassis.settings import Settings
from services.tracking.disclosure.pairs import Frozen
from services.tracking.disclosure.rules import TOTAL, Cell, Design
from services.tracking.disclosure.tables import tables
from services.tracking.main import SERVICE
from services.tracking.rounds import service as rounds
from services.tracking.rounds.counts import RoundCounts
from services.tracking.rounds.models import Population
from tests.conftest import Running, client_of, keys, lifespan
from tests.tracking.attack import Series, Told
from tests.tracking.test_publications import approved
from tests.tracking.test_rounds import ended

PUBLIC = "/v1/tracking/public/rounds"
V3 = "/v3/displacement/admin"
LEVELS = range(5)
FILES = ("csv", "xlsx", "geojson", "parquet")
A_FEW = 40
"""So many cells a page, when a table is read page by page."""
SEXES = {"numberMales": "male", "numberFemales": "female"}
Row = Mapping[str, Any]


class Vintage(NamedTuple):
    """One public set of tables."""

    number: int
    population: str
    vintage: int


@dataclass
class Harvest:
    """
    What each way out tells of each cell; a hidden one is None.

    `json` is the public table itself, by which the other ways are judged.
    """

    told: dict[str, dict[Vintage, dict[Cell, int | None]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )

    @property
    def vintages(self) -> list[Vintage]:
        return sorted(self.told["json"])

    def seen(self, of: Vintage) -> Told:
        """Return a public table as the attack knows tables."""
        cells = self.told["json"][of]
        hidden = frozenset(cell for cell, value in cells.items() if value is None)
        return Told({cell: n for cell, n in cells.items() if n is not None}, hidden)

    def disagreements(self) -> list[tuple[str, Vintage, Cell]]:
        """Return what a way tells otherwise than the table: of a hidden cell, or another figure."""
        return [
            (way, vintage, cell)
            for way, of_way in self.told.items()
            for vintage, cells in of_way.items()
            for cell, value in cells.items()
            if self.told["json"][vintage].get(cell, 0) != value
        ]


async def harvest(
    anybody: httpx.AsyncClient,
    client: httpx.AsyncClient,
    files_of: Iterable[tuple[int, str | None]],
) -> Harvest:
    """
    Ask for everything, without a token and, under IOM's paths, as an API client.

    `files_of` are the levels and dimensions that are asked for as files too, and page by page.
    """
    found, wanted = Harvest(), set(files_of)
    listed = (await _json(anybody, PUBLIC))["items"]
    for number in sorted({each["round_number"] for each in listed}):
        for each in (await _json(anybody, f"{PUBLIC}/{number}"))["items"]:
            of = Vintage(number, each["population"], each["vintage"])
            for level in LEVELS:
                for by in (None, *each["dimensions"]):
                    await _table(anybody, found, of, level, by, as_files=(level, by) in wanted)
    await _iom(client, found)
    return found


async def _table(
    anybody: httpx.AsyncClient,
    found: Harvest,
    of: Vintage,
    level: int,
    by: str | None,
    *,
    as_files: bool,
) -> None:
    path = f"{PUBLIC}/{of.number}/figures"
    query: dict[str, Any] = {"population": of.population, "level": level, "vintage": of.vintage}
    query |= {"by": by} if by else {}
    answer = await _json(anybody, path, query | {"limit": 10_000})
    found.told["json"][of] |= _cells(answer["items"], by, "category")
    if not as_files:
        return
    pages = [each async for each in _paged(anybody, path, query)]
    found.told["pages"][of] |= _cells(pages, by, "category")
    for form in FILES:
        response = await anybody.get(path, params=query | {"format": form})
        response.raise_for_status()
        rows = _rows(form, response.content)
        found.told[form][of] |= _cells(rows, by, by or "")


async def _json(client: httpx.AsyncClient, path: str, query: Row | None = None) -> dict[str, Any]:
    response = await client.get(path, params=dict(query or {}))
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


async def _paged(client: httpx.AsyncClient, path: str, query: Row) -> AsyncIterator[Row]:
    cursor: dict[str, str] = {}
    while True:
        page = await _json(client, path, {**query, **cursor, "limit": A_FEW})
        for item in page["items"]:
            yield item
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def _cells(rows: Iterable[Row], by: str | None, category: str) -> dict[Cell, int | None]:
    found = {}
    for row in rows:
        value = row["value"]
        key = (str(row["pcode"]), by or TOTAL, str(row[category]) if by else "")
        found[key] = None if value in {"", None} else int(value)
    return found


def _rows(form: str, content: bytes) -> Sequence[Row]:
    if form == "geojson":
        return [each["properties"] for each in json.loads(content)["features"]]
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    if form == "xlsx":
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        header, *rows = sheet.to_python()
        return [dict(zip(map(str, header), row, strict=True)) for row in rows]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        path = Path(folder) / "table.parquet"
        path.write_bytes(content)
        table = connection.read_parquet(str(path))
        return [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]


async def _iom(client: httpx.AsyncClient, found: Harvest) -> None:
    """Read the displaced as IOM's API tells them, of the newest vintage of each round."""
    newest = {(each.number, each.population): each for each in found.vintages}
    for level in range(3):
        answer = await _json(client, f"{V3}{level}", {"CountryName": "Libya"})
        for row in answer["result"]:
            if (of := newest.get((row["roundNumber"], "idp"))) is None:
                continue
            place = row["admin2Pcode"] or row["admin1Pcode"] or "LY"
            cells = found.told["v3"][of]
            cells[place, TOTAL, ""] = row["numPresentIdpInd"]
            for column, sex in SEXES.items():
                if row[column] is not None:
                    cells[place, "sex", sex] = row[column]


async def publish(
    tracking: Running, number: int, population: Population, figures: dict[Cell, int]
) -> None:
    told = RoundCounts(number, population, f"2024-{number - 46:02}", figures)
    async with tracking.database.write() as session:
        await rounds.restate(session, told)
    path = f"/v1/tracking/rounds/{number}/publications"
    accepted = await tracking.client.post(path, json={"population": population})
    assert accepted.status_code == 202, accepted.text
    job = await ended(tracking, accepted.headers["location"])
    assert job["status"] == "done", job
    await approved(client_of(tracking.app, sub="second-analyst"), job)


def attacked(
    seen: Harvest, population: str, counted: Sequence[dict[Cell, int]], every: int
) -> float:
    """
    Return how near the attack comes by what was seen, if it knows what did not change.

    `every` so-manieth hidden cell is attacked.
    """
    design = Design()
    both = [of for of in seen.vintages if of.population == population]
    series = Series(design)
    for of, figures in zip(both, counted, strict=True):
        whole, told = tables(figures, design), seen.seen(of)
        values = {cell: whole.values.get(cell, 0) for cell in told.cells}
        assert told.figures.items() <= values.items(), "what is told is what was counted"
        series.kept.append(Frozen(values, told.hidden, whole.leaves, frozenset(whole.dimensions)))
    return min(series.attacked(every, enough=3 * design.k).values())


class Found(NamedTuple):
    """What came of it: figures, ways out, what is told otherwise, how near the attack came."""

    told: int
    ways: int
    otherwise: int
    narrowest: float


async def published_and_found(counted: Sequence[dict[Cell, int]]) -> Found:
    """Publish rounds of migrants one after the other, collect all of them, and attack that."""
    with tempfile.TemporaryDirectory() as home:
        bus = InProcessBus()
        bus.open()
        url = SecretStr(f"sqlite+aiosqlite:///{home}/tracking.sqlite")
        settings = Settings(database_url=url, home=Path(home), log_level="ERROR")
        app = create_service(SERVICE, settings, bus, keys())
        async with lifespan(app), client_of(app) as client, client_of(app) as anybody:
            del anybody.headers["Authorization"]
            tracking = Running(SERVICE, app, client)
            for number, figures in enumerate(counted, 54):
                await publish(tracking, number, "migrant", figures)
            dimensions = {dimension for _, dimension, _ in counted[0]} - {TOTAL}
            all_tables = [(level, by) for level in LEVELS for by in (None, *dimensions)]
            seen = await harvest(anybody, client, all_tables)
    told = sum(len(cells) for way in seen.told.values() for cells in way.values())
    narrowest = attacked(seen, "migrant", counted, every=1)
    return Found(told, len(seen.told), len(seen.disagreements()), narrowest)
