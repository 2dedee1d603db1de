"""Places: the tree that is there from the start, and gazetteers that come in."""

import pytest
from sqlmodel import select

from contracts.event import Envelope
from contracts.tracking import PlacesChanged
from services.tracking.main import SERVICE
from tests.conftest import Running, Start
from tests.real import real
from tests.tracking.test_rounds import PLACES, finished, sent

BALADIYAS = """adm3_pcode,adm3_en,adm3_ar,adm2_pcode,adm2_en,adm2_ar,adm1_pcode,adm1_en,adm1_ar
LY020901,Nalut,نالوت,LY0209,Nalut,نالوت_x000D_,LY02,West,الغرب
LY020902,Alharaba,الحرابة,LY0209,Nalut,نالوت_x000D_,LY02,West,الغرب
"""


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def test_regions_and_mantikas_are_there_from_the_start(tracking: Running) -> None:
    everything = (await tracking.client.get("/v1/tracking/places")).json()["items"]
    west = (await tracking.client.get("/v1/tracking/places?parent=LY02&level=2")).json()["items"]

    assert len(everything) == 25
    assert [place["pcode"] for place in west] == [f"LY02{number:02d}" for number in range(8, 17)]


async def test_a_gazetteer_is_kept_once_and_told_once(tracking: Running) -> None:
    first = await finished(tracking, PLACES, BALADIYAS.encode())
    again = await finished(tracking, PLACES, BALADIYAS.encode())

    assert (first["accepted"], first["rejected"]) == (2, 0)
    assert (again["accepted"], again["unchanged"]) == (0, 2)
    place = (await tracking.client.get("/v1/tracking/places/LY020902")).json()
    assert (place["name_en"], place["name_ar"]) == ("Alharaba", "الحرابة")
    assert [each["pcode"] for each in place["ancestors"]] == ["LY02", "LY0209"]
    async with tracking.database.read() as session:
        bodies = (await session.exec(select(tracking.database.tables.outbox.body))).all()
    events = [Envelope.model_validate_json(body).event() for body in bodies]
    told = [place.pcode for e in events if isinstance(e, PlacesChanged) for place in e.places]
    assert len(told) == len(set(told)) == 27


async def test_the_real_gazetteer_has_792_places(tracking: Running) -> None:
    contents = [
        real(f"boundaries/{name}.csv").read_bytes()
        for name in ("lby_admin4_muhalla", "lby_admin1", "lby_admin3_baladiya", "lby_admin2")
    ]

    job = await finished(tracking, PLACES, *contents)

    assert (job["total"], job["rejected"], job["rejected_rows"]) == (792, 0, [])
    assert "name_missing" in {warning["code"] for warning in job["warnings"]}
    sizes = [
        len((await tracking.client.get(f"/v1/tracking/places?level={n}")).json()["items"])
        for n in (1, 2, 3, 4)
    ]
    assert sizes == [3, 22, 100, 667]


@pytest.mark.parametrize(
    ("old", "new", "column", "code"),
    [
        ("LY020902,", "LY0209,", "adm3_pcode", "pcode"),
        ("LY020902,", "LY020802,", "adm3_pcode", "parent"),
        ("Alharaba", "=1+1", "adm3_en", "formula"),
        ("Alharaba", "", "adm3_en", "name"),
        ("Alharaba", "a\u202eb", "adm3_en", "name"),
    ],
)
async def test_a_bad_row_is_rejected_alone_and_named(
    tracking: Running, old: str, new: str, column: str, code: str
) -> None:
    job = await finished(tracking, PLACES, BALADIYAS.replace(old, new).encode())

    assert (job["accepted"], job["rejected"]) == (1, 1)
    [row] = job["rejected_rows"]
    assert (row["row"], row["column"], row["code"]) == (3, column, code)


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (BALADIYAS.replace("adm2_pcode", "mantika").encode(), "table-header"),
        (b"name\nx\n", "table-header"),
        (BALADIYAS.encode("utf-16-le")[:-1], "wrong-encoding"),
        (BALADIYAS.encode("cp1256", "replace"), "wrong-encoding"),
        (BALADIYAS.replace("Nalut", "Na\0lut").encode(), "wrong-encoding"),
    ],
)
async def test_a_file_that_is_no_gazetteer_is_refused_whole(
    tracking: Running, content: bytes, slug: str
) -> None:
    response = await sent(tracking, PLACES, content)

    assert (response.status_code, response.json()["type"]) == (422, f"/problems/{slug}")
    assert len((await tracking.client.get("/v1/tracking/places")).json()["items"]) == 25


@pytest.mark.parametrize(
    ("path", "status"),
    [("/LY999999", 404), ("/nowhere", 422), ("?level=9", 422), ("?name=x", 400)],
)
async def test_a_question_that_makes_no_sense_is_refused(
    tracking: Running, path: str, status: int
) -> None:
    assert (await tracking.client.get(f"/v1/tracking/places{path}")).status_code == status
