"""
Every role tries every operation in every situation, over HTTP, against contracts/authz.yaml.

An operation that the table below does not know how to try fails this test, and so does a cell of
the matrix that no operation and no field has tried.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.clock import today
from chassis.fields import Purpose, Rule, fields, leaves
from chassis.policy import LIST, Operation, Qualifier, policy
from gateway.routes import SERVICES
from standalone import Standalone
from tests.authz import counted, field_work, merges, need_to_know, occasions
from tests.authz.administration import (
    CLIENT,
    LETTERS,
    agreement,
    staff,
    unique,
)
from tests.authz.tries import JOBS, add, ids_of, needs
from tests.authz.world import (
    GLASS_BROKEN,
    HERE,
    HOLDS,
    World,
    open_world,
    person,
    programme,
    somebody_else,
)
from tests.gateway.test_the_whole import described, operations

PLACES_CSV = "adm1_pcode,adm1_en,adm1_ar\nLY09,Nine,تسعة\n"
REGISTER_CSV = (
    "external_id,given_name,sex,birth_date,nationality,population_category,location_pcode\n"
    f"F2,Moussa,male,1990-01-01,NER,migrant,{HERE}\n"
)
SOON = "2099-01-01"
NEXT_WEEK = (today() + timedelta(days=7)).isoformat()
SHARE = {
    "recipient": "partner:x",
    "purpose": "assistance",
    "agreement_id": "01a20b3e-ef60-7467-a414-6dd2e35e07bb",
}
CONSENT = {"recipient": "icrc", "purpose": "family-tracing"}
BODIES: dict[str, Any] = {
    "PATCH /v1/registration/persons/{person_id}": {
        "reason": "recorded_wrongly",
        "given_name": "هدى",
    },
    "POST /v1/registration/persons/{person_id}/assignments": {"worker_id": "somebody-else"},
    "POST /v1/registration/persons/{person_id}/consents": CONSENT
    | {
        "given": False,
        "text_version": "2026-1",
        "language": "ar",
        "form": "verbal",
        "place_pcode": HERE,
        "detained": False,
    },
    "POST /v1/registration/persons/{person_id}/consents/withdrawals": CONSENT,
    "POST /v1/registration/persons/{person_id}/sharing-exceptions": CONSENT
    | {"ground": "vital_interest", "document": "D1", "ends_on": NEXT_WEEK},
    "POST /v1/registration/sharing-exceptions/{exception_id}/decision": {"approved": False},
    "POST /v1/registration/sharing-agreements/{agreement_id}/end": None,
    "POST /v1/registration/duplicates/{pair_id}/decision": {"decision": "unsure"},
    **{
        # What cannot be is refused to who gets so far, and nobody is moved for the others.
        f"POST /v1/registration/households/{{household_id}}{path}": {"on": "2001-01-01"}
        for path in ("/end", "/members/{person_id}/leaving")
    },
    "PATCH /v1/registration/households/{household_id}": {"head_absence": None},
    "POST /v1/registration/households/{household_id}/members": lambda ids: {
        "person_id": ids["person_id"]
    },
    "POST /v1/registration/households/{household_id}/members/{person_id}/move": lambda ids: {
        "to": ids["household_id"]
    },
    "POST /v1/registration/households/{household_id}/split": lambda ids: {
        "members": [{"person_id": ids["person_id"]}],
        "on": "2001-01-01",
    },
    "POST /v1/registration/households/{household_id}/join": lambda ids: {
        "into": ids["household_id"]
    },
    # Nobody of the pair, which is read before that is said.
    "POST /v1/registration/duplicates/{pair_id}/merge": {"keep": str(UUID(int=0))},
    "POST /v1/identity/staff/{staff_id}/invitation": None,
    "POST /v1/identity/assignments/{assignment_id}/approval": None,
    "POST /v1/identity/agreements/{agreement_id}/approval": None,
    **{
        f"POST /v1/{service}/{shares}/{{share_id}}/confirmation": None
        for service in ("returns", "assistance")
        for shares in ("shares", "received-shares")
    },
    **LETTERS,
    **need_to_know.BODIES,
    **occasions.BODIES,
    **merges.BODIES,
    **counted.BODIES,
    **field_work.BODIES,
    "POST /v1/returns/shares": lambda ids: SHARE | {"case_id": ids["case_id"]},
    "POST /v1/assistance/share-lists": lambda ids: SHARE | {"programme_id": ids["programme_id"]},
    "POST /v1/assistance/distributions": lambda ids: {"entitlement_id": ids["entitlement_id"]},
    "POST /v1/returns/cases": lambda ids: {"person_id": ids["person_id"]},
    "POST /v1/registration/subject-requests": lambda ids: {
        "person_id": ids["person_id"],
        "kind": "complaint",
    },
    "POST /v1/registration/subject-requests/{request_id}/closure": None,
    "POST /v1/registration/retention/runs/{run_id}/approval": None,
    "POST /v1/identity/clients/{client_id}/secret": {"overlap_hours": 1},
    "POST /v1/identity/clients/{client_id}/subscription-keys": None,
    "POST /v1/registration/erasures": lambda ids: {
        "person_id": ids["person_id"],
        "reason": "person_asked",
    },
    "POST /v1/registration/erasures/{erasure_id}/approval": None,
    "POST /v1/registration/erasures/{erasure_id}/refusal": {"refusal": "kept_by_law"},
    "POST /v1/registration/exports/{export_id}/approval": None,
    "POST /v1/registration/exports/{export_id}/refusal": None,
    "POST /v1/registration/legal-holds": lambda ids: {
        "person_id": ids["person_id"],
        "ground": "complaint",
    },
    "POST /v1/returns/cases/{case_id}/screening": {"vulnerability_level": "low"},
    "POST /v1/returns/cases/{case_id}/consent": {
        "given": True,
        "language": "ar",
        "alternatives_explained": True,
    },
    "POST /v1/returns/cases/{case_id}/clearance": {
        "travel_document_expires_on": SOON,
        "fit_to_travel_until": SOON,
    },
    "POST /v1/returns/cases/{case_id}/departure": {"consent_reconfirmed": True},
    "POST /v1/returns/cases/{case_id}/withdrawal": {},
}
NEW: dict[str, Any] = {
    "POST /v1/registration/persons": person,
    "POST /v1/registration/honey-records": person,
    **occasions.NEW,
    "POST /v1/registration/imports": REGISTER_CSV,
    # Of nobody, which is said to who may make one.
    "POST /v1/registration/households": {"location_pcode": HERE},
    "POST /v1/registration/exports": {"format": "csv", "columns": ["case_number"]},
    "POST /v1/registration/sharing-agreements": {
        "reference": "R1",
        "purposes": ["family-tracing"],
        "recipient": "icrc",
        "starts_on": "2026-01-01",
        "ends_on": "2099-01-01",
    },
    "POST /v1/assistance/programmes": programme,
    **field_work.NEW,
    "POST /v1/tracking/places/imports": PLACES_CSV,
    "POST /v1/tracking/rounds/imports": "this is no workbook",
    **counted.NEW,
    "POST /v1/tracking/series/imports": "this is no series",
    **{
        f"POST /v1/{service}/audit/restores": {"restored_to": "2026-01-01T00:00:00Z"}
        for service in SERVICES
    },
    "POST /v1/gateway/audit/restores": {"restored_to": "2026-01-01T00:00:00Z"},
    "POST /v1/registration/retention/runs": None,
    "POST /v1/registration/duplicates/rescans": None,
    "POST /v1/identity/clients": CLIENT,
    "POST /v1/identity/signing-keys": {"after_seconds": 3600},
    "POST /v1/identity/staff": staff,
    "POST /v1/identity/organisations": lambda: {"code": unique("o"), "name": "Another"},
    "POST /v1/identity/assignments": {
        "holder": "client-nobody",
        "role": "enumerator",
        "organisation": "iom",
        "places": ["LY"],
    },
    "POST /v1/identity/agreements": agreement,
    **need_to_know.NEW,
}
"""What makes a record out of nothing: only the place of it can be out of reach."""
PLACED = {"POST /v1/registration/persons", "POST /v1/assistance/programmes"}
PLACED |= {"POST /v1/registration/honey-records"}
LISTED = {
    "person": "person_id",
    "programme": "programme_id",
    "entitlement": "entitlement_id",
    "distribution": "distribution_id",
    "return_case": "case_id",
    "sharing_agreement": "agreement_id",
    "sharing_exception": "exception_id",
    "duplicate": "pair_id",
    "share": "share_id",
    "household": "household_id",
    **need_to_know.LISTED,
    **counted.LISTED,
    **occasions.LISTED,
    **merges.LISTED,
    **field_work.LISTED,
    "erasure": "erasure_id",
    "legal_hold": "hold_id",
    "subject_request": "request_id",
    "export": "export_id",
    "received_share": "share_id",
}
AT_NO_PLACE = {"programme", "sharing_agreement", "share", "received_share", *JOBS}
AT_NO_PLACE |= {"mapping", "intake_form", "submission"}
AT_NO_PLACE |= {"erasure", "certificate", "legal_hold", "subject_request", "export"}
AT_NO_PLACE |= counted.AT_NO_PLACE
ON_A_PERSON = {
    "POST /v1/returns/shares",
    "POST /v1/registration/erasures",
    "POST /v1/registration/legal-holds",
    "POST /v1/registration/subject-requests",
}
NOBODY_S = {"round", "client", "staff", "role", "organisation", "agreement"}
NOBODY_S |= {"audit_log", "audit_chain", "dead_letter", "signing_key", "retention"}
NOBODY_S |= {"duplicate_scan"} | counted.NOBODY_S
NOBODY_S |= field_work.NOBODY_S | occasions.NOBODY_S
"""Resources of no organisation: every one of them is everybody's, or a list is the caller's own."""
WITHOUT = {"GET /v1/assistance/people/{person_id}": {"next"}}
"""Operations of a cell on another table than its own, which lacks one of its conditions."""
CHANGED = {"contact": "phone", "document": "documents", "household": "household_ref"}
CHANGED |= {"need": "disability"}
ONE_BY_ONE = "/audit/restores"
"""What is declared about a restored database is declared by one person, once."""
OUT_OF_SCOPE = {403: "door", 404: "away", 410: "away"}
QUERY: dict[str, Any] = {"GET /v1/tracking/rounds/{number}/figures": {"level": 1}} | counted.QUERY
QUERY |= need_to_know.QUERY


@dataclass
class Tally:
    tried: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@pytest.fixture
async def world(system: Standalone) -> AsyncIterator[World]:
    async with open_world(system, add) as built:
        yield built


def expected(name: str, needed: Operation, role: str, situation: str) -> str:
    """Return `door`, `away` or `in`, by the words of the file and by hand."""
    cell = policy().cell(needed.resource, needed.action, role)
    if not cell:
        return "door"
    if name in NEW:
        elsewhere = situation == "other place" and name in PLACED
        return "door" if elsewhere and not _any(cell) else "in"
    return "in" if any(each.scope in holds(name, needed, situation) for each in cell) else "away"


def _any(cell: tuple[Qualifier, ...]) -> bool:
    return any(each.scope == "any" for each in cell)


def holds(name: str, needed: Operation, situation: str) -> frozenset[str]:
    if needed.resource in NOBODY_S:
        found = frozenset({"any", "mine"})
        return found if situation != "erased" or "{" not in name else frozenset()
    here = situation
    placeless = needed.resource in AT_NO_PLACE and name not in ON_A_PERSON
    placeless |= name.partition(" ")[2].startswith("/v1/registration/sharing-exceptions")
    if situation == "other place" and placeless:
        here = "same organisation"
    found = HOLDS[here]
    if needed.resource == "breaking" and situation == GLASS_BROKEN:
        found |= {"mine"}
    only_read = needed.action in {"R", LIST} and needed.resource != "merge_proposal"
    if situation == "agreed organisation" and not only_read:
        found = frozenset({"any"})
    return found - WITHOUT.get(name, set())


async def attempt(world: World, name: str, role: str, situation: str) -> str:
    """Ask once, and say whether the caller was stopped at the door, found nothing, or got in."""
    method, path = name.split(" ")
    needed = needs(name)
    ids = await ids_of(world, name, situation)
    options = content_of(name, situation, role, ids)
    options["headers"] = world.bearer(role) | (
        {"If-Match": '"1"'} if method in {"PATCH", "PUT"} else {}
    )
    if needed.action == LIST:
        options["params"] = {"limit": 100}
    response = await world.client.request(method, path.format(**ids), **options)
    assert response.status_code < 500, f"{name} {role} {situation} {response.text}"
    if needed.action == LIST and response.is_success and needed.resource in LISTED:
        wanted = ids[LISTED[needed.resource]]
        return "in" if wanted in [each["id"] for each in response.json()["items"]] else "away"
    if response.status_code == 422 and "unknown-person" in response.text:
        return "away"
    if response.status_code == 403 and response.json()["type"] != "/problems/forbidden":
        # Who is refused for another reason than their roles has passed them.
        return "in"
    return OUT_OF_SCOPE.get(response.status_code, "in")


def content_of(name: str, situation: str, role: str, ids: dict[str, str]) -> dict[str, Any]:
    body = NEW.get(name, BODIES.get(name))
    options: dict[str, Any] = {"params": QUERY.get(name)}
    if isinstance(body, str):
        options["files"] = {"file": ("file.csv", body.encode(), "text/csv")}
    elif callable(body):
        options["json"] = _made(name, body, situation, role, ids)
    elif body is not None:
        options["json"] = body
    return options


def _made(name: str, body: Any, situation: str, role: str, ids: dict[str, str]) -> Any:
    if name in NEW and body not in {person, programme}:
        return body()
    if body is person:
        form = person(situation)
        if not policy().cell("need", "C", role):
            del form["disability"]
        return form | somebody_else(f"N-{role}-{situation[:3]}{len(situation)}")
    if body is programme:
        place = "LY03" if situation == "other place" else "LY02"
        return programme(f"{role} {situation}") | {"places": [place]}
    return body(ids)


def can_be_tried(name: str, world: World) -> bool:
    method, path = name.split(" ")
    known = set(world.ids["own"]) | {
        "job_id",
        "assignment_id",
        "client_id",
        "staff_id",
        "share_id",
        "note_id",
        "scan_id",
        "letter_id",
        "site_id",
    }
    parameters = {each.strip("{}") for each in path.split("/") if each.startswith("{")}
    told = method in {"GET", "DELETE"} or name in BODIES or name in NEW
    needed = needs(name)
    listed = needed.action != LIST or needed.resource in {*LISTED, *NOBODY_S}
    return parameters <= known and told and listed


async def try_operation(world: World, name: str, tally: Tally) -> None:
    needed = needs(name)
    if not can_be_tried(name, world):
        tally.unknown.append(name)
        return
    for role in sorted(policy().roles):
        # Who has no cell at all is tried where there is most reason to let them in.
        cell = policy().cell(needed.resource, needed.action, role)
        situations = list(HOLDS) if cell else ["own", "assigned"]
        tries = [attempt(world, name, role, situation) for situation in situations]
        if name.endswith(ONE_BY_ONE):
            answers = [await each for each in tries]
        else:
            answers = await asyncio.gather(*tries)
        tally.requests += len(answers)
        for situation, got in zip(situations, answers, strict=True):
            wanted = expected(name, needed, role, situation)
            action = "R" if needed.action == LIST else needed.action
            tally.tried[needed.resource, action, role] += 1
            if got != wanted:
                tally.wrong.append(f"{name}: {role}, {situation}: {got}, not {wanted}")


def in_order(names: list[str]) -> list[str]:
    """Return the operations, those that read first: what is tried must still be there."""
    ends = ("consent", "clearance", "departure", "withdrawal")
    return sorted(names, key=lambda each: (not each.startswith("GET"), each.endswith(ends), each))


async def test_p16_case_29_every_role_tries_every_operation_in_every_situation(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {name for name, _ in operations(await described(world.client))}
    unlisted = [name for name in told if not any(name in r for r in policy().operations.values())]
    governed = [name for name in told - set(unlisted) if needs(name).resource]
    tally = Tally()

    for name in in_order(governed):
        await try_operation(world, name, tally)
    await try_fields(world, tally)

    listed, tried = set(policy().cells), set(tally.tried)
    with capsys.disabled():
        print(
            f"\nmatrix: {len(governed)} operations, {len(policy().roles)} roles, "
            f"{len(HOLDS)} situations, {tally.requests} requests; cells listed {len(listed)}, "
            f"tried {len(listed & tried)}, wrong {len(tally.wrong)}, "
            f"unlisted operations {len(unlisted)}"
        )
    assert "\n".join(tally.wrong) == ""
    assert unlisted == []
    assert tally.unknown == [], "Tell BODIES, LISTED or tests/authz/world.py how to try these."
    assert sorted(listed - tried) == []


async def try_fields(world: World, tally: Tally) -> None:
    """Try the cells that govern fields: what is read of a person, a case, and what is changed."""
    shown = (
        ("person", "/v1/registration/persons/{person_id}"),
        ("return_case", "/v1/returns/cases/{case_id}"),
    )
    for shape, path in shown:
        for role in sorted(policy().roles):
            for purpose in fields().purposes.values():
                if role in purpose.roles:
                    await _try_reading(world, tally, shape, path, role, purpose)
    for resource, name in CHANGED.items():
        for role in sorted(policy().roles):
            for situation in HOLDS:
                await _try_changing(world, tally, resource, name, role, situation)
            await _try_filling_in(world, tally, resource, name, role)


async def _try_filling_in(world: World, tally: Tally, resource: str, name: str, role: str) -> None:
    form = person("own")
    form = {key: value for key, value in form.items() if key == name or key not in CHANGED.values()}
    changed = somebody_else(f"F-{role}-{resource}")
    form |= {key: value for key, value in changed.items() if key in {*form, "external_id"}}
    response = await world.client.post(
        "/v1/registration/persons", json=form, headers=world.bearer(role)
    )
    tally.requests += 1
    tally.tried[resource, "C", role] += 1
    granted = all(policy().cell(each, "C", role) for each in ("person", "contact", resource))
    if response.status_code != (201 if granted else 403):
        tally.wrong.append(f"{resource} C: {role}: {response.status_code}")


async def _try_reading(
    world: World, tally: Tally, shape: str, path: str, role: str, purpose: Purpose
) -> None:
    headers = world.bearer(role) | {"X-Purpose": purpose.name}
    for situation in HOLDS:
        response = await world.client.get(path.format(**world.ids[situation]), headers=headers)
        tally.requests += 1
        if not response.is_success:
            continue
        for name, rule in _top(shape):
            level = _level(rule, name, role, situation, purpose)
            tally.tried[rule.resource, "R", role] += 1
            got = _seen(response.json(), name)
            if got is not None and got != level:
                tally.wrong.append(f"{shape}.{name}: {role}, {situation}, {purpose.name}: {got}")


def _top(shape: str) -> list[tuple[str, Rule]]:
    return [(name, each) for name, each in leaves(fields().shapes[shape].fields) if name != "by"]


def _level(rule: Rule, name: str, role: str, situation: str, purpose: Purpose) -> str:
    if rule.level < "S2":
        return "full"
    if purpose.only is not None and name not in purpose.only:
        return "masked"
    needs_purpose = rule.level >= "S3" and purpose.only is None
    if needs_purpose and (role not in purpose.roles or rule.resource not in purpose.resources):
        return "masked"
    limits = {
        each.limit
        for each in policy().cell(rule.resource, "R", role)
        if each.scope in HOLDS[situation]
    }
    if limits & {"", "byid"}:
        return "full"
    return "last" if "last3" in limits and rule.last else "masked"


def _seen(body: dict[str, Any], name: str) -> str | None:
    """Return how a field was shown; None where there is none of it to be shown."""
    found = list(_values(body, name))
    if not found:
        return None
    value = found[0]
    if isinstance(value, dict) and value.get("masked"):
        return "last" if "last" in value else "masked"
    return "full"


def _values(body: Any, name: str) -> Any:
    if isinstance(body, dict):
        for key, value in body.items():
            if key == name:
                yield value
            yield from _values(value, name)
    if isinstance(body, list):
        for each in body:
            yield from _values(each, name)


async def _try_changing(
    world: World, tally: Tally, resource: str, name: str, role: str, situation: str
) -> None:
    value: Any = [{"type": "passport", "number": "X7654321"}] if name == "documents" else None
    person_id = world.ids[situation]["person_id"]
    response = await world.client.patch(
        f"/v1/registration/persons/{person_id}",
        json={"reason": "recorded_wrongly", name: value},
        headers=world.bearer(role) | {"If-Match": '"99"'},
    )
    tally.requests += 1
    tally.tried[resource, "U", role] += 1
    cell = policy().cell(resource, "U", role)
    own = policy().cell("person", "U", role)
    there = HOLDS[situation] if situation != "agreed organisation" else frozenset()
    if not cell or not own:
        wanted = 403
    elif not any(each.scope in there for each in own):
        wanted = 404
    else:
        wanted = 412 if any(each.scope in there for each in cell) else 403
    if response.status_code != wanted:
        got = response.status_code
        tally.wrong.append(f"{resource} U: {role}, {situation}: {got}, not {wanted}")
