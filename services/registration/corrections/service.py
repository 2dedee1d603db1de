"""What can be done about a record that is wrong. Callers own the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import structlog
from pydantic import TypeAdapter
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, outbox, versions
from chassis.authz import Access
from chassis.clock import newest_day, today
from chassis.problems import Problem, wrong
from chassis.unsealed import plain
from contracts.registration import PersonCorrected
from services.registration.corrections.models import Correction, CorrectionIn, CorrectionOut
from services.registration.households import changing as households
from services.registration.persons import births, registrations, rules, sealed
from services.registration.persons import service as persons
from services.registration.persons.births import Birth
from services.registration.persons.models import Person
from services.registration.persons.names import LATIN, NAMES

log = structlog.get_logger()

TABLE = "correction"
PHONES = ("phone", "other_phones")
AS_JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


async def correct(
    session: AsyncSession, person_id: UUID, form: CorrectionIn, access: Access, *, expected: int
) -> Person:
    """
    Correct a record, and keep what it said; the others are told by codes only.

    412 when the record is not at the version that the caller has read. What is already as the
    correction says is no change, and a correction without any changes nothing.
    """
    person = await persons.get_to_change(session, person_id, access, form.changes())
    if person.version != expected:
        raise versions.changed("record")
    changes, now = await _otherwise(session, person, form)
    if not changes:
        return person
    key = (await crypto.subject_keys(session, [person.id], create=True))[person.id]
    kept = changes | sealed.columns(session, key, changes)
    corrected = await session.exec(
        update(Person)
        .where(col(Person.id) == person.id, col(Person.version) == expected)
        .values(**kept, version=expected + 1)
    )
    if not corrected.rowcount:
        raise versions.changed("record")
    await sealed.index_again(session, person.id, changes)
    correction = Correction(
        person_id=person.id,
        version=expected + 1,
        reason=form.reason,
        changed_on=form.changed_on,
        before=b"",
        corrected_by=access.caller.id,
    )
    remember(session, key, correction, {name: now[name] for name in changes})
    audit.note(session, access.caller, "update", "person", person.id, fields=changes)
    await session.refresh(person)
    # Of an enquiry the others know nothing yet, nobody is entitled by one, and it lives nowhere.
    if not person.is_enquiry:
        await households.follow_correction(session, person, changes, access.caller.id)
        _tell(session, person, sorted(changes))
    return person


async def says_so(
    session: AsyncSession, person_id: UUID, form: CorrectionIn, access: Access
) -> bool:
    """Say whether a record, at whatever version, is already as a correction would make it."""
    person = await persons.get_to_change(session, person_id, access, form.changes())
    changes, _ = await _otherwise(session, person, form)
    return not changes


async def _otherwise(
    session: AsyncSession, person: Person, form: CorrectionIn
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a correction makes otherwise, and what the record says now."""
    now = person.model_dump() | (await sealed.opened(session, [person]))[person.id]
    told = form.changes() | _birth(person, form) | _names(person, form) | _stateless(person, form)
    told |= _other_phones(now, form)
    earliest, _ = Birth(**{name: told.get(name, now[name]) for name in births.FIELDS}).span()
    if form.changed_on and earliest and form.changed_on < earliest:
        raise _refused("/changed_on", "is before the person was born")
    return {name: value for name, value in told.items() if value != now[name]}, now


def remember(
    session: AsyncSession, key: crypto.DataKey, correction: Correction, said: Mapping[str, Any]
) -> None:
    """Keep in the history, sealed, what the fields of a record had said."""
    before = AS_JSON.dump_json(dict(said)).decode()
    correction.before = key.seal(TABLE, "before", before, row=correction.id)
    session.add(correction)


def _birth(person: Person, form: CorrectionIn) -> dict[str, Any]:
    """Return what is known of the birth then, if something of it is corrected; 422 if not so."""
    sent = {name: value for name, value in form.changes().items() if name in births.FIELDS}
    if not sent:
        return {}
    birth = births.corrected(Birth.of(person), sent)
    if birth.age is not None and birth.age_as_of is None:
        birth = replace(birth, age_as_of=today())
    try:
        births.check(birth, newest_day())
    except ValueError as error:
        raise _refused("/birth_date", str(error)) from None
    return asdict(birth)


def _names(person: Person, form: CorrectionIn) -> dict[str, Any]:
    """Return what follows from the names that are sent; 422 for the spelling of none."""
    sent = form.changes()
    follows = {
        LATIN[name]: None
        for name in NAMES
        if name in sent and sent[name] != getattr(person, name) and LATIN[name] not in sent
    }
    for name, spelling in LATIN.items():
        if sent.get(spelling) and sent.get(name, getattr(person, name)) is None:
            raise _refused(f"/{spelling}", "is another spelling of a name that is not told")
    if sent.get("given_name"):
        follows["no_name_because"] = None
    elif sent.get("no_name_because") and person.given_name:
        raise _refused("/no_name_because", "is why there is no name, and there is one")
    elif "no_name_because" in sent and not sent["no_name_because"] and not person.given_name:
        raise _refused("/no_name_because", "is all that stands for a name")
    return follows


def _stateless(person: Person, form: CorrectionIn) -> dict[str, Any]:
    """Return what follows from a nationality, the sent or the known one; 422 against it."""
    sent = form.changes()
    if sent.keys().isdisjoint({"nationality", "stateless"}):
        return {}
    nationality = sent.get("nationality", person.nationality)
    if nationality == rules.NO_STATE:
        try:
            return {"stateless": rules.stateless(nationality, sent.get("stateless"))}
        except ValueError as error:
            raise _refused("/stateless", str(error)) from None
    # What the nationality said goes with it.
    is_over = person.nationality == rules.NO_STATE and "stateless" not in sent
    return {"stateless": None} if is_over else {}


def _other_phones(now: Mapping[str, Any], form: CorrectionIn) -> dict[str, Any]:
    """Return the numbers that are left besides the first one, if either is sent."""
    first, others = (form.changes().get(name, now[name]) for name in PHONES)
    if form.model_fields_set.isdisjoint(PHONES) or others == sealed.MASKED:
        return {}
    return {"other_phones": rules.besides(first, others)}


def _refused(pointer: str, detail: str) -> Problem:
    return wrong(pointer, "value_error", detail)


def _tell(session: AsyncSession, person: Person, fields: list[str]) -> None:
    event = PersonCorrected(
        person_id=person.id,
        version=person.version,
        population_category=person.population_category,
        location_pcode=person.location_pcode,
        fields=fields,
    )
    outbox.publish(session, event, subject=str(person.id), sequence=person.version)


async def history(session: AsyncSession, person_id: UUID, access: Access) -> list[CorrectionOut]:
    """
    Return what a record said before each of its corrections, the newest first.

    Of somebody merged it is each of their records, as far as the caller may read it.
    """
    told = [
        (each.corrected_at, view.shown(CorrectionOut, _values(each, before), standing))
        for view, person, standing in await registrations.of_person(
            session, person_id, access, "correction"
        )
        for each, before in await opened(session, person.id)
    ]
    # Those of one record are in the order of their versions already.
    return [out for _, out in sorted(told, key=lambda one: one[0], reverse=True)]


def _values(correction: Correction, before: dict[str, Any]) -> dict[str, Any]:
    return correction.model_dump() | {"registration_id": correction.person_id, "before": before}


async def opened(session: AsyncSession, person_id: UUID) -> list[tuple[Correction, dict[str, Any]]]:
    """Return each correction with what the record had said before it."""
    keys = await crypto.subject_keys(session, [person_id])
    return [(each, _before(keys, each)) for each in await of_person(session, person_id)]


def _before(keys: crypto.Keys, correction: Correction) -> dict[str, Any]:
    """Return what the record had said; nothing, when the person's key is gone."""
    key = keys[correction.person_id]
    try:
        said = key.open(TABLE, "before", correction.before, row=correction.id)
    except crypto.UnreadableError as error:
        log.warning("unreadable", reason=type(error).__name__, field=str(error))
        return {}
    return AS_JSON.validate_json(said)


async def of_person(session: AsyncSession, person_id: UUID) -> Sequence[Correction]:
    statement = (
        select(Correction)
        .where(col(Correction.person_id) == person_id)
        .order_by(col(Correction.version).desc())
    )
    return (await session.exec(statement)).all()


async def seal_corrections(session: AsyncSession, corrections: Sequence[Correction]) -> None:
    """Seal what an older version kept in the clear."""
    subjects = {each.person_id for each in corrections}
    keys = await crypto.subject_keys(session, subjects, create=True)
    for each in corrections:
        said, key = plain(each.before).decode(), keys[each.person_id]
        each.before = key.seal(TABLE, "before", said, row=each.id)
        session.add(each)
