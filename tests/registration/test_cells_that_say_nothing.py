"""Cells in which lists say that there is nothing to say: they are as good as empty."""

import pytest

from chassis.tabular import Row
from services.registration.imports.rules import read_person
from services.registration.mappings.models import MappingIn
from services.registration.mappings.rules import mapped
from services.registration.persons.models import PersonIn

TOLD = {
    "external_id": "N1",
    "given_name": "Hawa",
    "sex": "female",
    "birth_date": "1990",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY020908",
}


@pytest.mark.parametrize(
    "cell", ["-", "--", "—", "N/A", "#N/A", "NA", "Unknown", "غير معروف", "لا يوجد", "Néant", "?"]
)
def test_what_says_nothing_is_nobodys_name_household_or_phone(cell: str) -> None:
    empty = dict.fromkeys(
        ("family_name", "phone", "household_ref", "document_number", "languages"), cell
    )

    assert read_person(Row(2, TOLD | empty)) == read_person(Row(2, TOLD))


@pytest.mark.parametrize("cell", ["Na", "Nil", "Null", "-5", "A-", "N/A 2"])
def test_what_may_be_a_name_is_one(cell: str) -> None:
    person = read_person(Row(2, TOLD | {"family_name": cell}))

    if isinstance(person, PersonIn):
        assert person.family_name == cell
    else:
        assert [each.code for each in person] == ["formula"]


def test_unknown_is_a_code_where_it_is_one() -> None:
    told = {"sex": "unknown", "birth_date": "", "birth_date_precision": "unknown"}

    person = read_person(Row(2, TOLD | told))

    assert isinstance(person, PersonIn)
    assert (person.sex, person.birth_date_precision) == ("unknown", "unknown")
    refused = read_person(Row(2, TOLD | {"sex": "-"}))
    assert isinstance(refused, list)
    assert [(each.column, each.code) for each in refused] == [("sex", "missing")]


def test_in_a_mapped_file_the_next_column_counts_and_then_the_constant() -> None:
    mapping = MappingIn.model_validate(
        {
            "name": "x",
            "columns": [
                {"column": "name", "field": "full_name", "parts": ["given_name", "family_name"]},
                {"column": "called", "field": "given_name"},
                {"column": "sex", "field": "sex", "values": {"غير معروف": "unknown", "9": "-"}},
                {"column": "born", "field": "birth_date"},
            ],
            "constants": {"birth_date_precision": "unknown", "sex": "other"},
        }
    )
    rows = [
        ("غير معروف", "Hawa", "غير معروف", "N/A"),
        ("-", "Hawa", "9", "1990"),
    ]

    told = [
        mapped(mapping, Row(2, dict(zip(("name", "called", "sex", "born"), row, strict=True))))
        for row in rows
    ]

    assert [each.cells for each in told] == [
        {"given_name": "Hawa", "sex": "unknown", "birth_date_precision": "unknown"},
        {"given_name": "Hawa", "sex": "other", "birth_date": "1990"},
    ]
