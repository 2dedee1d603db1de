"""What must hold when several processes of the gateway share one database."""

import asyncio
from pathlib import Path

from alembic import command
from pydantic import SecretStr
from sqlalchemy import Connection, text

from chassis import migrations
from chassis.db import Database
from gateway.main import SERVICE
from tests.gateway.house import ASSIGNMENTS, CLIENTS, SESSIONS, bearer_of, claims_of, opened
from tests.patience import until

ANYWHERE = "/v1/tracking/x"


def _upgrade(connection: Connection, revision: str) -> None:
    config = migrations.config_for(SERVICE.folder / "migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_two_gateways_agree_who_is_in(service_url: str, tmp_path: Path) -> None:
    url = SecretStr(service_url)
    async with (
        opened(tmp_path, database_url=url) as one,
        opened(tmp_path, database_url=url) as other,
    ):
        officer, amal = await one.person("officer", "dpo"), await one.person("amal")
        asked = await one.assign(amal.subject, "medical_staff")
        headers = bearer_of((await other.log_in(officer))["access_token"])
        await other.client.post(f"{ASSIGNMENTS}/{asked['id']}/approval", headers=headers)
        begun = await one.log_in(amal)
        token = bearer_of(begun["access_token"])
        answers = [await each.client.get(ANYWHERE, headers=token) for each in (one, other)]
        before = [response.status_code for response in answers]

        await one.client.delete(f"{SESSIONS}/current", headers=token)

        await until(
            lambda: other.client.get(ANYWHERE, headers=token), lambda each: each.status_code == 401
        )
        assert before == [204, 204]
        assert claims_of(begun["access_token"])["grants"][0]["role"] == "medical_staff"


async def test_a_code_and_a_refresh_token_count_once_at_the_same_moment(
    service_url: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, database_url=SecretStr(service_url)) as house:
        amal = await house.person("amal")
        form = amal.login()

        logins = await asyncio.gather(*(house.client.post(SESSIONS, json=form) for _ in range(4)))
        (begun,) = [each.json() for each in logins if each.status_code == 201]
        refresh = {"refresh_token": begun["refresh_token"]}
        renewals = await asyncio.gather(
            *(house.client.post(f"{SESSIONS}/renewal", json=refresh) for _ in range(4))
        )

        assert sorted(each.status_code for each in renewals) == [200, 401, 401, 401]


async def test_a_client_s_requests_of_the_day_count_on_each_database(
    service_url: str, tmp_path: Path
) -> None:
    form = {"name": "NGO", "organisation": "ngo", "roles": ["integrator"], "daily_requests": 2}
    async with opened(tmp_path, database_url=SecretStr(service_url)) as house:
        made = (await house.as_admin("POST", CLIENTS, json=form)).json()
        answer = await house.client_token(made["client_id"], made["client_secret"])
        token = bearer_of(answer.json()["access_token"])
        statuses = [(await house.client.get(ANYWHERE, headers=token)).status_code for _ in range(2)]
    async with opened(tmp_path, database_url=SecretStr(service_url)) as house:
        statuses.append((await house.client.get(ANYWHERE, headers=token)).status_code)

    assert statuses == [204, 204, 429]


async def test_clients_from_before_assignments_keep_their_roles(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url, SERVICE.tables)
    async with database.writer.begin() as connection:
        await connection.run_sync(_upgrade, "0003")
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(
            text(
                "insert into client (id, client_id, name, secret_hash, organisation, roles, places,"
                " created_at) values ('00000000000000000000000000000001', 'old', 'Old', 'x', 'ngo',"
                """ '["case_worker", "medical_staff"]', '["LY02"]', '2026-01-01 00:00:00+00:00')"""
            )
        )
    await database.close()

    async with opened(tmp_path, database_url=SecretStr(database_url)) as house:
        items = (await house.as_admin("GET", CLIENTS)).json()["items"]

    (old,) = [each for each in items if each["client_id"] == "old"]
    assert (sorted(old["roles"]), old["places"]) == (["case_worker", "medical_staff"], ["LY02"])


async def test_case_25_tries_count_over_all_gateways(service_url: str, tmp_path: Path) -> None:
    url = SecretStr(service_url)
    async with (
        opened(tmp_path, database_url=url) as one,
        opened(tmp_path, database_url=url) as other,
    ):
        amal = await one.person("amal", "enumerator")
        wrong = {"password": "wrong", "code": "000000"}
        doors = [one, other] * 7

        spread = [
            (await door.client.post(SESSIONS, json=wrong | {"name": f"name{number}"})).status_code
            for number, door in enumerate(doors)
        ]
        at_account = []
        for number, door in enumerate(doors):
            async with door.from_address(f"198.51.100.{number}") as client:
                form = amal.login(password="wrong")
                at_account.append((await client.post(SESSIONS, json=form)).status_code)

    assert spread == [401] * 10 + [429] * 4
    assert at_account == [401] * 10 + [429] * 4


async def test_who_succeeds_uses_up_nothing_at_any_gateway(
    service_url: str, tmp_path: Path
) -> None:
    url = SecretStr(service_url)
    async with (
        opened(tmp_path, database_url=url) as one,
        opened(tmp_path, database_url=url) as other,
    ):
        amal = await one.person("amal", "enumerator")
        for door in [one, other] * 6:
            begun = await door.log_in(amal)
            refresh = {"refresh_token": begun["refresh_token"]}
            renewed = await door.client.post(f"{SESSIONS}/renewal", json=refresh)
            assert renewed.status_code == 200


async def test_wrong_secrets_count_over_all_gateways(service_url: str, tmp_path: Path) -> None:
    url = SecretStr(service_url)
    async with (
        opened(tmp_path, database_url=url) as one,
        opened(tmp_path, database_url=url) as other,
    ):
        for number in range(59):
            await one.client_token(f"client-{number}", "wrong")
        answers = [await other.client_token("client-x", "wrong") for _ in range(3)]

    assert [response.status_code for response in answers] == [401, 429, 429]


async def test_case_33_bounds_of_a_client_hold_over_all_gateways(
    service_url: str, tmp_path: Path
) -> None:
    form = {"name": "NGO", "organisation": "ngo", "roles": ["integrator"]}
    url = SecretStr(service_url)
    async with (
        opened(tmp_path, database_url=url) as one,
        opened(tmp_path, database_url=url) as other,
    ):
        for bound in ("daily_requests", "requests_per_minute"):
            made = (await one.as_admin("POST", CLIENTS, json=form | {bound: 100})).json()
            answer = await one.client_token(made["client_id"], made["client_secret"])
            token = bearer_of(answer.json()["access_token"])

            statuses = []
            # More at once than a gateway's pool has connections may be sent away as too busy.
            for _ in range(11):
                asked = (each.client.get(ANYWHERE, headers=token) for each in [one, other] * 10)
                statuses += [each.status_code for each in await asyncio.gather(*asked)]

            assert statuses.count(204) == 100, bound
            assert statuses.count(429) == 120, bound


async def test_what_a_stopped_gateway_has_in_hand_is_given_back(
    service_url: str, tmp_path: Path
) -> None:
    form = {"name": "NGO", "organisation": "ngo", "roles": ["integrator"], "daily_requests": 100}
    url = SecretStr(service_url)
    async with opened(tmp_path, database_url=url) as other:
        made = (await other.as_admin("POST", CLIENTS, json=form)).json()
        answer = await other.client_token(made["client_id"], made["client_secret"])
        token = bearer_of(answer.json()["access_token"])
        async with opened(tmp_path, database_url=url) as one:
            assert (await one.client.get(ANYWHERE, headers=token)).status_code == 204

        asked = [await other.client.get(ANYWHERE, headers=token) for _ in range(100)]

    assert [response.status_code for response in asked] == [204] * 99 + [429]
