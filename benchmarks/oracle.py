"""Whether the time of an answer tells that somebody is registered elsewhere: both ways in turn."""

import asyncio
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Coroutine
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from benchmarks import protection
from benchmarks.protection import PATH, served
from benchmarks.report import Report, median
from tests.conftest import bearer
from tests.servers.postgres import start_private

CALLS = 500
PEOPLE = 50
Ask = Callable[[str], Coroutine[Any, Any, httpx.Response]]


async def measure() -> Report:
    postgres = await asyncio.to_thread(start_private)
    try:
        with tempfile.TemporaryDirectory() as home:
            async with served("protected", postgres, Path(home)) as client:
                medians = await _medians(client)
    finally:
        postgres.close()
    ratios = {name: one / other for name, (one, other) in medians.items()}
    rows = [
        (name, f"{one * 1000:.2f}", f"{other * 1000:.2f}", f"{ratios[name]:.3f}")
        for name, (one, other) in medians.items()
    ]
    farthest = max(ratios.values(), key=lambda ratio: abs(ratio - 1))
    return Report(
        "Whether time tells who exists",
        "`python -m benchmarks oracle`: registration alone on PostgreSQL, asked one call after "
        f"another by somebody of another organisation, {CALLS} times each in a random order: for "
        "one of "
        f"{PEOPLE} people who are registered there and out of reach, and for an id of nobody; and "
        "to register somebody with the name, phone and papers of such a person, and somebody with "
        "others. Milliseconds, medians.",
        ("call", "known elsewhere", "nobody", "ratio"),
        rows,
        f"The ratio that is farthest from 1 is {farthest:.3f} (target: within 10 %). That both are "
        "the same statements is a test, `tests/registration/test_who_exists.py`.",
    )


async def _medians(client: httpx.AsyncClient) -> dict[str, tuple[float, float]]:
    numbers = count()
    for number in range(PEOPLE):
        await _registered(
            client, protection.person(0) | {"external_id": f"K{number}", **_like(number)}
        )
    known = [each["id"] for each in (await client.get(PATH, params={"limit": 50})).json()["items"]]
    in_an_hour = int(time.time()) + 3600
    client.headers.update(bearer(sub="stranger", organisation="elsewhere", exp=in_an_hour))

    async def register(person: str) -> httpx.Response:
        number = known.index(person) if person in known else PEOPLE + next(numbers)
        form = protection.person(0) | {"external_id": f"S{next(numbers)}"} | _like(number)
        return await _registered(client, form)

    asks: dict[str, Ask] = {
        "read": lambda person: client.get(f"{PATH}/{person}"),
        "correct": lambda person: client.patch(
            f"{PATH}/{person}",
            json={"reason": "recorded_wrongly", "given_name": "Huda"},
            headers={"If-Match": '"1"'},
        ),
        "list corrections": lambda person: client.get(f"{PATH}/{person}/corrections"),
        "end an assignment": lambda person: client.delete(
            f"{PATH}/{person}/assignments/{uuid.UUID(int=7)}"
        ),
        "register": register,
    }
    return {name: await _measured(ask, known) for name, ask in asks.items()}


def _like(number: int) -> dict[str, Any]:
    return {
        "given_name": f"Amina {number}",
        "phone": f"+2189{10_000_000 + number}",
        "documents": [{"type": "passport", "number": f"P{number:07}"}],
    }


async def _registered(client: httpx.AsyncClient, form: dict[str, Any]) -> httpx.Response:
    response = await client.post(PATH, json=form)
    response.raise_for_status()
    return response


async def _measured(ask: Ask, known: list[str]) -> tuple[float, float]:
    """Return the medians for people who are known elsewhere, and for nobody."""
    turns = [True, False] * CALLS
    random.shuffle(turns)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    for is_known in turns:
        person = random.choice(known) if is_known else str(uuid.uuid4())  # noqa: S311 - No secret.
        started = time.perf_counter()
        response = await ask(person)
        seconds[is_known].append(time.perf_counter() - started)
        statuses.add(response.status_code)
    if len(statuses) != 1:
        raise ValueError(f"the two were answered apart: {sorted(statuses)}")
    return median(seconds[True]), median(seconds[False])
