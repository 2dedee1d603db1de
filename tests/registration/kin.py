"""Households in the made-up office: how they are registered, read and changed in tests."""

import json
from typing import Any

from sqlmodel import col, select

from services.registration.households import telling
from services.registration.households.models import Household
from tests.patience import until
from tests.registration.office import Office, Worker

HOUSEHOLDS = "/v1/registration/households"
CASES = {"X-Purpose": "case_management"}
PLACE = "LY020908"
TOLD = "registration.household_changed.v1"


class Kin:
    """What is done with households, by the case worker unless another is named."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._number = 0

    async def person(self, ref: str | None = None, role: str | None = None, **more: Any) -> str:
        """Register somebody new, who names a household or none."""
        self._number += 1
        told: dict[str, Any] = {
            "external_id": f"K{self._number}",
            "given_name": f"Given {self._number}",
            "household_ref": ref,
            "relationship_to_head": role,
            "phone": None,
            "documents": [],
        }
        return await self.office.register(**told | more)

    async def listed(self, by: Worker | None = None, **filters: Any) -> list[dict[str, Any]]:
        worker = by or self.office.case_worker
        answer = await worker.get(HOUSEHOLDS, params=filters, headers=CASES)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def of(self, ref: str) -> dict[str, Any]:
        [found] = await self.listed(household_ref=ref, ended=False)
        return found

    async def seen(self, id_: str) -> dict[str, Any]:
        answer = await self.office.case_worker.get(f"{HOUSEHOLDS}/{id_}", headers=CASES)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        found: dict[str, Any] = answer.json()
        return found

    async def does(
        self, path: str, body: dict[str, Any], status: int = 200, by: Worker | None = None
    ) -> dict[str, Any]:
        worker = by or self.office.case_worker
        answer = await worker.post(f"{HOUSEHOLDS}{path}", body, headers=CASES)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def corrects(self, id_: str, /, status: int = 200, **changes: Any) -> dict[str, Any]:
        version = (await self.seen(id_))["version"]
        headers = CASES | {"If-Match": f'"{version}"'}
        path = f"{HOUSEHOLDS}/{id_}"
        answer = await self.office.case_worker.send("PATCH", path, json=changes, headers=headers)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def told(self) -> list[dict[str, Any]]:
        """Return what the others are told of households, in order, when they are told of all."""
        database = self.office.running.database

        async def waiting() -> int:
            # The service tells of some beside, and has not committed that perhaps.
            await telling.tell_changed(database)
            behind = select(Household.id).where(col(Household.untold))
            async with database.read() as session:
                return len((await session.exec(behind)).all())

        await until(waiting, lambda number: number == 0)
        table = database.tables.outbox
        async with database.read() as session:
            statement = select(table).where(col(table.type) == TOLD).order_by(col(table.id))
            rows = (await session.exec(statement)).all()
        return [json.loads(row.body)["data"] for row in rows]


def people(household: dict[str, Any], which: str = "members") -> set[str]:
    return {each["person_id"] for each in household[which]}
