"""What can be done with consents. Callers own the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import SQLColumnExpression, and_, exists, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, merged, outbox
from chassis.clock import today
from chassis.problems import Fault, Problem, unacceptable
from chassis.rows import insert_new
from chassis.scoping import Clause
from contracts.registration import ConsentChanged
from contracts.sharing import ASSISTANCE, GIVEN, MISSION, REFUSED
from services.registration.consents import rules
from services.registration.consents.models import (
    AnswerIn,
    Consent,
    ConsentOut,
    ConsentsOut,
    Guardian,
    WithdrawalIn,
    no_to_mission,
)
from services.registration.mergeproposals import ending as mergeproposals
from services.registration.persons.births import Birth
from services.registration.persons.models import Person
from services.registration.persons.parts import ConsentIn
from services.registration.servicereferrals import service as servicereferrals
from services.registration.sharing import service as sharing


async def record(session: AsyncSession, person: Person, answer: AnswerIn, by: str) -> Consent:
    """
    Keep an answer as the newest version of its recipient and purpose, and tell the others.

    409 `guardian-needed` when a yes comes from somebody who is, or may be, a child alone.
    """
    sharing.check_possible(answer.recipient, answer.purpose)
    _check_text(answer)
    minor = rules.in_a_word(Birth.of(person).minor(answer.asked_on))
    if answer.guardian is None and rules.needs_guardian(answer.given, minor):
        detail = "A child, or somebody who may be one, agrees together with a guardian."
        fault = Fault(pointer="/guardian", code="missing", detail="Say who agrees with the child.")
        raise Problem(409, "guardian-needed", detail, errors=[fault])
    if not answer.given:
        await mergeproposals.hold(session, person.id)
    known = await newest(session, person.id)
    before = known.get((answer.recipient, answer.purpose))
    consent = Consent(
        **answer.model_dump(exclude={"given", "guardian"}),
        person_id=person.id,
        version=before.version + 1 if before else 1,
        state=GIVEN if answer.given else REFUSED,
        minor=minor,
        guardian_relation=answer.guardian.relation if answer.guardian else None,
        guardian_person_id=answer.guardian.person_id if answer.guardian else None,
        recorded_by=by,
    )
    await keep(session, person, consent)
    return consent


async def withdraw(
    session: AsyncSession, person: Person, form: WithdrawalIn, by: str
) -> list[Consent]:
    """
    Take back one answer or every one, at once and without a reason; return what changed.

    Taken back again, nothing changes. What was never asked is a no from now on.
    """
    audit.looking()
    await mergeproposals.hold(session, person.id)
    known = await newest(session, person.id)
    if form.recipient and form.purpose:
        sharing.check_possible(form.recipient, form.purpose)
        pairs = [(form.recipient, form.purpose)]
    else:
        pairs = [pair for pair, consent in known.items() if consent.state == GIVEN]
    changed = []
    for recipient, purpose in pairs:
        before = known.get((recipient, purpose))
        state = rules.withdrawn_from(before.state if before else None)
        if state is None:
            continue
        consent = Consent(
            person_id=person.id,
            recipient=recipient,
            purpose=purpose,
            version=before.version + 1 if before else 1,
            state=state,
            text_version=before.text_version if before else rules.current_version(),
            asked_on=today(),
            minor=rules.in_a_word(Birth.of(person).minor(today())),
            recorded_by=by,
        )
        await keep(session, person, consent)
        changed.append(consent)
    return changed


async def withdraw_from_all(
    session: AsyncSession, people: Sequence[Person], form: WithdrawalIn, by: str
) -> list[Consent]:
    """Take back the same of several registrations; return what changed."""
    return [consent for each in people for consent in await withdraw(session, each, form, by)]


async def keep(session: AsyncSession, person: Person, consent: Consent) -> None:
    if not await insert_new(session, consent):
        raise Problem(412, "version-mismatch", "This consent was changed in the same moment.")
    if consent.state != GIVEN:
        about = (person.id, consent.recipient, consent.purpose)
        await sharing.end_exceptions(session, *about)
        await servicereferrals.stop(session, *about, audit.Actor(consent.recorded_by))
        await mergeproposals.stop(session, *about, audit.Actor(consent.recorded_by))
    _put_on_record(session, consent)
    if (consent.recipient, consent.purpose) == (MISSION, ASSISTANCE):
        # It may be corrected in this moment: the version is counted on from what it is then.
        counted = {"consent": _as_registered(consent), "version": col(Person.version) + 1}
        await session.exec(update(Person).where(col(Person.id) == person.id).values(counted))
        await session.refresh(person)
    _tell(session, consent)


def _put_on_record(session: AsyncSession, consent: Consent) -> None:
    by = audit.Actor(consent.recorded_by)
    what = (consent.recipient, consent.purpose)
    audit.note(session, by, consent.state, "consent", consent.person_id, fields=what)


def _as_registered(consent: Consent) -> dict[str, Any]:
    given = consent.state == GIVEN
    kept = consent.model_dump(include={"language", "interpreter"})
    return ConsentIn.model_validate(kept | {"given": given}).model_dump()


def _tell(session: AsyncSession, consent: Consent) -> None:
    event = ConsentChanged(
        **consent.model_dump(
            include={"person_id", "recipient", "purpose", "state", "version", "expires_on"}
        ),
        changed_at=consent.recorded_at,
    )
    subject = f"{consent.person_id} {consent.recipient} {consent.purpose}"
    outbox.publish(session, event, subject=subject, sequence=consent.version)


def _check_text(answer: AnswerIn) -> None:
    languages = rules.read_in(answer.text_version, answer.purpose)
    if not languages:
        fault = Fault(
            pointer="/text_version",
            code="unknown_text",
            detail="There is no such text for this purpose.",
        )
    elif answer.language not in languages and not answer.interpreter:
        fault = Fault(
            pointer="/interpreter",
            code="interpreter_needed",
            detail="The text is not there in this language, so somebody must have interpreted it.",
        )
    else:
        return
    raise unacceptable(fault)


async def newest(session: AsyncSession, person_id: UUID) -> dict[tuple[str, str], Consent]:
    return {(each.recipient, each.purpose): each for each in await _history(session, person_id)}


async def _history(session: AsyncSession, person_id: UUID) -> Sequence[Consent]:
    statement = (
        select(Consent)
        .where(col(Consent.person_id) == person_id)
        .order_by(col(Consent.recipient), col(Consent.purpose), col(Consent.version))
    )
    return (await session.exec(statement)).all()


async def contradict(session: AsyncSession, one: UUID, other: UUID) -> bool:
    """Say whether a registration of one said yes and one of the other no about the same sharing."""
    theirs, others = [await _said(session, each) for each in (one, other)]
    return any(len(theirs[about] | others[about]) > 1 for about in theirs.keys() & others.keys())


async def _said(session: AsyncSession, person_id: UUID) -> dict[tuple[str, str], set[bool]]:
    """Return what somebody last said of each recipient and purpose, by any registration here."""
    said: dict[tuple[str, str], set[bool]] = {}
    for each in await merged.registrations_here(session, Person, person_id):
        for about, consent in (await newest(session, each)).items():
            said.setdefault(about, set()).add(consent.state == GIVEN)
    return said


def said_no(person_id: SQLColumnExpression[UUID]) -> Clause:
    """Return the condition that a person's last word on the mission's own work is a no."""
    newer = aliased(Consent)
    changed_since = exists().where(
        # A condition within a condition knows only the rows of the one around it: with the person
        # of the outermost query it would ask whether anybody at all has answered more often.
        col(newer.person_id) == col(Consent.person_id),
        col(newer.recipient) == MISSION,
        col(newer.purpose) == ASSISTANCE,
        col(newer.version) > col(Consent.version),
    )
    return exists().where(
        col(Consent.person_id) == person_id, no_to_mission(Consent), ~changed_since
    )


async def of_person(session: AsyncSession, person_id: UUID) -> ConsentsOut:
    """Return what counts now, and the whole history, the oldest answer first."""
    history = await _history(session, person_id)
    audit.read("consent", person_id)
    newest = {(each.recipient, each.purpose): each for each in history}
    in_time = sorted(history, key=lambda each: (each.recorded_at, each.version))
    return ConsentsOut(
        items=[shown(each) for each in newest.values()], history=[shown(each) for each in in_time]
    )


def shown(consent: Consent) -> ConsentOut:
    guardian = None
    if consent.guardian_relation:
        guardian = Guardian.model_validate(
            {"relation": consent.guardian_relation, "person_id": consent.guardian_person_id}
        )
    return ConsentOut.model_validate(consent.model_dump() | {"guardian": guardian})


def said_no_elsewhere() -> Clause:
    """Return whether a registration here that goes on as the person's said no, by any merges."""
    one, other, below = aliased(Person), aliased(Person), aliased(Person)
    # Nearly nobody goes on for another registration, which is known at once of all.
    goes_on = col(Person.id).in_(
        select(col(one.merged_into)).where(col(one.merged_into).is_not(None))
    )
    theirs = col(other.merged_into) == col(Person.id)
    merged = select(other.id, other.organisation).where(theirs).correlate(Person)
    found = merged.cte("theirs", recursive=True, nesting=True)
    further = select(below.id, below.organisation).where(col(below.merged_into) == found.c.id)
    found = found.union(further)
    here = found.c.organisation == col(Person.organisation)
    return and_(goes_on, exists().where(here, said_no(found.c.id)))
