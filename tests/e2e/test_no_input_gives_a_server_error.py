"""Schemathesis tries what the merged OpenAPI allows and forbids; nothing may answer with a 5xx."""

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.policy import policy
from cli.api import OPERATIONS
from standalone import Standalone
from tests.authz.test_every_cell import content_of
from tests.authz.tries import add, ids_of
from tests.authz.world import TESTER, open_world
from tests.conftest import claims
from tests.fleet import OneProcess

CONFORMANCE = ("status_code", "content_type", "response_schema")
CHECKS = ",".join(["not_a_server_error", *(f"{each}_conformance" for each in CONFORMANCE)])
COMMAND = [
    "run",
    "--phases=examples,coverage,fuzzing",
    "--max-examples=3",
    f"--checks={CHECKS}",
    # Of two, one fails now and then: Python 3.11 cannot parse its sources in two threads at once.
    "--workers=1",
    "--seed=1",
    "--continue-on-failure",
    "--request-timeout=20",
]

MOST_UNREACHED = 60
"""So many operations may only answer 404: what they need is used up, or has to be in a body."""
SITUATIONS = ("own", "assigned", "same organisation")
HEADERS = {"idempotency-key", "if-match", "x-purpose"}
SETTINGS = """
[phases.coverage]
# Eight would be tried on each of some three hundred operations, to be refused by the same line.
unexpected-methods = ["trace"]

[warnings]
# Whoever is only turned away has not tried what is behind the door.
fail-on = ["missing_auth", "rate_limited"]

[[operations]]
# Its session is over then, and all that follows would be refused for that.
include-name = "DELETE /v1/sessions/current"
headers = {{ Authorization = "Bearer {whose_session_ends}" }}

[[operations]]
include-path-regex = "/(approval|refusal)$"
headers = {{ Authorization = "Bearer {who_decides}" }}

[[operations]]
# Here 403 says more than who asks: what agreement, or which earlier breaking, stands in the way.
include-path-regex = "/(received-shares/.*/content|share-lists|break-glass)$"
warnings = false

[[operations]]
include-path-regex = "^/v3/"
headers = {{ Ocp-Apim-Subscription-Key = "{key}" }}
"""


class Request(NamedTuple):
    """What names a record in the path of an operation, and what may be sent to it."""

    ids: dict[str, str]
    body: Any


def test_no_input_gives_a_server_error(one_process: OneProcess, tmp_path: Path) -> None:
    known = asyncio.run(requests_of_every_operation(one_process.home))
    one_process.start()
    address = f"http://127.0.0.1:{one_process.port}"
    # The first who asks waits for it to be written, which takes seconds on a busy machine.
    document = httpx.get(f"{address}/openapi.json", timeout=60, trust_env=False).json()
    (tmp_path / "openapi.json").write_text(
        json.dumps(with_records(without_headers(document), known))
    )
    who_asks, who_decides, whose_session_ends = tokens(one_process, TESTER, "decides", "ends")
    settings = SETTINGS.format(
        who_decides=who_decides,
        whose_session_ends=whose_session_ends,
        key=subscription_key(address, who_asks),
    )
    (tmp_path / "schemathesis.toml").write_text(settings)

    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            *COMMAND,
            f"--url={address}",
            f"--header=Authorization: Bearer {who_asks}",
            "--header=X-Purpose: case_management",
            '--header=If-Match: "1"',
            "openapi.json",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )

    # What went wrong stands before the warnings, which are long.
    found = done.stdout.partition("= WARNINGS =")[0]
    assert done.returncode == 0, found[-6000:] + done.stdout[-1000:] + done.stderr[-2000:]
    unreached = re.search(r"Missing test data: (\d+) operations", done.stdout)
    assert unreached, done.stdout[-3000:]
    assert int(unreached[1]) < MOST_UNREACHED, done.stdout
    assert '"status": 500' not in (one_process.home / "log").read_text()


def without_headers(document: dict[str, Any]) -> dict[str, Any]:
    """
    Leave out what the same lines read for every operation before they read what is its own.

    Refused there, as a second body under one Idempotency-Key is, nothing else would be tried.
    """
    for path in document["paths"].values():
        for operation in path.values():
            told = operation.get("parameters", ())
            operation["parameters"] = [each for each in told if each["name"].lower() not in HEADERS]
    return document


async def requests_of_every_operation(home: Path) -> dict[str, list[Request]]:
    """
    Make the records on which tests/authz tries operations; return what reaches them, by operation.

    Of a made-up id nothing is known: what is behind its 404 would never be tried.
    """
    operations = {name: row for rows in policy().operations.values() for name, row in rows.items()}
    system = Standalone(home, "http://masar.test")
    known: dict[str, list[Request]] = {}
    async with system.running(), open_world(system, add) as world:
        for name in sorted(name for name, row in operations.items() if row.resource):
            for situation in SITUATIONS:
                ids = await ids_of(world, name, situation)
                content = content_of(name, situation, "protection_officer", ids)
                known.setdefault(name, []).append(Request(ids, content.get("json")))
    return known


def with_records(document: dict[str, Any], known: dict[str, list[Request]]) -> dict[str, Any]:
    """Let a path name what there is, and show a body for it: Schemathesis goes on from both."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            requests = known.get(f"{method.upper()} {path}", [])
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    told = [each.ids.get(parameter["name"]) for each in requests]
                    show(parameter, [each for each in told if each])
            sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if sent and (bodies := [each.body for each in requests if each.body is not None]):
                sent["examples"] = examples(bodies)
    return document


def show(parameter: dict[str, Any], told: list[str]) -> None:
    kind = parameter["schema"].get("type", "string")
    if values := [int(each) if kind == "integer" else each for each in told]:
        parameter["schema"] = {"type": kind, "enum": list(dict.fromkeys(values))}
        parameter["examples"] = examples(values)


def examples(values: list[Any]) -> dict[str, Any]:
    return {str(number): {"value": value} for number, value in enumerate(values)}


def tokens(system: OneProcess, *names: str) -> list[str]:
    """Return a token for each name, with every role: no operation stops its bearer at the door."""
    key = ECKey.import_key(json.loads((system.home / "keys/signing.json").read_text()))
    everything = claims(sorted(policy().roles), amr=["pwd", "otp"], auth_time=int(time.time()))
    return [
        jwt.encode(
            {"alg": "ES256", "kid": key.kid}, everything | dict.fromkeys(("sub", "sid"), name), key
        )
        for name in names
    ]


def subscription_key(address: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        made = client.post("/v1/identity/clients", json=OPERATIONS).json()
        path = f"/v1/identity/clients/{made['id']}/subscription-keys"
        return str(client.post(path).json()["subscription_key"])
