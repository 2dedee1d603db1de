"""Workbooks where each repeated group of a form has a sheet, as KoboToolbox exports them."""

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter

from chassis.problems import Problem
from chassis.uploads import Upload
from services.registration.imports.reading import rows_in
from services.registration.intake import rules as intake
from services.registration.mappings.models import MappingIn
from services.registration.mappings.proposals import propose
from services.registration.mappings.questions import questions_of
from services.registration.mappings.rules import check_names_people, mapped

ONE, TWO = "6f0c7c1e-0000-4000-8000-000000000001", "6f0c7c1e-0000-4000-8000-000000000002"
LINKS = ("_index", "_parent_table_name", "_parent_index", "_submission__uuid")
FORM: list[tuple[Any, ...]] = [
    ("start", "where", "_id", "_uuid", "_index"),
    ("2026-01-05", "LY0211", 101, ONE, 1),
    ("2026-01-06", "LY0212", 102, TWO, 2),
]
HOMES: list[tuple[Any, ...]] = [
    ("homes/size", *LINKS),
    (2, 1, "A form whose name is longer than that of a sheet", 1, ONE),
    (1, 2, "A form whose name is longer than that of a sheet", 1, ONE),
    (1, 3, "A form whose name is longer than that of a sheet", 2, TWO),
]
PEOPLE: list[tuple[Any, ...]] = [
    ("homes/people/name", "homes/people/sex", *LINKS),
    ("علي", 1, 1, "homes", 1, ONE),
    ("هدى", 2, 2, "homes", 1, ONE),
    ("Sami", 1, 3, "homes", 2, ONE),
    ("Amal", 2, 4, "homes", 3, TWO),
]
MAPPING = MappingIn.model_validate(
    {
        "name": "Households",
        "repeat": "homes/people",
        "columns": [
            {"column": "start", "field": "registered_on"},
            {"column": "where", "field": "location_pcode"},
            {"column": "homes/people/name", "field": "given_name"},
            {
                "column": "homes/people/sex",
                "field": "sex",
                "values": {"1": "male", "2": "female"},
            },
        ],
        "constants": {"nationality": "SDN", "population_category": "migrant"},
    }
)
SUBMITTED: dict[str, Any] = {
    "_uuid": ONE,
    "start": "2026-01-05",
    "where": "LY0211",
    "homes": [
        {"people": [{"name": "علي", "sex": "1"}, {"name": "هدى", "sex": "2"}]},
        {"people": [{"name": "Sami", "sex": "1"}]},
    ],
}


def workbook(*sheets: tuple[str, list[tuple[Any, ...]]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def exported(people: list[tuple[Any, ...]] = PEOPLE) -> bytes:
    return workbook(("A form whose name is longer tha", FORM), ("homes", HOMES), ("people", people))


def read(content: bytes) -> list[dict[str, str]]:
    return [mapped(MAPPING, row).cells for row in rows_in(content, MAPPING)]


def test_people_of_a_repeated_group_come_in_as_they_do_by_live_intake() -> None:
    check_names_people(MAPPING)
    rows = read(exported())

    live = [row.cells for row in intake.people(SUBMITTED, MAPPING, ONE)]
    assert rows[:3] == live
    assert [row["household_ref"] for row in rows] == [
        f"{ONE}/1",
        f"{ONE}/1",
        f"{ONE}/2",
        f"{TWO}/1",
    ]
    assert (rows[3]["external_id"], rows[3]["location_pcode"]) == (f"{TWO}/1", "LY0212")
    assert [row.line for row in rows_in(exported(), MAPPING)] == [2, 3, 4, 5]


def test_in_a_workbook_that_was_sorted_everybody_is_who_they_were() -> None:
    sheets = [("A form", FORM), ("homes", HOMES), ("people", PEOPLE)]
    turned = [(name, [rows[0], *reversed(rows[1:])]) for name, rows in sheets]

    assert read(workbook(*turned)) == list(reversed(read(workbook(*sheets))))


def test_sheets_without_the_names_of_groups_are_read_by_the_last_part_of_a_path() -> None:
    short = [("name", "sex", *LINKS), *PEOPLE[1:]]

    assert read(exported(short)) == read(exported())


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("Nobody", 1, 9, "homes", 8, ONE), "not in the workbook"),
        (("Nobody", 1, 9, "people", 9, ONE), "not in the workbook"),
        (("Twice", 1, 1, "homes", 1, ONE), "of another row"),
    ],
)
def test_sheets_that_do_not_belong_together_are_refused_by_the_row(
    row: tuple[Any, ...], says: str
) -> None:
    with pytest.raises(Problem) as refused:
        read(exported([*PEOPLE, row]))

    [fault] = refused.value.errors
    assert (fault.pointer, says in fault.detail) == ("line/6", True)


def test_an_archive_of_odk_central_is_read_by_its_keys_as_the_workbook_is() -> None:
    one, two = f"uuid:{ONE}", f"uuid:{TWO}"
    files = {
        "Survey.csv": f"start,where,KEY\n2026-01-05,LY0211,{one}\n2026-01-06,LY0212,{two}\n",
        "Survey-homes.csv": "size,PARENT_KEY,KEY\n"
        f"2,{one},{one}/homes[1]\n1,{one},{one}/homes[2]\n1,{two},{two}/homes[1]\n",
        "Survey-homes-people.csv": "name,sex,PARENT_KEY,KEY\n"
        f"علي,1,{one}/homes[1],a\nهدى,2,{one}/homes[1],b\n"
        f"Sami,1,{one}/homes[2],c\nAmal,2,{two}/homes[1],d\n",
        "media/photo.jpg": "no table",
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)

    assert read(target.getvalue()) == read(exported())
    # A text that begins like a formula may be one in CSV, and is none in a cell with a type.
    typed = [
        {row.typed for row in rows_in(each, MAPPING)} for each in (target.getvalue(), exported())
    ]
    assert typed == [{False}, {True}]
    told = propose(questions_of(Upload("Survey.zip", target.getvalue())))
    assert (told.repeat, "sex" in told.missing) == ("homes-people", False)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (f"first_name,_id,_uuid,formhub/uuid\nSami,101,{ONE},a1\nAmal,102,{TWO},a1\n", "_uuid"),
        (f"first_name,KEY\nSami,uuid:{ONE}\nAmal,uuid:{TWO}\n", "__id"),
    ],
)
def test_people_of_a_flat_export_are_proposed_to_be_known_as_by_live_intake(
    content: str, sent: str
) -> None:
    columns = propose(questions_of(Upload("export.csv", content.encode()))).columns
    mapping = MappingIn(name="Flat", columns=columns)

    rows = [mapped(mapping, row).cells for row in rows_in(content.encode(), mapping)]

    submitted = {"first_name": "Sami", sent: ONE}
    [live] = intake.people(submitted, mapping, ONE)
    assert rows[0] == live.cells == {"given_name": "Sami", "external_id": ONE}
    assert rows[1]["external_id"] == TWO


def test_a_flat_file_still_has_to_say_who_somebody_is() -> None:
    with pytest.raises(Problem) as refused:
        list(rows_in(workbook(("people", PEOPLE)), MAPPING))

    assert "The column _person is missing." in [each.detail for each in refused.value.errors]


def test_a_mapping_is_proposed_from_all_sheets_of_a_workbook() -> None:
    people = [("First name", "Sex", *LINKS), *PEOPLE[1:]]
    told = propose(questions_of(Upload("export.xlsx", exported(people))))

    assert told.repeat == "people"
    assert {each.column: each.field for each in told.columns} == {
        "where": "location_pcode",
        "First name": "given_name",
        "Sex": "sex",
    }
    assert told.missing == ["nationality", "population_category"]
