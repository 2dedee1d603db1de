"""Rows written without objects, many in one statement, each once where that is asked."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import many
from chassis.tables import core_table

Row = TypeVar("Row", bound=SQLModel)


@cache
def inserting(table: type[SQLModel], dialect: str) -> Any:
    """
    Return the statement that inserts a row of this table, made once and given values each time.

    It is of the table and not of the class: making it anew for each row, and asking the mapper
    about it, cost more than what the database does.
    """
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(core_table(table))


@cache
def _inserting_new(table: type[SQLModel], dialect: str) -> Any:
    return inserting(table, dialect).on_conflict_do_nothing()


@cache
def _inserting_all_new(table: type[SQLModel], dialect: str) -> Any:
    return _inserting_new(table, dialect).returning(core_table(table).c.id)


@cache
def _putting(table: type[SQLModel], dialect: str, counter: str | None) -> Any:
    """Return what inserts a row or overwrites it; with a counter, only one that is behind."""
    statement = inserting(table, dialect)
    keys = [column.name for column in inspect(table).primary_key]
    rest = {each.name: each for each in statement.excluded if each.name not in keys}
    older = None
    if counter is not None:
        older = statement.table.c[counter] < statement.excluded[counter]
    return statement.on_conflict_do_update(index_elements=keys, set_=rest, where=older)


@cache
def _defaults(table: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    fields = {each.name: table.model_fields[each.name] for each in core_table(table).c}
    constants = {
        name: field.default
        for name, field in fields.items()
        if field.default_factory is None and not field.is_required()
    }
    makers = {
        name: field.default_factory for name, field in fields.items() if field.default_factory
    }
    return constants, makers  # type: ignore[return-value]  # No default here asks for other values.


def new_row(table: type[SQLModel], **values: Any) -> dict[str, Any]:
    """
    Return a row by all its columns, with the defaults of those that are not told.

    It is what an object of the table would be inserted as, and making that takes ten times longer.
    """
    constants, makers = _defaults(table)
    made = {name: make() for name, make in makers.items() if name not in values}
    return constants | made | values


def as_read(table: type[Row], row: Mapping[str, Any]) -> Row:
    """Return a row that was written as the object that a query would make of it; it is not kept."""
    made: Row = inspect(table).class_manager.new_instance()
    vars(made).update(row)
    return made


async def insert_new(session: AsyncSession, row: SQLModel) -> bool:
    """Insert the row unless its key is taken; say whether it was new. Safe in a race."""
    # Values are read from the row, so that its defaults count.
    return await insert_unless_there(session, type(row), row.model_dump())


async def insert_all_new(session: AsyncSession, rows: Sequence[SQLModel]) -> set[UUID]:
    """
    Insert rows of one table, but those whose key is taken; return the ids of the new ones.

    Of two rows with one key the first is inserted.
    """
    if not rows:
        return set()
    return await insert_all_unless_there(session, type(rows[0]), [row.model_dump() for row in rows])


async def insert_all_unless_there(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> set[UUID]:
    """Insert rows given by all their columns, but those whose key is taken; return the new ids."""
    if len(rows) <= 1:
        return {row["id"] for row in rows if await insert_unless_there(session, table, row)}
    if len(rows) > many.FEW and _dialect(session) == "postgresql":
        sent, arrays = many.statement(table, rows, unless_there=True, returning="id")
        return set((await session.exec(sent, params=arrays)).scalars())  # type: ignore[call-overload]  # It takes text.
    statement = _inserting_all_new(table, _dialect(session))
    return set((await session.exec(statement, params=rows)).scalars())


async def insert_the_missing(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows given by all their columns, but those whose key is taken."""
    if len(rows) > many.FEW and _dialect(session) == "postgresql":
        statement, arrays = many.statement(table, rows, unless_there=True)
        await session.exec(statement, params=arrays)  # type: ignore[call-overload]  # It takes text.
    elif rows:
        await session.exec(_inserting_new(table, _dialect(session)), params=rows)


async def insert_unless_there(
    session: AsyncSession, table: type[SQLModel], values: Mapping[str, Any]
) -> bool:
    """Insert a row given by all its columns unless its key is taken; say whether it was new."""
    statement = _inserting_new(table, _dialect(session))
    return bool((await session.exec(statement, params=values)).rowcount)


async def put(session: AsyncSession, row: SQLModel) -> None:
    """Insert the row, or overwrite the one that has its primary key. Safe in a race."""
    await session.exec(_putting(type(row), _dialect(session), None), params=row.model_dump())


async def put_all(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert or overwrite rows of one table, each given by all its columns."""
    if rows:
        await session.exec(_putting(table, _dialect(session), None), params=rows)


async def note_new(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    """Insert rows but those whose key is taken; return the keys of the new ones."""
    return await _told_keys(session, table, _inserting_new(table, _dialect(session)), rows)


async def put_newer(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], counter: str
) -> set[tuple[Any, ...]]:
    """Put rows unless what has their key has counted as far; return the keys of those put."""
    return await _told_keys(session, table, _putting(table, _dialect(session), counter), rows)


async def _told_keys(
    session: AsyncSession, table: type[SQLModel], statement: Any, rows: Sequence[Mapping[str, Any]]
) -> set[tuple[Any, ...]]:
    keys = [column.name for column in core_table(table).primary_key]
    if len(rows) == 1:
        # Its count says as much, and costs less than an answer with rows.
        done = (await session.exec(statement, params=rows[0])).rowcount
        return {tuple(rows[0][name] for name in keys)} if done else set()
    telling = _telling_keys(table, statement)
    return {tuple(row) for row in await session.exec(telling, params=rows)} if rows else set()


@cache
def _telling_keys(table: type[SQLModel], statement: Any) -> Any:
    return statement.returning(*core_table(table).primary_key)


async def insert_all(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows of one table, each given by its columns, in one statement."""
    if len(rows) > many.FEW and _dialect(session) == "postgresql":
        statement, arrays = many.statement(table, rows)
        await session.exec(statement, params=arrays)  # type: ignore[call-overload]  # It takes text.
    elif rows:
        await session.exec(inserting(table, _dialect(session)), params=rows)


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name
