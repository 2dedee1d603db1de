"""Files of other missions that nobody has seen before: what is proposed, and what comes in."""

import csv
import io
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from chassis.uploads import Upload
from services.tracking.assessments import guesses, proposals, tables
from services.tracking.assessments.guesses import Column
from services.tracking.formats.days import NoDayError, day
from services.tracking.formats.numbers import Mark, decimal, whole
from services.tracking.main import SERVICE
from services.tracking.places.models import Place
from tests.conftest import Running, Start
from tests.tracking.test_rounds import finished, sent

SETS, SUBMISSIONS = "/v1/tracking/question-sets", "/v1/tracking/submissions"
HEADER = (
    "a0101_assessment_date,a0102_round,m0101_adm1_name,m0102_adm1_pcode,m0103_adm2_name,"
    "m0104_adm2_pcode,m0105_loc_name,m0106_loc_ssid,ki_name,ki_phone,m0310_loc_num_idp_ind,"
    "m0320_loc_num_ret_ind,m0340_idp_origin_adm1_name,m0402_idp_arrival_date,m0711_shelter,"
    "m0911_loc_needs,m0912_lacks/Food,m0912_lacks/Shelter/NFI,m1001_share_tents,m1004_comment,"
    "label,label,"
)
HEAD = next(csv.reader([HEADER]))
ROWS: list[list[Any]] = [
    [
        f"{1 + at:02}/03/2024",
        "7",
        "Southern",
        "MW3",
        "Zomba",
        "MW309",
        f"Camp {at}",
        f"S{at:04}",
        f"Person {at}",
        f"+26599{at:07}",
        120 + at if at else "n.d.",
        "" if at % 2 else 30,
        ("Southern", "Central")[at % 2],
        ("2023-05-01", "15/11/2023")[at % 2],
        ("Rented house", "Tent / open air")[at % 2],
        ("Food/Shelter/NFI", "Food", "Water/Food")[at % 3],
        at % 2,
        1 - at % 2,
        "12,5",
        f"Ask for Ali number {at}",
        "x",
        "y",
        "",
    ]
    for at in range(12)
]


def as_csv(rows: list[list[Any]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows([HEAD, *rows])
    return target.getvalue().encode()


def as_workbook() -> bytes:
    """Return the same as others send it: with explanations, with titles, with a hidden sheet."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("README").write_row(0, 0, ["How to read", "this"])
        choices = book.add_worksheet("Choices")
        for number in range(400):
            choices.write_row(number, 0, ["list", f"choice {number}", "Choice"])
        hidden = book.add_worksheet("Lists")
        hidden.hide()
        hidden.write_row(0, 0, HEAD)
        sheet = book.add_worksheet("Data")
        sheet.write(0, 0, "Location assessment, round 7")
        for number, cells in enumerate([HEAD, *ROWS], 2):
            sheet.write_row(number, 0, cells)
    return target.getvalue()


@pytest.fixture
async def tracking(start: Start) -> Running:
    return await start(SERVICE)


async def taken(tracking: Running, content: bytes, code: str) -> tuple[dict[str, Any], Any]:
    """Return what is proposed for a file, and the job that took it in as proposed."""
    path = f"{SETS}/proposals?component=B2&code={code}"
    response = await sent(tracking, path, content)
    assert response.status_code == 200, response.text
    proposal: dict[str, Any] = response.json()
    kept = await tracking.client.post(SETS, json=proposal["question_set"])
    assert kept.status_code == 201, kept.text
    path = f"{SETS}/{kept.json()['id']}"
    mapping = await tracking.client.post(f"{path}/mappings", json=proposal["mapping"])
    assert mapping.status_code == 201, mapping.text
    job = await finished(
        tracking, f"{SUBMISSIONS}/imports?mapping_id={mapping.json()['id']}", content
    )
    return proposal | {"path": path}, job


async def test_a_file_nobody_has_seen_comes_in_as_it_is_proposed(tracking: Running) -> None:
    proposal, job = await taken(tracking, as_csv(ROWS), "lake")

    asked = {each["name"]: each["type"] for each in proposal["question_set"]["questions"]}
    assert asked == {
        "m0912_lacks": "select_multiple",
        "m0310_loc_num_idp_ind": "integer",
        "m0320_loc_num_ret_ind": "integer",
        "m0340_idp_origin_adm1_name": "select_one",
        "m0402_idp_arrival_date": "date",
        "m0711_shelter": "select_one",
        "m0911_loc_needs": "select_multiple",
        "m1001_share_tents": "decimal",
    }
    mapping = proposal["mapping"]
    told = ("pcode_column", "name_column", "external_id_column", "round_column", "day_column")
    assert [mapping[each] for each in told] == [
        "m0104_adm2_pcode",
        "m0105_loc_name",
        "m0106_loc_ssid",
        "a0102_round",
        "a0101_assessment_date",
    ]
    # Nothing that may name somebody is proposed, nor told.
    left = {each["column"]: each["code"] for each in proposal["remarks"]}
    assert left == dict.fromkeys(("ki_name", "ki_phone", "m1004_comment"), "free_words") | {
        "label": "column_name"
    }
    assert "Person" not in str(proposal)
    assert "Ali" not in str(proposal)

    assert (job["status"], job["accepted"], job["rejected"]) == ("done", 12, 0)
    assert {each["code"] for each in job["warnings"]} == {"columns_left_out"}
    place = {"place": "MW3", "round_number": "7"}
    found = (await tracking.client.get(f"{proposal['path']}/results", params=place)).json()
    sums = {each["question"]: each for each in found["items"]}
    assert sums["m0310_loc_num_idp_ind"]["sum"] == sum(120 + at for at in range(1, 12))
    assert sums["m0310_loc_num_idp_ind"]["answered"] == 11
    assert sums["m0911_loc_needs"]["choices"] == {"Food": 12, "NFI": 4, "Shelter": 4, "Water": 4}
    assert sums["m0912_lacks"]["choices"] == {"Food": 6, "shelter_nfi": 6}
    assert sums["m0711_shelter"]["choices"] == {"rented_house": 6, "tent_open_air": 6}
    crossing = {
        "question": "m0911_loc_needs",
        "crossed_with": "m0711_shelter",
        "weighted_by": "m0320_loc_num_ret_ind",
    }
    [crossed] = (await tracking.client.get(f"{proposal['path']}/results", params=crossing)).json()[
        "items"
    ]
    assert crossed["crossed"]["Water"] == {"rented_house": 60, "tent_open_air": 0}
    for wrong in ("question=nothing", "crossed_with=m1001_share_tents", "weighted_by=m0911"):
        refused = await tracking.client.get(f"{proposal['path']}/results?{wrong}")
        assert refused.status_code == 422, wrong


@pytest.mark.parametrize("codes_first", [True, False])
def test_of_two_headers_the_codes_name_the_questions_and_the_words_label_them(
    codes_first: bool,
) -> None:
    codes = ["adm2_pcode", "m0310_loc_num_idp_ind", "m0311_hh", "m0501_needs"]
    headers = [codes, ["District code", "Displaced people", "Households", "Needs"]]
    rows = [["MW309", 120, 30, "Food/Water"], ["MW310", 75, 20, "Food"], ["MW311", 9, 2, "Food"]]
    target = io.StringIO()
    csv.writer(target).writerows([*(headers if codes_first else headers[::-1]), *rows, *rows])
    upload = Upload("file", target.getvalue().encode())

    proposal = proposals.propose(upload, "two", "B2", ours=False)

    asked = {each.name: each.labels.en for each in proposal.question_set.questions}
    assert asked == {
        "m0310_loc_num_idp_ind": "Displaced people",
        "m0311_hh": "Households",
        "m0501_needs": "Needs",
    }
    assert proposal.mapping.pcode_column == "adm2_pcode"
    assert [each.code for each in proposal.remarks] == ["two_headers"]
    assert len(tables.find(upload, {"adm2_pcode"}, ".").body) == 6


def test_columns_in_french_are_told_by_their_letters_without_accents() -> None:
    named = {"Région": 1, "Département": 1, "Localité": guesses.BELOW_ALL}

    columns = [Column(name, ["Diffa"], 1) for name in named]

    assert all(guesses.is_place(each) for each in columns)
    assert {each.name: guesses.level(each) for each in columns} == named
    assert guesses.key("Ménages PDI") == "menages_pdi"


def test_one_same_cell_of_words_with_strokes_is_several_choices_and_a_label_with_one_is_not() -> (
    None
):
    everywhere = {
        "food/water": "/",
        "Food/NFI_kits": "/",
        "Tent / open air": None,
        "Tripoli, Libya": None,
        "12/2023": None,
    }

    told = {cell: guesses.separator(Column("needs", [cell] * 9, 9)) for cell in everywhere}

    assert told == everywhere


async def test_a_workbook_is_read_from_the_sheet_and_the_line_where_its_table_is(
    tracking: Running,
) -> None:
    proposal, job = await taken(tracking, as_workbook(), "book")

    assert (job["accepted"], job["rejected"]) == (12, 0)
    hidden = [each["sheet"] for each in job["warnings"] if each["code"] == "sheet_hidden"]
    assert hidden == ["Lists"]
    assert "sheet_hidden" in {each["code"] for each in proposal["remarks"]}
    many = ",".join(f"c{at}" for at in range(2001)).encode()
    for content, detail in ((b"a,b\nc,d\n", "no places"), (b"", "empty"), (many, "columns")):
        path = f"{SETS}/proposals?component=B2&code=x"
        refused = await sent(tracking, path, content)
        assert refused.status_code == 422, refused.text
        assert detail in refused.json()["detail"]


async def test_signs_and_names_that_no_set_can_hold_are_proposed_otherwise_or_left_out(
    tracking: Running,
) -> None:
    long = "x" * 401
    rows = ["MW1,?,مياه الشرب,1", "MW2,?,مياه الشرب,2", "MW3,??,غذاء,3", "MW4,??,غذاء,4"]
    content = "\n".join([f"pcode,How sure?,الحاجة,{long}", *rows]).encode()

    proposal, job = await taken(tracking, content, "signs")

    sure, need = proposal["question_set"]["questions"]
    assert (sure["name"], need["name"]) == ("q_how_sure", "question")
    assert (sure["labels"]["en"], need["labels"]["ar"]) == ("How sure?", "الحاجة")
    choices = proposal["question_set"]["choices"]
    assert [each["name"] for each in choices["q_how_sure"]] == ["choice_1", "choice_2"]
    assert [each["name"] for each in choices["question"]] == ["غذاء", "مياه الشرب"]
    assert [each["code"] for each in proposal["remarks"]] == ["column_name"]
    assert job["accepted"] == 4


async def test_locations_of_one_place_are_each_kept_and_one_bad_answer_loses_no_row(
    tracking: Running,
) -> None:
    form = {
        "code": "sites",
        "title": "Sites",
        "component": "B2",
        "questions": [{"name": "idps", "type": "integer"}, {"name": "seen", "type": "date"}],
    }
    path = f"{SETS}/{(await tracking.client.post(SETS, json=form)).json()['id']}/mappings"
    mapping = {"code": "m", "places": "as_told", "pcode_column": "adm3", "answers": []}
    mapping |= {"faulty_answers": "leave_out", "day_order": "dmy", "external_id_column": "id"}
    kept = (await tracking.client.post(path, json=mapping)).json()
    imports = f"{SUBMISSIONS}/imports?mapping_id={kept['id']}"
    table = (
        b"adm3,id,idps,seen,,\n"
        b"ML0101,,10,3 f\xc3\xa9vrier 2024,,\nML0101,,20,45322,,\nML0101,,many,31/01/24,,\n"
        b"ML0102,a,5,,,\nML0102,a,6,,,\nP-code,ID,How many?,When?,,\n"
    )

    job = await finished(tracking, imports, table)
    again = await finished(tracking, imports, table)

    assert (job["accepted"], job["rejected"]) == (4, 2)
    refused = [(each["row"], each["code"]) for each in job["rejected_rows"]]
    assert refused == [(6, "twice"), (7, "not_a_count")]
    warned = {each["code"]: each["row"] for each in job["warnings"]}
    assert warned == {"rows_alike": 3, "left_out_not_a_count": 4}
    assert (again["accepted"], again["unchanged"]) == (0, 4)
    found = (await tracking.client.get(SUBMISSIONS)).json()["items"]
    assert sorted(str(each["answers"]) for each in found) == sorted(
        str(each)
        for each in (
            {"idps": 10, "seen": "2024-02-03"},
            {"idps": 20, "seen": "2024-01-31"},
            {"seen": "2024-01-31"},
            {"idps": 5},
        )
    )


async def test_a_file_in_words_is_read_by_a_set_whose_choices_are_these_words(
    tracking: Running,
) -> None:
    choices = [{"name": each} for each in ("Host family", "Shelter/NFI", "Food")]
    form = {"code": "w", "title": "W", "component": "MSLA", "choices": {"all": choices}}
    questions = [{"name": "has", "type": "select_multiple", "choices": "all"}]
    questions += [{"name": "lacks", "type": "select_multiple", "choices": "all"}]
    added = await tracking.client.post(SETS, json=form | {"questions": questions})
    assert added.status_code == 201, added.text
    path = f"{SETS}/{added.json()['id']}/mappings"
    mapping = {"code": "m", "pcode_column": "p", "places": "as_told", "separator": "/"}
    kept = (await tracking.client.post(path, json=mapping)).json()
    table = "p,has,lacks/Shelter/NFI,g/lacks/Food\nMW1,Host family/Shelter/NFI,1,no\n"

    job = await finished(tracking, f"{SUBMISSIONS}/imports?mapping_id={kept['id']}", table.encode())

    assert job["accepted"] == 1, job
    [found] = (await tracking.client.get(SUBMISSIONS)).json()["items"]
    assert found["answers"] == {"has": ["Host family", "Shelter/NFI"], "lacks": ["Shelter/NFI"]}


async def test_a_name_is_looked_for_within_the_places_that_its_row_names(
    tracking: Running,
) -> None:
    names = {"LY010101": "Albayda", "LY020101": "Tripoli Center"}
    names |= {"LY01010101": "Sidi Ali", "LY02010101": "Sidi Ali", "LY01010102": "Albayda"}
    async with tracking.database.write() as session:
        session.add_all(
            Place(pcode=pcode, level=len(pcode) // 2 - 1, name_en=name, name_ar=name)
            for pcode, name in names.items()
        )
    form = {"code": "n", "title": "N", "component": "B1"}
    questions = {"questions": [{"name": "idps", "type": "integer"}]}
    added = await tracking.client.post(SETS, json=form | questions)
    path = f"{SETS}/{added.json()['id']}/mappings"
    mapping: dict[str, Any] = {"code": "m", "name_column": "muhalla", "place_level": 4}
    mapping["within_columns"] = ["baladiya"]
    kept = (await tracking.client.post(path, json=mapping)).json()
    table = "baladiya,muhalla,idps\nAl Bayda,Sidi Ali,1\nTripoli Center,Sidi Ali,2\n,Sidi Ali,3\n"
    table += "Albayda,Albayda,4\n"

    job = await finished(tracking, f"{SUBMISSIONS}/imports?mapping_id={kept['id']}", table.encode())

    assert [each["code"] for each in job["rejected_rows"]] == ["several_places"]
    found = (await tracking.client.get(SUBMISSIONS)).json()["items"]
    assert {each["place_pcode"]: each["answers"]["idps"] for each in found} == {
        "LY01010101": 1,
        "LY02010101": 2,
        "LY01010102": 4,
    }


@pytest.mark.parametrize(
    ("told", "mark", "count", "number"),
    [
        ("1,200", ".", 1200, 1200.0),
        ("1,200", ",", None, 1.2),
        ("1.200", ",", 1200, 1200.0),
        ("1 200,50", ",", None, 1200.5),
        ("12,5", ".", None, 12.5),
        ("٦٠٫٠", ".", 60, 60.0),
        ("-3", ".", None, -3.0),
        ("1,20,0", ".", None, None),
        ("1e3", ".", None, None),
        ("", ",", None, None),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(
    told: str, mark: Mark, count: int | None, number: float | None
) -> None:
    assert (whole(told, mark), decimal(told, mark)) == (count, number)


def test_a_day_is_read_in_words_and_no_other_is_guessed() -> None:
    assert day("31-Jan-2024", "ymd") == day("janvier 31, 2024", "dmy") == date(2024, 1, 31)
    assert day("٣١/٠١/٢٠٢٤ 10:20", "dmy") == day("1/31/24", "mdy") == date(2024, 1, 31)
    for wrong in ("31/01/2024", "2024-02-30", "yesterday", "May 2024", "0024-01-01", "12", ""):
        with pytest.raises(NoDayError):
            day(wrong, "ymd")
