"""Nobody learns that somebody is in another's register: not by reading, not by registering."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
from sqlalchemy import event

from chassis.db import Database
from chassis.policy import policy
from chassis.telemetry import current_request_id
from tests.authz.test_every_cell import BODIES
from tests.conftest import Running, bearer
from tests.registration.office import look_for_new
from tests.registration.test_persons import AMINA
from tests.registration.test_who_sees_whom import PATH, registered, registration, somebody

__all__ = ["registration"]

YUSUF = somebody("case_worker", "yusuf")
STRANGER = bearer(sub="ali", organisation="other", roles=sorted(policy().roles))
"""Somebody of another organisation, with every role that there is."""
DUPLICATES = "/v1/registration/duplicates"


async def test_case_26_somebody_elses_person_and_nobody_are_answered_byte_for_byte_alike(
    registration: Running,
) -> None:
    """The two are the same work too: `python -m benchmarks oracle` measures that it shows."""
    known = await registered(registration, YUSUF)
    operations = on_a_person(registration)
    assert len(operations) > 15
    unlike = []

    for name in operations:
        answers = [await asked(registration, name, each) for each in (known, str(uuid.uuid4()))]
        if answers[0] != answers[1] or answers[0].status != 404:
            unlike.append((name, answers))

    assert unlike == []


class Answer(NamedTuple):
    status: int
    body: bytes
    statements: list[str]


def on_a_person(registration: Running) -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, methods in registration.app.openapi()["paths"].items()
        for method in methods
        if "{person_id}" in path
    ]


async def asked(registration: Running, name: str, person: str) -> Answer:
    """Let the stranger try an operation on a person; return what they got, and what it took."""
    method, path = name.split(" ")
    ids = {
        each: str(uuid.UUID(int=7))
        for each in ("assignment_id", "note_id", "assessment_id", "household_id", "scan_id")
    }
    ids["person_id"] = person
    url = path.format_map(ids)
    body = BODIES.get(name)
    headers = STRANGER | {"X-Request-Id": "the-same", "If-Match": '"1"', "X-Purpose": purpose(url)}
    content: dict[str, Any] = {"json": body(ids) if callable(body) else body}
    if name.startswith("POST") and url.endswith("/document-scans"):
        file = ("scan.pdf", b"%PDF-1.7", "application/pdf")
        content = {"params": {"document_type": "passport"}, "files": {"file": file}}
    with statements_of(registration.database, "the-same") as statements:
        got = await registration.client.request(method, url, headers=headers, **content)
    return Answer(got.status_code, got.content, statements)


def purpose(url: str) -> str:
    if url.endswith("/file"):
        return "subject_access"
    return "medical_care" if "medical" in url else "protection"


@contextmanager
def statements_of(database: Database, request_id: str) -> Iterator[list[str]]:
    """Note the statements of one request, and not those of the work that goes on beside it."""
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if current_request_id() == request_id:
            noted.append(statement)

    engines = {each.sync_engine for each in (database.reader, database.writer, database.recorder)}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield noted
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_case_32_a_person_known_to_another_organisation_is_registered_like_any_other(
    registration: Running,
) -> None:
    known = await registered(registration, YUSUF)
    theirs = AMINA | {"external_id": "R78"}
    nobody_s = AMINA | {
        "external_id": "R77",
        "given_name": "Hawa",
        "phone": "+218911111111",
        "documents": [{"type": "passport", "number": "Z7654321"}],
    }
    # What a service does once, it has done after the first.
    await registered(registration, STRANGER, external_id="R79")

    again, work = await registering(registration, theirs)
    new, same_work = await registering(registration, nobody_s)

    assert (again.status_code, new.status_code) == (201, 201)
    assert list(again.json()) == list(new.json())
    assert work == same_work
    assert len(work) > 5
    listed = (await registration.client.get(PATH, headers=STRANGER)).json()["items"]
    assert known not in {each["id"] for each in listed}
    assert {again.json()["id"], new.json()["id"]} < {each["id"] for each in listed}


async def registering(
    registration: Running, form: dict[str, Any]
) -> tuple[httpx.Response, list[str]]:
    with statements_of(registration.database, "the-same") as statements:
        response = await registration.client.post(
            PATH, json=form, headers=STRANGER | {"X-Request-Id": "the-same"}
        )
    return response, statements


async def test_case_32_that_two_may_be_one_shows_to_reviewers_of_both_alone(
    registration: Running,
) -> None:
    known = await registered(registration, YUSUF)
    again = await registered(registration, STRANGER)

    await look_for_new(registration.database)

    async def pairs(who: dict[str, str]) -> list[set[str]]:
        found = (await registration.client.get(DUPLICATES, headers=who)).json()["items"]
        return [{each["left"]["person_id"], each["right"]["person_id"]} for each in found]

    agreed = [{"id": "A1", "organisation": "iom", "places": ["LY"]}]
    both = somebody("protection_officer", "nora", organisation="other", agreements=agreed)
    for one_side in (
        somebody("protection_officer", "nadia"),
        somebody("protection_officer", "nora", organisation="other"),
    ):
        assert await pairs(one_side) == []
    assert await pairs(both) == [{known, again}]


async def test_case_35_nobody_assigns_a_person_to_themselves(registration: Running) -> None:
    person = await registered(registration, YUSUF)
    officer = somebody("protection_officer", "salma")
    path = f"{PATH}/{person}/assignments"

    own = await registration.client.post(path, json={"worker_id": "salma"}, headers=officer)
    other = await registration.client.post(path, json={"worker_id": "hana"}, headers=officer)
    medical = await registration.client.get(
        f"{PATH}/{person}", headers=somebody("medical_staff", "hana")
    )

    assert (own.status_code, other.status_code, medical.status_code) == (403, 201, 200)


async def test_an_assignment_that_ended_opens_nothing(registration: Running) -> None:
    person = await registered(registration, YUSUF)
    path = f"{PATH}/{person}/assignments"
    made = await registration.client.post(path, json={"worker_id": "hana"}, headers=YUSUF)

    ended = await registration.client.delete(f"{path}/{made.json()['id']}", headers=YUSUF)

    hana = somebody("medical_staff", "hana")
    got = await registration.client.get(f"{PATH}/{person}", headers=hana)
    assert (ended.status_code, got.status_code) == (204, 404)
