"""
A registration as it will be kept, made before it is known to be new; without I/O.

So it is made outside of the transaction that keeps it: those of a file in a thread, while the
database is at work on others. Nothing of it is anywhere until that transaction has committed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from chassis import crypto, outbox
from chassis.clock import new_id
from chassis.db import Where
from chassis.rows import new_row
from contracts.registration import PersonRegistered
from services.registration.consents import told as consents
from services.registration.households.changing import Named
from services.registration.persons import rules, sealed
from services.registration.persons.births import FIELDS, Birth
from services.registration.persons.models import Person, PersonIn

Row = dict[str, Any]


class By(NamedTuple):
    """In whose name people are registered, and whose cases they become."""

    organisation: str
    created_by: str
    case_owner: str | None


class Made(NamedTuple):
    """The person's row, and what follows if they are new."""

    form: PersonIn
    row: Row
    key: crypto.NewKey
    papers: list[Row]
    other_phones: list[Row]
    consent: Row | None
    event: Row
    household: Named

    @property
    def id(self) -> UUID:
        id_: UUID = self.row["id"]
        return id_


def made(where: Where, form: PersonIn, by: By, told_of_birth: Birth | None = None) -> Made:
    """Return what a registration makes; what it tells of the birth need not be read twice."""
    told_of_birth = told_of_birth or form.birth()
    birth = since_registered(form, told_of_birth)
    told = form.model_dump()
    id_ = new_id()
    key = crypto.new_key(id_)
    row = new_row(
        Person,
        **{name: told[name] for name in told if name not in sealed.SEALED}
        | {name: getattr(birth, name) for name in FIELDS}
        | sealed.columns(where, key.key, told),
        id=id_,
        case_number=rules.new_case_number(),
        fingerprint=sealed.fingerprint(
            where, rules.fingerprint(form.canonical(told, told_of_birth))
        ),
        organisation=by.organisation,
        created_by=by.created_by,
        case_owner=by.case_owner,
    )
    return Made(
        form,
        row,
        key,
        sealed.document_indexes(where, id_, [paper.number for paper in form.documents]),
        sealed.other_phone_indexes(where, id_, form.other_phones),
        _consent(form, id_, birth, by),
        outbox.row_of(
            where,
            event_of(row, consents.state_told(form.consent)),
            subject=str(id_),
            sequence=row["version"],
        ),
        Named.of(row),
    )


def _consent(form: PersonIn, id_: UUID, birth: Birth, by: By) -> Row | None:
    if form.consent is None:
        return None
    answer = consents.Told(id_, form.registered_on, birth, form.consent)
    return consents.row_told(answer, by.created_by)


def birth_of(form: PersonIn) -> Birth:
    """Return what is known of somebody's birth; an age is that of the day of the registration."""
    return since_registered(form, form.birth())


def since_registered(form: PersonIn, birth: Birth) -> Birth:
    if birth.age is not None and birth.age_as_of is None:
        return replace(birth, age_as_of=form.registered_on)
    return birth


def event_of(row: Mapping[str, Any], consent: str | None) -> PersonRegistered:
    """Return what tells the others that somebody is registered, and may be assisted."""
    return PersonRegistered(
        person_id=row["id"],
        population_category=row["population_category"],
        location_pcode=row["location_pcode"],
        registered_on=row["registered_on"],
        organisation=row["organisation"],
        registered_by=row["created_by"],
        case_owner=row["case_owner"],
        consent=consent,
    )
