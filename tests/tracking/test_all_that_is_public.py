"""Every file and answer that is public, taken together: what is hidden is in none of them."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.tracking.disclosure.rules import TOTAL, Cell
from services.tracking.main import SERVICE
from services.tracking.rounds import service as rounds
from services.tracking.rounds.counts import RoundCounts
from services.tracking.rounds.models import Population
from tests.conftest import Running, Start, client_of
from tests.tracking.harvest import FILES, PUBLIC, attacked, harvest, publish
from tests.tracking.test_disclosure import DESIGN, PLACES, made_up

FEW_FLED = {PLACES[0]: (4, 26), PLACES[1]: (30, 31), PLACES[5]: (12, 2), PLACES[9]: (40, 50)}
"""Men and women who fled, by muhalla."""
FEWEST = 2
REGION = len("LY01")
AS_FILES = [(4, "nationality"), (4, "sex")]


def displaced() -> dict[Cell, int]:
    """Return a round of the displaced."""
    figures: dict[Cell, int] = {}
    for place, (men, women) in FEW_FLED.items():
        figures |= {(place, TOTAL, ""): men + women}
        figures |= {(place, "sex", "male"): men, (place, "sex", "female"): women}
        figures |= {(place, "reason", "conflict"): men, (place, "reason", "disaster"): women}
        # Of the two women of one muhalla alone it is told that they came from elsewhere.
        country = "SDN" if women == FEWEST else "TCD"
        figures |= {(place, "origin", "LY02"): men, (place, "origin", country): women}
    return figures


COUNTED: dict[Population, tuple[dict[Cell, int], ...]] = {
    "migrant": (made_up(3), made_up(3, changed=6)),
    "idp": (displaced(),),
}
ROUNDS = {("migrant", 54), ("migrant", 55), ("idp", 54)}
FOR_STAFF = (
    "/v1/tracking/rounds/54/figures?level=4",
    "/v1/tracking/rounds/54/needs?level=4",
    "/v1/tracking/trends?population=migrant",
    "/v1/tracking/series",
    "/v1/tracking/index-scores",
    "/v1/tracking/planning-figures?round_number=54",
    "/v1/tracking/detections",
    "/v1/tracking/flows/matrix?since=2024-05-01&until=2024-05-31",
    "/v1/tracking/rounds/54/publications",
    f"/v1/tracking/publications/{UUID(int=7)}/figures?level=4",
)
"""What tells of the same people exactly, also by comparing and scoring."""


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


def nobody_s(tracking: Running) -> httpx.AsyncClient:
    client = client_of(tracking.app)
    del client.headers["Authorization"]
    return client


async def test_what_is_hidden_is_in_no_file_and_in_no_answer(tracking: Running) -> None:
    for population, rounds_of in COUNTED.items():
        for number, figures in enumerate(rounds_of, 54):
            await publish(tracking, number, population, figures)

    seen = await harvest(nobody_s(tracking), tracking.client, AS_FILES)

    assert seen.told.keys() == {"json", "pages", "v3", *FILES}
    assert {(of.population, of.number) for of in seen.vintages} == ROUNDS
    assert seen.disagreements() == []
    of_idps = seen.seen(seen.vintages[0])
    assert ("LY01", "origin", "SDN") in of_idps.hidden
    assert ("LY01", "origin", "LY02") in of_idps.cells
    assert not [cell for cell in of_idps.cells if cell[1] == "origin" and len(cell[0]) > REGION]
    hidden = {of: seen.seen(of).hidden for of in seen.vintages}
    assert all(len(cells) > 4 for cells in hidden.values())
    for way in ("pages", *FILES):
        told = {value for cells in seen.told[way].values() for value in cells.values()}
        assert None in told, "there is something to be found"
    for population, rounds_of in COUNTED.items():
        assert attacked(seen, population, rounds_of, every=11) > DESIGN.k


async def test_an_address_and_a_reason_tell_of_a_hidden_cell_what_they_tell_of_any(
    tracking: Running,
) -> None:
    await publish(tracking, 54, "idp", displaced())
    anybody = nobody_s(tracking)
    small = (PLACES[0], "sex", "male")
    asked: dict[str, Any] = {"population": "idp", "level": 4, "by": "sex"}
    seen = await harvest(anybody, tracking.client, [])
    [of] = seen.vintages
    why = {}
    for place, dimension, category in seen.seen(of).hidden:
        query: dict[str, Any] = {"population": "idp", "pcode": place, "category": category}
        query |= {} if dimension == TOTAL else {"by": dimension}
        answer = await anybody.get(f"{PUBLIC}/54/suppression", params=query)
        why[place, dimension, category] = answer.text
        assert "etag" in answer.headers
    assert small in why
    assert len(why) > 4
    # Those of origins name their own k.
    words = {(cell[1] == "origin", text) for cell, text in why.items()}
    assert len(words) == 2, "each is explained in the same words"
    for path in FOR_STAFF:
        assert (await anybody.get(path)).status_code == 401, path
    whole = await anybody.get(f"{PUBLIC}/54/figures", params=asked)
    await restated(tracking, displaced() | {small: 9, (PLACES[0], TOTAL, ""): 35})
    again = await anybody.get(f"{PUBLIC}/54/figures", params=asked)
    assert again.headers["etag"] == whole.headers["etag"], "figures that wait are not told of"


async def restated(tracking: Running, figures: dict[Cell, int]) -> None:
    """Let the figures of a public round be others, which nobody publishes."""
    async with tracking.database.write() as session:
        await rounds.restate(session, RoundCounts(54, "idp", "2024-08", figures))
