"""Shapes, centres, days and spellings of places: what comes in, and what is found by them."""

import csv
import io
import json
from typing import Any

import pytest
import xlsxwriter

from services.tracking.main import SERVICE
from services.tracking.places.spelling import likeness
from tests.conftest import Running, Start
from tests.real import real
from tests.tracking.test_rounds import PLACES, finished, sent

URL = "/v1/tracking/places"
BALADIYAS = """\
adm3_pcode,adm3_en,adm3_ar,adm3_fr,adm2_pcode,adm2_en,adm2_ar,adm1_pcode,adm1_en,adm1_ar,\
center_lat,center_lon,valid_on,valid_to
LY021101,Suq Aljumaa,سوق الجمعة,Souk el-Joumaa,LY0211,Tripoli,طرابلس,LY02,West,الغرب,\
32.9,13.25,2018-01-01,
LY021102,Old Tripoli,طرابلس القديمة,,LY0211,Tripoli,طرابلس,LY02,West,الغرب,\
32.8,13.1,2016-01-01,2017-12-31
"""
TRIANGLE = [[13.0, 32.7], [13.5, 32.7], [13.25, 32.95], [13.0, 32.7]]


def collection(ring: Any, kind: str = "Polygon", **properties: Any) -> bytes:
    feature = {
        "type": "Feature",
        "properties": {"adm2_pcode": "LY0211"} | properties,
        "geometry": {"type": kind, "coordinates": [ring]},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def told(tracking: Running, query: str) -> Any:
    response = await tracking.client.get(f"{URL}{query}")
    assert response.status_code == 200, response.text
    return response.json()


async def found(tracking: Running, name: str, **query: Any) -> list[str]:
    response = await tracking.client.get(f"{URL}/lookup", params={"name": name} | query)
    assert response.status_code == 200, response.text
    return [each["place"]["pcode"] for each in response.json()["items"]]


async def test_a_place_is_on_the_list_of_its_days_and_found_by_any_spelling(
    tracking: Running,
) -> None:
    job = await finished(tracking, PLACES, BALADIYAS.encode())
    assert (job["accepted"], job["rejected_rows"]) == (2, [])

    lists = {
        day: [each["pcode"] for each in (await told(tracking, f"?level=3{day}"))["items"]]
        for day in ("", "&on=2016-06-01", "&on=2017-12-31", "&on=2018-01-01")
    }
    assert lists == {
        "": ["LY021101"],
        "&on=2016-06-01": ["LY021102"],
        "&on=2017-12-31": ["LY021102"],
        "&on=2018-01-01": ["LY021101"],
    }
    place = await told(tracking, "/LY021101")
    assert (place["name_fr"], place["latitude"]) == ("Souk el-Joumaa", 32.9)
    for spelling in ("Souq al-Jumaa", "سوق الجمعه", "SOUK EL JOUMÂA", "Suq Aljumaa"):
        assert (await found(tracking, spelling))[:1] == ["LY021101"], spelling
    assert await found(tracking, "Wagadugu") == []
    assert await found(tracking, "old Tripoli", level=3) == []
    assert await found(tracking, "old Tripoli", level=3, on="2017-01-01") == ["LY021102"]

    added = await tracking.client.post(f"{URL}/LY021101/aliases", json={"name": "Friday market"})
    again = await tracking.client.post(f"{URL}/LY021101/aliases", json={"name": "Friday market"})
    assert (added.status_code, again.json()) == (201, added.json())
    assert await found(tracking, "friday-market", parent="LY02") == ["LY021101"]
    alias = f"{URL}/aliases/{added.json()['id']}"
    assert (await tracking.client.delete(alias)).status_code == 204
    assert (await tracking.client.delete(alias)).status_code == 404
    assert await found(tracking, "Friday market") == []


async def test_a_point_is_in_the_shape_round_it_or_nearest_to_a_centre(tracking: Running) -> None:
    await finished(tracking, PLACES, BALADIYAS.encode())
    first = await finished(tracking, PLACES, collection(TRIANGLE))
    again = await finished(tracking, PLACES, collection(TRIANGLE))
    assert (first["accepted"], again["accepted"], again["unchanged"]) == (1, 0, 1)

    inside = await told(tracking, "/at?latitude=32.75&longitude=13.25")
    on_its_corner = await told(tracking, "/at?latitude=32.95&longitude=13.25")
    beside = await told(tracking, "/at?latitude=32.95&longitude=13.4")
    of_level = await told(tracking, "/at?latitude=32.75&longitude=13.25&level=3")

    assert (inside["place"]["pcode"], inside["inside"], inside["distance_km"]) == (
        "LY0211",
        True,
        0,
    )
    assert on_its_corner["inside"]
    assert (beside["place"]["pcode"], beside["inside"]) == ("LY021101", False)
    assert of_level["place"]["pcode"] == "LY021101"
    # 0.15 degrees of latitude are 16.68 km.
    assert of_level["distance_km"] == pytest.approx(16.68, abs=0.01)
    shape = await told(tracking, "/LY0211/shape")
    assert (shape["type"], shape["geometry"]["type"]) == ("Feature", "Polygon")
    for query, status in (
        ("/at?latitude=13.25&longitude=32.75", 422),
        ("/at?latitude=48.85&longitude=2.35", 422),
        ("/at?latitude=nan&longitude=13", 422),
        ("/at?latitude=32.9", 422),
        ("/LY0209/shape", 404),
        ("/lookup?name=", 422),
        ("/lookup?name=%E2%80%8B", 200),
    ):
        assert (await tracking.client.get(f"{URL}{query}")).status_code == status, query


CROSSED = [[13.0, 32.7], [13.5, 32.95], [13.5, 32.7], [13.0, 32.95], [13.0, 32.7]]


async def test_a_shape_or_a_row_that_cannot_be_is_rejected_with_the_reason(
    tracking: Running,
) -> None:
    swapped = [[lat, lon] for lon, lat in TRIANGLE]
    far = [[lon + 100, lat] for lon, lat in TRIANGLE]
    head, first, _ = BALADIYAS.splitlines()
    other = first.replace("Suq Aljumaa", "Another")
    wrong: list[tuple[bytes, str, str]] = [
        (collection(CROSSED), "shape", "crosses itself"),
        (collection(swapped), "shape", "swapped"),
        (collection(far), "shape", "outside"),
        (collection(TRIANGLE[:2]), "shape", "cannot be read"),
        (collection([["a", "b"]]), "shape", "cannot be read"),
        (collection([]), "shape", "no points"),
        (collection([13.0, 32.7], "Point"), "shape", "no polygon"),
        (collection(TRIANGLE, adm2_pcode="LY021"), "pcode", "level 2"),
        (collection(TRIANGLE, adm2_pcode="LY0299"), "name", "no name"),
        (collection(TRIANGLE, adm2_pcode="LY9901", adm2_en="X"), "parent", "not known"),
        (collection(TRIANGLE, adm1_pcode="LY0211"), "pcode", "level 1"),
        (f"{head}\n{first}\n{other}\n".encode(), "pcode_twice", "The row 2"),
        (BALADIYAS.replace("32.9,13.25", "13.25,32.9").encode(), "coordinates", "swapped"),
        (BALADIYAS.replace("32.9,13.25", "132.9,13.25").encode(), "coordinates", "outside"),
        (BALADIYAS.replace("32.9,13.25", "32.9,").encode(), "coordinates", "together"),
        (BALADIYAS.replace("32.9,", "north,").encode(), "coordinates", "Not degrees"),
        (BALADIYAS.replace("2017-12-31", "2015-12-31").encode(), "days", "before it begins"),
        (BALADIYAS.replace("2017-12-31", "31.2.2017").encode(), "days", "YYYY-MM-DD"),
    ]
    for content, code, detail in wrong:
        job = await finished(tracking, PLACES, content)
        [row] = job["rejected_rows"]
        assert (row["code"], detail in row["detail"]) == (code, True), (row, detail)
    assert (await tracking.client.get(f"{URL}/LY0211/shape")).status_code == 404
    for content in (b'{"type": "Feature"}', b'{"features": [', b'{"type": [], "features": 1}'):
        response = await sent(tracking, PLACES, content)
        assert response.status_code == 422, response.text


async def test_a_workbook_with_the_columns_of_before_is_read(tracking: Running) -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["admin2Name_en", "admin2Name_ar", "admin2Pcode", "admin1Name_en"])
    sheet.write_row(0, 4, ["admin1Name_ar", "admin1Pcode", "admin0Pcode", "validOn"])
    sheet.write_row(1, 0, ["New", "جديدة", "LY0277", "West", "الغرب", "LY02", "LY", "2024-12-01"])
    book.close()

    job = await finished(tracking, PLACES, target.getvalue())

    assert (job["accepted"], job["rejected_rows"]) == (1, [])
    assert (await told(tracking, "/LY0277"))["valid_from"] == "2024-12-01"


async def test_real_shapes_hold_most_of_the_real_points(tracking: Running) -> None:
    content = real("boundaries/lby_admin2_naturalearth.geojson").read_bytes()
    job = await finished(tracking, PLACES, content)
    assert (job["accepted"], job["rejected_rows"]) == (22, [])

    with real("dtm/libya_r54_baladiya.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    at_home = 0
    for row in rows:
        located = await told(tracking, f"/at?latitude={row['Lat']}&longitude={row['Long']}")
        at_home += located["inside"] and row["Baladiya PCode"][:6] == located["place"]["pcode"]
    # The shapes are not those of the p-code list; ten points lie just over a border.
    assert (len(rows), at_home) == (100, 90)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Benghazi", "بنغازي"),
        ("Benghazi", "Banghazi"),
        ("Azzawya", "Az Zāwiyah"),
        ("الزاوية", "Ez-Zaouia"),
        ("Ejdabia", "أجدابيا"),
        ("مصراته", "مصراتة"),
        ("Misrata", "مصراته"),
        ("Sebha", "سبها"),
        ("Gharyan", "Garian"),
    ],
)
def test_spellings_of_one_place_are_alike_and_those_of_two_are_not(one: str, other: str) -> None:
    assert likeness(one, other) > 0.75
    assert likeness(one, "Tobruk") < 0.6
