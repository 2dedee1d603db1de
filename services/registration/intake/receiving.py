"""A submission comes in: who sends it is checked, and all of its people are registered, or none."""

from collections import Counter
from hmac import compare_digest
from uuid import UUID

from sqlalchemy import case, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto
from chassis.clock import now
from chassis.db import Database
from chassis.gazetteer import PATIENCE_SECONDS
from chassis.jobs import Remark
from chassis.problems import Problem
from chassis.scoping import lies_below
from chassis.tabular import Row
from services.registration.imports import refusals
from services.registration.imports import rules as imports
from services.registration.imports.households import Households
from services.registration.intake import rules
from services.registration.intake.models import (
    IntakeForm,
    Received,
    Source,
    Submission,
    SubmittedPerson,
)
from services.registration.intake.rules import Sent
from services.registration.intake.service import hash_of
from services.registration.mappings import rules as mapping_rules
from services.registration.mappings import service as mappings
from services.registration.mappings.models import MappingIn
from services.registration.occasions import service as occasions
from services.registration.persons import making, registering
from services.registration.persons import service as persons
from services.registration.persons.models import PersonIn
from services.registration.places.models import GAZETTEER

TABLE = "submission"
MOST_A_MINUTE = 600
MINUTE = 60
NO_SECRET = hash_of("")

Told = list[tuple[Row, PersonIn | list[Remark]]]


async def form_of(database: Database, form_id: UUID, source: Source, secret: str) -> IntakeForm:
    """Return the form that sends; 401, for whatever reason, when it may not."""
    async with database.read() as session:
        form = await session.get(IntakeForm, form_id)
    known = form.secret_hash if form else NO_SECRET
    right = compare_digest(known, hash_of(secret)) and bool(secret)
    if form is None or not right or form.source != source or form.ended_at:
        detail = "Send the form's secret as the password of basic authentication, or X-API-Key."
        headers = {"WWW-Authenticate": "Basic"}
        raise Problem(401, "unauthenticated", detail, headers=headers)
    if form.created_by in database.frozen:
        detail = "The account of who let the form in is frozen."
        raise Problem(403, "account-frozen", detail)
    return form


async def receive(
    database: Database, session: AsyncSession, form: IntakeForm, sent: Sent
) -> Received:
    """Take a submission in: its people are registered in this transaction, all of them or none."""
    async with database.read() as reading:
        mapping = await mappings.newest(reading, form.mapping_id)
    told: Told = [
        (row, imports.read_person(row))
        for row in rules.people(sent.content, mapping, await _name(database, form, sent))
    ]
    pcodes = {person.location_pcode for _, person in told if isinstance(person, PersonIn)}
    nowhere = await GAZETTEER.unknown(database, pcodes, PATIENCE_SECONDS)
    await _count(session, form)
    before = await _known(session, form, sent)
    fingerprint = crypto.keyed_hash(session, TABLE, rules.canonical(sent.content))
    if before and before.status != "rejected":
        return _again(session, before, sent, fingerprint)
    reasons = await _reasons(session, form, told, nowhere)
    _say_by_question(reasons, mapping)
    kept = before or Submission(
        form_id=form.id,
        organisation=form.organisation,
        uuid=sent.names[0],
        instance=sent.instance,
        status="rejected",
        reasons=[],
        fingerprint=fingerprint,
    )
    kept.instance, kept.fingerprint, kept.changed_at = sent.instance, fingerprint, now()
    kept.reasons = [each.model_dump() for each in reasons]
    kept.people, kept.warnings = 0 if reasons else len(told), []
    kept.status = "rejected" if reasons else "accepted"
    session.add(kept)
    await session.flush()
    if not reasons:
        await _register(session, form, kept, told)
        warnings = await _warnings(session, form, told)
        _say_by_question(warnings, mapping)
        kept.warnings = [each.model_dump() for each in warnings]
    by = audit.Actor(form.actor, form.organisation)
    audit.note(session, by, "create", TABLE, kept.id)
    return _received(kept, kept.status)


async def _name(database: Database, form: IntakeForm, sent: Sent) -> str:
    """Return by what the submission is known since its first version."""
    async with database.read() as session:
        before = await _known(session, form, sent)
    return before.uuid if before else sent.names[0]


async def _count(session: AsyncSession, form: IntakeForm) -> None:
    """Count what a form sends, which makes its submissions take turns; 429 when it is too much."""
    minute = int(now().timestamp()) // MINUTE
    same = col(IntakeForm.minute) == minute
    counted = (
        update(IntakeForm)
        .where(col(IntakeForm.id) == form.id)
        .values(minute=minute, in_minute=case((same, col(IntakeForm.in_minute) + 1), else_=1))
        .returning(col(IntakeForm.in_minute))
    )
    if (await session.exec(counted)).scalar_one() > MOST_A_MINUTE:
        detail = f"A form sends at most {MOST_A_MINUTE} submissions a minute."
        raise Problem(429, "rate-limited", detail, headers={"Retry-After": str(MINUTE)})


async def _known(session: AsyncSession, form: IntakeForm, sent: Sent) -> Submission | None:
    names = list(sent.names)
    statement = (
        select(Submission)
        .where(
            col(Submission.form_id) == form.id,
            or_(col(Submission.uuid).in_(names), col(Submission.instance).in_(names)),
        )
        .order_by(col(Submission.id))
        .limit(1)
    )
    return (await session.exec(statement)).first()


def _again(session: AsyncSession, known: Submission, sent: Sent, fingerprint: str) -> Received:
    """Say what becomes of a submission whose people are registered: their records stay."""
    if known.fingerprint == fingerprint:
        return _received(known, "unchanged")
    detail = "It was edited after its people were registered; correct their records instead."
    known.status, known.instance, known.changed_at = "conflict", sent.instance, now()
    known.reasons = [Remark(code="edited", detail=detail).model_dump()]
    session.add(known)
    return _received(known, "conflict")


async def _reasons(
    session: AsyncSession, form: IntakeForm, told: Told, nowhere: set[str]
) -> list[Remark]:
    """Return why nobody of a submission is registered; nothing: they all can be."""
    if not told:
        return [Remark(code="nobody", detail="The repeated group has no entry.")]
    if len(told) > rules.MOST_PEOPLE:
        detail = f"A submission has at most {rules.MOST_PEOPLE} people."
        return [Remark(code="too_many", detail=detail)]
    forms = [person for _, person in told if isinstance(person, PersonIn)]
    numbers = Counter(person.external_id for person in forms)
    erased = await persons.erased_external_ids(session, form.organisation, list(numbers))
    events = {each.registration_event_id for each in forms if each.registration_event_id}
    events -= await occasions.held_at(session, events, form.organisation, form.places)
    reasons: list[Remark] = []
    for row, person in told:
        if not isinstance(person, PersonIn):
            reasons += person
        elif person.location_pcode in nowhere:
            reasons.append(refusals.unknown_place(row))
        elif not lies_below(person.location_pcode, form.places):
            reasons.append(refusals.elsewhere(row))
        elif person.registration_event_id in events:
            reasons.append(refusals.unknown_event(row))
        elif person.external_id in erased:
            reasons.append(refusals.was_erased(row))
        elif numbers[person.external_id] > 1 or (
            await registering.foresee(session, person, form.organisation) == "different"
        ):
            reasons.append(refusals.other_content(row))
    return reasons


def _say_by_question(reasons: list[Remark], mapping: MappingIn) -> None:
    for each in reasons:
        if each.column:
            each.column = mapping_rules.column_of(mapping, each.column)


async def _register(session: AsyncSession, form: IntakeForm, kept: Submission, told: Told) -> None:
    done = await registering.register_all(
        session,
        [person for _, person in told if isinstance(person, PersonIn)],
        organisation=form.organisation,
        by=form.actor,
        case_owner=None,
    )
    if any(outcome == "different" for _, outcome in done):
        # Somebody registered one of them at this very moment; the next try is told so.
        raise Problem(409, "conflict", "One of the people was registered meanwhile; send it again.")
    for person_id, _ in done:
        session.add(SubmittedPerson(submission_id=kept.id, person_id=person_id))


async def _warnings(session: AsyncSession, form: IntakeForm, told: Told) -> list[Remark]:
    """Return what wants a look in those who were registered: what an import of them would say."""
    households = Households()
    warnings: list[Remark] = []
    for row, person in told:
        if isinstance(person, PersonIn):
            born = making.since_registered(person, person.birth()).span()
            warnings += imports.born_later(row, person, born)
            warnings += households.note(row.line, person, born)
    return warnings + await households.at_the_end(session, form.organisation)


def _received(kept: Submission, status: str) -> Received:
    return Received.model_validate(
        {
            "id": kept.id,
            "status": status,
            "people": kept.people,
            "reasons": [] if status == "unchanged" else kept.reasons,
            "warnings": kept.warnings,
        }
    )
