"""Time in UTC, identifiers in time order."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return now().date()


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
