"""What can be done with operations at sea. Callers own the transaction."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import extract, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.authz import Access
from chassis.problems import Fault, Problem, not_found, wrong
from chassis.rows import insert_new
from contracts.tracking import PeopleDisembarked
from services.tracking.maritime.models import (
    SCOPING,
    Authority,
    By,
    Count,
    CountIn,
    CountOut,
    Operation,
    OperationIn,
    OperationOut,
    OperationRow,
    SumOut,
)
from services.tracking.places.known import COUNTRY, refuse_unknown
from services.tracking.sites.standing import open_site_on

LANDING = "disembarkation_point"
FIGURES = ("total", "men", "women", "children", "no_data", "bodies", "missing")
COUNTED = set(CountIn.model_fields) - {"reason"}


async def record(
    session: AsyncSession, form: OperationIn, access: Access
) -> tuple[Operation, bool]:
    """Record an operation with its first count; say whether it is new. Sent again it is the one."""
    access.refuse_elsewhere(form.place_pcode or COUNTRY)
    await refuse_unknown(session, {"/place_pcode": form.place_pcode})
    if form.site_id:
        await open_site_on(session, form.site_id, LANDING, form.occurred_on)
    _refuse_early(form.count, form.occurred_on, "/count/published_on")
    operation = Operation(
        **form.model_dump(exclude={"count"}),
        organisation=access.caller.organisation,
        created_by=access.caller.id,
    )
    audit.note(session, access.caller, "create", "maritime_operation", operation.id)
    if not await insert_new(session, operation):
        return await _known(session, form, access), False
    count = _count(operation, form.count, access)
    session.add(count)
    _tell(session, operation, count)
    return operation, True


async def _known(session: AsyncSession, form: OperationIn, access: Access) -> Operation:
    statement = select(Operation).where(
        col(Operation.organisation) == access.caller.organisation,
        col(Operation.external_id) == form.external_id,
    )
    known = (await session.exec(statement)).one()
    told = form.model_dump(exclude={"count"})
    first = (await _vintages(session, known.id))[-1]
    if known.model_dump(include=set(told)) != told or not _same(first, form.count):
        detail = "Your organisation has recorded another operation under this external id."
        raise Problem(409, "conflict", detail)
    return known


async def recount(
    session: AsyncSession, operation_id: UUID, form: CountIn, access: Access
) -> tuple[Operation, Count]:
    """Keep another count of an operation beside the earlier ones; the same twice is kept once."""
    # Two counts at once must see each other: the second waits here for the first.
    operation = await get(session, operation_id, access, alone=True)
    _refuse_early(form, operation.occurred_on, "/published_on")
    earlier = await _vintages(session, operation_id)
    if known := next((each for each in earlier if _same(each, form)), None):
        audit.note(session, access.caller, "read", "maritime_operation", operation_id)
        return operation, known
    if not form.reason:
        detail = "There is a count of this operation: say why there is another one."
        fault = Fault(pointer="/reason", code="missing", detail=detail)
        raise Problem(422, "restatement-unexplained", detail, errors=[fault])
    operation.version += 1
    count = _count(operation, form, access)
    session.add_all([operation, count])
    audit.note(session, access.caller, "update", "maritime_operation", operation_id)
    _tell(session, operation, count)
    return operation, count


def _refuse_early(form: CountIn, occurred_on: date, pointer: str) -> None:
    if form.published_on < occurred_on:
        raise wrong(pointer, "too_early", "The operation had not happened on that day.")


def _count(operation: Operation, form: CountIn, access: Access) -> Count:
    return Count(
        **form.model_dump() | form.people(),
        operation_id=operation.id,
        vintage=operation.version,
        recorded_by=access.caller.id,
    )


def _same(count: Count, form: CountIn) -> bool:
    told = form.model_dump() | form.people()
    return all(getattr(count, name) == told[name] for name in COUNTED)


def _tell(session: AsyncSession, operation: Operation, count: Count) -> None:
    event = PeopleDisembarked(
        operation_id=operation.id,
        vintage=count.vintage,
        occurred_on=operation.occurred_on,
        authority=operation.authority,
        place_pcode=operation.place_pcode,
        site_id=operation.site_id,
        **count.model_dump(include={"word", *FIGURES}),
    )
    outbox.publish(session, event, subject=str(operation.id), sequence=operation.version)


async def get(
    session: AsyncSession, operation_id: UUID, access: Access, *, alone: bool = False
) -> Operation:
    statement = select(Operation).where(col(Operation.id) == operation_id, access.rows(SCOPING))
    if alone:
        statement = statement.with_for_update()
    operation = (await session.exec(statement)).one_or_none()
    if operation is None:
        raise not_found("operation")
    return operation


async def shown(session: AsyncSession, operation: Operation) -> OperationOut:
    return OperationOut.model_validate(
        operation.model_dump(include=set(OperationRow.model_fields))
        | {
            "vintages": [
                CountOut.model_validate(each, from_attributes=True)
                for each in await _vintages(session, operation.id)
            ]
        }
    )


async def _vintages(session: AsyncSession, operation_id: UUID) -> Sequence[Count]:
    """Return the counts of an operation, the one that counts first."""
    statement = (
        select(Count)
        .where(col(Count.operation_id) == operation_id)
        .order_by(col(Count.published_on).desc(), col(Count.vintage).desc())
    )
    return (await session.exec(statement)).all()


async def find(
    session: AsyncSession,
    access: Access,
    *,
    authority: Authority | None,
    since: date | None,
    until: date | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Operation]:
    statement = select(Operation).where(access.rows(SCOPING), *_between(since, until))
    if authority:
        statement = statement.where(col(Operation.authority) == authority)
    if after:
        statement = statement.where(col(Operation.id) > after)
    return (await session.exec(statement.order_by(col(Operation.id)).limit(limit))).all()


async def totals(
    session: AsyncSession,
    access: Access,
    *,
    by: By,
    since: date | None,
    until: date | None,
    as_of: date,
) -> list[SumOut]:
    """Sum, for each key, the count of each operation that was the newest on a day."""
    rank = func.row_number().over(
        partition_by=col(Count.operation_id),
        order_by=(col(Count.published_on).desc(), col(Count.vintage).desc()),
    )
    ranked: Any = (
        select(Count, rank.label("rank")).where(col(Count.published_on) <= as_of).subquery()
    )
    keys = _keys(by, ranked)
    sums = [func.coalesce(func.sum(ranked.c[name]), 0) for name in FIGURES]
    columns: Any = [*keys, func.count(), *sums]
    statement: Any = (
        select(*columns)
        .select_from(Operation)
        .join(ranked, ranked.c.operation_id == Operation.id)
        .where(ranked.c.rank == 1, access.rows(SCOPING), *_between(since, until))
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        SumOut.model_validate(
            {
                "key": _key(row[: len(keys)]),
                "operations": row[len(keys)],
                **dict(zip(FIGURES, map(int, row[len(keys) + 1 :]), strict=True)),
            }
        )
        for row in await session.exec(statement)
    ]


def _keys(by: By, ranked: Any) -> list[Any]:
    year = extract("year", col(Operation.occurred_on))
    keys: dict[str, list[Any]] = {
        "year": [year],
        "month": [year, extract("month", col(Operation.occurred_on))],
        "authority": [col(Operation.authority)],
        "word": [ranked.c.word],
        "place": [func.coalesce(col(Operation.place_pcode), "")],
    }
    return keys[by]


def _key(parts: Sequence[Any]) -> str:
    """Return `2017`, `2017-05`, or the code itself."""
    first, *rest = parts
    return "-".join([first if isinstance(first, str) else str(int(first)), *_two(rest)])


def _two(parts: Sequence[Any]) -> list[str]:
    return [f"{int(each):02d}" for each in parts]


def _between(since: date | None, until: date | None) -> list[Any]:
    conditions = []
    if since:
        conditions.append(col(Operation.occurred_on) >= since)
    if until:
        conditions.append(col(Operation.occurred_on) <= until)
    return conditions
