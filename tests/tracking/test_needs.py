"""What a round says is needed and why, from the workbook and from a table."""

from typing import Any

from services.tracking.main import SERVICE
from services.tracking.needs.rules import Asked, Need, asked, told
from tests.conftest import Running, Start
from tests.real import real
from tests.tracking.test_counted_rounds import done
from tests.tracking.test_rounds import IMPORTS, finished, workbook

Counts = dict[tuple[str | None, str | None], tuple[int, int]]


async def counted(tracking: Running, number: int, **query: Any) -> Counts:
    response = await tracking.client.get(f"/v1/tracking/rounds/{number}/needs", params=query)
    assert response.status_code == 200, response.text
    return {
        (each["need"], each["reason"]): (each["places"], each["individuals"])
        for each in response.json()["items"]
    }


async def test_needs_are_told_with_the_reasons_for_them(start: Start) -> None:
    tracking = await start(SERVICE)
    await finished(tracking, IMPORTS, workbook())

    assert await counted(tracking, 7) == {("food", None): (6, 2400), ("water", None): (6, 1200)}
    assert await counted(tracking, 7, by="need_and_reason", parent="LY0103", level=2) == {
        ("food", "too_expensive"): (2, 800),
        ("water", "no_water_network"): (2, 400),
    }
    assert await counted(tracking, 7, priority=2) == {}
    pages = []
    after: str | None = "0"
    while after:
        query = {"level": "3", "cursor": after, "limit": "5"}
        page = (await tracking.client.get("/v1/tracking/rounds/7/needs", params=query)).json()
        pages += page["items"]
        after = page["next_cursor"]
    assert len(pages) == 12
    assert {each["places_assessed"] for each in pages} == {2}
    table = (
        "pcode,idps,need_1,need_1_reason,need_2\n"
        "LY010101,9,Shelter,Too expensive,food\nLY010102,5,Food,,none\n"
    )
    await done(tracking, table, round_number=8)
    assert await counted(tracking, 8, population="idp", by="need_and_reason") == {
        ("food", None): (2, 14),
        ("shelter", "too_expensive"): (1, 9),
    }
    # What the round says now takes the place of all that it said, even where no figure changed.
    await done(tracking, table.replace("Shelter", "Health services"), round_number=8)
    again = await counted(tracking, 8, population="idp", priority=1)
    assert again == {("food", None): (1, 5), ("health", None): (1, 9)}
    parts = "pcode,origin,idps,need_1\nLY010101,LY02,9,Food\nLY010101,LY03,5,Water\n"
    assert (await done(tracking, parts, round_number=9))["status"] == "done"
    assert await counted(tracking, 9, population="idp") == {("food", None): (1, 14)}
    query = {"by": "need_and_reason", "level": "1", "format": "csv", "hxl": "true"}
    file = (await tracking.client.get("/v1/tracking/rounds/7/needs", params=query)).text
    head, tags, first, *rows = file.splitlines()
    assert (head.split(",")[8:10], tags.split(",")[8:10]) == (
        ["need", "reason"],
        ["#sector", "#cause"],
    )
    assert "LY01,East,الشرق,food,too_expensive,,2,4,800,1,CC BY 4.0" in first
    assert len(rows) == 5
    planned = "/v1/tracking/planning-figures?population=migrant&round_number=7&level=1&place=LY01"
    sectors = {
        each["sector"]: (each["places_named"], each["places_asked"], each["individuals_there"])
        for each in (await tracking.client.get(planned)).json()["items"]
    }
    assert (sectors["food"], sectors["health"]) == ((2, 4, 800), (0, 4, 0))
    wrong = await tracking.client.get("/v1/tracking/rounds/10/needs")
    assert wrong.status_code == 404


def test_a_need_without_a_name_is_none_whatever_reason_stands_beside_it() -> None:
    first, reason = asked("Priority Need 1"), asked("Priority Need 1 - Problem")
    assert (first, reason) == (Asked(1, of_reason=False), Asked(1, of_reason=True))
    assert asked("Migrants in need of food") is None
    assert first
    assert reason
    assert told("LY01", [(first, "NFIs"), (reason, "")]) == [Need("LY01", 1, "nfi", "")]
    assert told("LY01", [(first, " "), (reason, "Too far")]) == []


def test_a_need_is_kept_in_whatever_script_it_is_told() -> None:
    cells = [(Asked(1, of_reason=False), "مياه الشرب"), (Asked(1, of_reason=True), "غالي جدا")]
    others = [(Asked(2, of_reason=False), "Santé"), (Asked(3, of_reason=False), "لا يوجد")]

    assert told("LY0101", cells + others) == [
        Need("LY0101", 1, "مياه_الشرب", "غالي_جدا"),
        Need("LY0101", 2, "santé", ""),
    ]


async def test_the_real_round_54_needs_food_first_in_270_muhallas(start: Start) -> None:
    content = real("dtm/DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx").read_bytes()
    tracking = await start(SERVICE)
    await finished(tracking, IMPORTS, content)

    first = await counted(tracking, 54, priority=1)
    reasons = await counted(tracking, 54, priority=1, by="reason")

    places = {need: count for (need, _), (count, _) in first.items()}
    assert [places[each] for each in ("food", "shelter", "health", "water")] == [270, 138, 137, 50]
    assert reasons[None, "too_expensive"][0] == 450
