"""Somebody may have more telephones than one: each is kept, found and compared as the first is."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from chassis.tabular import Row
from services.registration.imports.rules import read_person
from services.registration.main import SERVICE
from services.registration.mappings.models import ColumnIn, MappingIn
from services.registration.mappings.proposals import propose
from services.registration.mappings.questions import of_table
from services.registration.mappings.rules import mapped
from services.registration.matching.blocking import kept_under
from services.registration.matching.evidence import levels_of, weights
from services.registration.persons.models import Person, PersonIn
from services.registration.persons.phones import OtherPhoneIndex
from services.registration.places.models import Place
from tests.conftest import Start
from tests.registration.office import DUPLICATES, NAWAL, PERSONS, Office, look_for_new
from tests.registration.test_exports import file, imported, made
from tests.registration.test_matching import somebody

CASES = {"X-Purpose": "case_management"}
FIRST, SECOND, THIRD, FOURTH = (f"+21891234567{number}" for number in (7, 2, 3, 4))
SEVERAL: dict[str, Any] = {"other_phones": ["091 234 5672", FIRST, "٠٩١٢٣٤٥٦٧٢", THIRD]}
ROW = {name: value for name, value in NAWAL.items() if isinstance(value, str)}
CALL: dict[str, Any] = {"given_name": "نوال", "nationality": "SDN", "phone": FIRST}


@pytest.fixture
async def office(start: Start) -> Office:
    running = await start(SERVICE)
    async with running.database.write() as session:
        for pcode, parent in (("LY0209", "LY02"), ("LY020908", "LY0209")):
            level = len(pcode) // 2 - 1
            session.add(Place(pcode=pcode, level=level, parent_pcode=parent, version=1))
    return Office(running)


async def found(office: Office, phone: str) -> list[str]:
    by_phone = {"phone": phone}
    answer = await office.case_worker.get(PERSONS, params=by_phone, headers=CASES)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def test_every_number_is_kept_once_and_sealed_finds_its_owner_and_is_shown_as_the_first(
    office: Office,
) -> None:
    karim = office.case_worker
    answer = await karim.post(PERSONS, NAWAL | SEVERAL, headers=CASES)
    assert answer.status_code == 201, answer.text
    person = answer.json()

    assert (person["phone"], person["other_phones"]) == (FIRST, [SECOND, THIRD])
    assert [await found(office, each) for each in (FIRST, SECOND, THIRD)] == [[person["id"]]] * 3
    assert await found(office, FOURTH) == []
    again = await karim.post(PERSONS, NAWAL | {"other_phones": [SECOND, THIRD]})
    assert (again.status_code, again.json()["id"]) == (200, person["id"])
    assert (await karim.post(PERSONS, NAWAL)).status_code == 409
    unseen = (await karim.get(f"{PERSONS}/{person['id']}")).json()
    assert unseen["phone"] == unseen["other_phones"] == {"masked": True}
    outbox = office.running.database.tables.outbox
    async with office.running.database.read() as session:
        kept = await session.get_one(Person, UUID(person["id"]))
        told = "".join((await session.exec(select(outbox.body))).all())
    assert kept.other_phones is not None
    assert b"1234567" not in kept.other_phones
    assert "1234567" not in told


async def test_a_correction_of_numbers_keeps_each_once_and_what_they_were(office: Office) -> None:
    path = f"{PERSONS}/{await office.register(**SEVERAL)}"

    async def correct(version: int, **changes: Any) -> dict[str, Any]:
        answer = await office.case_worker.send(
            "PATCH",
            path,
            json={"reason": "has_changed", **changes},
            headers=CASES | {"If-Match": f'"{version}"'},
        )
        told: dict[str, Any] = answer.json()
        return told

    first = await correct(1, phone=THIRD)
    second = await correct(2, other_phones=[THIRD, FOURTH])
    refused = [await correct(3, other_phones=each) for each in (None, ["12"], [FIRST] * 6)]
    steps = (await office.case_worker.get(f"{path}/corrections", headers=CASES)).json()["items"]

    assert (first["phone"], first["other_phones"]) == (THIRD, [SECOND])
    assert second["other_phones"] == [FOURTH]
    assert [each["status"] for each in refused] == [422] * 3
    assert [each["before"] for each in steps] == [
        {"other_phones": [SECOND]},
        {"phone": FIRST, "other_phones": [SECOND, THIRD]},
    ]
    theirs = [await found(office, each) for each in (FIRST, SECOND, THIRD, FOURTH)]
    assert [len(each) for each in theirs] == [0, 0, 1, 1]


async def test_whoever_shares_any_number_may_be_the_same(office: Office) -> None:
    one = await office.register(**SEVERAL)
    other = await office.register(external_id="R2", phone=SECOND, documents=[], household_ref=None)

    await look_for_new(office.running.database)

    [pair] = (await office.officer.get(DUPLICATES, params={"status": "open"})).json()["items"]
    assert {pair[side]["person_id"] for side in ("left", "right")} == {one, other}
    [phone] = [each for each in pair["reasons"] if each["attribute"] == "phone"]
    assert phone["level"] == "same"


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("1", ()), ("2", ("1",)), "same"),
        ((None, ("1", "2")), ("3", ("2",)), "same"),
        (("1", ("2",)), ("3", ()), "other"),
        (("1", ("2",)), (None, ()), "missing"),
        ((None, ("1",)), ("1", ()), "same"),
    ],
)
def test_a_phone_agrees_where_any_of_the_numbers_does(
    left: tuple[str | None, tuple[str, ...]], right: tuple[str | None, tuple[str, ...]], level: str
) -> None:
    one, other = (somebody(phone=first, other_phones=others) for first, others in (left, right))

    assert ("phone", level) in levels_of(one, other, weights().transducer)
    assert ("phone", level) in levels_of(other, one, weights().transducer)
    assert kept_under(one) >= {f"phone {each}" for each in one.phones}


async def test_who_rings_may_leave_several_numbers_and_the_completion_others(
    office: Office,
) -> None:
    karim, path = office.case_worker, "/v1/registration/enquiries"
    enquiry = (await karim.post(path, CALL | {"other_phones": [SECOND]}, headers=CASES)).json()
    before = [await found(office, each) for each in (FIRST, SECOND)]
    rest = {name: value for name, value in NAWAL.items() if name not in CALL}

    done = await karim.send(
        "PUT",
        f"{path}/{enquiry['id']}/completion",
        json=rest | {"other_phones": [FIRST, THIRD]},
        headers=CASES | {"If-Match": '"1"'},
    )

    assert before == [[enquiry["id"]]] * 2
    assert (done.json()["phone"], done.json()["other_phones"]) == (FIRST, [THIRD])
    assert [len(await found(office, each)) for each in (SECOND, THIRD)] == [0, 1]


async def test_numbers_come_in_as_a_column_and_go_out_as_they_came(office: Office) -> None:
    columns = [name for name, value in NAWAL.items() if isinstance(value, str)]
    common = ",".join(str(NAWAL[name]) for name in columns if name != "external_id")
    lines = [
        ",".join(["external_id", *(name for name in columns if name != "external_id")])
        + ",other_phones",
        f"R1,{common},{SECOND}; 0912345673",
        f"R2,{common},",
        f"R3,{common},=1+1; {SECOND}",
        f"R4,{common},{SECOND}; 12",
    ]

    job = await imported(office.case_worker, "\n".join(lines).encode())

    assert (job["accepted"], job["rejected"]) == (2, 2), job
    assert {(each["row"], each["column"]) for each in job["rejected_rows"]} == {
        (4, "other_phones"),
        (5, "other_phones"),
    }
    assert len(await found(office, THIRD)) == 1
    async with office.running.database.read() as session:
        kept = await session.exec(select(Person.other_phones).order_by(col(Person.external_id)))
        assert [each is not None for each in kept] == [True, False]
        assert len((await session.exec(select(OtherPhoneIndex))).all()) == 2
    export = await made(office.case_worker, [*columns, "other_phones"])
    content = (await file(office.case_worker, export)).content
    assert f"'{SECOND}; {THIRD}".encode() in content
    again = await imported(office.case_worker, content)
    assert (again["unchanged"], again["rejected"]) == (2, 0), again


def test_each_column_of_a_further_number_is_proposed_and_all_of_them_count() -> None:
    header = ["ID", "Phone", "هاتف آخر", "Second phone number", "phone_3", "Telephone owner"]
    told = propose(of_table([(1, header), (2, ["1", FIRST, SECOND, "", THIRD, "Ali"])]))

    fields = {each.column: each.field for each in told.columns}
    assert fields == {"ID": "external_id", "Phone": "phone"} | dict.fromkeys(
        header[2:5], "other_phones"
    )
    mapping = MappingIn(
        name="M", columns=[ColumnIn(column=column, field=name) for column, name in fields.items()]
    )
    cells = mapped(mapping, Row(2, {"هاتف آخر": SECOND, "phone_3": f" {THIRD} ", "ID": "1"})).cells
    assert cells == {"other_phones": f"{SECOND}; {THIRD}", "external_id": "1"}
    whole = {name: str(value) for name, value in NAWAL.items() if isinstance(value, str)} | cells
    read = read_person(Row(2, whole))
    assert isinstance(read, PersonIn)
    assert read.other_phones == [SECOND, THIRD]


@pytest.mark.parametrize(
    ("cell", "phone", "others"),
    [
        ("0912345671 / 0923456782", "+218912345671", ["+218923456782"]),
        ("+218912345671;+249912345678", "+218912345671", ["+249912345678"]),
        (
            "٠٩١٢٣٤٥٦٧١، 0923456782\n+249912345678",
            "+218912345671",
            ["+218923456782", "+249912345678"],
        ),
        ("091/2345671", "+218912345671", []),
        ("+218-91-234 5671", "+218912345671", []),
        ("+218 (91) 2345671; +249.912345678", "+218912345671", ["+249912345678"]),
        ("912345671.0", "+218912345671", []),
        ("0912345671; 091 234 5671 ;", "+218912345671", []),
        ("0912345671 و 0923456782", "+218912345671", ["+218923456782"]),
        ("٠٩١٢٣٤٥٦٧١ أو٠٩٢٣٤٥٦٧٨٢", "+218912345671", ["+218923456782"]),
        ("+218912345671 or +249912345678", "+218912345671", ["+249912345678"]),
        ("0912345671 et 0923456782", "+218912345671", ["+218923456782"]),
    ],
)
def test_two_numbers_in_the_cell_of_one_are_both_kept(
    cell: str, phone: str, others: list[str]
) -> None:
    person = read_person(Row(2, ROW | {"phone": cell}))
    assert isinstance(person, PersonIn)
    assert (person.phone, person.other_phones) == (phone, others)


def test_of_two_numbers_in_one_cell_the_wrong_one_refuses_it() -> None:
    for cell, code in [
        ("0912345671 / 12", "string_too_short"),
        ("+218 91 234 5671 ext. 12", "value_error"),
        ("+218912345671+cmd", "formula"),
        ("+218912345671 or cmd", "formula"),
        ("=0912345671", "formula"),
    ]:
        remarks = read_person(Row(2, ROW | {"phone": cell}))
        assert isinstance(remarks, list), cell
        assert [(each.column, each.code) for each in remarks] == [("phone", code)]
