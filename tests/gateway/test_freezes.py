"""An account that registration has frozen gets no token, and what it has is void everywhere."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.clock import new_id, now
from chassis.inbox import Consumer
from contracts.event import Envelope, Event
from contracts.registration import AccountFrozen, AccountReleased
from gateway.identity.freezes.service import UNTIL_RELEASED
from gateway.main import SERVICE
from tests.gateway.house import CLIENTS, SESSIONS, House, bearer_of, opened

ANYWHERE = "/v1/tracking/x"


async def hear(house: House, events: Sequence[Event], alert: UUID) -> None:
    consumer = Consumer(SERVICE.name, house.database, SERVICE.subscriptions)
    for sequence, event in enumerate(events, start=1):
        envelope = Envelope(
            id=new_id(),
            source="registration",
            type=event.type,
            subject=str(alert),
            time=now(),
            dataschema="",
            sequence=sequence,
            data=event.model_dump(mode="json"),
        )
        await consumer.receive(envelope.model_dump_json().encode())


def frozen(account: str, alert: UUID, after: float = 0) -> AccountFrozen:
    moment = now() + timedelta(seconds=after)
    return AccountFrozen(alert_id=alert, account=account, frozen_at=moment)


def released(account: str, alert: UUID, after: float = 1) -> AccountReleased:
    moment = now() + timedelta(seconds=after)
    return AccountReleased(alert_id=alert, account=account, released_at=moment)


async def listed(house: House) -> set[str]:
    told = (await house.client.get("/.well-known/revocations")).json()["ended"]
    # What was ended at some moment is there too: roles that were given, for one.
    return {each["id"] for each in told if each["before"] == UNTIL_RELEASED.timestamp()}


async def test_case_31_a_frozen_account_is_out_and_gets_nothing_new(
    service_url: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, database_url=SecretStr(service_url)) as house:
        amal, alert = await house.person("amal", "case_worker"), new_id()
        begun = await house.log_in(amal)
        form = {"name": "NGO", "organisation": "ngo", "roles": ["integrator"]}
        made = (await house.as_admin("POST", CLIENTS, json=form)).json()
        client = made["client_id"]

        await hear(house, [frozen(amal.subject, alert)], alert)
        await hear(house, [frozen(client, alert)], new_id())

        assert {amal.subject, client} <= await listed(house)
        await house.app.state.issuer.revocations._renew(needed=False)
        await house.forget_codes()
        refresh = {"refresh_token": begun["refresh_token"]}
        headers = bearer_of(begun["access_token"])
        refused = [
            await house.client.post(SESSIONS, json=amal.login()),
            await house.client.post(f"{SESSIONS}/renewal", json=refresh),
            await house.client_token(client, made["client_secret"]),
        ]
        assert (await house.client.get(ANYWHERE, headers=headers)).status_code == 401
        assert {(each.status_code, each.json()["type"]) for each in refused} == {
            (403, "/problems/account-frozen")
        }
        wrong = await house.client.post(SESSIONS, json=amal.login(password="wrong"))
        assert wrong.status_code == 401

        await hear(house, [released(amal.subject, alert)], alert)

        await house.app.state.issuer.revocations._renew(needed=False)
        assert amal.subject not in await listed(house)
        assert (await house.client.get(ANYWHERE, headers=headers)).status_code == 204
        assert (await house.client.post(f"{SESSIONS}/renewal", json=refresh)).status_code == 200


@pytest.mark.parametrize("later", ["released", "frozen"])
async def test_the_later_word_counts_in_whatever_order_it_comes(house: House, later: str) -> None:
    alert, after = new_id(), 5 if later == "frozen" else 0
    words: list[Event] = [frozen("user-x", alert, after), released("user-x", alert)]

    for order in (words, words[::-1]):
        await hear(house, order, new_id())

        assert ("user-x" in await listed(house)) is (later == "frozen")
