"""Origins and destinations on their way to the public: two analysts, what is hidden, and files."""

import asyncio
import io
import json
import random
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook
from sqlmodel import select

from chassis.clock import today
from contracts.tracking import FlowsPublished, FlowsRestated
from services.tracking.disclosure.rules import TOTAL, Cell
from services.tracking.flowtables import rules
from services.tracking.flowtables.rules import DESIGN, Pair, Public
from services.tracking.main import SERVICE
from tests.conftest import Running, Start, client_of
from tests.servers.postgres import PostgresServer
from tests.tracking.attack import Told, told, widths
from tests.tracking.test_flows import a_muhalla, entry, point, sent
from tests.tracking.test_formats import in_a_row, parquet
from tests.tracking.test_frozen_tables import CHANGES_OF_FLOWS, refuses_every_change

DRAFTS = "/v1/tracking/flow-publications"
PUBLIC = "/v1/tracking/public/flows"
MONTH = {"month": "2024-05"}
ORIGINS = ("LY01", "LY02", "LY03", "NER", "SDN", "TCD", "unknown")
DESTINATIONS = ("ITA", "LY01", "LY02", "LY03", "NER")


def made_up(seed: int) -> dict[Pair, int]:
    chance = random.Random(seed)  # noqa: S311 - Nothing here is secret.
    sizes = [0, 0, 4, 11, 19, 20, 60, 300]
    counts = {
        (origin, destination): chance.choice(sizes)
        for origin in ORIGINS
        for destination in DESTINATIONS
    }
    return {pair: value for pair, value in counts.items() if value}


def as_tables(pairs: dict[Pair, int | None]) -> Told:
    """Return a table as the attack knows tables: origins are places, destinations categories."""

    def cell(origin: str, destination: str) -> Cell:
        place = f"LY{ORIGINS.index(origin):02}" if origin else "LY"
        return (place, "destination", destination) if destination else (place, TOTAL, "")

    hidden = {cell(*pair) for pair, value in pairs.items() if value is None}
    return told({cell(*pair): value or 0 for pair, value in pairs.items()}, hidden)


def narrowest(*vintages: Told) -> float:
    """Return how near the attack comes to any cell, if it knows all that did not change."""
    floors = {(number, cell): 1 for number, each in enumerate(vintages) for cell in each.hidden}
    return min(widths(vintages, floors=floors).values())


def test_no_attack_on_the_table_comes_within_k_of_a_hidden_pair() -> None:
    counted = made_up(1)

    whole, hidden = rules.controlled(counted, [])

    small = {pair for pair, value in counted.items() if value < DESIGN.k}
    assert DESIGN.k == 20
    assert len(small) > 5
    assert small <= {pair for pair, reason in hidden.items() if reason == "primary"}
    assert rules.pairs_of(whole) == counted
    assert ("", "") not in hidden
    seen = as_tables({pair: None if pair in hidden else n for pair, n in whole.items()})
    assert narrowest(seen) > DESIGN.k


def test_what_was_hidden_and_did_not_change_is_hidden_in_the_next_vintage_too() -> None:
    counted = made_up(1)
    whole, hidden = rules.controlled(counted, [])
    later = counted | {("ERI", "ITA"): 90}

    again, hidden_again = rules.controlled(later, [Public(whole, frozenset(hidden))])

    assert again["ERI", "ITA"] == 90
    unchanged = {pair for pair in hidden if again.get(pair, 0) == whole[pair]}
    assert len(unchanged) > 5
    assert unchanged <= hidden_again.keys()


@pytest.fixture
async def tracking(start: Start) -> Running:
    running = await start(SERVICE)
    await a_muhalla(running)
    return running


@pytest.fixture
def second(tracking: Running) -> httpx.AsyncClient:
    return client_of(tracking.app, sub="second-analyst")


async def some_flows(tracking: Running) -> str:
    site = await point(tracking)
    day = {"day": "2024-05-02", "women": 0}
    people = {("NER", "LY0211"): 60, ("NER", "ITA"): 45, ("LY0317", "ITA"): 30}
    people |= {("SDN", "LY0211"): 7, ("SDN", "ITA"): 40, ("LY0317", "LY0211"): 25}
    rows = [
        entry(**day, origin=origin, destination=destination, men=men)
        for (origin, destination), men in people.items()
    ]
    await sent(tracking, site, *rows, entry(day="2024-06-01"))
    return site


async def drafted(tracking: Running, **form: str) -> dict[str, Any]:
    response = await tracking.client.post(DRAFTS, json=MONTH | form)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def told_to_others(tracking: Running) -> set[tuple[str, int, int | None]]:
    """Return what was told of the month: the event, the vintage, and the total before."""
    async with tracking.database.read() as session:
        bodies = (await session.exec(select(tracking.database.tables.outbox.body))).all()
    events = [(each["type"], each["data"]) for each in map(json.loads, bodies)]
    return {
        (name, told["vintage"], told.get("individuals_before"))
        for name, told in events
        if told.get("month") == "2024-05"
    }


async def test_a_month_is_public_when_a_second_analyst_has_approved_it(
    tracking: Running, second: httpx.AsyncClient
) -> None:
    site = await some_flows(tracking)
    anybody = client_of(tracking.app)
    del anybody.headers["Authorization"]
    draft = await drafted(tracking)
    path = f"{DRAFTS}/{draft['id']}"
    assert (await anybody.get(PUBLIC)).json()["items"] == []
    assert (await anybody.get(f"{PUBLIC}/2024-05/matrix")).status_code == 404
    assert (await tracking.client.post(f"{path}/approval")).status_code == 403

    approved = await second.post(f"{path}/approval")

    assert (approved.json()["status"], approved.json()["vintage"]) == ("published", 1)
    assert (await second.post(f"{path}/refusal")).status_code == 409
    first = await anybody.get(f"{PUBLIC}/2024-05/matrix")
    table = {(each["origin"], each["destination"]): each for each in first.json()["items"]}
    assert table["SDN", "LY02"]["value"] is None
    assert table["SDN", "LY02"]["suppressed"]
    assert (table["NER", None]["value"], table[None, None]["value"]) == (105, 207)
    assert table["NER", None]["origin_name"] == "Niger"
    assert not any("LY0317" in pair or "LY0211" in pair for pair in table)
    seen: dict[Pair, int | None] = {
        (origin or "", destination or ""): each["value"]
        for (origin, destination), each in table.items()
    }
    assert narrowest(as_tables(seen)) > DESIGN.k
    [listed] = (await anybody.get(PUBLIC)).json()["items"]
    assert (listed["month"], listed["individuals"], listed["k"]) == ("2024-05", 207, 20)
    assert not {"drafted_by", "decided_by", "id"} & listed.keys()
    why = {
        (each["origin"], each["destination"]): each["why"]
        for each in (await second.get(f"{path}/matrix")).json()["items"]
    }
    assert (why["SDN", "LY02"], why["NER", None]) == ("primary", None)
    of_cells = [
        (await anybody.get(f"{PUBLIC}/2024-05/suppression?{query}")).json()
        for query in ("origin=SDN&destination=LY02", "origin=LY03&destination=LY02", "origin=NER")
    ]
    assert table["LY03", "LY02"]["value"] is None
    assert of_cells[0] == of_cells[1], "that few are counted is not told of one and not of another"
    assert (of_cells[0]["suppressed"], of_cells[0]["narrowest"]) == (True, 21)
    assert (of_cells[2]["suppressed"], of_cells[2]["reasons"]) == (False, [])
    nobody = await anybody.get(f"{PUBLIC}/2024-05/suppression?origin=ERI&destination=ITA")
    assert nobody.status_code == 404
    assert await told_to_others(tracking) == {(FlowsPublished.type, 1, None)}

    # Who was counted late makes another vintage, with its reason, and the first one stays.
    stale = await drafted(tracking, reason="Late sheets")
    await sent(tracking, site, entry(origin="NER", destination="ITA", men=90, women=0))
    late = await second.post(f"{DRAFTS}/{stale['id']}/approval")
    silent = await tracking.client.post(DRAFTS, json=MONTH)
    assert (late.status_code, silent.status_code) == (409, 422)
    draft = await drafted(tracking, reason="Late sheets")
    assert (await second.post(f"{DRAFTS}/{draft['id']}/approval")).json()["vintage"] == 2
    assert (await anybody.get(f"{PUBLIC}/2024-05/matrix?vintage=1")).json() == first.json()
    assert len((await anybody.get(f"{PUBLIC}/2024-05")).json()["items"]) == 2
    later = {(FlowsPublished.type, 2, None), (FlowsRestated.type, 2, 207)}
    assert await told_to_others(tracking) == {(FlowsPublished.type, 1, None), *later}
    await refuses_every_change(tracking, CHANGES_OF_FLOWS)


@pytest.mark.integration
async def test_of_two_drafts_approved_at_once_on_postgresql_one_becomes_public(
    start: Start, postgres: PostgresServer
) -> None:
    postgres.create_database("flows")
    tracking = await start(SERVICE, postgres.url("flows", driver="asyncpg"))
    await a_muhalla(tracking)
    await some_flows(tracking)
    drafts = [await drafted(tracking) for _ in range(2)]
    second = client_of(tracking.app, sub="second-analyst")

    answers = await asyncio.gather(
        *(second.post(f"{DRAFTS}/{each['id']}/approval") for each in drafts)
    )

    assert sorted(each.status_code for each in answers) == [200, 409]
    items = (await tracking.client.get(f"{PUBLIC}/2024-05/matrix")).json()["items"]
    seen: dict[Pair, int | None] = {
        (each["origin"] or "", each["destination"] or ""): each["value"] for each in items
    }
    assert (seen["NER", ""], seen["SDN", "LY02"]) == (105, None)
    assert narrowest(as_tables(seen)) > DESIGN.k
    assert await told_to_others(tracking) == {(FlowsPublished.type, 1, None)}


async def test_a_month_that_is_not_over_or_tells_of_few_is_not_drafted(tracking: Running) -> None:
    site = await point(tracking)
    await sent(tracking, site, entry(men=3, women=1))
    this_month = {"month": today().isoformat()[:7]}

    early = await tracking.client.post(DRAFTS, json=this_month)
    few = await tracking.client.post(DRAFTS, json=MONTH)
    wrong = await tracking.client.post(DRAFTS, json={"month": "2024-13"})

    assert (early.status_code, early.json()["type"]) == (409, "/problems/out-of-order")
    assert few.json()["type"] == "/problems/publication-would-disclose"
    assert wrong.status_code == 422


async def test_a_month_is_the_same_in_every_form(tracking: Running, tmp_path: Path) -> None:
    await some_flows(tracking)
    draft = await drafted(tracking)
    await client_of(tracking.app, sub="second").post(f"{DRAFTS}/{draft['id']}/approval")
    path = f"{PUBLIC}/2024-05/matrix?vintage=1"
    items = (await tracking.client.get(path)).json()["items"]
    expected = [(each["origin"], each["destination"], each["value"]) for each in items]

    answers = {
        form: await tracking.client.get(f"{path}&format={form}")
        for form in ("csv", "xlsx", "parquet", "geojson")
    }

    header, *lines = in_a_row(answers["csv"].text)
    at = [header.index(each) for each in ("origin", "destination", "value", "licence")]
    told = [tuple(line[i] for i in at) for line in lines]
    assert [(a or None, b or None, int(n) if n else None) for a, b, n, _ in told] == expected
    assert {licence for *_, licence in told} == {"CC BY 4.0"}
    book = CalamineWorkbook.from_filelike(io.BytesIO(answers["xlsx"].content))
    assert len(book.get_sheet_by_index(0).to_python()) == 1 + len(expected)
    what = "select origin, destination, value from FILE"
    assert parquet(answers["parquet"].content, tmp_path, what) == expected
    assert len(answers["geojson"].json()["features"]) == len(expected)
    tag = answers["csv"].headers["etag"]
    again = await tracking.client.get(f"{path}&format=csv", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert "public" in answers["csv"].headers["cache-control"]
