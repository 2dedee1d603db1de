"""Rows whose column has one of many values, by a statement that is the same for any number."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

AT_ONCE = 10_000
"""So many values SQLite takes in one statement, of however many there are."""


def among(session: AsyncSession, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """
    Return the condition that a column has one of these values.

    `in_` names each value: thousands take longer to write and to prepare than to look up, and
    PostgreSQL takes no more than 32,767.
    SQLite has no arrays, and prepares quickly.
    """
    return _condition(session.get_bind().dialect.name, column, list(values))


def one_of(dialect: str, column: Any, name: str) -> ColumnElement[bool]:
    """Return the same for a statement that is made once: the values are a parameter of it."""
    found: ColumnElement[bool] = (
        column == any_(bindparam(name, type_=ARRAY(column.type)))
        if dialect == "postgresql"
        else column.in_(bindparam(name, type_=column.type, expanding=True))
    )
    return found


async def found_among(
    connection: AsyncConnection,
    statement: Select[*tuple[Any, ...]],
    column: Any,
    values: Iterable[Any],
) -> list[Row[*tuple[Any, ...]]]:
    """Return the rows whose column has one of these values, of which there may be any number."""
    listed = list(values)
    found: list[Row[*tuple[Any, ...]]] = []
    for start in range(0, len(listed), AT_ONCE):
        some = _condition(connection.dialect.name, column, listed[start : start + AT_ONCE])
        found += (await connection.execute(statement.where(some))).all()
    return found


def _condition(dialect: str, column: Any, listed: list[Any]) -> ColumnElement[bool]:
    if dialect != "postgresql":
        condition: ColumnElement[bool] = column.in_(listed)
        return condition
    array = bindparam(None, listed, type_=ARRAY(column.type), unique=True)
    return column == any_(array)  # type: ignore[no-any-return]  # A column's comparison is one.
