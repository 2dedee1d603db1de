"""A person's own file: everything that every service holds on them, and who has seen it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from fastapi import Request, Response
from pydantic import BaseModel

from chassis import audit
from chassis.clock import now
from chassis.operations import Router
from chassis.problems import Problem, not_found, unavailable
from gateway.people.api import ask, passed_on

SERVICES = ("registration", "assistance", "returns")
FORBIDDEN, NOT_FOUND, ERASED = 403, 404, 410

router = Router(prefix="/v1/people", tags=["people"])


class PersonFile(BaseModel):
    """
    What each service holds, and who has seen it; other people in it are masked.

    A service that has not heard of the person, or of their request yet, has null. There is no file
    with a gap: when a service cannot answer, none is given.
    """

    id: UUID
    gathered_at: datetime
    registration: dict[str, Any]
    assistance: dict[str, Any] | None
    returns: dict[str, Any] | None


@router.get("/{person_id}/file")
async def export_person(person_id: UUID, request: Request, response: Response) -> PersonFile:
    """Gather a person's file, while their request is open; each service puts on record it did."""
    clients: Mapping[str, httpx.AsyncClient] = request.app.state.clients
    headers = passed_on(request)
    answers = await asyncio.gather(
        *(
            ask(clients[service], f"/v1/{service}/people/{person_id}/file", headers)
            for service in SERVICES
        )
    )
    parts = {name: _part(answer) for name, answer in zip(SERVICES, answers, strict=True)}
    if parts["registration"] is None:
        raise not_found("person")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="person-{person_id}.json"'
    audit.read("subject_file", person_id, action="export")
    return PersonFile.model_validate({"id": person_id, "gathered_at": now(), **parts})


def _part(answer: "httpx.Response | str") -> dict[str, Any] | None:
    """Return a service's part, or nothing if it knows nothing; raise what keeps a file from it."""
    if isinstance(answer, str):
        raise unavailable("A service does not answer, and a file with a gap is not given.")
    if answer.is_success:
        told: dict[str, Any] = answer.json()
        return told
    if answer.status_code == NOT_FOUND:
        return None
    if answer.status_code == ERASED:
        raise Problem(410, "erased", "This person was erased; nothing of the record is left.")
    if answer.status_code == FORBIDDEN:
        # Told in our words: which purposes there are is told by the service itself.
        raise Problem(403, "forbidden", "Your roles, or the purpose you sent, do not allow this.")
    raise unavailable("A service does not answer, and a file with a gap is not given.")
