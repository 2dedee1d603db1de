"""Which version of a record a change is meant for: If-Match, as RFC 9110 has it."""

import re
from typing import Annotated

from fastapi import Depends, Header
from pydantic import WithJsonSchema

from chassis.problems import Problem

ETAG = re.compile(r'"([0-9]{1,9})"')

IfMatch = Annotated[
    str | None,
    Header(max_length=64, description="The ETag that you have seen."),
    # Only described: what is no ETag of ours is a version that has passed, and no bad request.
    WithJsonSchema({"type": "string", "pattern": '^"[0-9]{1,9}"$'}),
]


async def _expected(if_match: IfMatch = None) -> int:
    # "*" would mean whatever is there now, which is what nobody has looked at.
    if if_match is None or if_match.strip() == "*":
        detail = "Send the ETag of the record that you have read as If-Match."
        raise Problem(428, "precondition-required", detail)
    found = ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Problem(412, "version-mismatch", "If-Match must be an ETag that was given here.")
    return int(found[1])


ExpectedVersion = Annotated[int, Depends(_expected)]


def changed(what: str) -> Problem:
    detail = f"The {what} has changed since you read it; read it again."
    return Problem(412, "version-mismatch", detail)
