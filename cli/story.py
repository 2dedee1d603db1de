"""The main job from end to end, told to a running system: what `make demo` and the tests do."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cli import sample_people, sample_round
from cli.api import Api, RefusedError

WAIT_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.2
DELIVERED = 20
REGIONS = ["LY01", "LY02", "LY03"]
ALL_CATEGORIES = ["migrant", "idp", "returnee", "host_community"]
LEVELS = (1, 2, 3, 4)

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass
class Input:
    """What the story is told with; files where they are given, made-up ones otherwise."""

    run: str
    gazetteers: list[tuple[str, bytes]]
    workbook: bytes | None = None
    register: bytes | None = None
    people: int = 200


@dataclass
class Summary:
    """What the story came to, for a table and for tests."""

    places: int = 0
    round_number: int = 0
    individuals: int = 0
    level_sums: tuple[int, ...] = ()
    round_warnings: int = 0
    registered: int = 0
    unchanged: int = 0
    rejected: int = 0
    people: int = 0
    entitled: int = 0
    delivered: int = 0
    refused_twice: int = 0
    departed: str = ""
    view: dict[str, Any] | None = None


def tell_story(api: Api, given: Input, tell: Tell) -> Summary:
    summary = Summary()
    _places(api, given, tell, summary)
    _round(api, given, tell, summary)
    _people(api, given, tell, summary)
    programme = _programme(api, given)
    _entitlements(api, programme, tell, summary)
    _distributions(api, programme, tell, summary)
    _return(api, given, programme, tell, summary)
    return summary


def _places(api: Api, given: Input, tell: Tell, summary: Summary) -> None:
    if given.gazetteers:
        files = {f"file{i}": each for i, each in enumerate(given.gazetteers)}
        _finish(api, "Places", "/v1/tracking/places/imports", files, tell)
    summary.places = sum(1 for _ in _all(api, "/v1/tracking/places", limit=1000))
    tell("Places", summary.places, summary.places)


def _round(api: Api, given: Input, tell: Tell, summary: Summary) -> None:
    content = given.workbook
    if content is None:
        target = io.BytesIO()
        sample_round.write(target)
        content = target.getvalue()
    files = {"file": ("round.xlsx", content)}
    job = _finish(api, "DTM round", "/v1/tracking/rounds/imports", files, tell)
    summary.round_warnings = len(job["warnings"])
    rounds = api.get("/v1/tracking/rounds")["items"]
    if given.workbook is None:
        # One that was there before was not imported again, and so is not the newest.
        rounds = [each for each in rounds if each["number"] == sample_round.NUMBER]
    told = max(rounds, key=lambda each: str(each["imported_at"]))
    summary.round_number, summary.individuals = told["number"], told["individuals"]
    path = f"/v1/tracking/rounds/{told['number']}/figures"
    summary.level_sums = tuple(
        sum(each["value"] for each in _all(api, path, population="migrant", level=level))
        for level in LEVELS
    )


def _people(api: Api, given: Input, tell: Tell, summary: Summary) -> None:
    files = {"file": ("register.csv", _register(given))}
    job = _finish(api, "People", "/v1/registration/imports", files, tell)
    summary.registered, summary.unchanged = job["accepted"], job["unchanged"]
    summary.rejected = job["rejected"]


def _register(given: Input) -> bytes:
    return given.register or sample_people.register(given.people, given.run)


def _programme(api: Api, given: Input) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    programme: dict[str, Any] = api.post(
        "/v1/assistance/programmes",
        {
            "name": f"Hygiene kits {given.run}",
            "donor": "A donor",
            "period": {
                "starts_on": today.isoformat(),
                "ends_on": (today + timedelta(days=90)).isoformat(),
            },
            "population_categories": ALL_CATEGORIES,
            "places": REGIONS,
            "item": {"name": "Hygiene kit", "quantity": 1, "unit": "kit"},
        },
    )
    return programme


def _entitlements(api: Api, programme: dict[str, Any], tell: Tell, summary: Summary) -> None:
    """Wait until everybody in the register is entitled, those of earlier stories too."""
    people = _all(api, "/v1/registration/persons")
    summary.people = sum(1 for person in people if person["status"] == "registered")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        begun = time.monotonic()
        found = _all(api, "/v1/assistance/entitlements", programme_id=programme["id"])
        summary.entitled = sum(1 for _ in found)
        tell("Entitlements", summary.entitled, summary.people)
        if summary.entitled >= summary.people:
            return
        # Counting a large register must not take all that the system has.
        time.sleep(max(LOOK_AGAIN_SECONDS, time.monotonic() - begun))


def _distributions(api: Api, programme: dict[str, Any], tell: Tell, summary: Summary) -> None:
    page = api.get(
        "/v1/assistance/entitlements", programme_id=programme["id"], status="open", limit=DELIVERED
    )
    for number, entitlement in enumerate(page["items"], 1):
        summary.delivered += _deliver(api, entitlement["id"])
        summary.refused_twice += not _deliver(api, entitlement["id"])
        tell("Distributions", number, len(page["items"]))


def _deliver(api: Api, entitlement: str) -> bool:
    try:
        api.post("/v1/assistance/distributions", {"entitlement_id": entitlement})
    except RefusedError as refused:
        if refused.slug != "already-delivered":
            raise
        return False
    return True


def _returning(api: Api, given: Input, programme: dict[str, Any]) -> str:
    """
    Return somebody of this story's own register who has an open entitlement.

    Whom the client of an earlier story registered is that one's case, and not this one's to return.
    """
    rows = list(csv.DictReader(io.StringIO(_register(given).decode("utf-8-sig"))))
    for row in reversed(rows):
        query = {"external_id": row["external_id"]}
        for person in api.get("/v1/registration/persons", **query)["items"]:
            own = {"person_id": person["id"], "programme_id": programme["id"], "status": "open"}
            if api.get("/v1/assistance/entitlements", **own)["items"]:
                return str(person["id"])
    raise LookupError("nobody of this register has an open entitlement")


def _return(
    api: Api, given: Input, programme: dict[str, Any], tell: Tell, summary: Summary
) -> None:
    person = _returning(api, given, programme)
    case = api.post("/v1/returns/cases", {"person_id": person})
    today = datetime.now(UTC).date()
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("screening", "screened", {"vulnerability_level": "medium"}),
        ("consent", "consented", {"given": True, "language": "ar", "alternatives_explained": True}),
        (
            "clearance",
            "cleared",
            {
                "travel_document_type": "laissez-passer",
                "travel_document_expires_on": (today + timedelta(days=60)).isoformat(),
                "fit_to_travel_until": (today + timedelta(days=10)).isoformat(),
            },
        ),
        ("departure", "departed", {"consent_reconfirmed": True}),
    ]
    for number, (step, status, evidence) in enumerate(steps, 1):
        taken = api.post(f"/v1/returns/cases/{case['id']}/{step}", evidence)
        if taken["status"] != status:
            raise RuntimeError(f"The case is {taken['status']}, not {status}.")
        tell("Return", number, len(steps))
    summary.departed = person
    summary.view = _seen_departed(api, person)


def _seen_departed(api: Api, person: str) -> dict[str, Any]:
    """Wait until the departure has reached everybody; return the one view of the person."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        view: dict[str, Any] = api.get(f"/v1/people/{person}")
        registration, assistance = view["registration"], view["assistance"]
        heard = bool(registration and assistance) and (
            registration["status"] == assistance["status"] == "departed"
        )
        if heard or time.monotonic() > deadline:
            return view
        time.sleep(LOOK_AGAIN_SECONDS)


def _finish(
    api: Api, what: str, path: str, files: dict[str, tuple[str, bytes]], tell: Tell
) -> dict[str, Any]:
    job: dict[str, Any] = api.upload(path, **files)
    deadline = time.monotonic() + WAIT_SECONDS
    while job["status"] not in {"done", "failed"} and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_SECONDS)
        job = api.get(f"{path}/{job['id']}")
        done = job["accepted"] + job["unchanged"] + job["rejected"]
        tell(what, done, max(job["total"], 1))
    if job["status"] != "done":
        raise RuntimeError(f"{what}: the job is {job['status']}: {job['detail']}")
    return job


def _all(api: Api, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    query = {"limit": 100} | query
    cursor = None
    while True:
        page = api.get(path, cursor=cursor, **query)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return
