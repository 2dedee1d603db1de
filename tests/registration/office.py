"""The staff of a made-up office, and one person in their register."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import delete, update
from sqlmodel import SQLModel, col, select

from chassis.db import Database
from services.registration.duplicates import search
from services.registration.duplicates.models import DuplicatePair
from services.registration.persons.models import Person
from tests.conftest import Running, bearer
from tests.patience import until

PERSONS = "/v1/registration/persons"
DUPLICATES = "/v1/registration/duplicates"
NAWAL: dict[str, Any] = {
    "external_id": "R00000077",
    "given_name": "نوال",
    "sex": "female",
    "birth_date": "1999-05-01",
    "nationality": "SDN",
    "population_category": "migrant",
    "phone": "+218912345677",
    "documents": [{"type": "passport", "number": "P7654321"}],
    "location_pcode": "LY020908",
    "household_ref": "H77",
    "registered_on": "2026-01-05",
}


def letters(number: int) -> str:
    """Return a name for a number, which looks like that of no other."""
    return "".join("bdfghklmnr"[int(each)] + "aeiouaeiou"[int(each)] for each in str(number))


async def look_for_new(database: Database) -> None:
    """
    Look for doubles of whoever is new until nobody waits any more.

    A step of the service's own search may be under way, and may have some in hand.
    """

    async def waiting() -> int:
        await search.look_for_new(database)
        async with database.read() as session:
            statement = select(Person.id).where(col(Person.matched_version) < col(Person.version))
            return len((await session.exec(statement)).all())

    await until(waiting, lambda number: number == 0)


class Worker:
    """Somebody with a token, who sends requests to registration."""

    def __init__(self, running: Running, name: str, roles: tuple[str, ...], **changes: Any) -> None:
        self.id = f"user-{name}"
        self._client = running.client
        self._claims = {"sub": self.id, "roles": roles, **changes}

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**bearer(**self._claims), **options.pop("headers", {})}
        return await self._client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.send("POST", path, json=body, **options)

    def with_second_factor(self, seconds_ago: float = 10) -> "Worker":
        """Return the same worker, who showed a one-time password a moment ago."""
        proved = Worker.__new__(Worker)
        proved.id, proved._client = self.id, self._client
        when = int(time.time() - seconds_ago)
        proved._claims = {**self._claims, "amr": ["pwd", "otp"], "auth_time": when}
        return proved


class Office:
    """An office of one organisation in Nalut: who works there, and how their day passes."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.enumerator = Worker(running, "yusuf", ("enumerator",), places=("LY02",))
        self.case_worker = Worker(running, "karim", ("case_worker",), places=("LY02",))
        self.colleague = Worker(running, "huda", ("case_worker",), places=("LY02",))
        self.officer = Worker(running, "nadia", ("protection_officer",), places=("LY02",))
        self.other_officer = Worker(running, "omar", ("protection_officer",), places=("LY02",))
        self.far_officer = Worker(running, "rania", ("protection_officer",), places=("LY11",))
        self.nurse = Worker(running, "salma", ("medical_staff",), places=("LY020908",))
        self.country_doctor = Worker(running, "idris", ("medical_staff",), places=("LY",))
        self.dpo = Worker(running, "dina", ("dpo",), places=("LY",))
        self.stranger = Worker(
            running,
            "luca",
            ("protection_officer", "medical_staff", "case_worker"),
            organisation="elsewhere",
        )

    async def register(self, by: Worker | None = None, **changes: Any) -> str:
        """Register Nawal, whose case the case worker has unless somebody else registers her."""
        response = await (by or self.case_worker).post(PERSONS, NAWAL | changes)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def refer(self, person: str, service: str, **to: str) -> str:
        body = {"service": service, **to}
        response = await self.case_worker.post(f"{PERSONS}/{person}/referrals", body)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def pair_of(self, one: str, other: str) -> str:
        """Let two registrations be a pair, whatever the search thinks of them; return its path."""
        left, right = sorted((UUID(one), UUID(other)))
        # Somebody has looked at it, so that the search beside does not drop it.
        pair = DuplicatePair(
            left_id=left,
            right_id=right,
            score=9.0,
            band="probable",
            reasons=[],
            weights="t",
            status="unsure",
        )
        path = f"{DUPLICATES}/{pair.id}"
        found = (col(DuplicatePair.left_id) == left, col(DuplicatePair.right_id) == right)
        async with self.running.database.write() as session:
            await session.exec(delete(DuplicatePair).where(*found))
            session.add(pair)
        return path

    async def let_pass(
        self, table: type[SQLModel], id_: str, time_: timedelta, *names: str
    ) -> None:
        """Let time pass for one row: the instants named are that much further back."""
        async with self.running.database.write() as session:
            row = await session.get(table, UUID(id_))
            assert row is not None
            past = {name: getattr(row, name) - time_ for name in names}
            key = col(table.id)  # type: ignore[attr-defined]
            await session.exec(update(table).where(key == UUID(id_)).values(**past))

    async def record(self, resource: str) -> list[tuple[str, str, str]]:
        """Return who is on record to have done what with a resource, with what decision."""
        entry = self.running.database.tables.audit_entry
        async with self.running.database.read() as session:
            statement = select(entry).where(col(entry.resource) == resource)
            found = (await session.exec(statement.order_by(col(entry.id)))).all()
        assert "noted by default" not in {each.reason for each in found}
        return [(each.actor, each.action, each.decision) for each in found]
