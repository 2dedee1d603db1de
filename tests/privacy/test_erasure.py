"""Erased means erased: everywhere, for good, and with the counts as they were."""

import shutil
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from chassis.clock import new_id, now, today
from chassis.inbox import Consumer
from contracts.event import Envelope, Event
from contracts.registration import PersonRegistered
from services.assistance.main import SERVICE as ASSISTANCE
from services.returns.main import SERVICE as RETURNS
from standalone import Standalone
from tests.patience import ended, until
from tests.privacy.mission import CANARY, Mission, traces

PERSONS = "/v1/registration/persons"


async def test_case_43_nothing_of_an_erased_person_is_in_any_file(mission: Mission) -> None:
    await mission.assist_somebody()
    assert len({each.partition(":")[0] for each in traces(mission.system.home)}) > 0

    await mission.erase()

    assert list(traces(mission.system.home)) == []


async def test_case_43_a_kept_export_with_the_erased_person_is_destroyed(
    mission: Mission,
) -> None:
    await mission.assist_somebody()
    worker = mission.as_("case_worker")
    columns = ["external_id", "given_name", "family_name", "phone", "household_ref"]
    asked = await worker.post(
        "/v1/registration/exports",
        json={"format": "csv", "columns": columns, "filter": {"external_id": "CANARYEXTERNAL1"}},
        headers={"X-Purpose": "case_management"},
    )
    path = asked.headers["location"]

    async def ready() -> bool:
        return bool((await worker.get(path)).json()["status"] == "ready")

    await until(ready)
    kept = await worker.get(f"{path}/file")
    assert CANARY["household_ref"] in kept.text

    await mission.erase()

    found = (await worker.get(path)).json()
    assert (found["status"], found["ended_because"]) == ("gone", "person_erased")
    assert (await worker.get(f"{path}/file")).status_code == 410
    assert await rows(mission, "registration", "select count(*) from export_part") == 0
    assert await rows(mission, "registration", "select count(*) from exported_person") == 0
    assert list(traces(mission.system.home)) == []


async def test_case_43_rejected_rows_that_may_name_the_erased_are_destroyed(
    mission: Mission,
) -> None:
    await mission.assist_somebody()
    worker = mission.as_("case_worker")
    columns = [name for name, value in CANARY.items() if isinstance(value, str)]
    row = [str(CANARY[name]) for name in columns]
    row[columns.index("sex")] = "of another"
    register = "\n".join([",".join(columns), ",".join(row)])
    asked = await worker.post("/v1/registration/imports", files={"file": ("r.csv", register)})
    path = asked.headers["location"]

    async def done() -> bool:
        return bool((await worker.get(path)).json()["status"] == "done")

    await until(done)
    kept = await worker.get(f"{path}/rejected")
    assert CANARY["household_ref"] in kept.text

    await mission.erase()

    assert (await worker.get(f"{path}/rejected")).status_code == 404
    assert list(traces(mission.system.home)) == []


async def test_case_43_it_is_gone_for_the_officer_and_was_never_there_for_others(
    mission: Mission,
) -> None:
    await mission.assist_somebody()

    await mission.erase()

    assert await mission.status_for("dpo") == 410
    never = f"{PERSONS}/{new_id()}"
    for role in ("case_worker", "enumerator", "protection_officer", "medical_staff"):
        client = mission.as_(role)
        gone, unknown = await client.get(f"{PERSONS}/{mission.person}"), await client.get(never)
        assert (gone.status_code, without_id(gone)) == (404, without_id(unknown))
    for service in ("assistance", "returns"):
        path = f"/v1/{service}/people/{mission.person}"
        assert (await mission.as_("case_worker").get(path)).status_code == 404
    assert (await mission.as_("dpo").get(f"/v1/people/{mission.person}")).status_code == 410


def without_id(answer: httpx.Response) -> dict[str, object]:
    body: dict[str, object] = answer.json()
    return {name: value for name, value in body.items() if name != "instance"}


async def test_case_43_counts_stay_as_they_were(mission: Mission) -> None:
    await mission.assist_somebody()

    await mission.erase()

    assert await rows(mission, "assistance", "select count(*) from entitlement") == 1
    assert await rows(mission, "assistance", "select count(*) from distribution") == 1
    assert await rows(mission, "returns", "select count(*) from return_case") == 1
    delivered = "select count(*) from entitlement where status = 'delivered'"
    assert await rows(mission, "assistance", delivered) == 1
    linked = "select count(*) from distribution where person_id is not null"
    assert await rows(mission, "assistance", linked) == 0


async def rows(mission: Mission, service: str, statement: str) -> int:
    async with mission.database(service).reader.connect() as connection:
        return int((await connection.execute(text(statement))).scalar_one())


async def test_the_certificate_says_what_when_and_by_whom_and_of_nobody(
    mission: Mission,
) -> None:
    await mission.assist_somebody()

    erasure = await mission.erase()

    path = f"/v1/registration/erasures/{erasure['id']}/certificate"
    certificate = await mission.as_("dpo").get(path)
    assert certificate.status_code == 200, certificate.text
    told = certificate.json()
    assert (told["requested_by"], told["approved_by"]) == ("case_worker", "dpo")
    by_service = {each["service"]: each["rows"] for each in told["services"]}
    assert list(by_service) == ["assistance", "registration", "returns", "tracking"]
    assert by_service["registration"]["person"] == by_service["registration"]["correction"] == 1
    assert by_service["assistance"]["entitlement"] == 1
    assert by_service["returns"]["return_case"] == 1
    assert mission.person not in certificate.text


async def test_there_is_no_certificate_before_every_service_has_answered(
    mission: Mission,
) -> None:
    await mission.assist_somebody()
    erasure = await mission.ask()

    answer = await mission.as_("dpo").get(f"/v1/registration/erasures/{erasure}/certificate")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/out-of-order")


async def test_whoever_asked_does_not_approve_and_case_workers_never_do(
    mission: Mission,
) -> None:
    await mission.assist_somebody()
    erasure = await mission.ask()
    path = f"/v1/registration/erasures/{erasure}/approval"

    same_person = await mission.approve(erasure, sub="case_worker")
    worker = await mission.as_("case_worker", "another").post(path)

    assert (same_person.status_code, same_person.json()["type"]) == (
        403,
        "/problems/second-person-needed",
    )
    assert worker.status_code == 403
    assert await mission.status_for("case_worker") == 200


async def test_a_refused_erasure_leaves_the_record(mission: Mission) -> None:
    await mission.assist_somebody()
    path = f"/v1/registration/erasures/{await mission.ask()}"

    refused = await mission.as_("dpo").post(f"{path}/refusal", json={"refusal": "kept_by_law"})
    approved = await mission.as_("dpo").post(f"{path}/approval")

    assert (refused.status_code, refused.json()["status"]) == (200, "refused")
    assert approved.status_code == 409
    assert await mission.status_for("case_worker") == 200


async def test_a_legal_hold_keeps_the_record_until_it_is_lifted(mission: Mission) -> None:
    await mission.assist_somebody()
    officer = mission.as_("dpo")
    body = {"person_id": mission.person, "ground": "court_proceeding"}
    hold = (await officer.post("/v1/registration/legal-holds", json=body)).json()
    erasure = await mission.ask()

    held = await mission.approve(erasure)
    lifted = await officer.delete(f"/v1/registration/legal-holds/{hold['id']}")
    approved = await mission.approve(erasure)

    assert (held.status_code, held.json()["type"]) == (409, "/problems/legal-hold")
    assert lifted.json()["lifted_by"] == "dpo"
    assert approved.status_code == 202
    await mission.completed(erasure)


async def test_case_43_a_late_event_about_the_erased_has_no_effect(mission: Mission) -> None:
    await mission.assist_somebody()
    await mission.erase()
    late = PersonRegistered(
        person_id=mission.person,  # type: ignore[arg-type]  # As it comes from the bus.
        population_category="migrant",
        location_pcode="LY0209",
        registered_on=today(),
    )

    for each in (ASSISTANCE, RETURNS):
        consumer = Consumer(each.name, mission.database(each.name), each.subscriptions)
        await consumer.receive(in_envelope(late, sequence=9))

    assert len(await mission.entitlements(programme_id=mission.programme)) <= 1
    assert await mission.entitlements(person_id=mission.person) == []
    for service in ("assistance", "returns"):
        assert await rows(mission, service, "select count(*) from person") == 0


def in_envelope(event: Event, sequence: int) -> bytes:
    envelope = Envelope(
        id=new_id(),
        source="/registration",
        type=event.type,
        subject=str(new_id()),
        time=now(),
        dataschema="",
        sequence=sequence,
        data=event.model_dump(mode="json"),
    )
    return envelope.model_dump_json().encode()


async def test_an_old_register_does_not_bring_the_erased_back(mission: Mission) -> None:
    await mission.assist_somebody()
    await mission.erase()
    worker = mission.as_("case_worker")
    columns = (
        *("external_id", "given_name", "sex", "birth_date", "nationality"),
        *("population_category", "location_pcode"),
    )
    register = ",".join(columns) + "\n" + ",".join(CANARY[each] for each in columns) + "\n"

    again = await worker.post(PERSONS, json=CANARY)
    job = await worker.post(
        "/v1/registration/imports", files={"file": ("register.csv", register.encode())}
    )
    anew = await worker.post(PERSONS, json=CANARY | {"external_id": "ANOTHER"})

    async def told() -> dict[str, Any]:
        job_now: dict[str, Any] = (await worker.get(job.headers["location"])).json()
        return job_now

    imported = await until(told, ended)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/erased-external-id")
    assert [each["code"] for each in imported["rejected_rows"]] == ["was_erased"]
    assert anew.status_code == 201


async def test_case_43_a_restored_backup_does_not_bring_the_erased_back(tmp_path: Path) -> None:
    home, backup = tmp_path / "home", tmp_path / "backup"
    first = Standalone(home, "http://masar.test")
    async with first.running():
        mission = Mission(first)
        await mission.assist_somebody()
        await mission.close()
    shutil.copytree(home, backup)
    second = Standalone(home, "http://masar.test")
    async with second.running():
        mission.system = second
        await mission.erase()
        await mission.close()
    for path in backup.glob("*.sqlite"):
        shutil.copy(path, home)
    assert list(traces(home)) != []

    third = Standalone(home, "http://masar.test")
    async with third.running():
        mission.system = third
        before_any_request = list(traces(home))
        assert await mission.status_for("case_worker") == 404
        assert await mission.status_for("dpo") == 410
        officer = mission.as_("dpo")

        async def erased_everywhere() -> bool:
            found = (await officer.get("/v1/registration/erasures")).json()["items"]
            return [each["status"] for each in found if each["reason"] == "restored_backup"] == [
                "completed"
            ]

        await until(erased_everywhere)
        await mission.close()

    assert before_any_request == []
    assert list(traces(home)) == []
