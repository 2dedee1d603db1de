"""What can be done about a person who is to be forgotten. Callers own the transaction."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, erasure, failpoint, outbox, topology
from chassis.authz import Access
from chassis.clock import now
from chassis.db import Database
from chassis.erasure import Counts, Forgetting
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from contracts.registration import ErasureCompleted, ErasureRequested
from services.registration.erasures import rules
from services.registration.erasures.forgetting import ROWS, marks, organisation_of
from services.registration.erasures.models import (
    SCOPING,
    Answer,
    AnyReason,
    Certificate,
    Erasure,
    ErasureIn,
    Refusal,
    ServiceErased,
)
from services.registration.erasures.rules import Status
from services.registration.exports import keeping as exports
from services.registration.holds import service as holds
from services.registration.households import changing as households
from services.registration.merges import service as merges
from services.registration.persons import service as persons
from services.registration.persons.models import Person

log = structlog.get_logger()

OWN, ASKED = "registration", "person_asked"
BY_RESTORE = "the erasure ledger"


async def ask(session: AsyncSession, form: ErasureIn, access: Access) -> Erasure:
    """
    Ask for an erasure; another person decides. Asked again while it waits, it is the same.

    409 `merged` when a person asked whose registration goes on as another one.
    """
    person = await persons.get(session, form.person_id, access)
    await _refuse_a_part(session, person.id, form.reason)
    known = await _undecided(session, person.id)
    if known:
        return known
    found = Erasure(
        person_id=person.id,
        organisation=person.organisation,
        reason=form.reason,
        requested_by=access.caller.id,
    )
    session.add(found)
    audit.note(session, access.caller, "create", "erasure", person.id, reason=form.reason)
    return found


async def _refuse_a_part(session: AsyncSession, person_id: UUID, reason: str) -> None:
    """409 when a person asks to be forgotten, and the registration that goes on here would stay."""
    person = await session.get(Person, person_id)
    if reason != ASKED or person is None or person.merged_into is None:
        return
    kept = await session.get_one(Person, person.merged_into)
    if kept.organisation == person.organisation:
        persons.refuse_merged(person)


async def _undecided(session: AsyncSession, person_id: UUID) -> Erasure | None:
    statement = select(Erasure).where(
        col(Erasure.person_id) == person_id, col(Erasure.status) == "requested"
    )
    return (await session.exec(statement)).first()


async def approve(session: AsyncSession, erasure_id: UUID, access: Access) -> Erasure:
    """
    Let an erasure begin: the person is gone here at once, and everywhere soon.

    403 for whoever asked for it; 409 while a legal hold keeps the record, and `merged` as in `ask`.
    """
    found = await _to_decide(session, erasure_id, access)
    assert found.person_id is not None  # noqa: S101 - It is named until the erasure is complete.
    # A hold that is being placed is waited for, and then counts.
    await take_turns(session, ERASING)
    if await holds.is_held(session, found.person_id):
        detail = "A legal hold keeps this record; it can be erased once the hold is lifted."
        raise Problem(409, "legal-hold", detail)
    await _refuse_a_part(session, found.person_id, found.reason)
    found.decided_by, found.decided_at = access.caller.id, now()
    audit.note(session, access.caller, "approve", "erasure", found.person_id, reason=found.reason)
    await begin(session, found)
    return found


async def refuse(
    session: AsyncSession, erasure_id: UUID, refusal: Refusal, access: Access
) -> Erasure:
    """Leave the record as it is, and say why."""
    found = await _to_decide(session, erasure_id, access)
    found.status, found.refusal = "refused", refusal
    found.decided_by, found.decided_at = access.caller.id, now()
    session.add(found)
    audit.note(session, access.caller, "refuse", "erasure", found.person_id, reason=refusal)
    return found


async def _to_decide(session: AsyncSession, erasure_id: UUID, access: Access) -> Erasure:
    statement = select(Erasure).where(col(Erasure.id) == erasure_id, access.rows(SCOPING))
    found = (await session.exec(statement.with_for_update())).one_or_none()
    if found is None:
        raise not_found("erasure")
    if found.requested_by == access.caller.id:
        detail = "Whoever asked for an erasure does not decide on it; another person has to."
        raise Problem(403, "second-person-needed", detail)
    if found.status != "requested" or found.person_id is None:
        raise Problem(409, "out-of-order", "This was decided already, or the person is erased.")
    return found


async def begin(session: AsyncSession, found: Erasure) -> None:
    """
    Forget the person here, and tell every other service to.

    Registrations that were merged into theirs are theirs: each is erased too, unless it is held.
    One that another organisation keeps is not this one's to erase; it goes on by itself.
    """
    assert found.person_id is not None  # noqa: S101 - It is named until the erasure is complete.
    await households.hold(session, found.person_id)
    for merged in await merges.let_go(session, found.person_id):
        elsewhere = merged.organisation != found.organisation
        if elsewhere or await holds.is_held(session, merged.id):
            merges.set_free(session, merged)
            if not elsewhere:
                # Where they live they count by themselves again.
                await households.touch(session, merged.id)
        else:
            await begin(session, _of_merged(found, merged.id))
    found.status = "running"
    found.waits_for = rules.participants(OWN, topology.published_subscriptions())
    session.add(found)
    await exports.end_those_with(session, found.person_id)
    await households.let_go(session, found.person_id)
    await erasure.erase(session, FORGETTING, found.person_id, found.id)
    _tell(session, found)


def _of_merged(found: Erasure, merged: UUID) -> Erasure:
    decided = found.model_dump(include={"organisation", "reason", "requested_by", "decided_by"})
    return Erasure(**decided, person_id=merged, decided_at=found.decided_at)


def _tell(session: AsyncSession, found: Erasure) -> None:
    assert found.person_id is not None  # noqa: S101 - It is named until the erasure is complete.
    found.told += 1
    found.told_at = now()
    session.add(found)
    event = ErasureRequested(erasure_id=found.id, person_id=found.person_id)
    outbox.publish(session, event, subject=str(found.id), sequence=found.told)


async def note_answer(session: AsyncSession, erasure_id: UUID, service: str, rows: Counts) -> None:
    """Note that a service has forgotten; with the last answer nobody is named here either."""
    statement = select(Erasure).where(col(Erasure.id) == erasure_id).with_for_update()
    found = (await session.exec(statement)).one_or_none()
    if found is None or found.status != "running":
        return
    await insert_new(session, Answer(erasure_id=erasure_id, service=service, rows=rows))
    answers = await _answers(session, erasure_id)
    if rules.silent(found.waits_for, [each.service for each in answers]):
        failpoint.reach("erase.between_services")
        return
    await _complete(session, found)


async def _complete(session: AsyncSession, found: Erasure) -> None:
    assert found.person_id is not None  # noqa: S101 - It is named until the erasure is complete.
    audit.note(session, audit.system("erasure"), "erase", "person", found.person_id)
    # What was written about the person while they were being forgotten goes too.
    await erasure.forget(session, FORGETTING, found.person_id)
    nobody = update(Erasure).where(col(Erasure.person_id) == found.person_id)
    await session.exec(nobody.values(person_id=None))
    found.status, found.completed_at, found.person_id = "completed", now(), None
    session.add(found)
    outbox.publish(
        session, ErasureCompleted(erasure_id=found.id), subject=str(found.id), sequence=1
    )
    log.info("erasure_completed", id=str(found.id))


async def _answers(session: AsyncSession, erasure_id: UUID) -> Sequence[Answer]:
    statement = select(Answer).where(col(Answer.erasure_id) == erasure_id)
    return (await session.exec(statement.order_by(col(Answer.service)))).all()


async def tell_again(database: Database) -> None:
    """Ask those who have been silent for long; a restore may have taken the question from them."""
    async with database.read() as session:
        statement = select(Erasure).where(col(Erasure.status) == "running")
        running = (await session.exec(statement)).all()
    for each in running:
        if not rules.may_be_told_again(each.told_at, now()):
            continue
        async with database.write() as session:
            found = await session.get(Erasure, each.id, with_for_update=True)
            if found and found.status == "running" and found.told == each.told:
                _tell(session, found)


async def _start_again(session: AsyncSession, person_id: UUID) -> None:
    """Begin the erasure anew of somebody whom a restored backup had brought back."""
    found = Erasure(
        person_id=person_id,
        organisation=await organisation_of(session, person_id),
        reason="restored_backup",
        requested_by=BY_RESTORE,
        decided_by=BY_RESTORE,
        decided_at=now(),
    )
    session.add(found)
    await session.flush()
    await begin(session, found)


async def get(session: AsyncSession, erasure_id: UUID, access: Access) -> Erasure:
    statement = select(Erasure).where(col(Erasure.id) == erasure_id, access.rows(SCOPING))
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise not_found("erasure")
    return found


async def find(
    session: AsyncSession,
    access: Access,
    *,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Erasure]:
    statement = select(Erasure).where(access.rows(SCOPING))
    if status:
        statement = statement.where(col(Erasure.status) == status)
    if after:
        statement = statement.where(col(Erasure.id) > after)
    return (await session.exec(statement.order_by(col(Erasure.id)).limit(limit))).all()


async def certificate(session: AsyncSession, erasure_id: UUID, access: Access) -> Certificate:
    """Certify an erasure that is complete; 409 before."""
    found = await get(session, erasure_id, access)
    if found.completed_at is None or found.decided_by is None or found.decided_at is None:
        answered = [each.service for each in await _answers(session, erasure_id)]
        waiting = ", ".join(rules.silent(found.waits_for, answered)) or "a decision"
        detail = f"The erasure is not complete; it waits for {waiting}."
        raise Problem(409, "out-of-order", detail)
    reasons: dict[str, AnyReason] = {found.reason: found.reason}  # type: ignore[dict-item]  # Kept as text.
    return Certificate(
        erasure_id=found.id,
        reason=reasons[found.reason],
        requested_by=found.requested_by,
        requested_at=found.requested_at,
        approved_by=found.decided_by,
        approved_at=found.decided_at,
        completed_at=found.completed_at,
        services=[
            ServiceErased.model_validate(each, from_attributes=True)
            for each in await _answers(session, erasure_id)
        ],
    )


async def _answer(session: AsyncSession, erasure_id: UUID, rows: Counts, _times: int) -> None:
    await note_answer(session, erasure_id, OWN, rows)


FORGETTING = Forgetting(rows=ROWS, answer=_answer, marks=marks, came_back=_start_again)
"""How registration itself forgets."""
