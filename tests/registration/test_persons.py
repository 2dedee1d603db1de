"""Registering people, once each."""

import asyncio
from typing import Any

import phonenumbers
import pytest

from services.registration.main import SERVICE
from services.registration.persons import rules
from services.registration.places.models import Place
from tests.conftest import Running, Start

AMINA: dict[str, Any] = {
    "external_id": "R00000001",
    "given_name": "أمينة",
    "father_name": "موسى",
    "family_name": "الترهوني",
    "sex": "female",
    "birth_date": "1994-02-28",
    "birth_date_precision": "day",
    "nationality": "SDN",
    "population_category": "migrant",
    "phone": "+218912345678",
    "documents": [{"type": "passport", "number": "S1234567"}],
    "location_pcode": "LY020908",
    "household_ref": "H0000001",
    "relationship_to_head": "head",
    "registered_on": "2026-01-05",
    "consent": {"given": True, "language": "ar"},
}


@pytest.fixture
async def registration(start: Start) -> Running:
    running = await start(SERVICE)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    return running


async def test_a_person_is_registered_with_a_case_number_and_a_version(
    registration: Running,
) -> None:
    response = await registration.client.post("/v1/registration/persons", json=AMINA)

    assert response.status_code == 201, response.text
    assert response.headers["etag"] == '"1"'
    person = response.json()
    shown = await registration.client.get(response.headers["location"])
    assert shown.json() == person
    assert person["given_name"] == "أمينة"


async def test_the_same_registration_again_changes_nothing(registration: Running) -> None:
    first = await registration.client.post("/v1/registration/persons", json=AMINA)

    second = await registration.client.post("/v1/registration/persons", json=AMINA)

    assert (second.status_code, second.json()) == (200, first.json())


async def test_a_known_external_id_with_other_content_is_refused(registration: Running) -> None:
    await registration.client.post("/v1/registration/persons", json=AMINA)

    response = await registration.client.post(
        "/v1/registration/persons", json=AMINA | {"sex": "male"}
    )

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/already-registered"


async def test_a_value_that_cannot_be_is_refused_without_being_repeated(
    registration: Running,
) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"favourite_colour": "blue"}, "/favourite_colour"),
        ({"given_name": 3}, "/given_name"),
        ({"given_name": "a\u0000b"}, "/given_name"),
        ({"given_name": "x" * 201}, "/given_name"),
        ({"given_name": "a\u202eb"}, "/given_name"),
        ({"given_name": "\u200b"}, "/given_name"),
        ({"birth_date": "2023-02-29"}, "/birth_date"),
        ({"birth_date": "2099-01-01"}, "/birth_date"),
        ({"birth_date": 0}, "/birth_date"),
        ({"nationality": "ZZZ"}, "/nationality"),
        ({"location_pcode": "LY999999"}, "/location_pcode"),
        ({"phone": "not a phone"}, "/phone"),
        ({"sex": "m"}, "/sex"),
    ]
    for change, pointer in cases:
        response = await registration.client.post("/v1/registration/persons", json=AMINA | change)

        assert response.status_code == 422, response.text
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer], pointer
        assert "أمينة" not in response.text, pointer
        listed = await registration.client.get("/v1/registration/persons")
        assert listed.json()["items"] == [], pointer


async def test_a_register_is_imported_once_and_each_bad_row_is_named(
    registration: Running,
) -> None:
    header = (
        "external_id,given_name,father_name,sex,birth_date,birth_date_precision,nationality,"
        "population_category,phone,document_type,document_number,location_pcode,registered_on\n"
    )
    rows = [
        "A1,Moussa,Ali,male,1990-01-01,year,NER,migrant,+218911234567,passport,N1,LY020908,2026-01-01",
        "A2,Aïssatou,,female,1995-06-02,day,NER,migrant,,,,LY020908,2026-01-01",
        "A3,=HYPERLINK(1),,female,1995-06-02,day,NER,migrant,,,,LY020908,2026-01-01",
        "A4,Hawa,,female,1995-02-30,day,NER,migrant,,,,LY020908,2026-01-01",
        "A5,Hawa,,female,1995-02-03,day,NER,migrant,,,,LY777777,2026-01-01",
    ]
    body = (header + "\n".join(rows)).encode()

    first = await finished(registration, body)
    again = await finished(registration, body)

    assert (first["total"], first["accepted"], first["rejected"]) == (5, 2, 3), first
    assert [(row["row"], row["column"], row["code"]) for row in first["rejected_rows"]] == [
        (4, "given_name", "formula"),
        (5, "birth_date", "value_error"),
        (6, "location_pcode", "unknown_place"),
    ]
    assert (again["accepted"], again["unchanged"], again["rejected"]) == (0, 2, 3)


async def finished(registration: Running, body: bytes) -> dict[str, Any]:
    response = await registration.client.post(
        "/v1/registration/imports", files={"file": ("register.csv", body, "text/csv")}
    )
    assert response.status_code == 202, response.text
    for _ in range(200):
        job: dict[str, Any] = (await registration.client.get(response.headers["location"])).json()
        if job["status"] in {"done", "failed"}:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(job)


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b"external_id,given_name\nA1,Ali\n", "table-header"),
        ("external_id,given_name\nA1,علي\n".encode("utf-16-le")[:-1], "wrong-encoding"),
        (b"", "table-unreadable"),
    ],
)
async def test_a_file_that_is_no_register_is_refused_whole(
    registration: Running, body: bytes, slug: str
) -> None:
    response = await registration.client.post(
        "/v1/registration/imports", files={"file": ("register.csv", body, "text/csv")}
    )

    assert response.status_code == 422, response.text
    assert response.json()["type"] == f"/problems/{slug}"


async def test_an_unknown_filter_is_refused(registration: Running) -> None:
    response = await registration.client.get("/v1/registration/persons?colour=blue")

    assert response.status_code == 400
    assert response.json()["type"] == "/problems/unknown-filter"


def test_a_usual_libyan_number_is_kept_as_the_library_would_keep_it() -> None:
    for written in ["+218912345678", "0912345678", "+2180912345678", "091-234 5678", "0212345678"]:
        number = phonenumbers.parse(written, rules.LIBYA)
        kept = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert rules.e164(written) == kept, written
