"""
A request that is sent again takes effect once: `Idempotency-Key`, as the IETF's draft has it.

The answer is kept in the transaction of its effect, so a crash leaves both or neither. Answers
that refused are not kept: nothing has happened, and the next try may succeed. What is kept is
sealed, because an answer tells of a person.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import crypto
from chassis.auth import caller_of
from chassis.authz import PURPOSE
from chassis.clock import now
from chassis.db import FIRST_IN_TRANSACTION, Database, database_of, tables_of
from chassis.problems import Problem
from chassis.tables import GivenAnswerColumns
from chassis.turns import try_turn

HEADER = "Idempotency-Key"
TABLE = "given_answer"
KEPT_FOR = timedelta(hours=24)
KEPT_HEADERS = ("location", "etag", "content-type")
KEY = re.compile(r"[\x21-\x7e]{1,128}")
BOUNDARY = re.compile(r'boundary="?([^";,]+)')

PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A value of your choice, new for each thing you want done. Sent again within 24 hours with "
        "the same request it does nothing and gives the first answer."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


class Once(APIRoute):
    """A route whose POST takes effect once for each key of a caller, and answers alike."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()):
            extra = dict(options.get("openapi_extra") or {})
            extra["parameters"] = [*extra.get("parameters", []), PARAMETER]
            options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            if request.method != "POST" or HEADER not in request.headers:
                return await handle(request)
            attempt = Attempt(request)
            request.scope[FIRST_IN_TRANSACTION] = attempt.claim
            response = await handle(request)
            # FastAPI ends the transaction only after this, so the answer is kept with its effect.
            attempt.keep(response)
            return response

        return once


class GivenBeforeError(Exception):
    """The answer to this request was given before; here it is again, and nothing is written."""

    def __init__(self, answer: GivenAnswerColumns, body: bytes) -> None:
        super().__init__()
        headers = {
            **answer.headers,
            "Idempotency-Replayed": "true",
            "Cache-Control": "no-store",
        }
        self.response = Response(body, answer.status, headers)


def install(app: FastAPI) -> None:
    app.add_exception_handler(GivenBeforeError, _again)


async def _again(_request: Request, error: Exception) -> Response:
    assert isinstance(error, GivenBeforeError)  # noqa: S101 - Registered for this class only.
    return error.response


class Attempt:
    """One try to have something done under a key; the same caller may make several at once."""

    def __init__(self, request: Request) -> None:
        keys = request.headers.getlist(HEADER)
        if len(keys) != 1 or not KEY.fullmatch(keys[0]):
            detail = f"{HEADER} must be there once, of 1 to 128 visible ASCII characters."
            raise Problem(400, "malformed-request", detail)
        self._request = request
        self._key = keys[0]
        self._caller = caller_of(request).id
        self._fingerprint = ""
        self._session: AsyncSession | None = None

    async def claim(self, session: AsyncSession) -> None:
        """
        Take the key for this transaction.

        GivenBeforeError when it was used for this request; 422 when for another; 409 while the
        first try is still on its way.
        """
        plain = await _fingerprint(self._request)
        self._fingerprint = crypto.keyed_hash(session, TABLE, plain)
        if not await try_turn(session, f"{self._caller} {self._key}"):
            detail = "The first request with this key is not done yet; try again in a moment."
            headers = {"Retry-After": "1"}
            raise Problem(409, "idempotency-in-progress", detail, headers=headers)
        before = await self._before(session)
        if before is None:
            self._session = session
        elif before.fingerprint == self._fingerprint:
            key = crypto.service_key(session)
            raise GivenBeforeError(
                before, key.open_bytes(TABLE, "body", before.body, row=(self._caller, self._key))
            )
        else:
            detail = "This key was used for another request; each thing to be done needs its own."
            raise Problem(422, "idempotency-key-reused", detail)

    async def _before(self, session: AsyncSession) -> GivenAnswerColumns | None:
        database = database_of(self._request)
        table, key = database.tables.given_answer, (self._caller, self._key)
        if not database.is_sqlite:
            return await session.get(table, key)
        # SQLite's one write lock must not be held while a request waits for news.
        async with database.read() as reading:
            return await reading.get(table, key)

    def keep(self, response: Response) -> None:
        if self._session is None:
            return
        table = tables_of(self._session).given_answer
        key = crypto.service_key(self._session)
        answer = table(
            caller=self._caller,
            key=self._key,
            fingerprint=self._fingerprint,
            status=response.status_code,
            headers={
                name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
            },
            body=key.seal_bytes(TABLE, "body", bytes(response.body), row=(self._caller, self._key)),
        )
        self._session.add(answer)


async def _fingerprint(request: Request) -> str:
    body = await request.body()
    # The boundary of a form is made anew each time that a client sends the same file.
    boundary = BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary:
        body = body.replace(boundary[1].encode("latin-1"), b"")
    # What an answer shows depends on its purpose, so another purpose is another request.
    purpose = request.headers.get(PURPOSE, "")
    told = f"{request.method} {request.url.path}?{request.url.query}\n{purpose}\n"
    digest = hashlib.sha256(told.encode())
    digest.update(body)
    return digest.hexdigest()


async def forget(database: Database) -> None:
    """Drop the answers that are older than KEPT_FOR."""
    table = database.tables.given_answer
    async with database.write() as session:
        await session.exec(delete(table).where(col(table.given_at) < now() - KEPT_FOR))
