"""Time in UTC, identifiers in time order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

FURTHEST_EAST = timedelta(hours=14)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return now().date()


def newest_day() -> date:
    """
    Return the day that it is furthest east (UTC+14).

    Who writes down what happens today has their own clock: in Libya the day begins two hours
    before that of UTC, and people are brought to port at night.
    """
    return (now() + FURTHEST_EAST).date()


def new_id() -> UUID:
    """Return a UUIDv7: unique anywhere, and later ids sort later."""
    return uuid7()


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time that comes back aware; SQLite would drop the offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy names the arguments.
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy names the arguments.
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
