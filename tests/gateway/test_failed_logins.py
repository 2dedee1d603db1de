"""Who tried in vain to get in is on record: without what they sent, and within bounds."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import select

from chassis import audit
from gateway.identity import failures
from gateway.identity.staff import rules
from gateway.tables import TABLES
from tests.gateway.house import ADMIN, PEER, SESSIONS, House, bearer_of

FORWARDED = {"X-Forwarded-For": "6.6.6.6"}
SENT = "typed-into-the-wrong-box"


async def entries(house: House, *actions: str) -> Sequence[Any]:
    async with house.database.read() as session:
        found = (await session.exec(select(TABLES.audit_entry))).all()
    return [entry for entry in found if entry.action in actions and entry.decision == "refused"]


async def over(house: House) -> None:
    """Let the minute be over."""
    of_the_gateway: failures.Failures = house.app.state.failures
    of_the_gateway._minute.ends_at = 0
    await of_the_gateway.keep(house.database)


async def test_a_wrong_password_or_code_is_on_record_with_account_and_address(house: House) -> None:
    amal = await house.person("amal")
    forms = [amal.login(password=SENT), amal.login(code="000000")]

    for form in forms:
        await house.client.post(SESSIONS, json=form, headers=FORWARDED)

    found = await entries(house, "login")
    assert [(each.actor, each.reason) for each in found] == [(amal.subject, f"from {PEER}")] * 2


async def test_a_name_that_nobody_has_is_on_record_as_a_keyed_hash(house: House) -> None:
    for name in (SENT, SENT, "another"):
        form = {"name": name, "password": SENT, "code": "000000"}
        await house.client.post(SESSIONS, json=form)

    found = await entries(house, "login")
    assert [each.actor for each in found] == ["nobody"] * 3
    assert found[0].reason == found[1].reason != found[2].reason
    assert found[0].reason.startswith(f"from {PEER}, for the unknown name ")
    assert not any(SENT in str(each.model_dump()) for each in found)


async def test_a_wrong_second_factor_within_a_session_is_on_record(house: House) -> None:
    amal = await house.person("amal")
    headers = bearer_of((await house.log_in(amal))["access_token"])

    path = f"{SESSIONS}/current/confirmation"
    await house.client.post(path, json={"code": "000000"}, headers=headers)

    [found] = await entries(house, "confirmation")
    assert (found.actor, found.reason) == (amal.subject, f"from {PEER}")


async def test_a_client_s_wrong_secret_is_on_record(house: House) -> None:
    await house.client_token(ADMIN[0], SENT)
    await house.client_token(SENT, SENT)

    known, unknown = await entries(house, "token")
    assert (known.actor, known.reason) == (ADMIN[0], f"from {PEER}")
    assert unknown.actor == "nobody"
    assert SENT not in unknown.reason


async def test_an_account_that_must_rest_is_on_record(house: House) -> None:
    amal = await house.person("amal")

    for _ in range(rules.FREE_FAILURES):
        await house.client.post(SESSIONS, json=amal.login(password="wrong"))

    async with house.database.read() as session:
        locked = select(TABLES.audit_entry).where(TABLES.audit_entry.action == "lock")
        [found] = (await session.exec(locked)).all()
    assert found.actor == amal.subject
    assert found.reason == "5 failures in a row: rests for 30 s"


async def test_a_flood_from_one_address_is_one_entry_beyond_the_first(house: House) -> None:
    for number in range(80):
        await house.client_token(f"name{number}", SENT)
    before = len(await entries(house, "token"))
    await over(house)

    found = await entries(house, "token")
    assert before == failures.MOST_ENTRIES
    assert len(found) == before + 1
    # Sixty were looked at; the others were refused before, and are counted all the same.
    assert found[-1].reason == f"{80 - before} more from {PEER} within a minute"


async def test_a_flood_from_many_addresses_is_bounded_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "MOST_ENTRIES_IN_ALL", 5)
    monkeypatch.setattr(failures, "MOST_COUNTS", 3)
    form = {"name": "x", "password": SENT, "code": "000000"}

    for number in range(20):
        async with house.from_address(f"198.51.100.{number}") as client:
            await client.post(SESSIONS, json=form | {"name": f"name{number}"})
    await over(house)

    found = await entries(house, "login")
    assert len(found) == 5 + 3 + 1
    assert found[-1].reason == "12 more from other addresses within a minute"


async def test_what_is_counted_is_kept_when_it_could_not_be_written_at_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_gateway: failures.Failures = house.app.state.failures
    of_the_gateway.count("login", PEER)

    with monkeypatch.context() as broken:
        broken.setattr(audit, "note", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await over(house)
    await over(house)

    [found] = await entries(house, "login")
    assert found.reason == f"1 more from {PEER} within a minute"
