"""How somebody comes into the register, once each. Callers own the transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, outbox
from chassis.clock import new_id
from chassis.many import FEW, among
from chassis.rows import as_read, insert_all, insert_all_unless_there, new_row
from contracts.registration import PersonRegistered
from services.registration.consents import service as consents
from services.registration.households import changing as households
from services.registration.households.changing import Named
from services.registration.persons import rules, sealed
from services.registration.persons.births import FIELDS, Birth
from services.registration.persons.models import Person, PersonIn
from services.registration.persons.papers import DocumentIndex
from services.registration.persons.phones import OtherPhoneIndex

Outcome = Literal["created", "unchanged", "different"]


@dataclass(frozen=True)
class Made:
    """A registration before it is known to be new: its row, and what follows if it is."""

    form: PersonIn
    birth: Birth
    row: dict[str, Any]
    key_row: dict[str, Any]


async def register(
    session: AsyncSession, form: PersonIn, *, organisation: str, by: str, case_owner: str | None
) -> tuple[Person, Outcome]:
    """
    Register a person unless their external id is known in the organisation.

    Sent again with the same content it changes nothing; with other content it changes nothing
    either, and the outcome says so: a correction is another operation than a registration.
    """
    [(made, _, outcome)] = await _register(session, [form], organisation, by, case_owner)
    if outcome == "created":
        return as_read(Person, made.row), outcome
    return await by_external_id(session, organisation, form.external_id), outcome


async def register_all(
    session: AsyncSession,
    forms: Sequence[PersonIn],
    *,
    organisation: str,
    by: str,
    case_owner: str | None,
) -> list[tuple[UUID, Outcome]]:
    """Register people as `register` does each of them, one after the other, and faster."""
    done = await _register(session, forms, organisation, by, case_owner)
    return [(person_id, outcome) for _, person_id, outcome in done]


async def _register(
    session: AsyncSession,
    forms: Sequence[PersonIn],
    organisation: str,
    by: str,
    case_owner: str | None,
) -> list[tuple[Made, UUID, Outcome]]:
    keys = await crypto.new_keys(session, [new_id() for _ in forms])
    ours = {"organisation": organisation, "created_by": by, "case_owner": case_owner}

    def make() -> list[Made]:
        return [
            _made(session, form, key, key_row, ours)
            for form, (key, key_row) in zip(forms, keys, strict=True)
        ]

    # Many take a while, which requests must not wait for.
    made = await asyncio.to_thread(make) if len(forms) > FEW else make()
    new = await insert_all_unless_there(session, Person, [each.row for each in made])
    others = [each.form.external_id for each in made if each.row["id"] not in new]
    known = await _known(session, organisation, others)
    await _follow(session, [each for each in made if each.row["id"] in new], organisation, by)

    def ended(each: Made) -> tuple[Made, UUID, Outcome]:
        if each.row["id"] in new:
            return each, each.row["id"], "created"
        person_id, before = known[each.form.external_id]
        is_same = before == each.row["fingerprint"] or says_the_same(session, each.form, before)
        return each, person_id, "unchanged" if is_same else "different"

    return [ended(each) for each in made]


def _made(
    session: AsyncSession,
    form: PersonIn,
    key: crypto.DataKey,
    key_row: dict[str, Any],
    ours: Mapping[str, Any],
) -> Made:
    birth = birth_of(form)
    told = form.model_dump()
    row = new_row(
        Person,
        **{name: told[name] for name in told if name not in sealed.SEALED}
        | {name: getattr(birth, name) for name in FIELDS}
        | sealed.columns(session, key, told),
        id=UUID(key.subject),
        case_number=rules.new_case_number(),
        fingerprint=sealed.fingerprint(session, rules.fingerprint(form.canonical(told))),
        **ours,
    )
    return Made(form, birth, row, key_row)


def birth_of(form: PersonIn) -> Birth:
    """Return what is known of somebody's birth; an age is that of the day of the registration."""
    birth = form.birth()
    if birth.age is not None and birth.age_as_of is None:
        return replace(birth, age_as_of=form.registered_on)
    return birth


async def _follow(session: AsyncSession, new: Sequence[Made], organisation: str, by: str) -> None:
    """Let what follows from registrations follow: their keys, record, indexes, events, consents."""
    if not new:
        return
    await crypto.keep_new(session, [each.key_row for each in new])
    ids = [each.row["id"] for each in new]
    audit.note(session, audit.Actor(by, organisation), "create", "person", ids)
    papers = [
        index
        for each in new
        for index in sealed.document_indexes(
            session, each.row["id"], [paper.number for paper in each.form.documents]
        )
    ]
    await insert_all(session, DocumentIndex, papers)
    phones = [
        index
        for each in new
        if each.form.other_phones
        for index in sealed.other_phone_indexes(session, each.row["id"], each.form.other_phones)
    ]
    await insert_all(session, OtherPhoneIndex, phones)
    for each in new:
        tell(session, each.row, consents.state_told(each.form.consent))
    told = [
        consents.Told(each.row["id"], each.row["registered_on"], each.birth, each.form.consent)
        for each in new
        if each.form.consent
    ]
    await consents.told_at_registration(session, told, by)
    await households.form(session, [Named.of(each.row) for each in new], by)


def tell(session: AsyncSession, row: Mapping[str, Any], consent: str | None) -> None:
    """Tell the others that somebody is registered, and may be assisted: once for each person."""
    event = PersonRegistered(
        person_id=row["id"],
        population_category=row["population_category"],
        location_pcode=row["location_pcode"],
        registered_on=row["registered_on"],
        organisation=row["organisation"],
        registered_by=row["created_by"],
        case_owner=row["case_owner"],
        consent=consent,
    )
    outbox.publish(session, event, subject=str(row["id"]), sequence=row["version"])


async def foresee(session: AsyncSession, form: PersonIn, organisation: str) -> Outcome:
    """Return what would come of a registration, without it."""
    [outcome] = await foresee_all(session, [form], organisation)
    return outcome


async def foresee_all(
    session: AsyncSession, forms: Sequence[PersonIn], organisation: str
) -> list[Outcome]:
    """Return what would come of each of these registrations as the only one."""
    known = await _known(session, organisation, [form.external_id for form in forms])

    def outcome(form: PersonIn) -> Outcome:
        if form.external_id not in known:
            return "created"
        _, before = known[form.external_id]
        return "unchanged" if says_the_same(session, form, before) else "different"

    return list(map(outcome, forms))


def says_the_same(session: AsyncSession, form: PersonIn, before: str) -> bool:
    """Say whether a registration says what one said whose fingerprint is kept."""
    if before == fingerprint(session, form):
        return True
    # Until the code for the stateless said so itself, some were registered with both.
    return form.nationality == rules.NO_STATE and before == sealed.fingerprint(
        session, rules.fingerprint(form.canonical(stateless=True))
    )


def fingerprint(session: AsyncSession, form: PersonIn) -> str:
    return sealed.fingerprint(session, rules.fingerprint(form.canonical()))


async def _known(
    session: AsyncSession, organisation: str, external_ids: Sequence[str]
) -> dict[str, tuple[UUID, str]]:
    """Return the registrations of these numbers, and by what each is known again."""
    if not external_ids:
        return {}
    statement = select(Person.external_id, Person.id, Person.fingerprint).where(
        col(Person.organisation) == organisation,
        among(session, col(Person.external_id), external_ids),
    )
    rows = (await session.exec(statement)).all()
    return {external_id: (person_id, kept) for external_id, person_id, kept in rows}


async def by_external_id(session: AsyncSession, organisation: str, external_id: str) -> Person:
    statement = select(Person).where(
        col(Person.organisation) == organisation, col(Person.external_id) == external_id
    )
    return (await session.exec(statement)).one()
