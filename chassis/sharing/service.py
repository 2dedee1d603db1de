"""What can be done with shares. Callers own the transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, outbox
from chassis.caller import Caller
from chassis.clock import now
from chassis.db import leave_work
from chassis.problems import Problem, not_found
from chassis.scoping import Clause, Condition, Scoping
from chassis.sharing import rules
from chassis.sharing.judging import Judging, refused
from chassis.sharing.models import ShareIn, State
from chassis.sharing.tables import ShareColumns, ShareStepColumns
from contracts.event import Event

SENDER = audit.system("sender")
Content = dict[str, Any]
SENT_AS, ENDED_AS = 1, 2
"""A share's own events are two at most: that it was sent, and that it ended."""


@dataclass(frozen=True)
class Sharing(Judging):
    """
    How one service shares.

    `content` returns what a share gives of the record as it stands now, None when there is nothing
    left to give; `assigned` says in SQL whether a share's person is the caller's. `shared` and
    `ended` are the service's own events for both.
    """

    content: Callable[[AsyncSession, ShareColumns], Awaitable[Content | None]]
    assigned: Condition
    shared: Callable[..., Event]
    ended: Callable[..., Event]

    @property
    def scoping(self) -> Scoping:
        """How shares are scoped for staff: by the organisation that shares."""
        share = self.tables.share
        return Scoping(
            organisation=col(share.organisation),
            created_by=col(share.requested_by),
            created_at=col(share.requested_at),
            assigned=self.assigned,
        )

    async def request(
        self, session: AsyncSession, person_id: UUID, about: UUID, form: ShareIn, caller: Caller
    ) -> ShareColumns:
        """
        Queue a share that may be sent as things stand; whether it may is asked again then.

        403 `purpose-not-allowed` names what is missing; 503 when consents are not known well.
        """
        share = self.tables.share(
            **form.model_dump(),
            person_id=person_id,
            about=about,
            organisation=caller.organisation,
            requested_by=caller.id,
        )
        await self.refuse_stale(session)
        verdict = await self.judge(session, share)
        if verdict.fault:
            raise refused(verdict.fault)
        self.queue(session, share, verdict.consent_version)
        return share

    def queue(self, session: AsyncSession, share: ShareColumns, version: int | None) -> None:
        session.add(share)
        self._log(session, share, "queued", share.requested_by, version=version)
        by = audit.Actor(share.requested_by, share.organisation)
        audit.note(session, by, "create", "share", share.person_id, reason=share.purpose)
        leave_work(session)

    async def send(self, session: AsyncSession, share_id: UUID, started: datetime) -> bool:
        """
        Send a share or refuse it, by what is known now; say whether it was either.

        While it is not sure who has withdrawn, it waits.
        """
        waiting = await session.get(self.tables.share, share_id)
        if waiting is None or not rules.is_sure(await self.told_until(session), now(), started):
            return False
        # The consent is locked before the share, here and where a withdrawal ends shares.
        verdict = await self.judge(session, waiting)
        share = await self._queued(session, share_id)
        if share is None:
            return False
        fault = verdict.fault
        if not fault and await self.content(session, share) is None:
            fault = "nothing_to_share"
        if fault:
            self._refuse(session, share, fault, verdict.consent_version)
            return True
        share.state, share.sent_at = "sent", now()
        session.add(share)
        self._log(session, share, "sent", SENDER.id, version=verdict.consent_version)
        audit.note(session, SENDER, "share", "share", share.person_id, reason=share.purpose)
        event = self.shared(**_told(share))
        outbox.publish(session, event, subject=str(share.id), sequence=SENT_AS)
        return True

    async def _queued(self, session: AsyncSession, share_id: UUID) -> ShareColumns | None:
        wanted = select(self.tables.share).where(
            col(self.tables.share.id) == share_id, col(self.tables.share.state) == "queued"
        )
        locked = wanted.with_for_update().execution_options(populate_existing=True)
        return (await session.exec(locked)).one_or_none()

    def _refuse(
        self, session: AsyncSession, share: ShareColumns, reason: str, version: int | None
    ) -> None:
        share.state, share.reason = "refused", reason
        session.add(share)
        self._log(session, share, "refused", SENDER.id, reason=reason, version=version)

    async def end(
        self, session: AsyncSession, which: Sequence[Clause], reason: str, version: int | None
    ) -> None:
        """End shares: what waits is not sent, and whoever was sent something is told."""
        table = self.tables.share
        wanted = select(table).where(*which, col(table.state).in_(("queued", "sent")))
        # In one order, so that two reasons to end the same shares do not wait for each other.
        for share in (await session.exec(wanted.order_by(col(table.id)).with_for_update())).all():
            if share.state == "queued":
                self._refuse(session, share, reason, version)
                continue
            share.state, share.reason, share.ended_at = "ended", reason, now()
            share.confirm_until = share.ended_at + rules.CONFIRM_WITHIN
            session.add(share)
            self._log(session, share, "ended", SENDER.id, reason=reason, version=version)
            audit.note(session, SENDER, "end", "share", share.person_id, reason=reason)
            event = self.ended(**_told(share), confirm_until=share.confirm_until)
            outbox.publish(session, event, subject=str(share.id), sequence=ENDED_AS)

    async def collect(self, session: AsyncSession, share: ShareColumns, by: Caller) -> Content:
        """Return what a share gives, asked once more; each time is a line of its log."""
        if share.state != "sent":
            raise Problem(409, "share-not-open", f"The share is {share.state}.")
        await self.refuse_stale(session)
        verdict = await self.judge(session, share)
        if verdict.fault:
            raise refused(verdict.fault)
        content = await self.content(session, share)
        if content is None:
            raise Problem(409, "share-not-open", "There is nothing to share any more.")
        self._log(session, share, "collected", by.id, version=verdict.consent_version)
        audit.note(session, by, "export", "share", share.person_id, reason=share.purpose)
        return content

    def confirm(self, session: AsyncSession, share: ShareColumns, by: Caller) -> None:
        """Note that the recipient has deleted what they were given; once."""
        audit.looking()
        if share.state == "confirmed":
            return
        if share.state != "ended":
            raise Problem(409, "share-not-open", f"The share is {share.state}.")
        share.state = "confirmed"
        session.add(share)
        self._log(session, share, "confirmed", by.id)
        audit.note(session, by, "confirm", "share", share.person_id)

    async def get(
        self, session: AsyncSession, share_id: UUID, rows: Clause, *, lock: bool = False
    ) -> ShareColumns:
        wanted = select(self.tables.share).where(col(self.tables.share.id) == share_id, rows)
        if lock:
            wanted = wanted.with_for_update()
        share = (await session.exec(wanted)).one_or_none()
        if share is None:
            raise not_found("share")
        return share

    async def find(
        self,
        session: AsyncSession,
        rows: Clause,
        *,
        person_id: UUID | None = None,
        state: State | None = None,
        unconfirmed: bool = False,
        after: UUID | None = None,
        limit: int,
    ) -> Sequence[ShareColumns]:
        table = self.tables.share
        statement = select(table).where(rows)
        if person_id:
            statement = statement.where(col(table.person_id) == person_id)
        if state:
            statement = statement.where(col(table.state) == state)
        if unconfirmed:
            statement = statement.where(
                col(table.state) == "ended", col(table.confirm_until) < now()
            )
        if after:
            statement = statement.where(col(table.id) > after)
        return (await session.exec(statement.order_by(col(table.id)).limit(limit))).all()

    async def log(self, session: AsyncSession, share_id: UUID) -> Sequence[ShareStepColumns]:
        step = self.tables.step
        wanted = select(step).where(col(step.share_id) == share_id).order_by(col(step.id))
        return (await session.exec(wanted)).all()

    def _log(
        self,
        session: AsyncSession,
        share: ShareColumns,
        what: str,
        by: str,
        *,
        reason: str | None = None,
        version: int | None = None,
    ) -> None:
        step = self.tables.step(
            share_id=share.id, what=what, by=by, reason=reason, consent_version=version
        )
        session.add(step)


def _told(share: ShareColumns) -> dict[str, Any]:
    return {"share_id": share.id} | share.model_dump(include={"person_id", "recipient", "purpose"})
