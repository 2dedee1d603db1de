"""What an administrator does with what a service could not use."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import new_id, now
from contracts.event import Envelope
from contracts.tracking import RoundImported
from services.returns.main import SERVICE
from services.returns.tables import TABLES
from tests.conftest import Running, Start, bearer

LETTERS = "/v1/returns/dead-letters"
ADMIN = bearer(sub="user-admin", roles=["admin"])
OFFICER = bearer(sub="user-officer", roles=["dpo"])
HALF_DONE = "what a handler wrote before it failed"


class Handler:
    """A handler that fails as it is told, when it has done half of its work."""

    def __init__(self) -> None:
        self.fault: Exception | None = ValueError("the name of somebody")
        self.rounds: list[int] = []

    async def take(self, session: AsyncSession, event: RoundImported) -> None:
        session.add(TABLES.dead_letter(body=b"", reason=HALF_DONE))
        await session.flush()
        if self.fault:
            raise self.fault
        self.rounds.append(event.round_number)


class Office:
    """Returns as it listens to rounds, and its administrator."""

    def __init__(self, running: Running, handler: Handler) -> None:
        self.running = running
        self.handler = handler

    async def given_up(self, body: bytes) -> str:
        """Let returns give up a message, and return the id of its dead letter."""
        await self.running.app.state.consumer.bury(body, "KeyError")
        newest = (await self.listed())[-1]
        return str(newest["id"])

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.running.client.get(LETTERS, headers=ADMIN, params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def asked(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.running.client.post(
            f"{LETTERS}/{path}", json=body, headers=ADMIN | headers
        )

    async def recorded(self) -> list[tuple[str, str, str | None]]:
        """Return what the record says of dead letters: by whom what was done, and why."""
        path = "/v1/returns/audit/entries"
        answer = await self.running.client.get(path, headers=OFFICER)
        return [
            (each["actor"], each["action"], each["reason"])
            for each in answer.json()["items"]
            if each["resource"] == "dead_letter" and each["decision"] == "allowed"
        ]


@pytest.fixture
async def office(start: Start, database_url: str) -> Office:
    handler = Handler()
    service = replace(SERVICE, subscriptions={RoundImported: handler.take})
    return Office(await start(service, database_url), handler)


def message(sequence: int = 1, data: Any = None) -> bytes:
    return (
        Envelope(
            id=new_id(),
            source="/tracking",
            type=RoundImported.type,
            subject="round 7",
            time=now(),
            dataschema="",
            sequence=sequence,
            data=data or {"round_number": sequence, "population": "migrants", "individuals": 1},
        )
        .model_dump_json()
        .encode()
    )


async def test_what_was_given_up_is_listed_without_what_it_says(office: Office) -> None:
    body = message()
    await office.given_up(body)
    await office.given_up(b"the name of somebody")

    event, other = await office.listed()
    [second] = await office.listed(cursor=event["id"])

    told = Envelope.model_validate_json(body)
    assert set(event) == {"id", "received_at", "reason", "type", "event_id", "source", "time"}
    assert (event["type"], event["event_id"]) == (told.type, str(told.id))
    assert (event["source"], event["reason"]) == ("/tracking", "KeyError")
    assert other["type"] is other["event_id"] is None
    assert second == other


async def test_once_its_cause_is_gone_it_takes_effect_and_is_no_dead_letter(office: Office) -> None:
    letter = await office.given_up(message())
    office.handler.fault = None

    answer = await office.asked(f"{letter}/redelivery")
    again = await office.asked(f"{letter}/redelivery")

    assert (answer.status_code, answer.json()) == (200, {"outcome": "handled"})
    assert office.handler.rounds == [1]
    assert again.status_code == 404
    assert letter not in {each["id"] for each in await office.listed()}
    assert await office.recorded() == [("user-admin", "redeliver", "handled")]


async def test_what_had_its_effect_or_was_passed_takes_none_and_goes(office: Office) -> None:
    taken = message(sequence=2)
    office.handler.fault = None
    await office.running.app.state.consumer.receive(taken)
    letters = [await office.given_up(taken), await office.given_up(message(sequence=1))]

    answers = [await office.asked(f"{each}/redelivery") for each in letters]

    assert [each.json()["outcome"] for each in answers] == ["duplicate", "passed"]
    assert office.handler.rounds == [2]


async def test_what_fails_again_is_kept_and_leaves_nothing_half_done(office: Office) -> None:
    letters = [await office.given_up(message()), await office.given_up(message(data={"x": 1}))]
    letters.append(await office.given_up(b"no event"))

    answers = [await office.asked(f"{each}/redelivery") for each in letters]

    assert [each.status_code for each in answers] == [409] * 3
    assert {each.json()["type"] for each in answers} == {"/problems/event-fails-again"}
    assert "ValueError" in answers[0].json()["detail"]
    assert not any("somebody" in each.text for each in answers)
    assert [each["id"] for each in await office.listed()] == letters
    office.handler.fault = None
    assert (await office.asked(f"{letters[0]}/redelivery")).json() == {"outcome": "handled"}


async def test_what_passes_by_itself_is_no_failure_of_the_message(office: Office) -> None:
    letter = await office.given_up(message())
    office.handler.fault = PoolTimeout()

    answer = await office.asked(f"{letter}/redelivery")

    assert answer.status_code == 503
    assert [each["id"] for each in await office.listed()] == [letter]


async def test_what_is_discarded_is_gone_and_why_is_on_record(office: Office) -> None:
    letter, other = await office.given_up(message()), await office.given_up(b"no event")

    in_words = await office.asked(f"{letter}/discard", {"reason": "Amal has left"})
    answers = [
        await office.asked(f"{letter}/discard", {"reason": "done_otherwise"}),
        await office.asked(f"{other}/discard", {"reason": "no_event"}),
        await office.asked(f"{other}/discard", {"reason": "no_event"}),
    ]

    assert in_words.status_code == 422
    assert [each.status_code for each in answers] == [204, 204, 404]
    assert await office.listed() == []
    assert office.handler.rounds == []
    assert await office.recorded() == [
        ("user-admin", "discard", f"done_otherwise: {RoundImported.type}"),
        ("user-admin", "discard", "no_event: no event"),
    ]
