"""What may come in at all: bodies that mean one thing, text that shows what it says."""

import json
import math
import re
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Fault, Problem

MOST_JSON = 1024 * 1024
MOST_UPLOAD = 20 * 1024 * 1024
DEEPEST = 32
OLDEST_YEAR, NEWEST_YEAR = 1900, 2100

# Controls that swap what staff read, and characters that cannot be seen or stored.
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class Strict(BaseModel):
    """A shape that comes in: fields it does not know are refused, never ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


def readable(text: str) -> str:
    """
    Return text in composed form without invisible characters.

    ValueError for what cannot be stored or would deceive a reader: NUL and other controls,
    lone surrogates, controls that turn the direction of writing, nothing visible at all.
    """
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise ValueError("contains a control character or half of one")
    if BIDI.search(text):
        raise ValueError("contains a control that turns the direction of writing")
    cleaned = unicodedata.normalize("NFC", INVISIBLE.sub("", text)).strip()
    if not any(unicodedata.category(c)[0] in "LMN" for c in cleaned):
        raise ValueError("has no letter or digit")
    return cleaned


def _iso_day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date written as YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if not OLDEST_YEAR <= day.year <= NEWEST_YEAR:
        raise ValueError(f"is not between {OLDEST_YEAR} and {NEWEST_YEAR}")
    return day


Text = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=200), AfterValidator(readable)
]
Code = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")
]
Pcode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}([0-9]{2}){1,4}$")]
Day = Annotated[date, BeforeValidator(_iso_day, json_schema_input_type=date)]
Count = Annotated[int, Field(strict=True, ge=0, le=2_000_000_000)]


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


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "body-too-large",
        f"The body is larger than {most} bytes; split it.",
        headers={"Connection": "close"},
    )


def _announced(headers: Headers, most: int) -> None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        raise _too_large(most)


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
            raise _too_large(MOST_JSON)
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
            raise _too_large(MOST_UPLOAD)
        return message

    return count


def check_json(body: bytes) -> None:
    """Raise the problem that a body is: not one JSON text, or text that no column may hold."""
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        _check_depth(body)
    try:
        text = body.decode("utf-8")
        document = json.loads(
            text,
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        detail = "The body is not one JSON text in UTF-8, or has a key twice."
        raise Problem(400, "malformed-body", detail) from None
    if b"\\u" in body:
        faults = list(_unstorable(document, ""))
        if faults:
            raise Problem(422, "validation", "Some text cannot be stored.", errors=faults)


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
        raise ValueError
    return found


def _no_constant(_name: str) -> Any:
    raise ValueError


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError
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
