"""Cases 30 and 31: what is no longer so, and who is frozen, counts nowhere, within a minute."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.clock import now
from chassis.settings import Settings
from cli.api import Api, Credentials, RefusedError
from tests.e2e.conftest import shared
from tests.fleet import PLAIN, Fleet
from tests.registration.test_honey import PLANTED
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

WITHIN_SECONDS = 60.0
IN_THE_TEST = 1.0
FOR_A_CASE_WORKER = {
    "gateway": "/v1/gateway/audit/entries",
    "registration": "/v1/registration/persons",
    "assistance": "/v1/assistance/programmes",
    "returns": "/v1/returns/cases",
    "tracking": "/v1/tracking/rounds",
}
CLIENT = {"name": "A partner's", "organisation": "iom", "roles": ["case_worker"]}


@pytest.fixture(scope="module")
def fleet(
    postgres: PostgresServer, rabbitmq: RabbitServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    home = tmp_path_factory.mktemp("fleet")
    sooner = {"MASAR_REVOCATIONS_SECONDS": str(IN_THE_TEST)}
    with shared(Fleet(postgres, rabbitmq, home), **sooner) as fleet:
        yield fleet


class Holder:
    """A client with one role, and the token that it was given while it had it."""

    def __init__(self, fleet: Fleet, made: dict[str, Any]) -> None:
        self.fleet = fleet
        self.id = made["id"]
        self.client_id = made["client_id"]
        self._api = Api(Credentials(fleet.base_url, made["client_id"], made["client_secret"]))
        self.token = self._api.token()

    def answers(self, token: str = "") -> dict[str, int]:
        """Ask each process itself, at its own port, and return what it answers."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return {
            name: PLAIN.get(
                f"http://127.0.0.1:{self.fleet.ports[name]}{path}", headers=headers
            ).status_code
            for name, path in FOR_A_CASE_WORKER.items()
        }

    def everywhere(self, status: int) -> bool:
        """Say whether every process answers so, at last; asked again and again for a minute."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while set(self.answers().values()) != {status}:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], int]]:
        """Return what reads a path through the gateway and says what it was answered."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(
            base_url=self.fleet.base_url, headers=headers, trust_env=False, timeout=10
        ) as client:
            yield lambda path: client.get(path).status_code

    def renewed(self) -> str:
        return self._api.token()

    def close(self) -> None:
        self._api.close()


def test_an_end_bites_within_a_minute_as_it_is_delivered() -> None:
    field = Settings.model_fields["revocations_seconds"]

    [most] = [each.le for each in field.metadata if hasattr(each, "le")]

    assert Settings().revocations_seconds <= most < WITHIN_SECONDS


async def test_case_30_what_has_ended_counts_in_none_of_five_processes(fleet: Fleet) -> None:
    await asyncio.to_thread(_check, fleet)


def _check(fleet: Fleet) -> None:
    administrator = fleet.administrator()
    holders = [Holder(fleet, administrator.post("/v1/identity/clients", CLIENT)) for _ in range(4)]
    without_role, revoked, ending, goes_on = holders
    assert all(each.everywhere(200) for each in holders)
    _end_of_role(administrator, without_role)
    _expiry(administrator, ending)
    administrator.delete(f"/v1/identity/clients/{revoked.id}")
    started = time.monotonic()

    assert without_role.everywhere(401)
    assert revoked.everywhere(401)
    assert ending.everywhere(403)

    # By the short interval of this test, all of it takes seconds and not a minute.
    assert time.monotonic() - started < WITHIN_SECONDS
    assert set(without_role.answers(without_role.renewed()).values()) == {403}
    with pytest.raises(RefusedError):
        revoked.renewed()
    assert set(goes_on.answers().values()) == {200}
    administrator.close()
    for each in holders:
        each.close()


async def test_case_31_a_frozen_account_is_out_of_five_processes(fleet: Fleet) -> None:
    await asyncio.to_thread(_check_frozen, fleet)


def _check_frozen(fleet: Fleet) -> None:
    administrator = fleet.administrator()
    officer = fleet.client(CLIENT | {"roles": ["dpo"]})
    snooper = Holder(fleet, administrator.post("/v1/identity/clients", CLIENT))
    planted = officer.post("/v1/registration/honey-records", PLANTED | {"location_pcode": "LY0209"})
    assert snooper.everywhere(200)
    with snooper.reading() as read:
        assert read(f"/v1/registration/persons/{planted['person_id']}") == 200
        walked = [f"/v1/returns/cases/{uuid4()}" for _ in range(10)]
        walked += [f"/v1/assistance/distributions/{uuid4()}" for _ in range(10)]
        assert {read(path) for path in walked} == {404}

    assert snooper.everywhere(401)

    with pytest.raises(RefusedError, match="frozen"):
        snooper.renewed()
    [alert] = officer.get("/v1/registration/alerts")["items"]
    officer.post(f"/v1/registration/alerts/{alert['id']}/review", {"finding": "harmless"})
    assert snooper.everywhere(200)
    for api in (administrator, officer, snooper):
        api.close()


def _end_of_role(administrator: Api, holder: Holder) -> None:
    path = "/v1/identity/assignments"
    [held] = administrator.get(path, holder=holder.client_id)["items"]
    administrator.delete(f"{path}/{held['id']}")


def _expiry(administrator: Api, holder: Holder) -> None:
    """Let the holder have the role by an assignment that ends in a moment, and by no other."""
    _end_of_role(administrator, holder)
    administrator.post(
        "/v1/identity/assignments",
        {
            "holder": holder.client_id,
            "role": "case_worker",
            "organisation": "iom",
            "places": ["LY"],
            "until": (now() + timedelta(seconds=8)).isoformat(),
        },
    )
    holder.token = holder.renewed()
    assert holder.everywhere(200)
