"""Names in two scripts or none at all, papers, languages, places, disability; and what is kept."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.registration.main import SERVICE
from services.registration.matching.blocking import kept_under, looked_for_under
from services.registration.matching.evidence import compare, weights
from services.registration.persons import rules, sealed
from services.registration.persons.disability import QUESTIONS, Disability, with_disability
from services.registration.persons.models import Person, PersonIn
from services.registration.places.models import Place
from tests.conftest import Running, Start, bearer
from tests.registration.office import look_for_new
from tests.registration.test_corrections import correct
from tests.registration.test_matching import somebody
from tests.registration.test_persons import AMINA, finished

PERSONS = "/v1/registration/persons"
CASES = {"X-Purpose": "case_management"}
ANSWERS = dict.fromkeys(QUESTIONS, "no_difficulty") | {"seeing": "a_lot_of_difficulty"}
MORE: dict[str, Any] = {
    "given_name_latin": "Amina",
    "family_name_latin": "al-Tarhuni",
    "other_names": ["أم علي"],
    "stateless": False,
    "languages": ["ar", "ha"],
    "documents": [
        {"type": "passport", "number": "S1", "issuer": "Khartoum", "expires_on": "2031-01-01"}
    ],
    "place_before": "NER",
    "place_of_origin": "SD0101",
    "disability": ANSWERS,
}
NO_STATE: dict[str, Any] = {"nationality": "XXA"}
NOBODY: dict[str, Any] = {
    "external_id": "N1",
    "no_name_because": "infant",
    "sex": "male",
    "birth_date": "2026-01-01",
    "nationality": "SDN",
    "population_category": "migrant",
    "location_pcode": "LY020908",
    "registered_on": "2026-01-05",
}


@pytest.fixture
async def registration(start: Start) -> Running:
    running = await start(SERVICE)
    async with running.database.write() as session:
        session.add(Place(pcode="LY0209", level=2, parent_pcode="LY02", version=1))
        session.add(Place(pcode="LY020908", level=3, parent_pcode="LY0209", version=1))
    return running


async def test_what_is_told_of_somebody_comes_back_and_once_and_disability_is_sealed(
    registration: Running,
) -> None:
    client = registration.client
    answer = await client.post(PERSONS, json=AMINA | MORE, headers=CASES)
    assert answer.status_code == 201, answer.text
    person = answer.json()

    again = await client.post(PERSONS, json=AMINA | MORE, headers=CASES)
    differently = await client.post(PERSONS, json=AMINA | MORE | {"languages": ["ar"]})

    assert {name: person[name] for name in MORE} == MORE
    assert person["with_disability"] is True
    assert (again.status_code, again.json(), differently.status_code) == (200, person, 409)
    async with registration.database.read() as session:
        kept = await session.get(Person, UUID(person["id"]))
    assert kept is not None
    assert kept.disability is not None
    assert b"difficulty" not in kept.disability
    # Who has no purpose, or no role for it, sees neither the answers nor what follows from them.
    for headers in (bearer(), bearer(roles=("enumerator",)) | {"X-Purpose": "registration"}):
        seen = (await client.get(f"{PERSONS}/{person['id']}", headers=headers)).json()
        assert seen["disability"] == seen["with_disability"] == {"masked": True}


async def test_a_correction_of_a_name_takes_its_latin_spelling_along(registration: Running) -> None:
    answer = await registration.client.post(PERSONS, json=AMINA | MORE, headers=CASES)
    person = answer.json()["id"]

    await correct(registration, person, given_name="آمنة")
    refused = await correct(registration, person, '"2"', father_name=None, father_name_latin="Musa")
    since = {"reason": "has_changed", "changed_on": "2026-01-09", "population_category": "returnee"}
    changed = await correct(registration, person, '"2"', **since, documents=[])

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/father_name_latin"
    assert changed.status_code == 200, changed.text
    assert (changed.json()["given_name_latin"], changed.json()["family_name_latin"]) == (
        None,
        "al-Tarhuni",
    )
    path = f"{PERSONS}/{person}/corrections"
    steps = (await registration.client.get(path, headers=CASES)).json()["items"]
    assert [(each["changed_on"], each["before"]) for each in steps] == [
        ("2026-01-09", {"population_category": "migrant", "documents": MORE["documents"]}),
        (None, {"given_name": AMINA["given_name"], "given_name_latin": "Amina"}),
    ]


async def test_who_has_no_name_is_registered_with_the_reason_and_is_nobodys_double(
    registration: Running,
) -> None:
    client = registration.client
    answers = [
        await client.post(PERSONS, json=NOBODY | {"external_id": f"N{number}"})
        for number in range(3)
    ]
    await look_for_new(registration.database)
    listed = (await client.get("/v1/registration/duplicates", params={"band": "possible"})).json()

    assert [answer.status_code for answer in answers] == [201] * 3
    person = answers[0].json()
    assert (person["given_name"], person["no_name_because"]) == (None, "infant")
    assert listed["items"] == []
    stripped = await correct(registration, person["id"], no_name_because=None)
    assert stripped.json()["errors"][0]["pointer"] == "/no_name_because"
    named = (await correct(registration, person["id"], given_name="Adam")).json()
    assert (named["given_name"], named["no_name_because"]) == ("Adam", None)
    unnamed = await correct(registration, person["id"], '"2"', no_name_because="unknown")
    assert unnamed.json()["errors"][0]["pointer"] == "/no_name_because"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"no_name_because": None}, "/given_name"),
        ({"given_name": "Adam"}, "/given_name"),
        ({"no_name_because": "shy"}, "/no_name_because"),
        ({"given_name_latin": "Adam"}, "/given_name_latin"),
        ({"family_name": "آدم", "family_name_latin": "آدم"}, "/family_name_latin"),
        ({"other_names": ["a\u202eb"]}, "/other_names/0"),
        ({"other_names": ["\u200b"]}, "/other_names/0"),
        ({"other_names": ["\u0640\u0640"]}, "/other_names/0"),
        ({"other_names": ["\u064e\u064b"]}, "/other_names/0"),
        ({"consent": "yes"}, "/consent"),
        ({"other_names": ["a\u0000b"]}, "/other_names/0"),
        ({"family_name": "x" * 300}, "/family_name"),
        ({"age": 3}, "/birth_date"),
        ({"languages": ["Arabic"]}, "/languages/0"),
        ({"place_of_origin": "XXA"}, "/place_of_origin"),
        ({"nationality": "XKK"}, "/nationality"),
        ({"nationality": "XXA", "stateless": False}, "/stateless"),
        ({"disability": {"seeing": "no_difficulty"}}, "/disability/hearing"),
        ({"disability": ANSWERS | {"seeing": "blind"}}, "/disability/seeing"),
        (
            {"documents": [{"type": "id", "number": "1", "expires_on": 3}]},
            "/documents/0/expires_on",
        ),
    ],
)
def test_what_cannot_be_told_of_somebody_is_refused_where_it_stands(
    change: dict[str, Any], pointer: str
) -> None:
    told = {name: value for name, value in (NOBODY | change).items() if value is not None}

    with pytest.raises(ValidationError) as refused:
        PersonIn.model_validate(told)

    places = ["/" + "/".join(map(str, error["loc"])) for error in refused.value.errors()]
    assert pointer in places


async def test_the_code_of_the_stateless_says_that_somebody_is_until_it_is_corrected(
    registration: Running,
) -> None:
    client, nobodys = registration.client, AMINA | NO_STATE

    made = (await client.post(PERSONS, json=nobodys)).json()
    again = [
        await client.post(PERSONS, json=nobodys | told)
        for told in ({}, {"stateless": True}, {"stateless": False})
    ]

    assert made["stateless"] is True
    assert [answer.status_code for answer in again] == [200, 200, 422]
    refused = await correct(registration, made["id"], stateless=False)
    assert refused.json()["errors"][0]["pointer"] == "/stateless"
    assert (await correct(registration, made["id"], stateless=None)).json()["version"] == 1
    # What the code said goes with it, and comes with it; what was told of another stays.
    sudanese = (await correct(registration, made["id"], nationality="SDN")).json()
    told = (await correct(registration, made["id"], '"2"', stateless=False)).json()
    nobody = (await correct(registration, made["id"], '"3"', nationality="XXA")).json()
    assert [each["stateless"] for each in (sudanese, told, nobody)] == [None, False, True]
    kosovar = AMINA | {"external_id": "R3", "nationality": "XKX", "place_of_origin": "XKX"}
    assert (await client.post(PERSONS, json=kosovar)).json()["stateless"] is None
    refugee = AMINA | {"external_id": "R2", "nationality": "XXB"}
    assert (await client.post(PERSONS, json=refugee)).json()["stateless"] is None


async def test_who_was_registered_with_the_code_and_a_yes_is_known_again(
    registration: Running,
) -> None:
    form = PersonIn.model_validate(AMINA | NO_STATE | {"stateless": True})
    made = (await registration.client.post(PERSONS, json=AMINA | NO_STATE)).json()
    before = form.canonical(stateless=True)
    assert before != form.canonical() == PersonIn.model_validate(AMINA | NO_STATE).canonical()
    async with registration.database.write() as session:
        person = await session.get_one(Person, UUID(made["id"]))
        person.fingerprint = sealed.fingerprint(session, rules.fingerprint(before))
        session.add(person)

    again = await registration.client.post(PERSONS, json=AMINA | NO_STATE)
    other = await registration.client.post(PERSONS, json=AMINA | NO_STATE | {"sex": "other"})

    assert (again.status_code, other.status_code) == (200, 409)


async def test_a_register_tells_the_same_of_people_as_a_form(registration: Running) -> None:
    header = (
        "external_id,no_name_because,given_name,given_name_latin,other_names,languages,stateless,"
        "sex,birth_date,nationality,population_category,document_type,document_number,"
        "document_expires_on,location_pcode,place_of_origin,"
        + ",".join(f"disability_{question}" for question in QUESTIONS)
    )
    end = "1995-06-02,NER,migrant,passport,N1,2030-05-01,LY020908,NER"
    rows = [
        header,
        f"A1,,أمينة,Amina,أم علي; Mina,ar;fr,no,female,{end}," + ",".join(ANSWERS.values()),
        f"A2,found_body,,,,,,unknown,{end},,,,,,",
        f"A3,,,,,,,male,{end},,,,,,",
        f"A4,,Ali,,,ar;klingon,,male,{end},,,,,,",
        f"A5,,Ali,,,,,male,{end},no_difficulty,,,,,",
    ]

    job = await finished(registration, "\n".join(rows).encode())

    assert (job["accepted"], job["rejected"]) == (2, 3), job
    assert {(row["row"], row["column"]) for row in job["rejected_rows"]} >= {
        (4, "given_name"),
        (5, "languages"),
        (6, "disability_hearing"),
    }
    listed = await registration.client.get(PERSONS, headers=CASES)
    first, second = listed.json()["items"]
    assert (first["other_names"], first["languages"]) == (["أم علي", "Mina"], ["ar", "fr"])
    assert (first["stateless"], first["disability"]) == (False, ANSWERS)
    assert first["documents"][0]["expires_on"] == "2030-05-01"
    assert (second["given_name"], second["no_name_because"]) == (None, "found_body")


async def test_a_latin_spelling_and_another_name_find_their_bearer(registration: Running) -> None:
    told = AMINA | {"given_name_latin": "Emina", "other_names": ["Zubaida"]}
    await registration.client.post(PERSONS, json=told)
    await look_for_new(registration.database)

    found = await registration.client.get(PERSONS, params={"name": "Zubaida", "born_in": 1994})

    assert [each["external_id"] for each in found.json()["items"]] == [AMINA["external_id"]]


def test_nameless_people_are_looked_for_by_numbers_alone() -> None:
    nobody = {"given": None, "father": None, "grandfather": None, "family": None}

    assert looked_for_under(somebody(**nobody, born=date(2026, 1, 1))) == set()
    assert kept_under(somebody(**nobody, born=None, household="H1")) == set()
    assert kept_under(somebody(**nobody, phone="+218912345678")) == {"phone +218912345678"}


def test_a_latin_spelling_makes_a_pair_that_the_scripts_alone_leave_open() -> None:
    told = {"father": None, "grandfather": None, "family": None, "born": date(1990, 5, 4)}
    # A name that is written as no rule of spelling would guess.
    borne, spelt = somebody(given="ژولیت", **told), somebody(given="Zhouliette", **told)
    known = somebody(given="ژولیت", given_latin="Zhouliette", **told)

    alone, beside = (weights().score(compare(one, spelt, weights())) for one in (borne, known))

    assert beside > alone


def test_one_of_six_answers_at_the_cut_off_makes_a_disability() -> None:
    nothing = dict.fromkeys(QUESTIONS, "some_difficulty")

    assert with_disability(nothing) is False
    for question in QUESTIONS:
        assert with_disability(nothing | {question: "a_lot_of_difficulty"}) is True
        assert with_disability(nothing | {question: "cannot_do_at_all"}) is True
        for none in ("refused", "unknown"):
            assert with_disability(nothing | {question: none}) is None
    severe = {"seeing": "refused", "hearing": "cannot_do_at_all"}
    assert with_disability(nothing | severe) is True
    assert Disability.model_validate(nothing | severe).seeing == "refused"
    assert with_disability(None) is None
    assert with_disability({"masked": True}) is None
