"""Rows whose column has one of many values, by a statement that is the same for any number."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession


def among(session: AsyncSession, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """
    Return the condition that a column has one of these values.

    `in_` names each value: thousands take longer to write and to prepare than to look up.
    SQLite has no arrays, and prepares quickly.
    """
    listed = list(values)
    if session.get_bind().dialect.name != "postgresql":
        condition: ColumnElement[bool] = column.in_(listed)
        return condition
    array = bindparam(None, listed, type_=ARRAY(column.type), unique=True)
    return column == any_(array)  # type: ignore[no-any-return]  # A column's comparison is one.
