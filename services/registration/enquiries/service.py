"""
What can be done with enquiries. Callers own the transaction.

An enquiry is a person of whom too little is known to assist them: a row of the register from the
start, so that whoever rings twice, or comes to the office later, stays one person.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, versions
from chassis.authz import Access
from chassis.clock import new_id
from chassis.problems import faults_of, unacceptable, wrong
from chassis.rows import insert_new
from chassis.tombstones import ERASING
from chassis.turns import take_turns
from services.registration.consents import told as consents
from services.registration.corrections import service as corrections
from services.registration.corrections.models import COMPLETED, Correction
from services.registration.enquiries.models import CompletionIn, EnquiryIn
from services.registration.enquiries.rules import registration
from services.registration.households import changing as households
from services.registration.occasions import service as occasions
from services.registration.persons import making, registering, rules, sealed
from services.registration.persons import service as persons
from services.registration.persons.models import Person, PersonIn
from services.registration.persons.registering import Outcome

NOT_A_COLUMN = {*sealed.SEALED, "location_pcode", "enquired_on", "external_id", "sex"}


async def note(session: AsyncSession, form: EnquiryIn, access: Access) -> tuple[Person, Outcome]:
    """Note who has rung, unless their external id is known; nobody else is told of it."""
    access.refuse_without(persons.resources_of(form.model_fields_set), "C")
    await occasions.refuse_out_of_reach(session, form.registration_event_id, access)
    place = (
        form.location_pcode
        or await occasions.place_of(session, form.registration_event_id)
        or _place_of_caller(access)
    )
    access.refuse_elsewhere(place)
    numbers = [form.external_id] if form.external_id else []
    if await persons.erased_external_ids(session, access.caller.organisation, numbers):
        raise persons.refuse_erased()
    person, is_new = await _kept(session, form, access, place)
    if is_new:
        return person, "created"
    known = await registering.by_external_id(session, person.organisation, person.external_id)
    return known, "unchanged" if known.fingerprint == person.fingerprint else "different"


async def _kept(
    session: AsyncSession, form: EnquiryIn, access: Access, place: str
) -> tuple[Person, bool]:
    id_ = new_id()
    key = crypto.new_key(id_)
    key_rows = await crypto.wrapped(session, [key])
    phones = {"phone": form.phone, "other_phones": form.other_phones}
    case_number = rules.new_case_number()
    person = Person(
        **form.model_dump(exclude=NOT_A_COLUMN),
        **sealed.columns(session, key.key, sealed.NOTHING | phones),
        id=id_,
        case_number=case_number,
        external_id=form.external_id or case_number,
        stateless=rules.stateless(form.nationality, None),
        sex=form.sex or rules.UNTOLD,
        birth_date_precision="unknown",
        population_category=rules.UNTOLD,
        location_pcode=place,
        organisation=access.caller.organisation,
        fingerprint=sealed.fingerprint(session, rules.fingerprint(form.canonical())),
        is_enquiry=True,
        enquired_on=form.enquired_on,
        registered_on=form.enquired_on,
        created_by=access.caller.id,
        case_owner=persons.owner(access.caller),
    )
    is_new = await insert_new(session, person)
    if is_new:
        await crypto.keep_new(session, key_rows)
        await sealed.index_again(session, person.id, phones)
        audit.note(session, access.caller, "create", "person", person.id)
    return person, is_new


def _place_of_caller(access: Access) -> str:
    """Return the widest place at which the caller's role counts: somewhere there they are."""
    reached = [place for each in access.allowances() for place in each.grant.places]
    if not reached:
        raise wrong("/location_pcode", "missing", "Say where they are.")
    return min(reached, key=lambda place: (len(place), place))


async def complete(
    session: AsyncSession, person_id: UUID, form: CompletionIn, access: Access, *, expected: int
) -> Person:
    """
    Make an enquiry a registration of the same person, and tell the others of them.

    Sent again it changes nothing. 409 when the person is registered otherwise by now, or the
    external id is somebody else's; 412 when the enquiry has changed since it was read.
    """
    access.refuse_without(persons.resources_of(form.model_fields_set), "C")
    if form.location_pcode:
        access.refuse_elsewhere(form.location_pcode)
    await occasions.refuse_out_of_reach(session, form.registration_event_id, access)
    # An erasure takes this turn before it locks anybody, and so does who may have to look for one.
    await take_turns(session, ERASING, shared=True)
    person = await persons.get_to_add_to(session, person_id, access, lock=True)
    said = person.model_dump() | (await sealed.opened(session, [person]))[person.id]
    told = _whole(said, form)
    if not person.is_enquiry:
        says_so = registering.says_the_same(session, told, person.fingerprint)
        if person.enquired_on is None or not says_so:
            raise persons.refuse_other_content()
        return person
    if person.version != expected:
        raise versions.changed("enquiry")
    await _refuse_known(session, person, told.external_id)
    changes = _changes(said, told)
    await _keep(session, person, changes, said, access)
    person.is_enquiry, person.fingerprint = False, registering.fingerprint(session, told)
    if told.consent:
        person.consent = told.consent.model_dump()
    session.add(person)
    await session.flush()
    by = access.caller.id
    # A correction may have named their household before, where nobody lives by an enquiry.
    named = {"household_ref": person.household_ref} if person.household_ref else {}
    await households.follow_correction(session, person, changes | named, by)
    registering.tell(
        session,
        person.model_dump(),
        await consents.told_at_completion(session, person, form.consent, by),
    )
    return person


def _whole(known: Mapping[str, Any], form: CompletionIn) -> PersonIn:
    """Return the registration that the enquiry and its completion make; 422 if they make none."""
    sent = form.model_dump(include=form.model_fields_set) | {"registered_on": form.registered_on}
    try:
        return PersonIn.model_validate(registration(known, sent))
    except ValidationError as error:
        raise unacceptable(*faults_of(error, within=("body",))) from None


async def _refuse_known(session: AsyncSession, person: Person, external_id: str) -> None:
    if external_id == person.external_id:
        return
    taken = select(Person.id).where(
        col(Person.organisation) == person.organisation, col(Person.external_id) == external_id
    )
    if (await session.exec(taken)).one_or_none():
        raise persons.refuse_other_content()
    if await persons.erased_external_ids(session, person.organisation, [external_id]):
        raise persons.refuse_erased()


def _changes(said: Mapping[str, Any], told: PersonIn) -> dict[str, Any]:
    """Return what is otherwise than the enquiry said; an answer about consent comes by itself."""
    birth = making.birth_of(told)
    now = told.model_dump(exclude={"consent"}) | asdict(birth)
    return {name: value for name, value in now.items() if value != said[name]}


async def _keep(
    session: AsyncSession,
    person: Person,
    changes: Mapping[str, Any],
    said: Mapping[str, Any],
    access: Access,
) -> None:
    """Write the changes to the record, and what it said before them to its history."""
    key = (await crypto.subject_keys(session, [person.id], create=True))[person.id]
    columns = {name: value for name, value in changes.items() if name not in sealed.SEALED}
    for name, value in {**columns, **sealed.columns(session, key, changes)}.items():
        setattr(person, name, value)
    person.version += 1
    await sealed.index_again(session, person.id, changes)
    correction = Correction(
        person_id=person.id,
        version=person.version,
        reason=COMPLETED,
        before=b"",
        corrected_by=access.caller.id,
    )
    corrections.remember(session, key, correction, {name: said[name] for name in changes})
    audit.note(session, access.caller, "update", "person", person.id, fields=changes)
