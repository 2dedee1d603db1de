"""How a draft of a round's tables, or of a month's flows, becomes public or not: by two, once."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.clock import now
from chassis.problems import Fault, Problem

DRAFT, PUBLISHED, REFUSED = "draft", "published", "refused"


class Draft(Protocol):
    """What waits for a decision, or had it."""

    id: UUID
    status: str
    drafted_by: str
    decided_by: str | None
    decided_at: datetime | None


def refuse_unexplained(what: str, reason: str | None) -> None:
    """Raise 422 when what is public would be published anew without a reason."""
    if not reason:
        detail = f"The {what} is public; say why it is published anew."
        fault = Fault(pointer="/reason", code="missing", detail=detail)
        raise Problem(422, "restatement-unexplained", detail, errors=[fault])


def refuse_own(draft: Draft, by: Caller) -> None:
    """Raise 403 for whoever drafted it: what is public takes two."""
    if draft.drafted_by == by.id:
        detail = "Whoever drafted a publication does not approve it; another analyst has to."
        raise Problem(403, "second-person-needed", detail)


def refuse_decided(draft: Draft) -> None:
    """Raise 409 when it was decided already: that is once, and for good."""
    if draft.status != DRAFT:
        raise Problem(409, "out-of-order", "This publication waits for nobody's decision.")


def publish(session: AsyncSession, draft: Draft, by: Caller) -> None:
    _decide(session, draft, PUBLISHED, by, "approve")


def refuse(session: AsyncSession, draft: Draft, by: Caller) -> None:
    _decide(session, draft, REFUSED, by, "refuse")


def _decide(session: AsyncSession, draft: Draft, status: str, by: Caller, action: str) -> None:
    draft.status, draft.decided_by, draft.decided_at = status, by.id, now()
    session.add(draft)
    audit.note(session, by, action, "publication", draft.id)
