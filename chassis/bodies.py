"""What a body may be: one meaning, a bounded size, a bounded depth; checked before it is used."""

import asyncio
import json
import math
import re
from contextlib import suppress
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Fault, Problem

MOST_JSON = 1024 * 1024
MOST_UPLOAD = 20 * 1024 * 1024
DEEPEST = 32
LINGER_SECONDS = 3.0

NO_NUMBER = "The body has a number without a value: NaN, an infinity, or one too large."
STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class AmbiguousError(ValueError):
    """What is JSON to some readers, and to others not or something else; the text says what."""


class StrictBody:
    """
    Refuses bodies that two readers could read differently, or that are made to exhaust one.

    JSON: UTF-8, no key twice, no NaN, no number without a value, at most DEEPEST levels and
    MOST_JSON bytes. Anything else: at most MOST_UPLOAD bytes, counted as they arrive.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            if headers.get("content-encoding", "identity") != "identity":
                raise Problem(415, "unsupported-media", "Send the body without compression.")
            if _is_json(headers):
                receive = await _checked(headers, receive)
            else:
                receive = _counted(headers, receive)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_json(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


class BodyTooLarge(Problem):
    """
    The refusal of a body in the middle of it; its answer ends the connection.

    The answer reads on for LINGER_SECONDS before it closes: a connection closed on bytes that
    nobody read is reset, and takes the answer with it before the client has seen it.
    """

    def __init__(self, most: int) -> None:
        detail = f"The body is larger than {most} bytes; split it."
        super().__init__(413, "body-too-large", detail, headers={"Connection": "close"})

    def response(self) -> Response:
        answer = super().response()
        return _LingeringResponse(
            bytes(answer.body), answer.status_code, dict(answer.headers), answer.media_type
        )


class _LingeringResponse(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hold_the_end(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        await super().__call__(scope, receive, hold_the_end)
        with suppress(Problem, TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (message := await receive())["type"] == "http.request":
                    if not message.get("more_body", False):
                        break
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _announced(headers: Headers, most: int) -> None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        raise BodyTooLarge(most)


async def _checked(headers: Headers, receive: Receive) -> Receive:
    _announced(headers, MOST_JSON)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_JSON:
            raise BodyTooLarge(MOST_JSON)
        more = message.get("more_body", False)
    body = b"".join(parts)
    if body:
        check_json(body)
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _counted(headers: Headers, receive: Receive) -> Receive:
    _announced(headers, MOST_UPLOAD)
    size = 0

    async def count() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_UPLOAD:
            raise BodyTooLarge(MOST_UPLOAD)
        return message

    return count


def one_meaning(text: str) -> Any:
    """Return what a JSON text says; ValueError or RecursionError where that is not one thing."""
    return json.loads(
        text, object_pairs_hook=_no_twins, parse_constant=_no_constant, parse_float=_finite
    )


def check_json(body: bytes) -> None:
    """Raise the problem that a body is: not one JSON text, or text that no column may hold."""
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        _check_depth(body)
    try:
        text = body.decode("utf-8")
        document = one_meaning(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(error) from None
    if b"\\u" in body:
        faults = list(_unstorable(document, ""))
        if faults:
            raise Problem(422, "validation", "Some text cannot be stored.", errors=faults)


def _malformed(error: ValueError | RecursionError) -> Problem:
    """Return the problem, with where the text stops being JSON, or why it has no one meaning."""
    if isinstance(error, AmbiguousError):
        return Problem(400, "malformed-body", str(error))
    faults = []
    if isinstance(error, UnicodeDecodeError):
        detail = "No UTF-8 from here."
        faults = [Fault(pointer=f"byte/{error.start + 1}", code="encoding", detail=detail)]
    elif isinstance(error, json.JSONDecodeError):
        where = f"line/{error.lineno}/column/{error.colno}"
        faults = [Fault(pointer=where, code="json", detail="No JSON from here.")]
    return Problem(400, "malformed-body", "The body is not one JSON text in UTF-8.", errors=faults)


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in STRUCTURE.finditer(body):
        mark = token.group()
        depth += (mark in b"[{") - (mark in b"]}") if len(mark) == 1 else 0
        if depth > DEEPEST:
            raise Problem(400, "malformed-body", f"The body is nested deeper than {DEEPEST}.")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AmbiguousError("The body has a key twice in one object.")
    return found


def _no_constant(_name: str) -> Any:
    raise AmbiguousError(NO_NUMBER)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise AmbiguousError(NO_NUMBER)
    return number


def _unstorable(value: Any, path: str) -> Any:
    if isinstance(value, str):
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            detail = "contains NUL or half a character"
            yield Fault(pointer=path or "/", code="unstorable_text", detail=detail)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unstorable(item, f"{path}/{number}")
    elif isinstance(value, dict):
        for key, item in value.items():
            # A key with such a character is unknown to every shape; it must not be echoed.
            name = key if key.isprintable() and key.isascii() else "?"
            yield from _unstorable(key, f"{path}/?")
            yield from _unstorable(item, f"{path}/{name[:64]}")
