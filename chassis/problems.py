"""Errors that are answers: RFC 9457 problems that never repeat what was sent."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from traceback import extract_tb
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.operations import methods_at
from chassis.passing import passes, state_of
from chassis.telemetry import current_request_id
from chassis.wording import in_words

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
# PostgreSQL's words for a value that no column can hold: NUL in text, bad encoding, out of range.
VALUE_FAULTS = {"22021", "22P05", "22003", "22008"}
GONE = "23503"
"""PostgreSQL's word for a row that belongs to none: what it is of was there when it was read."""
TITLES = {
    400: "The request could not be read",
    401: "A valid token is needed",
    403: "You may not do this",
    404: "There is nothing here, or nothing you may see",
    405: "This method is not offered here",
    406: "No acceptable form of the answer exists",
    409: "This contradicts what is already known",
    410: "It is gone, for good",
    412: "It has changed since you read it",
    413: "The body is too large",
    415: "This kind of content is not read here",
    422: "Some values cannot be accepted",
    428: "Say which version you changed",
    429: "Too many requests",
    431: "The headers are too large",
    500: "Something failed here",
    503: "Not available at the moment",
    504: "A service took too long",
}
SLUGS = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    410: "erased",
    412: "version-mismatch",
    413: "body-too-large",
    415: "unsupported-media",
    422: "validation",
    428: "precondition-required",
    429: "rate-limited",
    431: "headers-too-large",
    500: "internal",
    503: "unavailable",
    504: "upstream-timeout",
}


class Fault(BaseModel, defer_build=False):
    """One thing that is wrong: where (`pointer`), which rule (`code`), what to do (`detail`)."""

    pointer: str
    code: str
    detail: str


class ProblemOut(BaseModel, defer_build=False):
    """An error as RFC 9457 writes it; `instance` is the request id to quote when asking."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: list[Fault] = []


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem.
    """An expected refusal: a status, a stable type, and one sentence about what to do."""

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": TITLES.get(self.status, "Refused"),
            "status": self.status,
            "detail": self.detail,
            "instance": current_request_id(),
        }
        if self.errors:
            body["errors"] = [error.model_dump() for error in self.errors[:MOST_ERRORS]]
        return body

    def response(self) -> Response:
        headers = {"Cache-Control": "no-store", **self.headers}
        return JSONResponse(self.body(), self.status, headers, media_type=MEDIA_TYPE)


def unacceptable(*faults: Fault) -> Problem:
    """Return the refusal of a request that is well formed and says what cannot be."""
    return Problem(422, "validation", "Some values cannot be accepted.", errors=faults)


def wrong(pointer: str, code: str, detail: str) -> Problem:
    """Return the refusal of one value; `detail` says what to do."""
    return unacceptable(Fault(pointer=pointer, code=code, detail=detail))


def not_found(what: str) -> Problem:
    return Problem(404, "not-found", f"There is no such {what}, or you may not see it.")


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - Registered for this class only.
    return error.response()


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - Registered for this class only.
    kind = request.headers.get("content-type", "application/json")
    if "json" not in kind and any(each["loc"] == ("body",) for each in error.errors()):
        return Problem(415, "unsupported-media", "Send the body as application/json.").response()
    faults = faults_of(error)
    if any(fault.code == "json_invalid" for fault in faults):
        return Problem(400, "malformed-body", "The body is not JSON.").response()
    return unacceptable(*faults).response()


def faults_of(
    error: RequestValidationError | ValidationError, within: Sequence[str | int] = ()
) -> list[Fault]:
    """Return what is wrong with values, and where; `within` is where they are in the request."""
    return [
        Fault(
            pointer=pointer((*within, *each["loc"])),
            code=str(each["type"]),
            detail=in_words(each),
        )
        for each in error.errors()
    ]


def pointer(location: Sequence[str | int]) -> str:
    """Return a JSON pointer for the body, or `query/name` and the like for other places."""
    where, *rest = location
    # Names of unknown fields are the sender's own words and may be anything, so they are cut.
    path = "/".join(str(part)[:64].replace("~", "~0").replace("/", "~1") for part in rest)
    printable = "".join(c for c in path if c.isprintable())
    return f"/{printable}" if where == "body" else f"{where}/{printable}"


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Registered for this class only.
    status = error.status_code
    title = TITLES.get(status, "Refused")
    slug = SLUGS.get(status, "refused")
    headers = error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names those of the first operation at the path, and there may be several.
        headers = {"Allow": methods_at(request)}
    return Problem(status, slug, f"{title}.", headers=headers).response()


async def _database(request: Request, error: Exception) -> Response:
    state = state_of(error)
    if state in VALUE_FAULTS:
        return Problem(422, "validation", "A value cannot be stored as text or number.").response()
    if state == GONE:
        log.warning("gone_meanwhile", path=_route(request))
        return Problem(404, "not-found", "What this is about has gone in this moment.").response()
    log.error("database_failed", error=type(error).__name__, sqlstate=state, path=_route(request))
    if passes(error):
        return unavailable("The database does not answer; try again.").response()
    return Problem(500, "internal", "Something failed here; it has been logged.").response()


def unavailable(detail: str) -> Problem:
    return Problem(503, "unavailable", detail, headers={"Retry-After": "5"})


class Unexpected:
    """
    Answers for what nobody foresaw, where the request still has its id.

    Starlette's own handler would answer outside all of ours, and print values with the trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, note)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            answer = await _unexpected(Request(scope), error)
            await answer(scope, receive, send)


async def _unexpected(request: Request, error: Exception) -> Response:
    # A middleware needs the database too, and what it raises passes by the handlers of the app.
    if isinstance(error, DBAPIError | PoolTimeout):
        return await _database(request, error)
    # The text of an exception may hold a value of the request, so only its class is logged.
    known = {"error": type(error).__name__, "path": _route(request)}
    if isinstance(error, OSError):
        log.error("dependency_failed", **known)
        return unavailable("Something this service needs does not answer; try again.").response()
    places = [f"{frame.filename}:{frame.lineno}" for frame in extract_tb(error.__traceback__)[-3:]]
    log.error("unexpected", **known, at=places)
    return Problem(500, "internal", "Something failed here; it has been logged.").response()


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "unmatched"))


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ProblemOut, "description": "Refused; the problem says why."},
    "5XX": {"model": ProblemOut, "description": "Not available; try again later."},
}


def describe(app: FastAPI) -> None:
    """Let the OpenAPI say that errors are problems, which FastAPI would call plain JSON."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        known = app.openapi_schema is not None
        document = generated()
        if not known:
            _tell_of_problems(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document.


def _tell_of_problems(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            responses = operation["responses"]
            # FastAPI's own shape of a 422 is never sent; the row for all of 4XX tells of it.
            responses.pop("422", None)
            for status in RESPONSES:
                content = responses[str(status)]["content"]
                content[MEDIA_TYPE] = content.pop("application/json")
    for unused in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(unused, None)
