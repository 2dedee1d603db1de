"""One view of a person: what each service knows, asked in parallel, within one deadline."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
from fastapi import Request, Response
from pydantic import BaseModel

from chassis import audit
from chassis.auth import bearer
from chassis.authz import PURPOSE
from chassis.operations import Router
from chassis.problems import Problem, not_found
from chassis.telemetry import current_request_id, current_traceparent

DEADLINE_SECONDS = 3.0
SOURCES = {
    "registration": "/v1/registration/persons/{}",
    "assistance": "/v1/assistance/people/{}",
    "returns": "/v1/returns/people/{}",
}
NOT_FOUND, ERASED = 404, 410

router = Router(prefix="/v1/people", tags=["people"])


class Missing(BaseModel):
    """A service whose part is not here, and why: it was down, slow, or may not be read by you."""

    service: str
    reason: str


class PersonView(BaseModel):
    """What each service knows of a person; null when it knows nothing or is in `missing`."""

    id: UUID
    registration: dict[str, Any] | None
    assistance: dict[str, Any] | None
    returns: dict[str, Any] | None
    missing: list[Missing]


@router.get("/{person_id}")
async def view_person(person_id: UUID, request: Request, response: Response) -> PersonView:
    """Gather what each service knows of a person; a service that is down is named as missing."""
    clients: Mapping[str, httpx.AsyncClient] = request.app.state.clients
    headers = passed_on(request)
    answers = await asyncio.gather(
        *(
            ask(clients[service], path.format(person_id), headers)
            for service, path in SOURCES.items()
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return _gathered(person_id, dict(zip(SOURCES, answers, strict=True)))


def _gathered(person_id: UUID, answers: dict[str, "httpx.Response | str"]) -> PersonView:
    parts: dict[str, dict[str, Any] | None] = dict.fromkeys(SOURCES)
    missing = []
    for service, answer in answers.items():
        if isinstance(answer, str):
            missing.append(Missing(service=service, reason=answer))
        elif answer.is_success:
            parts[service] = answer.json()
        elif answer.status_code in {401, 403}:
            missing.append(Missing(service=service, reason="not for your role"))
        elif answer.status_code == ERASED:
            raise Problem(410, "erased", "This person was erased; nothing of the record is left.")
        elif answer.status_code != NOT_FOUND:
            missing.append(Missing(service=service, reason="not available"))
        elif service == "registration":
            raise not_found("person")
    if not any(parts.values()) and any(m.reason == "not for your role" for m in missing):
        raise Problem(403, "forbidden", "None of your roles may do this.")
    audit.read("person", person_id, reason="one view")
    return PersonView(id=person_id, **parts, missing=missing)


def passed_on(request: Request) -> dict[str, str]:
    """Return the headers with which a service is asked for the same caller and purpose."""
    headers = {
        "Authorization": f"Bearer {bearer(request.headers)}",
        "X-Request-Id": current_request_id() or "",
        "traceparent": current_traceparent() or "",
    }
    if purpose := request.headers.get(PURPOSE):
        headers[PURPOSE] = purpose
    return headers


async def ask(
    client: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> "httpx.Response | str":
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await client.get(path, headers=headers)
    except TimeoutError:
        return "too slow"
    except (httpx.HTTPError, OSError, Problem):
        return "not available"
