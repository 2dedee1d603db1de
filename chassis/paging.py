"""Lists in pages: each begins after the last id of the one before, so none is skipped."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query

from chassis import audit

MOST_ITEMS = 100

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS)]
Cursor = Annotated[UUID | None, Query(description="`next_cursor` of the page before.")]


class Identified(Protocol):
    id: UUID


Item = TypeVar("Item", bound=Identified)


def next_cursor(found: Sequence[Item], limit: int) -> tuple[Sequence[Item], str | None]:
    """Split what was found, one more than asked for, into the page and where the next begins."""
    if len(found) <= limit:
        return found, None
    audit.last_not_shown()
    return found[:limit], str(found[limit - 1].id)
