"""People log in with two factors, stay in for a while, and are out when they should be."""

import asyncio
import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from chassis.clock import now
from gateway.identity.sessions import service as sessions
from gateway.identity.sessions.models import RefreshToken
from gateway.identity.staff import rules
from gateway.identity.staff.models import Staff
from tests.gateway.house import (
    PASSWORD,
    PEER,
    SESSIONS,
    STAFF,
    House,
    Person,
    bearer_of,
    claims_of,
)


async def test_a_person_logs_in_with_name_password_and_code(house: House) -> None:
    amal = await house.person("amal", "case_worker")

    response = await house.client.post(SESSIONS, json=amal.login())

    begun = response.json()
    claims = claims_of(begun["access_token"])
    assert response.status_code == 201
    assert 300 <= begun["expires_in"] <= 900
    assert response.headers["cache-control"] == "no-store"
    assert claims["sub"] == amal.subject
    assert claims["grants"] == [{"role": "case_worker", "places": ["LY02"]}]
    assert claims["amr"] == ["pwd", "otp"]
    assert claims["auth_time"] == pytest.approx(time.time(), abs=60)


async def test_a_code_counts_once(house: House) -> None:
    amal = await house.person("amal")
    form = amal.login()

    answers = [await house.client.post(SESSIONS, json=form) for _ in range(2)]

    assert [response.status_code for response in answers] == [201, 401]


async def test_an_older_code_does_not_count_after_a_newer_one(house: House) -> None:
    amal = await house.person("amal")
    await house.client.post(SESSIONS, json=amal.login(steps=1))

    response = await house.client.post(SESSIONS, json=amal.login(steps=0))

    assert response.status_code == 401


async def test_whatever_is_wrong_the_answer_is_one(house: House) -> None:
    amal = await house.person("amal")
    closed = await house.person("closed")
    await house.as_admin("DELETE", f"{STAFF}/{closed.id}")
    wrong: list[dict[str, Any]] = [
        amal.login(password="wrong"),
        amal.login(code="000000"),
        amal.login(name="nobody"),
        amal.login(organisation="another"),
        closed.login(),
    ]

    answers = [await house.client.post(SESSIONS, json=form) for form in wrong]

    bodies = [response.json() | {"instance": ""} for response in answers]
    assert {response.status_code for response in answers} == {401}
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.usefixtures("slow_passwords")
async def test_an_unknown_name_costs_as_much_time_as_a_wrong_password(house: House) -> None:
    await house.person("amal")
    form = {"password": "wrong", "code": "000000"}

    async def seconds(name: str) -> float:
        started = time.perf_counter()
        await house.client.post(SESSIONS, json=form | {"name": name})
        return time.perf_counter() - started

    await seconds("nobody0")
    known = median([await seconds("amal") for _ in range(4)])
    unknown = median([await seconds(f"nobody{number}") for number in range(1, 5)])

    # Without the hash of nobody it is less than a tenth; a busy machine must not fail this.
    assert unknown > known / 3


async def test_case_25_forwarded_addresses_open_no_new_tries(house: House) -> None:
    form = {"password": "wrong", "code": "000000"}

    answers = [
        await house.client.post(
            SESSIONS,
            json=form | {"name": f"name{number}"},
            headers={"X-Forwarded-For": f"6.6.6.{number}", "X-Real-IP": f"6.6.6.{number}"},
        )
        for number in range(200)
    ]

    statuses = [response.status_code for response in answers]
    assert statuses == [401] * 10 + [429] * 190
    assert int(answers[-1].headers["retry-after"]) > 0
    async with house.from_address("192.0.2.8") as elsewhere:
        other = await elsewhere.post(SESSIONS, json=form | {"name": "amal"})
    assert other.status_code == 401


async def test_case_25_the_record_holds_the_real_address(house: House, tmp_path: Path) -> None:
    form = {"name": "amal", "password": "wrong", "code": "000000"}

    await house.client.post(SESSIONS, json=form, headers={"X-Forwarded-For": "6.6.6.6"})

    with sqlite3.connect(tmp_path / "gateway.sqlite") as connection:
        rows = connection.execute("select action, decision, reason from audit_entry").fetchall()
    connection.close()
    [(reason,)] = [row[2:] for row in rows if row[:2] == ("login", "refused")]
    assert reason.startswith(f"from {PEER},")


async def test_logins_that_succeed_do_not_use_up_the_tries_of_an_office(house: House) -> None:
    people = [await house.person(f"person{number}") for number in range(3)]

    for _ in range(4):
        for person in people:
            await house.log_in(person)


async def test_an_account_rests_after_failures_even_for_the_right_password(house: House) -> None:
    amal = await house.person("amal")
    for _ in range(rules.FREE_FAILURES):
        await house.client.post(SESSIONS, json=amal.login(password="wrong"))

    resting = await house.client.post(SESSIONS, json=amal.login())
    async with house.database.write() as session:
        await session.exec(update(Staff).values(locked_until=now() - timedelta(seconds=1)))
    rested = await house.client.post(SESSIONS, json=amal.login())

    assert (resting.status_code, rested.status_code) == (401, 201)


def test_each_rest_is_twice_as_long_up_to_an_hour() -> None:
    assert rules.lock_after(4) is None
    assert [rules.lock_after(n) for n in (5, 6, 7)] == [timedelta(seconds=s) for s in (30, 60, 120)]
    assert rules.lock_after(100) == timedelta(hours=1)


async def test_tries_at_the_same_moment_do_not_pass_the_limit(house: House) -> None:
    amal = await house.person("amal")

    answers = await asyncio.gather(
        *(house.client.post(SESSIONS, json=amal.login(password="wrong")) for _ in range(30))
    )

    assert [response.status_code for response in answers].count(401) == 10


async def test_a_session_is_renewed_with_the_rights_of_that_moment(house: House) -> None:
    amal = await house.person("amal")
    begun = await house.log_in(amal)
    await house.assign(amal.subject, "enumerator")

    renewed = await house.client.post(
        f"{SESSIONS}/renewal", json={"refresh_token": begun["refresh_token"]}
    )

    claims = claims_of(renewed.json()["access_token"])
    assert [grant["role"] for grant in claims["grants"]] == ["enumerator"]
    assert claims["sid"] == claims_of(begun["access_token"])["sid"]


async def test_a_refresh_token_that_comes_twice_ends_the_session(house: House) -> None:
    amal = await house.person("amal")
    begun = await house.log_in(amal)
    old = {"refresh_token": begun["refresh_token"]}
    renewed = (await house.client.post(f"{SESSIONS}/renewal", json=old)).json()

    again = await house.client.post(f"{SESSIONS}/renewal", json=old)

    new = {"refresh_token": renewed["refresh_token"]}
    after = await house.client.post(f"{SESSIONS}/renewal", json=new)
    used = await house.client.get("/v1/tracking/x", headers=bearer_of(renewed["access_token"]))
    assert [each.status_code for each in (again, after, used)] == [401, 401, 401]


async def test_a_session_that_was_logged_out_is_over(house: House) -> None:
    amal = await house.person("amal")
    begun, other = await house.log_in(amal), await house.log_in(amal)
    headers = bearer_of(begun["access_token"])
    before = await house.client.get("/v1/tracking/x", headers=headers)

    ended = await house.client.delete(f"{SESSIONS}/current", headers=headers)

    after = await house.client.get("/v1/tracking/x", headers=headers)
    refresh = {"refresh_token": begun["refresh_token"]}
    renewal = await house.client.post(f"{SESSIONS}/renewal", json=refresh)
    elsewhere = await house.client.get("/v1/tracking/x", headers=bearer_of(other["access_token"]))
    assert (before.status_code, ended.status_code) == (204, 204)
    assert (after.status_code, renewal.status_code) == (401, 401)
    assert elsewhere.status_code == 204


async def test_a_fresh_second_factor_is_in_the_token(house: House) -> None:
    amal = await house.person("amal")
    begun = await house.log_in(amal)
    headers = bearer_of(begun["access_token"])
    path = f"{SESSIONS}/current/confirmation"

    wrong = await house.client.post(path, json={"code": "000000"}, headers=headers)
    await asyncio.sleep(1.1)
    right = await house.client.post(path, json={"code": amal.code(1)}, headers=headers)

    assert (wrong.status_code, right.status_code) == (401, 200)
    fresh = claims_of(right.json()["access_token"])
    assert fresh["auth_time"] > claims_of(begun["access_token"])["auth_time"]
    assert fresh["sid"] == claims_of(begun["access_token"])["sid"]


async def test_an_invitation_opens_an_account_once(house: House) -> None:
    form = {"name": "amal", "full_name": "Amal", "organisation": "iom"}
    made = (await house.as_admin("POST", STAFF, json=form)).json()
    await house.open_account(made)

    again = await house.client.post("/v1/staff/enrolment", json={"invitation": made["invitation"]})

    assert again.status_code == 401
    assert made["invitation"] not in (await house.as_admin("GET", STAFF)).text


@pytest.mark.parametrize(
    "password", ["elevenchars", "password12345678", "amal-amal-amal-1", "aaaaaaaaaaaaaa"]
)
async def test_a_password_that_is_guessed_is_refused(house: House, password: str) -> None:
    form = {"name": "amal", "full_name": "Amal", "organisation": "iom"}
    made = (await house.as_admin("POST", STAFF, json=form)).json()
    invitation = {"invitation": made["invitation"]}
    told = (await house.client.post("/v1/staff/enrolment", json=invitation)).json()
    code = Person(made, told["secret"]).code()

    response = await house.client.post(
        "/v1/staff/activation", json=invitation | {"password": password, "code": code}
    )

    assert response.status_code == 422
    assert password not in response.text


async def test_who_is_invited_again_begins_anew(house: House) -> None:
    dpo = await house.person("dpo", "dpo")
    amal = await house.person("amal")
    role = await house.assign(amal.subject, "medical_staff")
    headers = bearer_of((await house.log_in(dpo))["access_token"])
    approval = f"/v1/identity/assignments/{role['id']}/approval"
    assert (await house.client.post(approval, headers=headers)).json()["state"] == "in force"
    begun = await house.log_in(amal)

    made = (await house.as_admin("POST", f"{STAFF}/{amal.id}/invitation")).json()

    refresh = {"refresh_token": begun["refresh_token"]}
    used = await house.client.get("/v1/tracking/x", headers=bearer_of(begun["access_token"]))
    old = await house.client.post(SESSIONS, json=amal.login(1))
    amal = await house.open_account(made)
    renewal = await house.client.post(f"{SESSIONS}/renewal", json=refresh)
    claims = claims_of((await house.log_in(amal))["access_token"])
    assert [each.status_code for each in (used, old, renewal)] == [401, 401, 401]
    assert claims["grants"] == []


async def test_neither_password_nor_secret_is_in_the_database(house: House, tmp_path: Path) -> None:
    amal = await house.person("amal")
    begun = await house.log_in(amal)

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.sqlite*"))

    for secret in (PASSWORD, amal.secret, begun["refresh_token"], begun["access_token"]):
        assert secret.encode() not in kept


async def test_spent_and_overdue_refresh_tokens_are_dropped_after_half_a_day(house: House) -> None:
    amal = await house.person("amal")
    begun = await house.log_in(amal)
    old = {"refresh_token": begun["refresh_token"]}
    renewed = (await house.client.post(f"{SESSIONS}/renewal", json=old)).json()
    async with house.database.write() as session:
        spent = col(RefreshToken.used_at).is_not(None)
        past = now() - sessions.LASTS - timedelta(minutes=1)
        await session.exec(update(RefreshToken).where(spent).values(until=past))

    async with house.database.write() as session:
        await sessions.forget(session)

    async with house.database.read() as session:
        kept = (await session.exec(select(RefreshToken.used_at))).all()
    assert kept == [None]
    new = {"refresh_token": renewed["refresh_token"]}
    assert (await house.client.post(f"{SESSIONS}/renewal", json=new)).status_code == 200
