"""A mission in one process, with somebody in it whose every value is found by its bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.caller import grants_claim
from chassis.db import Database
from standalone import Standalone
from tests.conftest import claims
from tests.patience import until

CANARY: dict[str, Any] = {
    "external_id": "CANARYEXTERNAL1",
    "given_name": "Canarygiven",
    "father_name": "Canaryfather",
    "grandfather_name": "Canarygrandfather",
    "family_name": "Canaryfamily",
    "sex": "female",
    "birth_date": "1993-07-19",
    "nationality": "SDN",
    "population_category": "migrant",
    "phone": "+218917654321",
    "other_phones": ["+218927654322"],
    "documents": [{"type": "passport", "number": "CANARYDOCUMENT9"}],
    "location_pcode": "LY0209",
    "household_ref": "CANARYHOUSEHOLD1",
}
CORRECTED = "Canarycorrected"
TRACES = (b"canary", b"CANARY", b"Canary", b"917654321", b"927654322")
"""What no file may hold of the person afterwards, whichever field it was in."""


@dataclass
class Mission:
    """The system, and whoever works in it."""

    system: Standalone
    person: str = ""
    programme: str = ""
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def as_(self, role: str, sub: str | None = None, **changes: Any) -> httpx.AsyncClient:
        """Return a client with a token of the installation's own key, for one role."""
        key = ECKey.import_key(json.loads((self.system.home / "keys/signing.json").read_text()))
        told = claims(sub=sub or role, grants=grants_claim([role], ["LY"]), **changes)
        token = jwt.encode({"alg": "ES256", "kid": key.kid}, told, key)
        transport = httpx.ASGITransport(app=self.system.gateway, raise_app_exceptions=False)
        client = httpx.AsyncClient(
            transport=transport,
            base_url="http://masar.test",
            timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        )
        self.clients.append(client)
        return client

    def database(self, service: str) -> Database:
        """Return the database of a running service."""
        found: Database = self.system.apps[service].state.database
        return found

    async def close(self) -> None:
        for client in self.clients:
            await client.aclose()

    async def assist_somebody(self) -> None:
        """Register the person, correct, entitle and serve them, and open their return."""
        worker = self.as_("case_worker")
        self.programme = await made(worker, "/v1/assistance/programmes", PROGRAMME)
        self.person = await made(worker, "/v1/registration/persons", CANARY)
        corrected = await worker.patch(
            f"/v1/registration/persons/{self.person}",
            json={"reason": "recorded_wrongly", "given_name": CORRECTED},
            headers={"If-Match": '"1"'},
        )
        assert corrected.status_code == 200, corrected.text
        entitlement = await until(self.entitlement)
        await made(worker, "/v1/assistance/distributions", {"entitlement_id": entitlement})
        await made(worker, "/v1/returns/cases", {"person_id": self.person})

    async def entitlement(self) -> str | None:
        items = await self.entitlements(person_id=self.person)
        return items[0]["id"] if items else None

    async def entitlements(self, **filters: str) -> list[dict[str, Any]]:
        answer = await self.as_("case_worker").get("/v1/assistance/entitlements", params=filters)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def ask(self, reason: str = "person_asked", **changes: Any) -> str:
        body = {"person_id": self.person, "reason": reason}
        return await made(self.as_("case_worker", **changes), "/v1/registration/erasures", body)

    async def approve(self, erasure: str, sub: str = "dpo") -> httpx.Response:
        return await self.as_("dpo", sub).post(f"/v1/registration/erasures/{erasure}/approval")

    async def completed(self, erasure: str) -> dict[str, Any]:
        officer = self.as_("dpo")

        async def done() -> dict[str, Any] | None:
            found = (await officer.get(f"/v1/registration/erasures/{erasure}")).json()
            return found if found["status"] == "completed" else None

        found: dict[str, Any] = await until(done)
        return found

    async def erase(self) -> dict[str, Any]:
        """Let the person be erased, and return what is said of it once it is complete."""
        erasure = await self.ask()
        approved = await self.approve(erasure)
        assert approved.status_code == 202, approved.text
        return await self.completed(erasure)

    async def status_for(self, role: str) -> int:
        path = f"/v1/registration/persons/{self.person}"
        return (await self.as_(role).get(path)).status_code


PROGRAMME = {
    "name": "Kits",
    "donor": "A donor",
    "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
    "population_categories": ["migrant"],
    "places": ["LY0209"],
    "item": {"name": "Kit"},
}


async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    answer = await client.post(path, json=body)
    assert answer.status_code in {201, 202}, answer.text
    return str(answer.json()["id"])


def traces(folder: Path) -> Iterator[str]:
    """Name each file below a folder that holds a trace, and which."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield from (f"{path.name}: {each.decode()}" for each in TRACES if each in content)
