"""Rounds of the DTM: the real one as published, and made-up ones that are wrong."""

import asyncio
import csv
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from cli import sample_round
from cli.sample_round import Sheets
from services.tracking.main import SERVICE
from services.tracking.rounds.labels import nationality
from tests.conftest import Running, Start
from tests.real import real

IMPORTS = "/v1/tracking/rounds/imports"
PLACES = "/v1/tracking/places/imports"
MIGRANTS = 787_326


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


def workbook(change: Callable[[Sheets], None] | None = None) -> bytes:
    target = io.BytesIO()
    sample_round.write(target, 7, change)
    return target.getvalue()


async def sent(tracking: Running, path: str, *contents: bytes) -> Any:
    files = [("file", (f"file-{i}", content)) for i, content in enumerate(contents)]
    return await tracking.client.post(path, files=files)


async def finished(tracking: Running, path: str, *contents: bytes) -> dict[str, Any]:
    response = await sent(tracking, path, *contents)
    assert response.status_code == 202, response.text
    return await ended(tracking, response.headers["location"])


async def ended(tracking: Running, path: str) -> dict[str, Any]:
    for _ in range(600):
        job: dict[str, Any] = (await tracking.client.get(path)).json()
        if job["status"] in {"done", "failed"}:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(job)


async def summed(tracking: Running, number: int, **query: Any) -> list[dict[str, Any]]:
    response = await tracking.client.get(f"/v1/tracking/rounds/{number}/figures", params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_a_round_is_kept_and_each_level_sums_to_the_one_above(tracking: Running) -> None:
    job = await finished(tracking, IMPORTS, workbook())

    assert (job["status"], job["accepted"], job["rejected"]) == ("done", job["total"], 0)
    for level in (1, 2, 3, 4):
        items = await summed(tracking, 7, population="migrant", level=level)
        assert sum(item["value"] for item in items) == 3600
    by = await summed(tracking, 7, level=1, by="nationality")
    assert sum(item["value"] for item in by) == 3600
    assert {item["nationality"] for item in by} == {"NER", "SDN", "BFA", "unknown"}


async def test_the_same_round_again_changes_nothing(tracking: Running) -> None:
    await finished(tracking, IMPORTS, workbook())

    again = await finished(tracking, IMPORTS, workbook())

    assert (again["accepted"], again["unchanged"]) == (0, again["total"])
    assert (await tracking.client.get("/v1/tracking/rounds/7")).json()["version"] == 1


async def test_a_round_that_comes_in_with_other_figures_says_what_changed_and_where(
    tracking: Running,
) -> None:
    path = f"{IMPORTS}?round_number=9&reason=A%20late%20sheet"
    await finished(tracking, path, b"pcode,idps\nLY0103,500\nLY0211,70\n")

    job = await finished(tracking, path, b"pcode,idps\nLY0103,500\nLY0211,72\n")

    [told] = [each for each in job["warnings"] if each["code"] == "figures_changed"]
    assert "570 people are 572 now" in told["detail"]
    answer = await tracking.client.get("/v1/tracking/rounds/9/versions?population=idp&cursor=1")
    [version] = answer.json()["items"]
    assert (version["version"], version["individuals"]) == (2, 572)
    assert (version["places_changed"], version["figures_changed"]) == (["LY0211"], 1)
    assert version["reason"] == "A late sheet"

    # The same figures of another time are another version; without a time, it stays.
    moved = await finished(
        tracking, f"{path}&period=2024-08", b"pcode,idps\nLY0103,500\nLY0211,72\n"
    )
    await finished(tracking, path, b"pcode,idps\nLY0103,500\nLY0211,73\n")
    assert [each["code"] for each in moved["warnings"]] == ["period_changed"]
    found = (await tracking.client.get("/v1/tracking/rounds/9?population=idp")).json()
    assert (found["version"], found["period"], found["individuals"]) == (4, "2024-08", 573)


async def test_a_file_that_leaves_out_what_a_round_was_told_by_says_so(tracking: Running) -> None:
    path = f"{IMPORTS}?round_number=9"
    await finished(
        tracking, path, b"pcode,idps,idps:sex:male,idps:sex:female\nLY0103,5,2,3\nLY0211,0,0,0\n"
    )

    job = await finished(tracking, path, b"pcode,idps\nLY0103,5\nLY0211,0\n")
    again = await finished(tracking, path, b"pcode,idps\nLY0103,5\nLY0211,0\n")

    [told] = [each for each in job["warnings"] if each["code"] == "dimension_gone"]
    assert "told by sex" in told["detail"]
    assert (job["accepted"], job["unchanged"]) == (1, 1)
    assert (again["accepted"], again["unchanged"], again["warnings"]) == (0, 2, [])
    assert await summed(tracking, 9, population="idp", level=1, by="sex") == []


async def test_the_real_round_54_is_read_as_published(tracking: Running) -> None:
    content = real("dtm/DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx").read_bytes()
    gazetteers = [
        real(f"boundaries/{name}.csv").read_bytes()
        for name in ("lby_admin1", "lby_admin2", "lby_admin3_baladiya", "lby_admin4_muhalla")
    ]
    await finished(tracking, PLACES, *gazetteers)

    job = await finished(tracking, IMPORTS, content)

    assert (job["status"], job["rejected"]) == ("done", 0)
    sizes = {1: 3, 2: 22, 3: 100, 4: 663}
    levels = {level: await summed(tracking, 54, level=level) for level in sizes}
    assert {level: len(items) for level, items in levels.items()} == sizes
    assert {sum(item["value"] for item in items) for items in levels.values()} == {MIGRANTS}
    by_nationality = await summed(tracking, 54, level=4, by="nationality")
    assert sum(item["value"] for item in by_nationality) == MIGRANTS
    places = {warning["detail"][:10] for warning in job["warnings"] if "place" in warning["code"]}
    assert places == {"LY02090507", "LY02140122", "LY02140123", "LY02140124"}
    codes = {warning["code"] for warning in job["warnings"]}
    assert codes == {"place_not_assessed", "coordinates_missing", "label", "header"}
    assert all(w["sheet"] and w["row"] and w["column"] for w in job["warnings"])


async def test_the_real_round_says_of_each_baladiya_what_its_own_sheet_says(
    tracking: Running,
) -> None:
    content = real("dtm/DTM_Libya_R54_Migrant_Dataset_PUBLIC.xlsx").read_bytes()
    with real("dtm/libya_r54_baladiya.csv").open(encoding="utf-8") as file:
        published = {
            row["Baladiya PCode"]: int(row["Migrants (IND)"]) for row in csv.DictReader(file)
        }

    await finished(tracking, IMPORTS, content)

    items = await summed(tracking, 54, level=3)
    assert {item["pcode"]: item["value"] for item in items} == published


def one_more(sheet: str, row: int, column: str) -> Callable[[Sheets], None]:
    def change(book: Sheets) -> None:
        rows = book[sheet]
        header = next(cells for cells in rows if column in cells)
        at = header.index(column)
        value = rows[row][at]
        assert isinstance(value, int)
        rows[row][at] = value + 1

    return change


def put(sheet: str, row: int, column: str, value: Any) -> Callable[[Sheets], None]:
    def change(book: Sheets) -> None:
        rows = book[sheet]
        at = next(cells for cells in rows if column in cells).index(column)
        rows[row][at] = value

    return change


def without(sheet: str) -> Callable[[Sheets], None]:
    def change(book: Sheets) -> None:
        del book[sheet]

    return change


@pytest.mark.parametrize(
    ("change", "slug", "pointer"),
    [
        (
            one_more("Muhalla Main", 2, "Migrants Adult Men"),
            "round-does-not-sum",
            "Muhalla Main/row 3/demographic",
        ),
        (
            one_more("Nationalities", 1, "Migrant Individuals"),
            "round-does-not-sum",
            "Muhalla Main/row 3/nationality",
        ),
        (
            one_more("Baladiya Main ", 2, "Migrants (IND)"),
            "round-does-not-sum",
            "Baladiya Main/row 3/total",
        ),
        (
            put("Muhalla Main", 3, "Migrants Childern", "many"),
            "workbook-cells",
            "Muhalla Main/row 4/Migrants Childern",
        ),
        (
            put("Muhalla Main", 3, "Migrants Childern", -1),
            "workbook-cells",
            "Muhalla Main/row 4/Migrants Childern",
        ),
        (
            put("Muhalla Main", 3, "Migrants Childern", 0.5),
            "workbook-cells",
            "Muhalla Main/row 4/Migrants Childern",
        ),
        (
            put("Nationalities", 1, "Muhalla P Code", "nowhere"),
            "workbook-cells",
            "Nationalities/row 2/Muhalla P Code",
        ),
        (without("Nationalities"), "workbook-sheets", "Nationalities"),
        (put("Nationalities", 0, "Migrant Individuals", "x"), "workbook-sheets", "Nationalities"),
    ],
)
async def test_a_workbook_that_is_wrong_is_refused_with_the_rows(
    tracking: Running, change: Callable[[Sheets], None], slug: str, pointer: str
) -> None:
    response = await sent(tracking, IMPORTS, workbook(change))

    assert response.status_code == 422, response.text
    assert response.json()["type"] == f"/problems/{slug}"
    assert response.json()["errors"][0]["pointer"] == pointer
    assert (await tracking.client.get("/v1/tracking/rounds")).json()["items"] == []


async def test_a_hidden_sheet_is_told_of_and_merged_numbers_are_refused(tracking: Running) -> None:
    def book(merged: tuple[int, int, int, int] | None = None) -> bytes:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True}) as made:
            for name, rows in sample_round.sheets(7).items():
                sheet = made.add_worksheet(name)
                if name == "Nationalities":
                    sheet.hide()
                for row, cells in enumerate(rows):
                    sheet.write_row(row, 0, ["" if cell is None else cell for cell in cells])
                if merged and name == "Muhalla Main":
                    first, left, last, right = merged
                    sheet.merge_range(first, left, last, right, rows[first][left])
            made.add_worksheet("Old figures").hide()
        return target.getvalue()

    for merged in ((2, 11, 3, 11), (2, 12, 2, 13)):
        response = await sent(tracking, IMPORTS, book(merged))
        assert response.status_code == 422, response.text
        assert response.json()["errors"] == [
            {
                "pointer": "Muhalla Main/row 3",
                "code": "merged",
                "detail": "Merged cells hold a number; nobody can tell whose it is.",
            }
        ]
    # A name that stands once for several rows is that of each of them.
    job = await finished(tracking, IMPORTS, book((2, 1, 5, 1)))

    assert (job["status"], job["rejected"]) == ("done", 0)
    assert {
        each["sheet"]: each["detail"] for each in job["warnings"] if each["code"] == "sheet_hidden"
    } == {
        "Nationalities": "The sheet is hidden; it was read all the same.",
        "Old figures": "The sheet is hidden; nothing was read from it.",
    }


def archive(**entries: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return target.getvalue()


def bomb() -> bytes:
    return archive(**{"[Content_Types].xml": b"x", "xl/workbook.xml": b"0" * 15_000_000})


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"%PDF-1.7 not a workbook", 422),
        (b"", 422),
        (b"PK\x03\x04 broken", 422),
        (archive(**{"notes.txt": b"hello"}), 422),
        (archive(**{"../x": b"", "[Content_Types].xml": b"", "xl/workbook.xml": b""}), 422),
        (
            archive(**{"[Content_Types].xml": b"<!DOCTYPE x>", "xl/workbook.xml": b"<x/>"}),
            422,
        ),
        (archive(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), 422),
        (archive(**{f"{i}": b"" for i in range(201)}), 413),
        (bomb(), 413),
    ],
    ids=["pdf", "empty", "cut", "zip", "outside", "entities", "hollow", "many", "bomb"],
)
async def test_a_hostile_file_is_refused_before_it_is_opened(
    tracking: Running, content: bytes, status: int
) -> None:
    response = await sent(tracking, IMPORTS, content)

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/tracking/rounds/99/figures?level=1", 404),
        ("/v1/tracking/rounds/7/figures?level=5", 422),
        ("/v1/tracking/rounds/7/figures", 422),
        ("/v1/tracking/rounds/7/figures?level=1&colour=blue", 400),
        ("/v1/tracking/rounds/99999999999999999999", 422),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    tracking: Running, path: str, status: int
) -> None:
    assert (await tracking.client.get(path)).status_code == status


async def test_figures_come_in_pages_without_gap_or_repeat(tracking: Running) -> None:
    await finished(tracking, IMPORTS, workbook())
    seen = []
    query: dict[str, Any] = {"level": 4, "by": "nationality", "limit": 7}
    while True:
        page = (await tracking.client.get("/v1/tracking/rounds/7/figures", params=query)).json()
        seen += [(item["pcode"], item["category"]) for item in page["items"]]
        query["cursor"] = page["next_cursor"]
        if not query["cursor"]:
            break

    assert len(seen) == len(set(seen)) == 48


@pytest.mark.parametrize(
    ("label", "region", "code"),
    [
        ("Niger", "West Africa", "NER"),
        ("BurkinaFaso", "", "BFA"),
        ("Tchad", "", "TCD"),
        ("Sierra Leone", "", "SLE"),
        ("Unkown", "", "unknown"),
        ("", "", "unknown"),
        ("Other", "East Africa", "other_east_africa"),
        ("Soudan du Sud", "", "SSD"),
        ("السودان", "", "SDN"),
        ("نيجيريا", "", "NGA"),
        ("Marsian", "", "label_marsian"),
    ],
)
def test_a_nationality_is_read_in_three_languages(label: str, region: str, code: str) -> None:
    assert nationality(label, region)[0] == code


def test_two_labels_that_no_country_has_are_two_in_any_script() -> None:
    one, other = (nationality(label, "")[0] for label in ("المريخ", "الزهرة"))

    assert one != other
    assert one.isascii()
