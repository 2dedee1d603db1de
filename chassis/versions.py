"""Which version of a record a change is meant for: If-Match, as RFC 9110 has it."""

import re
from typing import Annotated

from fastapi import Depends, Header
from pydantic import WithJsonSchema

from chassis.problems import Problem

ETAG = re.compile(r'"([0-9]{1,9})"')

IfMatch = Annotated[
    str | None,
    Header(description="The ETag that you have seen."),
    # Only described: what is no ETag of ours is a version that has passed, and no bad request.
    WithJsonSchema({"type": "string", "pattern": '^"[0-9]{1,9}"$'}),
]


async def _seen(if_match: IfMatch = None) -> int | None:
    """
    Return the version that was seen, None for whichever there is.

    412 for all else: RFC 9110 lets no weak ETag match, and of a list nobody can say which of its
    versions was read.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = ETAG.fullmatch(if_match.strip())
    if found is None:
        detail = "If-Match must be the one ETag that you were given here, as it was given."
        raise Problem(412, "version-mismatch", detail)
    return int(found[1])


SeenVersion = Annotated[int | None, Depends(_seen)]


async def _expected(seen: SeenVersion) -> int:
    # "*" would mean whatever is there now, which is what nobody has looked at.
    if seen is None:
        detail = "Send the ETag of the record that you have read as If-Match."
        raise Problem(428, "precondition-required", detail)
    return seen


ExpectedVersion = Annotated[int, Depends(_expected)]


def changed(what: str) -> Problem:
    detail = f"The {what} has changed since you read it; read it again."
    return Problem(412, "version-mismatch", detail)
