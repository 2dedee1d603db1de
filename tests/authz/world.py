"""One person, with all that can be kept of them, in each situation a caller may find them in."""

import json
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import delete, func, update
from sqlmodel import col, select

from chassis import crypto
from chassis.clock import new_id, now, today
from chassis.db import Database
from gateway.identity.keys.signer import AUDIENCES
from services.assistance.distributions.models import Distribution
from services.assistance.entitlements.models import Entitlement
from services.assistance.people.models import Assignment as AssistanceAssignment
from services.assistance.people.models import Person as AssistancePerson
from services.registration.assignments.models import Assignment
from services.registration.duplicates.models import DuplicatePair
from services.registration.erasures.models import Erasure
from services.registration.exports.models import Export
from services.registration.holds.models import Hold
from services.registration.households.models import Household, Member
from services.registration.persons.disability import QUESTIONS
from services.registration.persons.models import Person
from services.registration.requests.models import SubjectRequest
from services.registration.retention.models import RetentionRun
from services.registration.sharing.models import SharingException
from services.returns.cases.models import Case
from services.returns.people.models import Assignment as ReturnsAssignment
from services.returns.people.models import Person as ReturnsPerson
from services.tracking.rounds.models import Round
from standalone import Standalone
from tests.patience import until
from tests.registration.office import letters

PERSONS = {
    "person_id",
    "entitlement_id",
    "distribution_id",
    "case_id",
    "exception_id",
    "pair_id",
}
"""What is a person's, and gone with them; that a record was shared is told longer."""
TESTER, BUILDER = "the-tester", "the-builder"
HERE, ELSEWHERE = "LY0209", "LY0317"
HOME, OTHER, AGREED = "iom", "other", "agreed"
GLASS_BROKEN = "glass broken"
A_WHILE = 60
"""Seconds for which a role keeps its token: less than any of its lives by far."""
HOLDS: dict[str, frozenset[str]] = {
    "own": frozenset({"any", "own", "mine", "loc", "free", "next", "ordinary", "ours"}),
    "own, two days ago": frozenset({"any", "mine", "loc", "free", "next", "ordinary", "ours"}),
    "assigned": frozenset(
        {"any", "asg", "loc", "free", "next", "ordinary", "ours", "link", "linked"}
    ),
    GLASS_BROKEN: frozenset({"any", "loc", "free", "next", "ordinary", "ours", "bg", "bgcosigned"}),
    "same organisation": frozenset({"any", "loc", "free", "next", "ordinary", "ours"}),
    "other organisation": frozenset({"any"}),
    "agreed organisation": frozenset({"any", "loc", "free", "next", "ordinary"}),
    "other place": frozenset({"any", "ours"}),
    "erased": frozenset(),
}
"""What of the qualifiers is true in each situation, told here a second time by hand."""


def organisation_of(situation: str) -> str:
    return {"other organisation": OTHER, "agreed organisation": AGREED}.get(situation, HOME)


class World:
    """The system, who may ask it, and what there is to be asked after."""

    def __init__(self, system: Standalone, client: httpx.AsyncClient) -> None:
        self.system = system
        self.client = client
        self.ids: dict[str, dict[str, str]] = {situation: {} for situation in HOLDS}
        self.databases: dict[str, Database] = {
            name: app.state.database for name, app in system.apps.items()
        }
        self._tokens: dict[str, str] = {}

    def bearer(self, *roles: str, sub: str = TESTER, **claims: Any) -> dict[str, str]:
        """Return the header of somebody at LY02, whose organisation has one agreement."""
        told = {
            "sub": sub,
            "aud": list(AUDIENCES),
            "organisation": HOME,
            "grants": [{"role": role, "places": ["LY02"]} for role in roles],
            "agreements": [{"id": "A1", "organisation": AGREED, "places": ["LY02"]}],
            "sid": f"session-{sub}",
            "amr": ["pwd", "otp"],
            # People ask many times with one token, which each service has to check but once.
            "auth_time": int(time.time()) // A_WHILE * A_WHILE,
        } | claims
        key = json.dumps(told, sort_keys=True)
        if key not in self._tokens:
            self._tokens[key] = self.system.gateway.state.issuer.signer.sign(told)
        return {"Authorization": f"Bearer {self._tokens[key]}"}

    def builder(self, organisation: str) -> dict[str, str]:
        grants = [{"role": "case_worker", "places": ["LY"]}]
        return self.bearer(sub=BUILDER, organisation=organisation, grants=grants)

    async def made(self, path: str, organisation: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self.client.post(path, json=body, headers=self.builder(organisation))
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found


def person(situation: str, number: int = 0) -> dict[str, Any]:
    place = ELSEWHERE if situation == "other place" else HERE
    return {
        "external_id": f"P-{situation.replace(' ', '-').replace(',', '')}-{number}",
        "given_name": "أمينة",
        "sex": "female",
        "birth_date": "1994-02-28",
        "nationality": "SDN",
        "population_category": "migrant",
        "phone": "+218912345678",
        "documents": [{"type": "passport", "number": "S1234567"}],
        "location_pcode": place,
        "household_ref": f"H-{situation.replace(' ', '-').replace(',', '')}",
        "disability": dict.fromkeys(QUESTIONS, "no_difficulty"),
    }


def somebody_else(external_id: str) -> dict[str, Any]:
    """Return what makes a person look like nobody before: likenesses are looked for as always."""
    number = zlib.crc32(external_id.encode())
    return {
        "external_id": external_id,
        "given_name": f"Amina{letters(number)}",
        "birth_date": (date(1960, 1, 1) + timedelta(days=number % 18_000)).isoformat(),
        "phone": f"+21891{number % 10_000_000:07}",
        "documents": [{"type": "passport", "number": f"S{number}"}],
        "household_ref": f"H-{external_id}",
    }


def programme(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "donor": "A donor",
        "period": {"starts_on": "2026-01-01", "ends_on": "2099-12-31"},
        "population_categories": ["migrant"],
        "places": ["LY02", "LY03"],
        "item": {"name": "Kit"},
    }


async def build(world: World, also: Callable[["World", str], Awaitable[None]]) -> None:
    """Make the people and all that hangs on them, then set who made what, and when."""
    programmes = {
        organisation: [
            await world.made(
                "/v1/assistance/programmes",
                organisation,
                programme(name) | {"places": ["LY02", "LY03"]},
            )
            for name in ("Kits", "Food")
        ]
        for organisation in (HOME, OTHER, AGREED)
    }
    await world.client.post(
        "/v1/identity/organisations",
        json={"code": OTHER, "name": "Another organisation"},
        headers=world.bearer("admin", sub="another-administrator"),
    )
    for situation in HOLDS:
        await _record(world, situation, programmes[organisation_of(situation)])
        await also(world, situation)
    await _set_makers(world)
    await _erase(world)
    for situation in HOLDS.keys() - {"erased"}:
        # What jobs leave over goes with whoever is erased, as it may name them.
        await _jobs(world, situation)


def _class(world: World, service: str, table: str) -> Any:
    for mapper in _mappers(world.databases[service]):
        if mapper.local_table.name == table:
            return mapper.class_
    raise LookupError(table)


def _mappers(database: Database) -> Any:
    return database.tables.outbox.__mapper__.registry.mappers  # type: ignore[attr-defined]


async def _record(world: World, situation: str, programmes: list[dict[str, Any]]) -> None:
    organisation = organisation_of(situation)
    told = await world.made("/v1/registration/persons", organisation, person(situation))
    ids = world.ids[situation]
    ids["person_id"] = told["id"]
    kits, food = [each["id"] for each in programmes]
    ids["programme_id"] = kits
    ids["entitlement_id"] = await _entitlement(world, told["id"], kits)
    delivered = {"entitlement_id": await _entitlement(world, told["id"], food)}
    ids["distribution_id"] = (
        await world.made("/v1/assistance/distributions", organisation, delivered)
    )["id"]
    case = await world.made("/v1/returns/cases", organisation, {"person_id": told["id"]})
    ids["case_id"] = case["id"]
    if situation == "assigned":
        path = f"/v1/registration/persons/{told['id']}/assignments"
        await world.made(path, organisation, {"worker_id": TESTER})
    ids["pcode"], ids["number"] = HERE, "9999"
    async with world.databases["registration"].read() as session:
        belongs = select(Member.household_id).where(col(Member.person_id) == UUID(told["id"]))
        ids["household_id"] = str((await session.exec(belongs)).one())
    await _exception(world, situation)
    await look_alike(world, situation)
    await _erasure_and_hold(world, situation)
    await _export(world, situation)
    await _shares(world, situation)
    agreement = _class(world, "registration", "sharing_agreement")(
        organisation=organisation,
        reference=situation.replace(" ", "-").replace(",", ""),
        recipient="icrc",
        purposes=["family-tracing"],
        starts_on=today(),
        ends_on=today(),
        created_by=BUILDER,
    )
    ids["agreement_id"] = str(agreement.id)
    async with world.databases["registration"].write() as session:
        session.add(agreement)
    await _jobs(world, situation)


async def _exception(world: World, situation: str) -> None:
    exception = SharingException(
        person_id=UUID(world.ids[situation]["person_id"]),
        organisation=organisation_of(situation),
        recipient="icrc",
        purpose="family-tracing",
        ground="vital_interest",
        document="D1",
        ends_on=today(),
        asked_by=BUILDER,
    )
    world.ids[situation]["exception_id"] = str(exception.id)
    async with world.databases["registration"].write() as session:
        session.add(exception)


async def look_alike(world: World, situation: str) -> None:
    """Let a registration look like itself, which is within reach just when it is."""
    person_id = UUID(world.ids[situation]["person_id"])
    pair = DuplicatePair(
        left_id=person_id, right_id=person_id, score=9.0, band="possible", reasons=[], weights="t"
    )
    world.ids[situation]["pair_id"] = str(pair.id)
    async with world.databases["registration"].write() as session:
        # The search for doubles, which runs beside, may have found that it is none.
        itself = (col(DuplicatePair.left_id) == person_id, col(DuplicatePair.right_id) == person_id)
        await session.exec(delete(DuplicatePair).where(*itself))
        session.add(pair)


async def _erasure_and_hold(world: World, situation: str) -> None:
    """Let there be an erasure completed before, of somebody else, a hold and a complaint."""
    organisation = organisation_of(situation)
    erasure = Erasure(
        organisation=organisation,
        reason="person_asked",
        status="completed",
        requested_by=TESTER if situation.startswith("own") else BUILDER,
        decided_by="an-officer",
        decided_at=now(),
        completed_at=now(),
    )
    hold = Hold(organisation=organisation, ground="complaint", placed_by=BUILDER)
    request = SubjectRequest(
        organisation=organisation, kind="complaint", opened_by=erasure.requested_by, until=now()
    )
    run = RetentionRun(
        as_of=today() - timedelta(days=400 + list(HOLDS).index(situation)),
        policy_version=1,
        due=0,
        held=0,
        status="done",
        requested_by=BUILDER,
    )
    world.ids[situation] |= {
        "erasure_id": str(erasure.id),
        "hold_id": str(hold.id),
        "request_id": str(request.id),
        "run_id": str(run.id),
    }
    async with world.databases["registration"].write() as session:
        session.add_all([erasure, hold, request, run])


async def _export(world: World, situation: str) -> None:
    """Let a file have been asked for that waits for somebody's decision."""
    export = Export(
        organisation=organisation_of(situation),
        requested_by=TESTER if situation.startswith("own") else BUILDER,
        behalf={},
        purpose="case_management",
        format="csv",
        columns=["case_number"],
        filtered_by=[],
        filter=b"",
        rows=101,
        status="waiting",
        kept_until=now() + timedelta(days=7),
    )
    world.ids[situation]["export_id"] = str(export.id)
    async with world.databases["registration"].write() as session:
        session.add(export)


async def _erase(world: World) -> None:
    """Erase a person as it is done; what is no person's is looked for by an id of nothing."""
    ids = world.ids["erased"]
    asked = await world.client.post(
        "/v1/registration/erasures",
        json={"person_id": ids["person_id"], "reason": "person_asked"},
        headers=world.builder(HOME),
    )
    path = f"{asked.headers['location']}"
    officer = world.bearer("dpo", sub="an-officer")
    approved = await world.client.post(f"{path}/approval", headers=officer)
    assert approved.status_code == 202, approved.text

    async def completed() -> bool:
        told = (await world.client.get(path, headers=officer)).json()
        return bool(told["status"] == "completed")

    await until(completed)
    nobody_s = {name for name in ids if name not in PERSONS}
    world.ids["erased"] |= {name: str(new_id()) for name in nobody_s} | {"number": "9998"}


async def _shares(world: World, situation: str) -> None:
    """Let the person's record have been shared, with another programme of the same organisation."""
    ids = world.ids[situation]
    for service, about in (("returns", "case_id"), ("assistance", "entitlement_id")):
        share = _class(world, service, "share")(
            organisation=organisation_of(situation),
            person_id=UUID(ids["person_id"]),
            about=UUID(ids[about]),
            recipient=f"partner:{organisation_of(situation)}",
            purpose="assistance",
            agreement_id=new_id(),
            state="sent",
            requested_by=TESTER if situation.startswith("own") else BUILDER,
        )
        ids[f"{service} share"] = str(share.id)
        async with world.databases[service].write() as session:
            session.add(share)


async def _jobs(world: World, situation: str) -> None:
    kinds = {
        "registration": ["import_persons", "rescan_duplicates"],
        "assistance": ["share_list"],
        "tracking": [
            "import_places",
            "import_round",
            "import_series",
            "import_sea_totals",
            "import_submissions",
            "draft_publication",
        ],
    }
    for service, names in kinds.items():
        database = world.databases[service]
        for kind in names:
            job_id, key = new_id(), crypto.service_key_of(database)
            job = database.tables.job(
                id=job_id,
                kind=kind,
                status="done",
                payload=key.seal_bytes("job", "payload", b"left over", row=job_id),
                finished_at=now(),
                organisation=organisation_of(situation),
                created_by=TESTER if situation.startswith("own") else BUILDER,
                options={"places": [HERE]},
            )
            world.ids[situation][kind] = str(job.id)
            async with database.write() as session:
                session.add(job)


async def _entitlement(world: World, person_id: str, programme_id: str) -> str:
    async def opened() -> str | None:
        async with world.databases["assistance"].read() as session:
            statement = select(Entitlement.id).where(
                col(Entitlement.person_id) == UUID(person_id),
                col(Entitlement.programme_id) == UUID(programme_id),
            )
            found = (await session.exec(statement)).one_or_none()
            return str(found) if found else None

    return str(await until(opened))


async def _set_makers(world: World) -> None:
    """Let the tester have made what is theirs: the roles that try it may not all make it."""
    assigned = (AssistanceAssignment, "assistance"), (ReturnsAssignment, "returns")
    for kind, service in assigned:
        await until(_counted(world.databases[service], kind))
    for situation in ("own", "own, two days ago"):
        ids = {name: UUID(value) for name, value in world.ids[situation].items() if "-" in value}
        made_at = now() - timedelta(days=2) if "two days" in situation else now()
        changes: list[tuple[str, Any, UUID, dict[str, Any]]] = [
            (
                "registration",
                Person,
                ids["person_id"],
                {"created_by": TESTER, "created_at": made_at, "case_owner": None},
            ),
            (
                "registration",
                Household,
                ids["household_id"],
                {"created_by": TESTER, "created_at": made_at},
            ),
            (
                "assistance",
                AssistancePerson,
                ids["person_id"],
                {"registered_by": TESTER, "case_owner": None},
            ),
            (
                "returns",
                ReturnsPerson,
                ids["person_id"],
                {"registered_by": TESTER, "case_owner": None},
            ),
            (
                "assistance",
                Distribution,
                ids["distribution_id"],
                {"delivered_by": TESTER, "recorded_at": made_at},
            ),
            ("returns", Case, ids["case_id"], {"created_by": TESTER, "created_at": made_at}),
        ]
        for service, kind, key, values in changes:
            async with world.databases[service].write() as session:
                await session.exec(update(kind).where(col(kind.id) == key).values(**values))
    async with world.databases["tracking"].write() as session:
        session.add(Round(number=9999, population="migrant", individuals=0, places=0))


def _counted(database: Database, kind: Any) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        async with database.read() as session:
            return bool((await session.exec(select(func.count()).select_from(kind))).one())

    return there


async def new_assignment(world: World, situation: str) -> str:
    """Assign the person to a third worker, so that there is an assignment to be ended."""
    if situation == "erased":
        return str(new_id())
    assignment = Assignment(
        person_id=UUID(world.ids[situation]["person_id"]),
        worker_id=f"third-{new_id()}",
        assigned_by=BUILDER,
    )
    async with world.databases["registration"].write() as session:
        session.add(assignment)
    return str(assignment.id)


@asynccontextmanager
async def open_world(
    system: Standalone, also: Callable[[World, str], Awaitable[None]]
) -> AsyncIterator[World]:
    transport = httpx.ASGITransport(app=system.gateway, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://masar.test", timeout=60
    ) as client:
        world = World(system, client)
        await build(world, also)
        yield world
