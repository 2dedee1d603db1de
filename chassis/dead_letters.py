"""HTTP out for what a service could not use: what is kept of it, trying it again, discarding it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.audit import note
from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, tables_of
from chassis.idempotency import Once
from chassis.inbox import Consumer, Malformed
from chassis.operations import Router
from chassis.paging import Cursor, Limit, next_cursor
from chassis.passing import passes
from chassis.problems import Problem, not_found
from chassis.strict import Strict
from chassis.tables import DeadLetterColumns
from contracts.event import Envelope

RESOURCE = "dead_letter"


class DeadLetterOut(BaseModel):
    """
    A message that was given up, without what it says; `reason` is the class of the last error.

    Of one that is no event there is neither `type` nor `event_id`, `source` nor `time`.
    """

    id: UUID
    received_at: datetime
    reason: str
    type: str | None = None
    event_id: UUID | None = None
    source: str | None = None
    time: datetime | None = None


class DeadLettersOut(BaseModel):
    items: list[DeadLetterOut]
    next_cursor: str | None


class RedeliveryOut(BaseModel):
    """
    What became of the message; it is no dead letter any more.

    "handled": it took effect; "duplicate": it had before; "passed": a later one about the same
    had; "erased": it is about somebody who is forgotten; "ignored": nobody listens to it here.
    """

    outcome: str


class DiscardIn(Strict):
    """Why it need not take effect: a code, because words might name somebody in the record."""

    reason: Literal["done_otherwise", "no_event", "not_needed"]


def router(service: str) -> Router:
    """Return the operations on a service's dead letters."""
    routes = Router(prefix=f"/v1/{service}/dead-letters", tags=["events"], route_class=Once)

    @routes.get("")
    async def list_dead_letters(
        access: AccessDep,  # noqa: ARG001 - To ask for it is to be let in.
        session: ReadSession,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> DeadLettersOut:
        """Return the messages that could not take effect here, the oldest first."""
        table = tables_of(session).dead_letter
        statement = select(table).order_by(col(table.id)).limit(limit + 1)
        if cursor:
            statement = statement.where(col(table.id) > cursor)
        page, following = next_cursor((await session.exec(statement)).all(), limit)
        return DeadLettersOut(items=[_shown(each) for each in page], next_cursor=following)

    @routes.post("/{letter_id}/redelivery")
    async def redeliver_dead_letter(
        letter_id: UUID, request: Request, access: AccessDep, session: WriteSession
    ) -> RedeliveryOut:
        """Let a message take effect now that the cause is gone; what fails again stays."""
        letter = await _found(session, letter_id)
        consumer: Consumer = request.app.state.consumer
        try:
            outcome = await consumer.take_again(session, letter.body)
        except Exception as error:
            if passes(error):
                raise
            # The text of an exception may hold values of a person's record; its class does not.
            reason = str(error) if isinstance(error, Malformed) else type(error).__name__
            raise Problem(
                409, "event-fails-again", f"It failed again: {reason}. It is kept."
            ) from error
        note(session, access.caller, "redeliver", RESOURCE, letter_id, reason=outcome)
        await _drop(session, letter_id)
        return RedeliveryOut(outcome=outcome)

    @routes.post("/{letter_id}/discard", status_code=204)
    async def discard_dead_letter(
        letter_id: UUID, form: DiscardIn, access: AccessDep, session: WriteSession
    ) -> None:
        """Give a message up for good; who did it, and why, stays on record."""
        letter = _shown(await _found(session, letter_id))
        reason = f"{form.reason}: {letter.type or 'no event'}"
        note(session, access.caller, "discard", RESOURCE, letter_id, reason=reason)
        await _drop(session, letter_id)

    return routes


async def _found(session: AsyncSession, letter_id: UUID) -> DeadLetterColumns:
    table = tables_of(session).dead_letter
    statement = select(table).where(col(table.id) == letter_id).with_for_update()
    if letter := (await session.exec(statement)).first():
        return letter
    raise not_found("dead letter")


async def _drop(session: AsyncSession, letter_id: UUID) -> None:
    table = tables_of(session).dead_letter
    await session.exec(delete(table).where(col(table.id) == letter_id))


def _shown(letter: DeadLetterColumns) -> DeadLetterOut:
    shown = DeadLetterOut(id=letter.id, received_at=letter.received_at, reason=letter.reason)
    try:
        told = Envelope.model_validate_json(letter.body)
    except ValidationError:
        return shown
    event = {"type": told.type, "event_id": told.id, "source": told.source, "time": told.time}
    return shown.model_copy(update=event)
