"""HTTP out for the record of a service: its entries, and whether it is as it was written."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from sqlmodel import col

from chassis.audit import anchors, entries, log
from chassis.audit.anchors import Anchors
from chassis.audit.log import EntriesOut
from chassis.audit.verification import SEGMENT, verify
from chassis.authz import AccessDep
from chassis.clock import now
from chassis.db import ReadSession, WriteSession, database_of, tables_of
from chassis.idempotency import Once
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.problems import wrong
from chassis.scoping import Scoping
from chassis.strict import Moment, Strict

OFFICER = "dpo"
OLDEST, NEWEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


RecordedMoment = Annotated[Moment, Field(ge=OLDEST, le=NEWEST)]


class RestoreOut(BaseModel):
    """Somebody declared that the database was restored; seals after `kept` were lost by it."""

    at: datetime
    restored_to: datetime
    kept: int


class FaultOut(BaseModel):
    """The first row that is not as it was written, by its place in the chain."""

    kind: str
    seq: int | None
    entry_id: UUID | None = None


class VerificationOut(BaseModel):
    """
    How the chain is: `whole` as far as it was looked at, or `broken` at `fault`.

    A long chain is looked at in parts: ask again with `after` as `next` says, until it is null.
    `waiting` are entries of the last second, which have no seal yet.
    """

    service: str
    state: str
    after: int
    until: int
    head: int
    next: int | None
    waiting: int
    fault: FaultOut | None
    anchored_at: datetime | None
    restores: list[RestoreOut]


class RestoreIn(Strict):
    """To which point in time the database was restored."""

    restored_to: RecordedMoment


def router(service: str) -> Router:
    """Return the operations on a service's own record."""
    routes = Router(prefix=f"/v1/{service}/audit", tags=["audit"], route_class=Once)

    @routes.get("/entries")
    async def list_audit_entries(
        access: AccessDep,
        session: ReadSession,
        *,
        actor: Annotated[str | None, Query(max_length=128)] = None,
        subject: UUID | None = None,
        since: Annotated[RecordedMoment | None, Query(alias="from")] = None,
        until: Annotated[RecordedMoment | None, Query(alias="to")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> EntriesOut:
        """Return entries in time order: an officer sees all, anybody else what they did."""
        of = tables_of(session).audit_entry
        within = access.rows(Scoping(organisation=col(of.organisation), created_by=col(of.actor)))
        found = await log.find(
            session,
            within,
            actor=actor,
            subject=subject,
            since=since,
            until=until,
            after=cursor,
            limit=limit + 1,
        )
        page, following = next_cursor(found, limit)
        entries.read("audit_log", subject)
        return EntriesOut(items=list(page), next_cursor=following)

    @routes.get("/verification")
    async def verify_audit(
        request: Request,
        access: AccessDep,
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    ) -> VerificationOut:
        """Look whether the record is as it was written, and name the first row that is not."""
        return await _verified(request, service, after, whole=OFFICER in access.caller.roles)

    @routes.post("/restores", status_code=201)
    async def declare_restore(
        form: RestoreIn, request: Request, access: AccessDep, session: WriteSession
    ) -> RestoreOut:
        """Declare that the database was restored: what the anchors told since then is lost."""
        if form.restored_to > now():
            raise wrong("/restored_to", "future", "It lies in the future.")
        line = await anchors.declare_restore(
            session, database_of(request), _anchors(request), form.restored_to, access.caller
        )
        return RestoreOut(at=line.at, restored_to=form.restored_to, kept=line.kept)

    return routes


async def _verified(request: Request, service: str, after: int, *, whole: bool) -> VerificationOut:
    found = await verify(database_of(request), _anchors(request), after=after, most=SEGMENT)
    fault = None
    if found.fault:
        # Whoever keeps the installation sees that and where it is broken, not whose entry it is.
        entry_id = found.fault.entry_id if whole else None
        fault = FaultOut(kind=found.fault.kind, seq=found.fault.seq, entry_id=entry_id)
    return VerificationOut(
        service=service,
        state="broken" if fault else "whole",
        after=found.after,
        until=found.until,
        head=found.head,
        next=found.next,
        waiting=found.waiting,
        fault=fault,
        anchored_at=found.anchored_at,
        restores=[RestoreOut.model_validate(line, from_attributes=True) for line in found.restores],
    )


def _anchors(request: Request) -> Anchors:
    kept: Anchors = request.app.state.anchors
    return kept
