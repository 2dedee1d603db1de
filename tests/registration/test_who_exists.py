"""Nobody learns that somebody is in another's register: not by reading, not by registering."""

import uuid

from tests.conftest import Running
from tests.registration.test_persons import AMINA
from tests.registration.test_who_sees_whom import PATH, registered, registration, somebody

__all__ = ["registration"]

YUSUF = somebody("case_worker", "yusuf")
STRANGER = somebody("case_worker", "ali", organisation="other")


async def test_case_26_somebody_elses_person_and_nobody_are_answered_byte_for_byte_alike(
    registration: Running,
) -> None:
    known = await registered(registration, YUSUF)
    asked = {"X-Request-Id": "the-same"}
    patch = {"reason": "recorded_wrongly", "given_name": "Huda"}
    bodies: dict[str, set[tuple[int, bytes]]] = {}

    for person in (known, str(uuid.uuid4())):
        for method, path, body in (
            ("GET", f"{PATH}/{person}", None),
            ("PATCH", f"{PATH}/{person}", patch),
            ("GET", f"{PATH}/{person}/corrections", None),
            ("GET", f"{PATH}/{person}/assignments", None),
            ("DELETE", f"{PATH}/{person}/assignments/{uuid.UUID(int=7)}", None),
        ):
            headers = STRANGER | asked | {"If-Match": '"1"'}
            got = await registration.client.request(method, path, json=body, headers=headers)
            name = f"{method} {path.replace(person, '')}"
            bodies.setdefault(name, set()).add((got.status_code, got.content))

    assert len(bodies) == 5
    assert all(len(answers) == 1 for answers in bodies.values()), bodies
    assert {status for answers in bodies.values() for status, _ in answers} == {404}


async def test_case_32_a_person_known_to_another_organisation_is_registered_like_any_other(
    registration: Running,
) -> None:
    known = await registered(registration, YUSUF)

    again = await registration.client.post(PATH, json=AMINA, headers=STRANGER)
    new = await registration.client.post(
        PATH,
        json=AMINA
        | {
            "external_id": "R77",
            "given_name": "Hawa",
            "phone": "+218911111111",
            "documents": [{"type": "passport", "number": "Z7654321"}],
        },
        headers=STRANGER,
    )

    assert (again.status_code, new.status_code) == (201, 201)
    assert list(again.json()) == list(new.json())
    assert again.json()["id"] != known
    listed = (await registration.client.get(PATH, headers=STRANGER)).json()
    assert {each["id"] for each in listed["items"]} == {again.json()["id"], new.json()["id"]}


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
