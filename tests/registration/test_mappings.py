"""Files of others: how their columns and codes become registrations, by a mapping that is saved."""

import csv
import io
from typing import Any

import pytest
import xlsxwriter

from chassis import sheets
from chassis.tabular import Row
from services.registration.imports.rules import REQUIRED
from services.registration.mappings import rules
from services.registration.mappings.models import ColumnIn, MappingIn
from services.registration.mappings.proposals import propose
from services.registration.mappings.questions import of_form, of_table
from tests.real import real
from tests.registration.office import Office
from tests.registration.test_registers_as_they_come import (
    IMPORTS,
    everybody,
    finished,
    rejected_rows,
)

SQLITE = pytest.mark.parametrize("service_url", ["SQLite"], indirect=True)
MAPPINGS = "/v1/registration/mappings"
TOLD: dict[str, Any] = {
    "name": "Lists of the municipality",
    "columns": [
        {"column": "رقم", "field": "external_id"},
        {
            "column": "الاسم الرباعي",
            "field": "full_name",
            "parts": ["given_name", "father_name", "family_name"],
        },
        {"column": "الجنس", "field": "sex", "values": {"ذكر": "male", "أنثى": "female"}},
        {"column": "Né(e) le", "field": "birth_date", "day_order": "dmy"},
        {"column": "nationality/other", "field": "nationality", "values": {"Tchad": "TCD"}},
    ],
    "constants": {
        "population_category": "migrant",
        "location_pcode": "LY0209",
        "nationality": "SDN",
    },
}
HEADER = ("رقم", "الاسم الرباعي", "الجنس", "Né(e) le", "nationality/other", "ملاحظات")


def table(*rows: tuple[str, ...]) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";").writerows(rows)
    return target.getvalue().encode()


async def imported(office: Office, content: bytes, mapping: str, **told: str) -> dict[str, Any]:
    file = {"file": ("list.csv", content, "text/csv")}
    params = {"mapping": mapping, **told}
    answer = await office.case_worker.post(IMPORTS, files=file, params=params)
    assert answer.status_code == 202, answer.text
    return await finished(office, answer.headers["location"])


async def test_a_file_of_others_is_read_by_a_saved_mapping_and_its_faults_by_its_columns(
    office: Office,
) -> None:
    saved = await office.case_worker.post(MAPPINGS, TOLD)
    assert saved.status_code == 201, saved.text
    mapping = saved.json()["id"]
    rows = [
        HEADER,
        ("1", "آمنة عبد الله محمد القذافي", "أنثى", "27/2/1994", "Tchad", "what nobody asked"),
        ("2", "Moussa", "ذكر", "٠١/٠٣/١٩٩٠", "", ""),
        ("3", "Ali", "غير ذلك", "31/2/1990", "", ""),
    ]
    titled = table(("Liste de Nalut;",), *rows)
    foreseen = await imported(office, titled, mapping, dry_run="true")
    assert await everybody(office) == []

    job = await imported(office, table(*rows), mapping)

    assert [job[each] for each in ("accepted", "rejected")] == [2, 1], job
    assert [foreseen[each] for each in ("accepted", "rejected")] == [2, 1]
    amina, moussa = await everybody(office)
    assert (amina["given_name"], amina["father_name"]) == ("آمنة", "عبد الله")
    assert (amina["family_name"], amina["sex"]) == ("محمد القذافي", "female")
    assert (amina["birth_date"], amina["nationality"]) == ("1994-02-27", "TCD")
    assert (moussa["birth_date"], moussa["nationality"]) == ("1990-03-01", "SDN")
    assert {each["column"] for each in job["rejected_rows"]} == {"الجنس", "Né(e) le"}
    [row] = await rejected_rows(office, job)
    assert row["الاسم الرباعي"] == "Ali"
    corrected = row | {"الجنس": "ذكر", "Né(e) le": "28/2/1990"}
    again = await imported(office, table(tuple(corrected), tuple(corrected.values())), mapping)
    assert (again["accepted"], again["rejected"]) == (1, 0), again
    assert (await imported(office, table(*rows[:3]), mapping))["unchanged"] == 2


@SQLITE
async def test_a_file_that_lacks_columns_of_its_mapping_is_refused_by_their_names(
    office: Office,
) -> None:
    mapping = (await office.case_worker.post(MAPPINGS, TOLD)).json()["id"]
    file = {"file": ("list.csv", table(HEADER[:2], ("1", "Ali")), "text/csv")}

    answer = await office.case_worker.post(IMPORTS, files=file, params={"mapping": mapping})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/table-header")
    details = [each["detail"] for each in answer.json()["errors"]]
    assert details == [f"The column {name} is missing." for name in HEADER[2:5]]
    params = {"mapping": "01a20b3e-ef60-7467-a414-6dd2e35e07bb"}
    assert (await office.case_worker.post(IMPORTS, files=file, params=params)).status_code == 404
    stranger = await office.stranger.post(IMPORTS, files=file, params={"mapping": mapping})
    assert stranger.status_code == 404


@SQLITE
async def test_columns_that_nobody_asks_for_may_share_a_name_and_others_may_not(
    office: Office,
) -> None:
    mapping = (await office.case_worker.post(MAPPINGS, TOLD)).json()["id"]
    row = ("3", "Ali", "غير ذلك", "1990", "", "one", "", "two", "")

    job = await imported(office, table((*HEADER, "", HEADER[5], ""), row), mapping)

    [rejected] = await rejected_rows(office, job)
    assert (rejected["ملاحظات"], rejected["ملاحظات (2)"]) == ("one", "two")
    twice = {"file": ("list.csv", table((*HEADER, HEADER[1]), row[:7]), "text/csv")}
    refused = await office.case_worker.post(IMPORTS, files=twice, params={"mapping": mapping})
    assert [each["code"] for each in refused.json()["errors"]] == ["column_twice"]


@SQLITE
async def test_a_mapping_has_versions_and_one_name_within_its_organisation(office: Office) -> None:
    first = await office.case_worker.post(MAPPINGS, TOLD)
    path, seen = first.headers["location"], {"If-Match": first.headers["etag"]}
    assert (await office.colleague.post(MAPPINGS, TOLD)).status_code == 409
    assert (await office.stranger.post(MAPPINGS, TOLD)).status_code == 201
    other = TOLD | {"name": "Other lists", "constants": TOLD["constants"] | {"sex": "unknown"}}

    changed = await office.colleague.send("PUT", path, json=other, headers=seen)

    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = await office.colleague.send("PUT", path, json=TOLD, headers=seen)
    assert stale.status_code == 412
    assert (await office.case_worker.get(path)).json()["name"] == "Other lists"
    versions = (await office.case_worker.get(f"{path}/versions")).json()["items"]
    assert [each["name"] for each in versions] == ["Lists of the municipality", "Other lists"]
    listed = (await office.case_worker.get(MAPPINGS)).json()["items"]
    assert [(each["version"], each["made_by"]) for each in listed] == [(2, "user-huda")]
    assert (await office.stranger.get(path)).status_code == 404
    assert ("user-huda", "update", "allowed") in await office.record("mapping")


def test_the_description_of_a_mapping_names_the_fields_that_there_are() -> None:
    told = MappingIn.model_json_schema()

    fields = told["$defs"]["ColumnIn"]["properties"]["field"]["enum"]
    assert {"full_name", "given_name", "disability_seeing", "consent_given"} <= set(fields)
    assert set(fields) - set(told["properties"]["constants"]["propertyNames"]["enum"]) == {
        "full_name"
    }


@SQLITE
async def test_a_mapping_by_which_nobody_could_be_registered_is_refused_by_what_it_lacks(
    office: Office,
) -> None:
    lacking = TOLD | {"constants": {"nationality": "Sudan"}}
    refused = await office.case_worker.post(MAPPINGS, lacking)

    assert refused.status_code == 422
    assert "Sudan" not in refused.text
    told = [(each["pointer"], each["detail"]) for each in refused.json()["errors"]]
    assert ("/columns", "Nothing tells population_category.") in told
    assert ("/columns", "Nothing tells location_pcode.") in told
    empty = {"name": "Nobody", "columns": [{"column": "x", "field": "sex"}]}
    bare = (await office.case_worker.post(MAPPINGS, empty)).json()["errors"]
    assert sum("a name (" in each["detail"] or "a birth (" in each["detail"] for each in bare) == 2
    assert "/constants/nationality" in {pointer for pointer, _ in told}
    without_parts = [{"column": "name", "field": "full_name"}]
    assert (
        await office.case_worker.post(MAPPINGS, TOLD | {"columns": without_parts})
    ).status_code == 422
    nameless = TOLD | {"columns": TOLD["columns"][1:]}
    mapping = (await office.case_worker.post(MAPPINGS, nameless)).json()["id"]
    file = {"file": ("list.csv", table(HEADER), "text/csv")}
    answer = await office.case_worker.post(IMPORTS, files=file, params={"mapping": mapping})
    assert (answer.status_code, "external_id" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("3/4/1990", "dmy", "1990-04-03"),
        ("3/4/1990", "mdy", "1990-03-04"),
        ("1990/4", "ymd", "1990-04"),
        ("04.1990", "dmy", "1990-04"),
        ("1990", "dmy", "1990"),
        ("2026-01-05T10:30:00.000+02:00", "ymd", "2026-01-05"),
        ("3/4/90", "dmy", "3/4/90"),
        ("soon", "dmy", "soon"),
        ("36526", "dmy", "36526"),
    ],
)
def test_dates_are_read_in_the_order_that_was_told_and_never_guessed(
    cell: str, order: Any, day: str
) -> None:
    assert rules.as_day(cell, order) == day


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("01-Feb-1990", "1990-02-01"),
        ("1er février 1990", "1990-02-01"),
        ("٢٧ فبراير ١٩٩٠", "1990-02-27"),
        ("3 كانون الثاني 1990", "1990-01-03"),
        ("5 أوت 1990", "1990-08-05"),
        ("February 27th, 1990", "1990-02-27"),
        ("Sept. 1990", "1990-09"),
        ("1 Feb 1990 00:00:00", "1990-02-01"),
        ("31 Feb 1990", "1990-02-31"),
        ("01-Feb-90", "01-Feb-90"),
        ("1 Feb 1990 or 1991", "1 Feb 1990 or 1991"),
        ("1 Rajab 1410", "1 Rajab 1410"),
        ("summer 1990", "summer 1990"),
    ],
)
def test_a_month_may_be_a_word_and_a_century_is_never_guessed(cell: str, day: str) -> None:
    mapping = MappingIn(name="x", columns=[ColumnIn(column="born", field="birth_date")])
    hijri = ColumnIn(column="born", field="birth_date", calendar="hijri")
    in_hijri = MappingIn(name="x", columns=[hijri])

    assert rules.mapped(mapping, Row(1, {"born": cell})).cells == {"birth_date": day}
    assert rules.mapped(in_hijri, Row(1, {"born": cell})).cells["birth_date"] == cell


@pytest.mark.parametrize(
    ("cell", "years"),
    [
        ("3 months", "0"),
        ("٣ أشهر", "0"),
        ("18 mois", "1"),
        ("10 days old", "0"),
        ("5 ans", "5"),
        ("30 سنة", "30"),
        ("40y", "40"),
        ("30 m", "30 m"),
        ("16-18", "16-18"),
        ("2 سنوات و 3 أشهر", "2 سنوات و 3 أشهر"),
        ("1200 months", "1200 months"),
    ],
)
def test_an_age_with_its_unit_is_told_in_whole_years(cell: str, years: str) -> None:
    mapping = MappingIn(name="x", columns=[ColumnIn(column="old", field="age")])

    assert rules.mapped(mapping, Row(1, {"old": cell})).cells == {"age": years}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Moussa", {"given_name": "Moussa"}),
        ("Moussa Traoré", {"given_name": "Moussa", "family_name": "Traoré"}),
        ("عبد الله محمد", {"given_name": "عبد الله", "family_name": "محمد"}),
        (
            "Ali Ben Salah Abu Bakr X Y",
            {"given_name": "Ali", "father_name": "Ben Salah", "family_name": "Abu Bakr X Y"},
        ),
    ],
)
def test_a_full_name_is_divided_among_the_parts_that_were_told(
    name: str, parts: dict[str, str]
) -> None:
    assert rules.divided(name, ["given_name", "father_name", "family_name"]) == parts


def test_of_two_columns_of_a_field_the_first_that_is_filled_counts_and_a_constant_last() -> None:
    mapping = MappingIn(
        name="x",
        columns=[
            ColumnIn(column="a", field="birth_date", calendar="hijri"),
            ColumnIn(column="b", field="birth_date"),
        ],
        constants={"birth_date": "1990"},
    )

    told = [rules.mapped(mapping, Row(1, {"a": a, "b": b})).cells for a, b in (" 2", "1 ", "  ")]

    assert told == [
        {"birth_date": "2"},
        {"birth_date": "1", "birth_date_calendar": "hijri"},
        {"birth_date": "1990"},
    ]


@pytest.mark.parametrize("cell", ["1", "1.0", "١", "Man", "MAN"])
def test_a_code_is_known_as_programs_and_people_write_it(cell: str) -> None:
    sex = ColumnIn(column="sex", field="sex", values={"1": "male", "man": "male", "2": "female"})

    told = rules.mapped(MappingIn(name="x", columns=[sex]), Row(1, {"sex": cell}))

    assert told.cells == {"sex": "male"}


def test_several_choices_of_a_form_are_told_in_one_cell_or_in_a_column_each() -> None:
    languages = {"Arabic": "ar", "french": "fr", "none": "-"}
    mapping = MappingIn(
        name="x",
        columns=[
            ColumnIn(column="spoken", field="languages", values=languages),
            ColumnIn(column="spoken/ha", field="languages", values={"1": "ha", "0": "-"}),
            ColumnIn(column="sex", field="sex", values={"a": "male", "b": "female"}),
        ],
    )
    cells = [("arabic french", "0"), ("French", "1"), ("arabic klingon", ""), ("none", "1")]

    told = [
        rules.mapped(mapping, Row(1, {"spoken": spoken, "spoken/ha": ha, "sex": "a b"})).cells
        for spoken, ha in cells
    ]

    expected = ["ar; fr", "fr; ha", "arabic klingon", "ha"]
    assert told == [{"languages": each, "sex": "a b"} for each in expected]


async def proposed(office: Office, content: bytes) -> dict[str, Any]:
    file = {"file": ("file", content, "application/octet-stream")}
    answer = await office.case_worker.post(f"{MAPPINGS}/proposals", files=file)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


PROPOSED = {
    "ID": "external_id",
    "Prénom": "given_name",
    "Nom de famille": "family_name",
    "الجنس": "sex",
    "Né(e) le": "birth_date",
    "Pays d’origine": "nationality",
    "رقم الهاتف": "phone",
    "Baladiya pcode": "location_pcode",
}


@SQLITE
async def test_a_mapping_is_proposed_from_headers_in_three_languages_and_can_be_saved(
    office: Office,
) -> None:
    header = (*PROPOSED, "الاسم الرباعي", "Remarques")
    one = ("7", "Zara", "Idriss", "أنثى", "27/02/1990", "Tchad", "0912345678", "LY0209", "Z", "x")
    other = ("8", "Awad", "Secret", "ذكر", "01/02/1990", "السودان", "", "LY0209", "", "")

    third = ("9", "Issa", "Kodi", "ذكر", "03/02/1990", "عديم الجنسية", "", "LY0209", "", "")
    fourth = ("10", "Agim", "Krasniqi", "ذكر", "03/02/1990", "Kosovo", "", "LY0209", "", "")

    told = await proposed(office, table(header, one, other, third, fourth))

    assert {each["column"]: each["field"] for each in told["columns"]} == PROPOSED
    by_field = {each["field"]: each for each in told["columns"]}
    nations = {"Tchad": "TCD", "السودان": "SDN", "عديم الجنسية": "XXA", "Kosovo": "XKX"}
    assert by_field["nationality"]["values"] == nations
    assert by_field["birth_date"]["day_order"] == "dmy"
    assert (told["missing"], told["left_aside"]) == (["population_category"], ["Remarques"])
    assert "full_name" in {each["field"] for each in told["reasons"] if not each["taken"]}
    assert all(each["because"] and 0 < each["score"] <= 1 for each in told["reasons"])
    assert "Secret" not in str(told)
    assert (await office.case_worker.get(MAPPINGS)).json()["items"] == []
    mapping = {"name": "P", "columns": told["columns"]}
    constants = {"constants": {"population_category": "migrant"}}
    saved = await office.case_worker.post(MAPPINGS, mapping | constants)
    job = await imported(office, table(header, one, other), saved.json()["id"])
    assert (job["accepted"], job["rejected"]) == (2, 0), job


@SQLITE
async def test_what_cannot_be_told_from_a_file_is_said_and_not_guessed(office: Office) -> None:
    told = await proposed(office, table(("dob", "column 2"), ("01/02/1990", "Aisha")))

    [reason] = told["reasons"]
    assert "cannot be told" in reason["because"]
    titled = table(("Persons of Nalut", ""), ("dob", "column 2"), ("01/02/1990", "Aisha"))
    assert await proposed(office, titled) == told
    assert (told["left_aside"], len(told["missing"]) > 3) == (["column 2"], True)
    assert await proposed(office, b"") == {
        "columns": [],
        "repeat": None,
        "missing": list(REQUIRED),
        "left_aside": [],
        "reasons": [],
    }


@SQLITE
async def test_names_in_several_lines_or_too_long_are_proposed_and_found_again(
    office: Office,
) -> None:
    asked = "What is the sex " + "of the person " * 25
    header = ("#", "First\r\nname", f"{asked}\nx", "Age", "Na\u202etionality", "\u202e")
    row = ("7", "Zara", "أنثى", "30", "Tchad", "")

    told = await proposed(office, table(header, row))

    columns = {each["field"]: each["column"] for each in told["columns"]}
    assert columns == {
        "given_name": "First name",
        "sex": asked[:300].strip(),
        "age": "Age",
        "nationality": "Nationality",
    }
    constants = {"population_category": "migrant", "location_pcode": "LY0209"}
    number = {"column": "#\n", "field": "external_id"}
    mapping = {"name": "L", "columns": [*told["columns"], number], "constants": constants}
    saved = await office.case_worker.post(MAPPINGS, mapping)
    assert saved.status_code == 201, saved.text
    job = await imported(office, table(header, row), saved.json()["id"])
    assert (job["accepted"], job["rejected"]) == (1, 0), job
    unseen = mapping | {"columns": [number | {"column": "\u202e"}]}
    refused = await office.case_worker.post(MAPPINGS, unseen)
    assert (refused.status_code, "nothing of it can be seen" in refused.text) == (422, True)


def test_a_form_with_blank_or_endless_labels_and_older_words_is_understood() -> None:
    survey = [(1, ["Type", "Name", "Label"]), (2, ["select_one  sexes or_other", "q1", "Sex"])]
    choices = [
        (1, ["list name", "name", "label::English", "label::Arabic"]),
        (2, ["sexes", " 1 ", "Male", " "]),
        (3, ["sexes", "2", "Female", "ا" * 301]),
        (4, ["sexes", "", "Other", ""]),
    ]

    [rule] = propose(of_form(survey, choices)).columns

    codes = {"1": "male", "Male": "male", "2": "female", "Female": "female", "Other": "other"}
    assert (rule.column, rule.values) == ("q1", codes)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Sex / الجنس", "sex"),
        ("First name\n(الاسم الأول)", "given_name"),
        ("تاريخ الميلاد Date of birth", "birth_date"),
        ("Né(e) le - تاريخ الميلاد", "birth_date"),
        ("2.1 Nationality", "nationality"),
        ("Q7. الجنسية", "nationality"),
        ("1-العمر", "age"),
        ("Phone 2", "other_phones"),
        ("sex of the head", None),
        ("عدد افراد الاسرة Household", "household_ref"),
    ],
)
def test_a_name_in_two_languages_or_with_a_number_is_heard_in_either(
    name: str, field: str | None
) -> None:
    told = propose(of_table([(1, [name]), (2, ["7"])]))

    assert [each.field for each in told.columns] == ([field] if field else [])


@SQLITE
async def test_a_header_below_notes_and_words_for_several_columns_is_proposed_and_found(
    office: Office,
) -> None:
    above = [("Date:", "12/05/2026"), ("Person", "", "", "", "Place", "")]
    header = ("رقم التسجيل", "الاسم", "Sex\nالجنس", "العمر", "البلدية", "الجنسية")
    rows = [header, ("7", "زارا", "أنثى", "30", "LY0209", "تشاد"), ("المجموع", "1", "", "", "", "")]

    told = await proposed(office, table(*above, *rows))

    assert told == await proposed(office, table(*rows))
    assert len(told["columns"]) == len(header)
    constants = {"population_category": "migrant"}
    mapping = {"name": "Z", "columns": told["columns"], "constants": constants}
    saved = await office.case_worker.post(MAPPINGS, mapping)
    job = await imported(office, table(*above, *rows), saved.json()["id"])
    assert (job["accepted"], job["rejected"]) == (1, 1), job


SURVEY = (
    ("type", "name", "label::English", "label::Arabic"),
    ("note", "sex_note", "Sex", ""),
    ("begin group", "hh", "", ""),
    ("select_one places", "where", "In which baladiya?", "البلدية"),
    ("begin_repeat", "members", "", ""),
    ("text", "q1", "First name", "الاسم الأول"),
    ("select_one sexes", "q2", "", "الجنس"),
    ("integer", "q3", "How old?", "كم العمر؟"),
    ("end_repeat", "", "", ""),
    ("begin repeat", "visitors", "", ""),
    ("text", "q4", "Phone number", ""),
    ("end repeat", "", "", ""),
    ("end group", "", "", ""),
)
CHOICES = (
    ("list_name", "name", "label::English", "label::Arabic"),
    ("sexes", "1", "Man", "رجل"),
    ("sexes", "2", "Woman", "امرأة"),
    ("places", "LY0209", "Nalut", "نالوت"),
)


@SQLITE
async def test_a_mapping_is_proposed_from_an_xlsform_with_the_group_whose_entries_are_people(
    office: Office,
) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in (("survey", SURVEY), ("choices", CHOICES)):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)

    told = await proposed(office, target.getvalue())

    assert told["repeat"] == "hh/members"
    columns = {each["column"]: each for each in told["columns"]}
    assert {name: each["field"] for name, each in columns.items()} == {
        "hh/where": "location_pcode",
        "hh/members/q1": "given_name",
        "hh/members/q2": "sex",
        "hh/members/q3": "age",
    }
    sexes = {"1": "male", "Man": "male", "رجل": "male"}
    sexes |= {"2": "female", "Woman": "female", "امرأة": "female"}
    assert columns["hh/members/q2"]["values"] == sexes
    assert columns["hh/where"]["values"] == {"Nalut": "LY0209", "نالوت": "LY0209"}


def test_a_label_that_two_places_share_stands_for_neither() -> None:
    survey = [(1, ["type", "name", "label"]), (2, ["select_one places", "muhalla", "Muhalla"])]
    places = [("LY02120101", "Al Wadi"), ("LY02120102", "al wadi"), ("LY02120103", "Azzahra")]
    choices = [
        (number, [*each])
        for number, each in enumerate(
            [
                ("list_name", "name", "label"),
                *(("places", code, label) for code, label in places),
                *(("places", f"LY0213{n // 60 + 10}{n % 60 + 10}", f"M{n}") for n in range(1200)),
            ]
        )
    ]

    told = propose(of_form(survey, choices))

    [rule] = told.columns
    assert {"Al Wadi", "al wadi"}.isdisjoint(rule.values)
    assert rule.values["Azzahra"] == "LY02120103"
    # None is cut off: whose muhalla it is would be rejected later.
    assert len(rule.values) == 1201
    assert "labels that stand for several codes (1)" in told.reasons[0].because


def test_a_published_form_is_understood_for_what_it_asks_of_the_respondent() -> None:
    book = sheets.sheets(real("forms/reach_lby_msna2021_xlsform.xlsx").read_bytes())

    told = propose(of_form(book["survey"], book["choices"]))

    fields = {each.field: each for each in told.columns}
    assert fields["sex"].column == "consented/bio_data/resp_sex"
    assert fields["age"].column == "consented/bio_data/resp_age"
    assert fields["location_pcode"].column == "consented/bio_data/muhalla"
    assert fields["nationality"].values["Bangladesh"] == "BGD"
    assert "given_name" not in fields
    # Three muhallas are called so.
    assert "الجديدة" not in fields["location_pcode"].values
    assert fields["location_pcode"].values["Azzahra"] == "LY02120902"
