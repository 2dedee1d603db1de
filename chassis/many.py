"""
Many rows of a table in one statement: on PostgreSQL each column travels as one array.

A statement with a parameter for each cell takes the process several times longer to make. What all
rows say alike travels once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, TextClause, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlmodel import SQLModel

from chassis.tables import core_table

FEW = 8
"""So few rows are not worth another statement."""
POSTGRESQL = dialect(json_serializer=lambda value: orjson.dumps(value).decode())  # type: ignore[no-untyped-call]  # SQLAlchemy says nothing of it.

Rows = Sequence[Mapping[str, Any]]
Bind = Callable[[Any], Any] | None
"""What makes the driver's value of one of ours."""


def statement(
    table: type[SQLModel], rows: Rows, *, unless_there: bool = False, returning: str = ""
) -> tuple[TextClause, dict[str, Any]]:
    """Return what inserts rows that are given by the same columns, and its parameters."""
    bound: dict[str, Any] = {}
    for name, bind in _bound_by(table, tuple(rows[0])):
        values = [row[name] for row in rows]
        # Most columns of a register are empty, and an empty one need not travel.
        if not (_are_alike(values) and _may_be_left_out(table, name, values[0])):
            bound[name] = list(map(bind, values)) if bind else values
    names, alike = tuple(bound), [each for each in bound if _are_alike(bound[each])]
    if len(alike) < len(names):
        bound |= {name: bound[name][0] for name in alike}
    else:
        alike = []
    return _statement(table, names, frozenset(alike), unless_there, returning), bound


def _are_alike(values: Sequence[Any]) -> bool:
    # Most of those that are not differ at their ends already, and comparing ids takes a while.
    return bool(values[0] == values[-1]) and values.count(values[0]) == len(values)


def _may_be_left_out(table: type[SQLModel], name: str, value: Any) -> bool:
    column = core_table(table).c[name]
    # None has a form of its own in JSON, and where the database knows a default it is another.
    return value is None and column.server_default is None and not isinstance(column.type, JSON)


@cache
def _bound_by(table: type[SQLModel], names: tuple[str, ...]) -> list[tuple[str, Bind]]:
    types = ((name, core_table(table).c[name].type.dialect_impl(POSTGRESQL)) for name in names)
    return [(name, type_.bind_processor(POSTGRESQL)) for name, type_ in types]


@cache
def _statement(
    table: type[SQLModel],
    names: tuple[str, ...],
    alike: frozenset[str],
    unless_there: bool,
    returning: str,
) -> TextClause:
    core = core_table(table)
    quote = POSTGRESQL.identifier_preparer.quote
    types = {name: core.c[name].type.compile(POSTGRESQL) for name in names}
    once = {name: f"cast(:{name} as {types[name]})" for name in names if name in alike}
    arrays = {name: f"cast(:{name} as {types[name]}[])" for name in names if name not in alike}
    into = ", ".join(map(quote, names))
    told = ", ".join(once.get(name) or quote(name) for name in names)
    columns = ", ".join(map(quote, arrays))
    parts = [f"insert into {quote(core.name)} ({into}) select {told}"]
    parts.append(f"from unnest({', '.join(arrays.values())}) as told ({columns})")
    if unless_there:
        parts.append("on conflict do nothing")
    if returning:
        parts.append(f"returning {quote(returning)}")
    return text(" ".join(parts))
