"""
Many rows of a table in one statement: on PostgreSQL each column travels as one array.

A statement with a parameter for each cell takes the process several times longer to make.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import JSON, TextClause, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlmodel import SQLModel

from chassis.tables import core_table

FEW = 8
"""So few rows are not worth another statement."""
POSTGRESQL = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy says nothing of it.

Rows = Sequence[Mapping[str, Any]]
Bound = list[tuple[str, Callable[[Any], Any] | None]]
"""The columns in their order, each with what makes the driver's value of one of ours."""


def statement(
    table: type[SQLModel], rows: Rows, *, unless_there: bool = False, returning: str = ""
) -> tuple[TextClause, dict[str, list[Any]]]:
    """Return what inserts rows that are given by the same columns, and its parameters."""
    arrays = {name: [row[name] for row in rows] for name in rows[0]}
    # Most columns of a register are empty, and an empty one need not travel.
    names = tuple(each for each in arrays if not _empty(table, each, arrays[each]))
    made, columns = _statement(table, names, unless_there, returning)
    return made, {
        name: arrays[name] if bind is None else list(map(bind, arrays[name]))
        for name, bind in columns
    }


def _empty(table: type[SQLModel], name: str, values: Sequence[Any]) -> bool:
    column = core_table(table).c[name]
    # None has a form of its own in JSON, and where the database knows a default it is another.
    may_be = column.server_default is None and not isinstance(column.type, JSON)
    return may_be and all(each is None for each in values)


@cache
def _statement(
    table: type[SQLModel], names: tuple[str, ...], unless_there: bool, returning: str
) -> tuple[TextClause, Bound]:
    core = core_table(table)
    quote = POSTGRESQL.identifier_preparer.quote
    columns = [core.c[name] for name in names]
    arrays = ", ".join(
        f"cast(:{each.name} as {each.type.compile(POSTGRESQL)}[])" for each in columns
    )
    into = ", ".join(quote(each.name) for each in columns)
    parts = [f"insert into {quote(core.name)} ({into})"]
    parts.append(f"select * from unnest({arrays})")  # noqa: S608 - It names columns, and no value.
    if unless_there:
        parts.append("on conflict do nothing")
    if returning:
        parts.append(f"returning {quote(returning)}")
    bound: Bound = [
        (each.name, each.type.dialect_impl(POSTGRESQL).bind_processor(POSTGRESQL))
        for each in columns
    ]
    return text(" ".join(parts)), bound
