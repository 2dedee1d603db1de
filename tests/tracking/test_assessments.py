"""Sets of questions, forms in XLSForm, and files of submissions in whatever columns they come."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter

from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from tests.conftest import Running, Start, bearer
from tests.real import real
from tests.tracking.test_rounds import finished, sent

SETS, SUBMISSIONS = "/v1/tracking/question-sets", "/v1/tracking/submissions"
MUHALLA, OTHER = "LY02110101", "LY02110102"
QUESTIONS: list[dict[str, Any]] = [
    {"name": "idps", "type": "integer", "required": True, "figure": {"population": "idp"}},
    {"name": "shelter", "type": "select_one", "choices": "shelters"},
    {"name": "needs", "type": "select_multiple", "choices": "needs"},
    {"name": "arrived_on", "type": "date"},
    {"name": "share_of_tents", "type": "decimal"},
    {"name": "remark", "type": "text", "kept": False},
]
CHOICES = {
    "shelters": [{"name": "rented"}, {"name": "camp", "labels": {"en": "Camp", "ar": "مخيم"}}],
    "needs": [{"name": "food"}, {"name": "water"}, {"name": "health"}],
}
FORM = {
    "code": "b2-libya",
    "title": "Baseline of a location",
    "component": "B2",
    "questions": QUESTIONS,
    "choices": CHOICES,
}


@pytest.fixture
async def tracking(start: Start) -> Running:
    running = await start(SERVICE)
    names = {MUHALLA: ("Souq Aljumaa", "سوق الجمعة"), OTHER: ("Zawyat Addahmani", "زاوية الدهماني")}
    async with running.database.write() as session:
        session.add_all(
            Place(pcode=pcode, level=4, parent_pcode=pcode[:8], name_en=en, name_ar=ar)
            for pcode, (en, ar) in names.items()
        )
    return running


async def made(tracking: Running, path: str, body: Any) -> Any:
    response = await tracking.client.post(path, json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def mapped(tracking: Running, **mapping: Any) -> str:
    """Return the path to send files by a mapping to."""
    form = await made(tracking, SETS, FORM)
    mapping["code"] = "-".join(mapping)
    found = await made(tracking, f"{SETS}/{form['id']}/mappings", mapping)
    return f"{SUBMISSIONS}/imports?mapping_id={found['id']}"


async def listed(tracking: Running, query: str = "") -> list[dict[str, Any]]:
    response = await tracking.client.get(f"{SUBMISSIONS}?{query}")
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_questions_are_kept_in_versions(tracking: Running) -> None:
    first = await made(tracking, SETS, FORM)
    same = await made(tracking, SETS, FORM)
    other = await made(tracking, SETS, FORM | {"questions": QUESTIONS[:3]})

    assert (first["version"], same["id"], other["version"]) == (1, first["id"], 2)
    again = (await tracking.client.get(f"{SETS}/{first['id']}")).json()
    assert len(again["questions"]) == 6
    assert again["choices"]["shelters"][1]["labels"]["ar"] == "مخيم"
    rows = (await tracking.client.get(f"{SETS}?code=b2-libya")).json()["items"]
    assert [each["version"] for each in rows] == [1, 2]
    refused: list[dict[str, Any]] = [
        {"questions": [QUESTIONS[0], QUESTIONS[0]]},
        {"questions": [{"name": "a", "type": "select_one", "choices": "nothing"}]},
        {"questions": [{"name": "a", "type": "select_one"}]},
        {"questions": [{"name": "a", "type": "text", "figure": {"population": "idp"}}]},
        {"questions": [{"name": "a b", "type": "text"}]},
        {"questions": []},
        {"component": "B9"},
    ]
    for wrong in refused:
        assert (await tracking.client.post(SETS, json=FORM | wrong)).status_code == 422, wrong


async def test_an_assessment_is_sent_once_and_corrected_by_its_sender(tracking: Running) -> None:
    form = await made(tracking, SETS, FORM)
    told = {
        "question_set_id": form["id"],
        "external_id": "uuid:1",
        "round_number": 7,
        "place_pcode": MUHALLA,
        "collected_on": "2024-08-20",
        "answers": {"idps": 120, "needs": ["water", "food"], "remark": "Ask Ali in the café."},
    }
    first = await made(tracking, SUBMISSIONS, told)
    same = await made(tracking, SUBMISSIONS, told)
    corrected = await made(tracking, SUBMISSIONS, told | {"answers": {"idps": 130}})

    # What is said in free words may name somebody, and is not kept.
    assert first["answers"] == {"idps": 120, "needs": ["food", "water"]}
    assert (same["version"], corrected["version"], corrected["id"]) == (1, 2, first["id"])
    other = await tracking.client.post(SUBMISSIONS, json=told, headers=bearer(sub="another"))
    assert (other.status_code, other.json()["type"]) == (409, "/problems/already-registered")
    assert [each["id"] for each in await listed(tracking, "place=LY0211&round_number=7")] == [
        first["id"]
    ]
    assert await listed(tracking, "place=LY0101") == []
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"answers": {}}, "/answers/idps"),
        ({"answers": {"idps": -1}}, "/answers/idps"),
        ({"answers": {"idps": 1.5}}, "/answers/idps"),
        ({"answers": {"idps": 99_000_000}}, "/answers/idps"),
        ({"answers": {"idps": True}}, "/answers/idps"),
        ({"answers": {"idps": 1, "shelter": "castle"}}, "/answers/shelter"),
        ({"answers": {"idps": 1, "needs": ["food", "gold"]}}, "/answers/needs"),
        ({"answers": {"idps": 1, "arrived_on": "2024-02-30"}}, "/answers/arrived_on"),
        ({"answers": {"idps": 1, "colour": "blue"}}, "/answers/colour"),
        ({"question_set_id": "01a20b3e-ef60-7467-a414-6dd2e35e07bb"}, "/question_set_id"),
        ({"place_pcode": "LY02119999"}, "/place_pcode"),
    ]
    for change, pointer in wrong:
        response = await tracking.client.post(SUBMISSIONS, json=told | change)
        assert response.status_code == 422, response.text
        assert response.json()["errors"][0]["pointer"] == pointer


DATA_LAKE = """\
adm4_pcode,m0310_loc_num_idp_ind,m0711_loc_shelter,m0911_loc_needs,m0911_loc_needs/water,x\r\n\
MW1010101,120,Rented house,food/health,1,a\r\n\
MW1010102,n/a,Camp,food,0,b\r\n\
MW1010103,60.0,Camp,,0,c\r\n\
MW1010104,60,Tree,food,0,d\r\n\
,60,Camp,food,0,e\r\n\
MW1010105,-3,Camp,food,0,f\r\n\
MW1010106,7.5,Camp,food,0,g\r\n\
MW1010107,1,Camp,food/gold,0,h\r\n\
MW1010108,1,Camp,food,maybe,i\r\n"""


async def test_a_file_in_the_codes_of_another_mission_is_read_by_a_mapping(
    tracking: Running,
) -> None:
    path = await mapped(
        tracking,
        places="as_told",
        pcode_column="adm4_pcode",
        round_number=12,
        separator="/",
        answers=[
            {"column": "m0310_loc_num_idp_ind", "question": "idps"},
            {
                "column": "m0711_loc_shelter",
                "question": "shelter",
                "values": {"Rented house": "rented", "Camp": "camp"},
            },
            {"column": "m0911_loc_needs", "question": "needs"},
            {"column": "m0911_loc_needs/water", "question": "needs", "choice": "water"},
        ],
    )

    job = await finished(tracking, path, DATA_LAKE.encode())
    again = await finished(tracking, path, DATA_LAKE.encode())

    kept = {each["place_told"]: each for each in await listed(tracking, "round_number=12")}
    assert kept.keys() == {"MW1010101", "MW1010103"}
    assert kept["MW1010101"]["answers"] == {
        "idps": 120,
        "shelter": "rented",
        "needs": ["food", "health", "water"],
    }
    assert kept["MW1010103"]["place_pcode"] is None
    assert (job["accepted"], job["rejected"]) == (2, 7)
    assert (again["accepted"], again["unchanged"]) == (0, 2)
    assert [(each["row"], each["code"]) for each in job["rejected_rows"]] == [
        (3, "required"),
        (5, "choice_unknown"),
        (6, "place_missing"),
        (7, "not_a_count"),
        (8, "not_a_count"),
        (9, "choice_unknown"),
        (10, "not_a_choice"),
    ]
    assert [each["code"] for each in job["warnings"]] == ["columns_left_out"]


async def test_places_are_known_by_code_or_by_a_name_as_it_is_spelt(tracking: Running) -> None:
    by_name = await mapped(tracking, name_column="muhalla", day_column="today")
    content = (
        "muhalla,today,group/idps,group/needs/food,group/needs/water\n"
        "Suq al-Jumaa,2024-08-01,5,1,0\n"
        "زاوية الدهمانى,2024-08-02,6,0,0\n"
        "Atlantis,2024-08-02,6,0,0\n"
        "Suq al-Jumaa,yesterday,6,0,0\n"
    )
    job = await finished(tracking, by_name, content.encode())

    assert [each["code"] for each in job["rejected_rows"]] == ["unknown_place", "day"]
    kept = {each["place_pcode"]: each["answers"] for each in await listed(tracking)}
    assert kept == {
        MUHALLA: {"idps": 5, "needs": ["food"]},
        OTHER: {"idps": 6, "needs": []},
    }
    by_code = await mapped(tracking, pcode_column="code", round_column="round")
    rows = f"code;round;idps\n{MUHALLA};8;9\nLY02119999;8;9\n{OTHER};soon;9\n"
    job = await finished(tracking, by_code, rows.encode())
    assert [each["code"] for each in job["rejected_rows"]] == ["unknown_place", "round"]
    for wrong in ("round;idps\n8;1\n", "code;round\nx;8\n", ""):
        response = await sent(tracking, by_code, wrong.encode())
        assert response.status_code == 422, response.text


async def test_a_mapping_to_what_nobody_asks_is_refused(tracking: Running) -> None:
    form = await made(tracking, SETS, FORM)
    path = f"{SETS}/{form['id']}/mappings"
    refused: list[dict[str, Any]] = [
        {"pcode_column": "p", "answers": [{"column": "a", "question": "colour"}]},
        {"pcode_column": "p", "answers": [{"column": "a", "question": "needs", "choice": "gold"}]},
        {"pcode_column": "p", "answers": [{"column": "a", "question": "idps", "choice": "food"}]},
        {"answers": []},
        {"pcode_column": "p", "round_column": "r", "round_number": 3},
    ]
    for mapping in refused:
        response = await tracking.client.post(path, json={"code": "m"} | mapping)
        assert response.status_code == 422, response.text
    first = await made(tracking, path, {"code": "m", "pcode_column": "p"})
    assert (await made(tracking, path, {"code": "m", "pcode_column": "p"}))["id"] == first["id"]
    other = await tracking.client.post(path, json={"code": "m", "pcode_column": "q"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/name-taken")
    assert len((await tracking.client.get(path)).json()["items"]) == 1


Sheets = dict[str, Sequence[Sequence[str]]]
SURVEY = [
    ["type", "name", "label::English (en)", "label::Arabic (ar)", "required", "relevant"],
    ["start", "start", "", "", "", ""],
    ["begin_group", "people", "", "", "", ""],
    ["integer", "idps", "How many?", "كم؟", "yes", ""],
    ["select_multiple Needs", "needs", "What is needed?", "", "", "${idps} > 0"],
    ["note", "thanks", "Thanks", "", "", ""],
    ["end_group", "", "", "", "", ""],
    ["text", "phone", "Phone", "", "", ""],
    ["select_one_from_file towns.csv", "town", "Town", "", "", ""],
]
LISTS = [["list_name", "name", "label::English (en)"], ["Needs", "food", "Food"]]


def xlsform(**sheets: Sequence[Sequence[str]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                sheet.write_row(number, 0, cells)
    return target.getvalue()


async def test_a_form_becomes_a_set_of_questions(tracking: Running) -> None:
    settings = [["form_title", "form_id"], ["Baseline", "b1"]]
    content = xlsform(survey=SURVEY, choices=LISTS, settings=settings)
    response = await sent(tracking, f"{SETS}/forms?component=B1", content)

    assert response.status_code == 201, response.text
    told = response.json()
    assert (told["code"], told["title"], told["version"]) == ("b1", "Baseline", 1)
    asked = {each["name"]: each for each in told["questions"]}
    assert asked.keys() == {"idps", "needs", "phone", "town"}
    # A code from a list beside the form names nobody, so it is kept.
    assert (asked["town"]["type"], asked["town"]["kept"]) == ("text", True)
    assert (asked["idps"]["group"], asked["idps"]["required"]) == ("people", True)
    assert asked["idps"]["labels"] == {"en": "How many?", "ar": "كم؟", "fr": None}
    assert (asked["needs"]["relevant"], asked["phone"]["kept"]) == ("${idps} > 0", False)
    wrong: list[tuple[Sheets, str]] = [
        ({"choices": LISTS}, "sheet_missing"),
        ({"survey": SURVEY[:1], "choices": LISTS}, "sheet_missing"),
        ({"survey": SURVEY[:2], "choices": LISTS}, "questions"),
        ({"survey": SURVEY, "choices": LISTS[:1]}, "choices"),
        ({"survey": SURVEY[:6], "choices": LISTS}, "group"),
        ({"survey": [*SURVEY, ["end_group"]], "choices": LISTS}, "group"),
        ({"survey": [*SURVEY, ["text", "phone"]], "choices": LISTS}, "value_error"),
        ({"survey": [*SURVEY, ["text", "a b"]], "choices": LISTS}, "string_pattern_mismatch"),
    ]
    for sheets, code in wrong:
        response = await sent(tracking, f"{SETS}/forms?component=B1", xlsform(**sheets))
        assert response.json()["type"] == "/problems/form-invalid", response.text
        assert response.json()["errors"][0]["code"] == code
    response = await sent(tracking, f"{SETS}/forms?component=B1", b"no workbook")
    assert response.json()["type"] == "/problems/workbook-unreadable"


async def test_a_real_form_is_read(tracking: Running) -> None:
    content = real("forms/reach_lby_msna2021_xlsform.xlsx").read_bytes()

    response = await sent(tracking, f"{SETS}/forms?component=MSLA", content)

    told = response.json()
    assert (response.status_code, told["code"]) == (201, "lby_msna_2021")
    kinds = [each["type"] for each in told["questions"]]
    assert (kinds.count("select_one"), kinds.count("select_multiple")) == (53, 38)
    assert (kinds.count("integer"), kinds.count("text"), kinds.count("date")) == (35, 44, 1)
    assert sum(len(each) for each in told["choices"].values()) == 1353


async def test_a_file_of_another_mission_is_read_as_it_is_written(tracking: Running) -> None:
    """With tags of HXL, thousands, days as they are written there, and a label with a slash."""
    questions = [
        {"name": "idps", "type": "integer"},
        {"name": "needs", "type": "select_multiple", "choices": "needs"},
    ]
    choices = {"needs": [{"name": "food"}, {"name": "shelter"}]}
    form = {"code": "la", "title": "Location assessment", "component": "B2"}
    body = form | {"questions": questions, "choices": choices}
    added = await tracking.client.post("/v1/tracking/question-sets", json=body)
    values = {"Food": "food", "Shelter/NFI": "shelter"}
    mapping = {
        "code": "lake",
        "places": "as_told",
        "pcode_column": "a0302_admin2_pcode",
        "day_column": "a0101_date",
        "day_order": "dmy",
        "separator": "/",
        "answers": [
            {"column": "m0310_loc_num_idp_ind", "question": "idps"},
            {"column": "m0501_needs", "question": "needs", "values": values},
        ],
    }
    path = f"/v1/tracking/question-sets/{added.json()['id']}/mappings"
    mapped = await tracking.client.post(path, json=mapping)
    table = (
        "a0101_date,a0302_admin2_pcode,m0310_loc_num_idp_ind,m0501_needs,label,label\n"
        "#date,#adm2+code,#affected+idps,#needs,,\n"
        '31/01/2024,ML05,"1,200",Food/Shelter/NFI,Mopti,Mopti\n'
        "2024-02-01,ML07,١٢,Shelter/NFI\n"
        "31/13/2024,ML08,1,Food\n"
        "01/02/2024,ML08,1.5,Food\n"
    )

    query = f"?mapping_id={mapped.json()['id']}"
    job = await finished(tracking, f"/v1/tracking/submissions/imports{query}", table.encode())

    wrong = [(each["row"], each["code"]) for each in job["rejected_rows"]]
    assert wrong == [(5, "day"), (6, "not_a_count")]
    kept = (await tracking.client.get("/v1/tracking/submissions")).json()["items"]
    assert [(each["collected_on"], each["answers"]) for each in kept] == [
        ("2024-01-31", {"idps": 1200, "needs": ["food", "shelter"]}),
        ("2024-02-01", {"idps": 12, "needs": ["shelter"]}),
    ]
    path = f"/v1/tracking/question-sets/{added.json()['id']}/results"
    whole = (await tracking.client.get(path)).json()["items"]
    assert [(each["answered"], each["sum"], each["choices"]) for each in whole] == [
        (2, 1212, None),
        (2, None, {"food": 1, "shelter": 2}),
    ]
    by_place = (await tracking.client.get(f"{path}?by=place&limit=2&cursor=2")).json()
    assert [(each["place"], each["sum"]) for each in by_place["items"]] == [
        ("ML07", 12),
        ("ML07", None),
    ]
    assert (await tracking.client.get(f"{path}?place=LY02")).json()["items"] == []
