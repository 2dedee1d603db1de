"""What can be done with exports of persons. Callers own the transaction."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, jobs
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import new_id, now
from chassis.db import Database
from chassis.fields import fields
from chassis.problems import Problem, not_found, wrong
from chassis.turns import take_turns
from services.registration.exports import rules, writing
from services.registration.exports.models import (
    SCOPING,
    Export,
    ExportIn,
    ExportPart,
    FilterIn,
)
from services.registration.exports.rules import Status
from services.registration.exports.selection import Selection

KIND = "export_persons"
PART = "export_part"


async def ask(session: AsyncSession, form: ExportIn, access: Access) -> Export:
    """
    Ask for a file of people; up to MOST_ALONE it is made at once, else somebody else decides.

    What the asker has taken out alone within ALONE_WITHIN counts too, or many small files would
    be a large one.
    403 when a column is masked for the asker, be it for one of the people only.
    """
    if access.purpose is None:
        known = ", ".join(sorted(fields().purposes))
        raise Problem(400, "purpose-needed", f"Send X-Purpose: what for? One of {known}.")
    rows, masked = await Selection(session, access, form.columns, form.filter).count()
    if masked:
        detail = (
            f"You may take these columns out of {rows - masked} of these {rows} people only. Leave "
            "out what comes masked, or ask for those assigned to you (`assigned_to_me`)."
        )
        raise Problem(403, "masked-field", detail)
    _refuse_long_sheet(form, rows)
    left = rules.MOST_ALONE - await _taken_alone(session, access.caller)
    export = Export(
        id=new_id(),
        organisation=access.caller.organisation,
        requested_by=access.caller.id,
        behalf=access.caller.told(),
        purpose=access.purpose.name,
        filtered_by=form.filter.told(),
        filter=b"",
        rows=rows,
        most_rows=left,
        status="waiting" if rows > left else "making",
        kept_until=now() + rules.KEPT_FOR,
        **form.model_dump(include={"format", "columns", "right_to_left"}),
    )
    key = (await crypto.subject_keys(session, [export.id], create=True))[export.id]
    export.filter = key.seal("export", "filter", form.filter.model_dump_json())
    session.add(export)
    _note(session, export, access.caller, "create", reason=export.status)
    if export.status == "making":
        begin(session, export, access.caller)
    return export


async def _taken_alone(session: AsyncSession, caller: Caller) -> int:
    """Return of how many people somebody has files that nobody else has decided on."""
    # Without turns, exports that are asked for at once would each find the same room.
    await take_turns(session, f"export {caller.organisation} {caller.id}")
    statement = select(func.coalesce(func.sum(Export.rows), 0)).where(
        col(Export.requested_by) == caller.id,
        col(Export.organisation) == caller.organisation,
        col(Export.requested_at) > now() - rules.ALONE_WITHIN,
        col(Export.decided_by).is_(None),
        col(Export.status).not_in(rules.NOT_TAKEN),
    )
    return (await session.exec(statement)).one()


def _refuse_long_sheet(form: ExportIn, rows: int) -> None:
    if form.format == "xlsx" and rows > rules.MOST_ROWS_OF_A_SHEET:
        detail = f"A sheet has {rules.MOST_ROWS_OF_A_SHEET} rows at most; take csv or jsonl."
        raise wrong("/format", "too_many_rows", detail)


def _note(
    session: AsyncSession, export: Export, by: Caller, action: str, *, reason: str | None = None
) -> None:
    audit.note(
        session,
        by,
        action,
        "export",
        export.id,
        fields=export.columns,
        purpose=export.purpose,
        reason=reason,
    )


def begin(session: AsyncSession, export: Export, by: Caller) -> None:
    jobs.submit(session, KIND, str(export.id).encode(), total=export.rows, caller=by)


async def decide(
    session: AsyncSession, export_id: UUID, access: Access, *, approved: bool
) -> Export:
    """Let an export that waits be made, or not; 403 for whoever asked for it."""
    export = await get(session, export_id, access, lock=True)
    if export.requested_by == access.caller.id:
        detail = "Whoever asked for an export does not decide on it; another person has to."
        raise Problem(403, "second-person-needed", detail)
    if export.status != "waiting" or export.kept_until <= now():
        raise Problem(409, "out-of-order", "This export waits for nobody's decision.")
    export.decided_by, export.decided_at = access.caller.id, now()
    if not approved:
        export.status, export.filter = "refused", b""
        await crypto.destroy(session, export.id)
        _note(session, export, access.caller, "refuse")
    else:
        # What was approved is so many people; if they are more by then, it is asked again.
        export.status, export.most_rows = "making", max(export.rows, export.most_rows)
        export.kept_until = export.decided_at + rules.KEPT_FOR
        _note(session, export, access.caller, "approve")
        begin(session, export, access.caller)
    session.add(export)
    return export


async def get(
    session: AsyncSession, export_id: UUID, access: Access, *, lock: bool = False
) -> Export:
    statement = select(Export).where(col(Export.id) == export_id, access.rows(SCOPING))
    if lock:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("export")
    return found


async def find(
    session: AsyncSession, access: Access, *, status: Status | None, after: UUID | None, limit: int
) -> Sequence[Export]:
    statement = select(Export).where(access.rows(SCOPING))
    if status:
        statement = statement.where(col(Export.status) == status)
    if after:
        statement = statement.where(col(Export.id) > after)
    return (await session.exec(statement.order_by(col(Export.id)).limit(limit))).all()


async def hand_over(session: AsyncSession, export_id: UUID, access: Access) -> Export:
    """
    Return an export whose file its asker may have now, and put that on record.

    410 when it is over; 403 when not all that is in it is theirs to take out any more.
    """
    export = await get(session, export_id, access)
    if export.status in rules.OVER or export.kept_until <= now():
        raise Problem(410, "export-gone", "The file is not kept any more.")
    if export.status != "ready":
        raise Problem(409, "out-of-order", f"The export is {export.status}; there is no file yet.")
    person = Access(access.caller, "person", "X", fields().purposes[export.purpose])
    detail = "Not all that is in the file is yours to take out any more."
    try:
        still = await Selection(session, person, export.columns, FilterIn()).still(export.id)
    except Problem:
        raise Problem(403, "export-out-of-reach", detail) from None
    if still < export.rows:
        raise Problem(403, "export-out-of-reach", detail)
    audit.read(
        "export",
        export.id,
        fields=export.columns,
        purpose=export.purpose,
        reason="downloaded",
        action="export",
    )
    return export


async def content(database: Database, export: Export) -> AsyncIterator[bytes]:
    """Yield the file part by part; it breaks off when the export ends meanwhile."""
    made = rules.mark(export.id, export.requested_by, export.requested_at.isoformat())
    writer = writing.writer(export.format, export.columns, made, right_to_left=export.right_to_left)
    yield writer.head()
    for number in range(export.parts):
        yield writer.rows(await _part(database, export.id, number))
    yield writer.tail()


async def _part(database: Database, export_id: UUID, number: int) -> list[list[Any]]:
    async with database.read() as session:
        part = await session.get(ExportPart, (export_id, number))
        key = (await crypto.subject_keys(session, [export_id]))[export_id]
    if part is None:
        raise crypto.DestroyedError("export_part.content")
    found: list[list[Any]] = json.loads(key.open(PART, "content", part.content, row=number))
    return found


async def keep_part(session: AsyncSession, export: Export, rows: Sequence[Sequence[Any]]) -> None:
    """Seal some rows as the next part of a file."""
    key = (await crypto.subject_keys(session, [export.id], create=True))[export.id]
    sealed = key.seal(PART, "content", json.dumps(rows), row=export.parts)
    session.add(ExportPart(export_id=export.id, number=export.parts, content=sealed))
    export.parts += 1


def filter_of(key: crypto.DataKey, export: Export) -> FilterIn:
    return FilterIn.model_validate_json(key.open("export", "filter", export.filter))
