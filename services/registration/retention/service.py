"""What is done with records whose time is over. Callers own the transaction."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, jobs
from chassis.authz import Access
from chassis.caller import Caller
from chassis.clock import now, today
from chassis.db import Database
from chassis.problems import Problem, not_found
from chassis.rows import insert_new
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from chassis.worker import Work
from services.registration.erasures import service as erasures
from services.registration.erasures.models import Erasure
from services.registration.holds.service import held
from services.registration.honey.models import HoneyRecord
from services.registration.notes import service as notes
from services.registration.notes.models import NoteVersion
from services.registration.persons.models import Person
from services.registration.retention.models import DryRunOut, LastService, RetentionRun
from services.registration.retention.rules import policy
from services.registration.vulnerability import levels
from services.registration.vulnerability.models import Assessment, LevelChange

KIND = "retention"
PEOPLE_A_STEP = 50
A_DAY = timedelta(days=1)
CLOCK = Caller(id="retention", organisation="", grants=(), expires=0)
"""Who runs what nobody asked for: the day's own run."""


def _over(as_of: date, by: str) -> ColumnElement[bool]:
    """
    Return the condition that the time of a person's record is over for a run that somebody began.

    A planted person has none: nobody was served, and no figure may count them.
    """
    # A registration that is merged goes with the one that goes on, unless another organisation's
    # does: each has its own clock. Its notes have their own time anyway.
    kept = aliased(Person)
    goes_with = exists().where(
        col(kept.id) == col(Person.merged_into), col(kept.organisation) == col(Person.organisation)
    )
    over = _idle_since(policy().person.kept_since(as_of)) & ~goes_with
    if by != CLOCK.id:
        return over
    since = datetime.combine(as_of, time.min, UTC) - timedelta(days=policy().days_to_look)
    return over & (col(Person.created_at) < since)


def _idle_since(until: date) -> ColumnElement[bool]:
    served = exists().where(
        col(LastService.person_id) == col(Person.id), col(LastService.served_on) > until
    )
    return (
        (col(Person.registered_on) <= until)
        & or_(col(Person.departed_on).is_(None), col(Person.departed_on) <= until)
        & ~served
        & ~exists().where(col(HoneyRecord.person_id) == col(Person.id))
    )


def _notes_over(as_of: date, by: str) -> ColumnElement[bool]:
    """Return the condition that the time of a person's notes is over, and not of all the rest."""
    until = policy().note.kept_since(as_of)
    since = datetime.combine(until + A_DAY, time.min, UTC)
    person_id: ColumnElement[UUID] = col(Person.id)  # type: ignore[assignment]  # As in _held.
    noted = col(NoteVersion.person_id) == col(Person.id)
    written = (
        (col(NoteVersion.person_id), col(NoteVersion.written_at)),
        (col(LevelChange.person_id), col(LevelChange.changed_at)),
        (col(Assessment.person_id), col(Assessment.recorded_at)),
    )
    lately = [exists().where(whose == col(Person.id), when >= since) for whose, when in written]
    return (
        _idle_since(until)
        & or_(exists().where(noted), levels.kept_of(person_id))
        & ~or_(*lately)
        & ~_over(as_of, by)
    )


def _held() -> ColumnElement[bool]:
    return held(col(Person.id))  # type: ignore[arg-type]  # SQLModel types a column as its value.


async def dry_run(session: AsyncSession, as_of: date, by: str = "") -> DryRunOut:
    """Count what a run would do, begun by CLOCK or by anybody; it goes by the same conditions."""
    due, held = await _counted(session, _over(as_of, by))
    notes_due, notes_held = await _counted(session, _notes_over(as_of, by))
    return DryRunOut(
        as_of=as_of,
        policy_version=policy().version,
        due=due,
        held=held,
        notes_due=notes_due,
        notes_held=notes_held,
        needs_second_person=policy().needs_second_person(due + notes_due),
    )


async def _counted(session: AsyncSession, over: ColumnElement[bool]) -> tuple[int, int]:
    """Return how many people are due, and how many more a legal hold keeps."""
    counted = select(func.count()).select_from(Person).where(over)
    free = (await session.exec(counted.where(~_held()))).one()
    return free, (await session.exec(counted.where(_held()))).one()


async def begin(session: AsyncSession, by: Caller) -> RetentionRun:
    """
    Begin today's run, or return the one there is; nobody chooses whom it finds.

    With many people due it waits until another person has approved it.
    """
    found = await dry_run(session, today(), by.id)
    run = RetentionRun(
        **found.model_dump(exclude={"needs_second_person"}),
        status="waiting" if found.needs_second_person else "running",
        requested_by=by.id,
    )
    if not await insert_new(session, run):
        same_day = select(RetentionRun).where(col(RetentionRun.as_of) == run.as_of)
        return (await session.exec(same_day)).one()
    audit.note(session, by, "create", "retention", reason=run.status)
    if run.status == "running":
        _submit(session, run, by)
    return run


def _submit(session: AsyncSession, run: RetentionRun, by: Caller) -> None:
    total = run.due + run.notes_due
    jobs.submit(session, KIND, str(run.id).encode(), total=total, caller=by)


async def approve(session: AsyncSession, run_id: UUID, access: Access) -> RetentionRun:
    """Let a run go on that waits for a second person; 403 for whoever began it."""
    run = await session.get(RetentionRun, run_id, with_for_update=True)
    if run is None:
        raise not_found("run")
    if run.requested_by == access.caller.id:
        detail = "Whoever began a run of so many does not approve it; another person has to."
        raise Problem(403, "second-person-needed", detail)
    if run.status != "waiting":
        raise Problem(409, "out-of-order", f"This run is {run.status}; it waits for nobody.")
    run.status, run.decided_by = "running", access.caller.id
    session.add(run)
    audit.note(session, access.caller, "approve", "retention")
    _submit(session, run, access.caller)
    return run


async def erase_due(work: Work) -> None:
    """Erase who is due, then notes, in steps; a hold that was placed since keeps its person."""
    run_id = UUID(work.payload.decode())
    for over, delete in ((_over, _erase), (_notes_over, _delete_notes)):
        left = True
        while left:
            async with work.step(work.job.position + PEOPLE_A_STEP) as (session, tally):
                run = await session.get(RetentionRun, run_id, with_for_update=True)
                if run is None:
                    return
                # A hold that is being placed is waited for, and then counts.
                await take_turns(session, ERASING)
                people = await _due(session, over(run.as_of, run.requested_by))
                await delete(session, run, people)
                session.add(run)
                tally.accepted = len(people)
                left = bool(people)
    # SQLite keeps deleted rows in the log beside its file until that is written anew.
    await work.database.scrub()
    async with work.step(work.job.position) as (session, _):
        run = await session.get_one(RetentionRun, run_id, with_for_update=True)
        run.status, run.finished_at = "done", now()
        session.add(run)


async def _due(session: AsyncSession, over: ColumnElement[bool]) -> Sequence[Person]:
    statement = select(Person).where(over, ~_held()).order_by(col(Person.id))
    return (await session.exec(statement.limit(PEOPLE_A_STEP))).all()


async def _erase(session: AsyncSession, run: RetentionRun, people: Sequence[Person]) -> None:
    for person in people:
        await erasures.begin(session, _erasure(person, run))
    run.erased += len(people)


async def _delete_notes(session: AsyncSession, run: RetentionRun, people: Sequence[Person]) -> None:
    for person in people:
        await notes.delete_all(session, person.id, _by(person, run), reason="retention")
        await levels.delete_all(session, person, _by(person, run), reason="retention")
    run.notes_erased += len(people)


def _by(person: Person, run: RetentionRun) -> audit.Actor:
    return audit.Actor(run.decided_by or run.requested_by, person.organisation)


def _erasure(person: Person, run: RetentionRun) -> Erasure:
    return Erasure(
        person_id=person.id,
        organisation=person.organisation,
        reason="retention",
        requested_by=run.requested_by,
        decided_by=run.decided_by or f"retention policy {run.policy_version}",
        decided_at=now(),
    )


async def run_daily(database: Database) -> None:
    """Begin the run of the day, once, when somebody is due: until then another can be begun."""
    async with database.read() as session:
        today_s = select(RetentionRun.id).where(col(RetentionRun.as_of) == today())
        if (await session.exec(today_s)).first():
            return
        found = await dry_run(session, today(), CLOCK.id)
        if not found.due and not found.notes_due:
            return
    async with database.write() as session:
        await begin(session, CLOCK)


async def find(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[RetentionRun]:
    statement = select(RetentionRun)
    if after:
        statement = statement.where(col(RetentionRun.id) > after)
    return (await session.exec(statement.order_by(col(RetentionRun.id)).limit(limit))).all()
