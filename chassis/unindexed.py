"""
A column that no index is chosen for, where SQLite would choose a bad one.

SQLite takes it for granted that few rows have an equal value. Of a column in which nearly all rows
are equal, as that of the organisation in a mission of one, it reads the index first, and joins all
rows that are equal there with all others: a list of pairs of ten thousand people took minutes.
PostgreSQL counts its rows, and is told nothing.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, SQLColumnExpression
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Value = TypeVar("Value")


class _Unindexed(FunctionElement[Value]):
    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


def unindexed(column: SQLColumnExpression[Value]) -> ColumnElement[Value]:
    """Return the column, which SQLite looks nothing up by."""
    return _Unindexed(column)


@compiles(_Unindexed)
def _as_it_is(element: _Unindexed[Any], compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(_Unindexed, "sqlite")
def _without_index(element: _Unindexed[Any], compiler: SQLCompiler, **how: Any) -> str:
    # https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
    return f"+{compiler.process(element.clauses, **how)}"
