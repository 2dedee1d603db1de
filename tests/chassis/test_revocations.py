"""What was ended before its time: who is refused, how soon, and when nobody is let in."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from chassis import issuer
from chassis.auth import Trusted, Verifier
from chassis.caller import Caller
from chassis.issuer import KeySource, Revocations
from chassis.problems import Problem
from tests import conftest
from tests.patience import until


def caller(issued_at: float, session: str = "s1") -> Caller:
    return Caller("user-1", "iom", (), issued_at + 600, session=session, issued_at=issued_at)


class Issued:
    """A list of ends that can grow, and fail."""

    def __init__(self, **ended: float) -> None:
        self.ended = ended
        self.fetched = 0
        self.away = False

    async def fetch(self) -> dict[str, float]:
        self.fetched += 1
        if self.away:
            raise httpx.ConnectError("away")
        return dict(self.ended)


@pytest.mark.parametrize("name", ["s1", "user-1"], ids=["the session", "the caller"])
async def test_what_was_issued_before_the_end_is_refused_and_what_came_after_is_not(
    name: str,
) -> None:
    revocations = Revocations(Issued(**{name: 1000.5}).fetch)

    assert await revocations.refuses(caller(1000.4))
    assert not await revocations.refuses(caller(1000.6))


async def test_another_session_goes_on() -> None:
    revocations = Revocations(Issued(s1=1000.0).fetch)

    assert not await revocations.refuses(caller(900, session="s2"))


async def test_an_end_bites_in_the_background() -> None:
    issued = Issued()
    revocations = Revocations(issued.fetch, every=0.01)
    stopping = asyncio.Event()
    following = asyncio.create_task(revocations.follow(stopping))
    assert not await revocations.refuses(caller(1000))

    issued.ended["s1"] = 1000.0

    await until(lambda: revocations.refuses(caller(1000)))
    stopping.set()
    await following


async def test_an_end_noted_here_is_not_lost_by_a_list_that_was_on_its_way() -> None:
    issued = Issued()
    revocations = Revocations(issued.fetch)
    revocations.note("s1", time.time())

    await revocations._renew(needed=False)

    assert await revocations.refuses(caller(1000))


async def test_a_list_too_old_lets_nobody_in() -> None:
    issued = Issued()
    revocations = Revocations(issued.fetch, stale=0.2)
    assert not await revocations.refuses(caller(1000))
    issued.away = True

    assert not await revocations.refuses(caller(1000))
    await asyncio.sleep(0.2)
    answers = await asyncio.gather(
        *(revocations.refuses(caller(1000)) for _ in range(20)), return_exceptions=True
    )

    assert {getattr(each, "status", None) for each in answers} == {503}
    assert issued.fetched <= 2


async def test_who_asks_first_is_let_in_when_the_issuer_has_just_started() -> None:
    issued = Issued()
    issued.away = True
    revocations = Revocations(issued.fetch)
    with pytest.raises(Problem):
        await revocations._renew(needed=False)

    issued.away = False
    await asyncio.sleep(issuer.FIRST_PAUSE_SECONDS)

    assert not await revocations.refuses(caller(1000))


async def test_a_token_known_already_is_refused_once_it_was_ended() -> None:
    issued = Issued()
    revocations = Revocations(issued.fetch)
    keys = KeySource(conftest.keys()._fetch, revocations)
    verifier = Verifier(Trusted(keys, "masar", "registration"))
    token = conftest.token(sid="s1")
    assert (await verifier.verify(token)).session == "s1"

    revocations.note("s1", time.time())

    with pytest.raises(Problem) as refused:
        await verifier.verify(token)
    assert refused.value.status == 401


async def test_a_service_follows_the_list_of_an_issuer_that_is_elsewhere() -> None:
    shown: dict[str, Any] = {
        "/keys": {"keys": []},
        "/revocations": {"ended": [{"id": "s1", "before": 1000.0}]},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=shown[request.url.path])

    far = issuer.issuer_at("http://issuer.test/keys", transport=httpx.MockTransport(answer))

    assert await far.revocations.refuses(caller(900))
