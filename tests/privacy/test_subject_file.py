"""A person's own file: all that is held, who has seen it, and nobody else in it."""

import httpx
import pytest

from tests.patience import until
from tests.privacy.mission import CANARY, CORRECTED, Mission, made

PURPOSE = {"X-Purpose": "subject_access"}


async def opened(mission: Mission) -> str:
    """Let the person ask for their file, and return the request once every service knows of it."""
    body = {"person_id": mission.person, "kind": "access"}
    request = await made(mission.as_("case_worker"), "/v1/registration/subject-requests", body)

    async def complete() -> bool:
        told = (await file(mission)).json()
        return bool(told.get("assistance") and told.get("returns"))

    await until(complete)
    return request


async def file(mission: Mission, role: str = "dpo") -> httpx.Response:
    return await mission.as_(role).get(f"/v1/people/{mission.person}/file", headers=PURPOSE)


async def test_case_45_the_file_has_what_every_service_holds_opened(mission: Mission) -> None:
    await mission.assist_somebody()
    await opened(mission)

    answer = await file(mission)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    (person,) = told["registration"]["held"]["person"]
    assert (person["given_name"], person["phone"]) == (CORRECTED, CANARY["phone"])
    assert person["documents"] == CANARY["documents"]
    assert person["other_phones"] == CANARY["other_phones"]
    (correction,) = told["registration"]["held"]["correction"]
    assert correction["before"] == {"given_name": CANARY["given_name"]}
    assert len(told["assistance"]["held"]["distribution"]) == 1
    assert len(told["returns"]["held"]["return_case"]) == 1
    assert answer.headers["cache-control"] == "no-store"


async def test_case_45_other_people_are_masked_in_it(mission: Mission) -> None:
    await mission.assist_somebody()
    await opened(mission)

    answer = await file(mission)

    (person,) = answer.json()["registration"]["held"]["person"]
    assert person["created_by"] == person["case_owner"] == {"masked": True}
    (distribution,) = answer.json()["assistance"]["held"]["distribution"]
    assert distribution["delivered_by"] == {"masked": True}
    assert '"case_worker"' not in answer.text.replace('"roles":["case_worker"]', "")


async def test_case_45_it_says_who_has_seen_the_record_and_is_itself_on_record(
    mission: Mission,
) -> None:
    await mission.assist_somebody()
    await mission.as_("case_worker").get(f"/v1/registration/persons/{mission.person}")
    await opened(mission)
    await file(mission)

    async def on_record() -> bool:
        # A service that does not answer in time is named as missing, and its part is not there.
        part = (await file(mission)).json().get("registration", {})
        read_by = part.get("read_by", [])
        acts = {(*each["roles"], each["action"], each["resource"]) for each in read_by}
        return {
            ("case_worker", "read", "person"),
            ("dpo", "read", "subject_file"),
        } <= acts

    assert await until(on_record)


@pytest.mark.parametrize(
    "role", ["case_worker", "enumerator", "protection_officer", "medical_staff", "admin"]
)
async def test_only_the_officer_gets_the_file(mission: Mission, role: str) -> None:
    await mission.assist_somebody()
    await opened(mission)

    answer = await file(mission, role)

    assert answer.status_code == 403


async def test_without_an_open_request_there_is_no_file(mission: Mission) -> None:
    await mission.assist_somebody()
    before = await file(mission)
    request = await opened(mission)
    path = f"/v1/registration/subject-requests/{request}/closure"
    await mission.as_("dpo").post(path)

    after = await file(mission)

    async def closed_everywhere() -> bool:
        paths = [f"/v1/{name}/people/{mission.person}/file" for name in ("assistance", "returns")]
        officer = mission.as_("dpo")
        answers = [await officer.get(path, headers=PURPOSE) for path in paths]
        return [each.status_code for each in answers] == [404, 404]

    assert (before.status_code, after.status_code) == (404, 404)
    assert await until(closed_everywhere)


async def test_another_organisation_s_officer_finds_nobody(mission: Mission) -> None:
    await mission.assist_somebody()
    await opened(mission)

    officer = mission.as_("dpo", organisation="another")
    answer = await officer.get(f"/v1/people/{mission.person}/file", headers=PURPOSE)

    assert answer.status_code == 404
