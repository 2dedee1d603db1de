"""Gazetteers in the forms that they have had, and what places were called at other times."""

import io
from typing import Any

import pytest
import xlsxwriter

from services.tracking.main import SERVICE
from tests.conftest import Running, Start
from tests.tracking.test_rounds import PLACES, finished, sent

NOW = "adm2_pcode,adm2_en,adm2_ar,adm1_pcode,adm1_en,adm1_ar,valid_on,valid_to\n"
OF_2016 = NOW + "LY0211,Tarabulus,طرابلس,LY02,West,الغرب,2016-01-01,2018-12-31\n"
OF_2019 = NOW + "LY0211,Tripoli,طرابلس,LY02,West,الغرب,2019-01-01,\n"
BOTH = NOW + OF_2016.split("\n")[1] + "\n" + OF_2019.split("\n")[1] + "\n"
FORMS = (
    """\
ADM0_EN,ADM0_PCODE,ADM1_EN,ADM1_AR,ADM1_PCODE,ADM2_EN,ADM2_AR,ADM2_PCODE,ADM2_REF,Shape_Area,validOn
Libya,LY,West,الغرب,LY02,One,أ,LY0271,,3.4,2019-01-01
""",
    """\
adm2_name,adm2_name1,adm2_pcode,adm1_name,adm1_name1,adm1_pcode,lang,lang1,valid_on,adm2_ref_name
#adm2+name,#adm2+name+ar,#adm2+code,,,,,,,
Two,ب,LY0272,West,الغرب,LY02,en,ar,2024-01-01,Two
""",
    """\
pcode,parent_pcode,name_en,name_ar
LY0273,LY02,Three,ت
LY027301,LY0273,Four,ث
""",
    """\
adm1_pcode,adm2_pcode,adm2_fr,adm2_en
LY02,LY0274,Cinq,Five
""",
)
"""COD-AB as until 2024 and since, a plain tree, and one language with the names above left out."""


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def told(tracking: Running, query: str) -> Any:
    response = await tracking.client.get(f"{PLACES.removesuffix('/imports')}{query}")
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("files", [[OF_2016, OF_2019], [OF_2019, OF_2016], [BOTH]])
async def test_what_a_place_was_called_is_known_in_whatever_order_it_comes(
    tracking: Running, files: list[str]
) -> None:
    for each in files:
        job = await finished(tracking, PLACES, each.encode())
        assert job["rejected_rows"] == []

    assert (await told(tracking, "/LY0211"))["name_en"] == "Tripoli"
    assert (await told(tracking, "/LY0211?on=2016-06-01"))["name_en"] == "Tarabulus"
    for day, name in (("2016-06-01", "Tarabulus"), ("2020-01-01", "Tripoli")):
        listed = (await told(tracking, f"?level=2&on={day}"))["items"]
        assert [each["name_en"] for each in listed if each["pcode"] == "LY0211"] == [name]
    named = (await told(tracking, "/LY0211/history"))["items"]
    assert [(each["name_en"], each["valid_from"], each["valid_until"]) for each in named] == [
        ("Tarabulus", "2016-01-01", "2018-12-31"),
        ("Tripoli", "2019-01-01", None),
    ]
    likely = (await told(tracking, "/lookup?name=Tarabulus"))["items"][0]
    assert (likely["place"]["pcode"], likely["likeness"]) == ("LY0211", 1.0)
    again = await finished(tracking, PLACES, files[0].encode())
    assert (again["accepted"], again["rejected"]) == (0, 0)


async def test_gazetteers_are_read_in_each_form_that_they_come_in(tracking: Running) -> None:
    jobs = [await finished(tracking, PLACES, each.encode()) for each in FORMS]

    assert [each["rejected_rows"] for each in jobs] == [[]] * len(FORMS)
    left = {each["column"] for job in jobs for each in job["warnings"]} - {None}
    assert {"adm2_ref", "shape_area", "adm2_ref_name"} <= left
    names = {each["pcode"]: each["name_ar"] for each in (await told(tracking, "?level=2"))["items"]}
    assert [names[f"LY027{each}"] for each in (1, 2, 3, 4)] == ["أ", "ب", "ت", "Five"]
    assert (await told(tracking, "/LY027301"))["parent_pcode"] == "LY0273"

    circle = "pcode,parent_pcode,name_en,name_ar\nLY02,LY0271,West,الغرب\nLY0271,LY02,One,أ\n"
    orphan = "pcode,parent_pcode,name_en,name_ar\nLY029901,LY0299,One,أ\nLY02710,LY02,One,أ\n"
    for wrong, codes in ((circle, ["parent"]), (orphan, ["pcode", "parent"])):
        job = await finished(tracking, PLACES, wrong.encode())
        assert sorted(each["code"] for each in job["rejected_rows"]) == sorted(codes), wrong
        columns = {each["column"] for each in job["rejected_rows"]}
        assert columns <= {"pcode", "parent_pcode", None}, "none that the file has not"


async def test_merged_cells_say_the_same_in_each_row_and_formulas_need_their_values(
    tracking: Running,
) -> None:
    head = ["adm1_pcode", "adm1_en", "adm1_ar", "adm2_pcode", "adm2_en", "adm2_ar", "latitude"]
    written: list[bytes] = []
    for kind in ("merged", "merged number", "formula", "unreckoned"):
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
            hidden = book.add_worksheet("before")
            hidden.write_row(0, 0, ["adm1_pcode"])
            sheet = book.add_worksheet("now")
            sheet.activate()
            hidden.hide()
            sheet.write_row(0, 0, head)
            for column, text in enumerate(("LY02", "West", "الغرب")):
                sheet.merge_range(1, column, 2, column, text)
            sheet.write_row(1, 3, ["LY0281", "One", "أ"])
            sheet.write_row(2, 3, ["LY0282", "Two", "ب"])
            if kind == "merged number":
                sheet.merge_range(1, 6, 2, 6, 31.5)
            if kind == "formula":
                sheet.write_formula("E2", '="Th"&"ree"', None, "Three")
            if kind == "unreckoned":
                sheet.write_formula("E2", '="Th"&"ree"', None, "")
        written.append(target.getvalue())

    merged, number, formula, unreckoned = written
    assert (await finished(tracking, PLACES, merged))["accepted"] == 2
    for content, code in ((number, "merged"), (unreckoned, "formula")):
        refused = await sent(tracking, PLACES, content)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)
    assert (await finished(tracking, PLACES, formula))["rejected_rows"] == []
    assert (await told(tracking, "/LY0281"))["name_en"] == "Three"
