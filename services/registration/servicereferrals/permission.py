"""Whether a person's record may go to whom they are referred to, as it stands at this moment."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import SQLColumnExpression, String, and_, cast, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chassis.clock import today
from chassis.problems import Fault, Problem
from chassis.scoping import Clause
from contracts.sharing import GIVEN, MISSION
from services.registration.consents.models import Consent
from services.registration.persons.models import Person
from services.registration.servicereferrals import rules
from services.registration.servicereferrals.models import ServiceReferral
from services.registration.sharing.models import Agreement, SharingException

Text = SQLColumnExpression[str]
PARTNER = "partner:"
"""What a recipient's name begins with that is another organisation here."""


def permitted() -> Clause:
    """Return the condition that a referral's recipient may know of the person today."""
    person_id: SQLColumnExpression[UUID] = col(ServiceReferral.person_id)
    recipient: Text = col(ServiceReferral.recipient)
    allowed = or_(consented(person_id, recipient), _excepted(person_id, recipient))
    in_force = agreed(col(ServiceReferral.organisation), recipient)
    return or_(recipient == MISSION, and_(in_force, allowed))


async def refuse_without(session: AsyncSession, person: Person, recipient: str) -> None:
    """403 `purpose-not-allowed` names what is missing for a referral to this recipient."""
    organisation: Text = col(Person.organisation)
    person_id: SQLColumnExpression[UUID] = col(Person.id)
    statement = select(
        agreed(organisation, recipient).label("agreed"),
        consented(person_id, recipient).label("consented"),
        _excepted(person_id, recipient).label("excepted"),
    ).where(col(Person.id) == person.id)
    found = (await session.exec(statement)).one()
    names = ("agreed", "consented", "excepted")
    lacking = rules.lack(recipient, **dict(zip(names, map(bool, found), strict=True)))
    if lacking:
        raise refused(lacking)


def refused(lacking: str) -> Problem:
    detail = "The person's record may not go to this recipient."
    fault = Fault(pointer="/recipient", code=lacking, detail=detail)
    return Problem(403, "purpose-not-allowed", detail, errors=[fault])


def agreed(organisation: Text, recipient: Text | str) -> Clause:
    """Return the condition that an agreement with a recipient on referrals is in force today."""
    return exists().where(
        col(Agreement.organisation) == organisation,
        col(Agreement.recipient) == recipient,
        _in_force(),
    )


async def agreed_both_ways(session: AsyncSession, organisation: str) -> list[str]:
    """Return with which organisations there is such an agreement, and they have one as well."""
    us = f"{PARTNER}{organisation}"
    ours, theirs = col(Agreement.organisation) == organisation, col(Agreement.recipient) == us
    statement = select(Agreement.organisation, Agreement.recipient).where(or_(ours, theirs))
    found = (await session.exec(statement.where(_in_force()))).all()
    tell_us = {each for each, recipient in found if recipient == us}
    told = {recipient.removeprefix(PARTNER) for each, recipient in found if each == organisation}
    return sorted(tell_us & told)


def _in_force() -> Clause:
    return and_(
        cast(col(Agreement.purposes), String).like(f'%"{rules.PURPOSE}"%'),
        col(Agreement.starts_on) <= today(),
        col(Agreement.ends_on) >= today(),
    )


def consented(person_id: SQLColumnExpression[UUID], recipient: Text | str) -> Clause:
    """Return the condition that the person's last word was a yes that counts today."""
    newer = aliased(Consent)
    changed_since = exists().where(
        col(newer.person_id) == col(Consent.person_id),
        col(newer.recipient) == col(Consent.recipient),
        col(newer.purpose) == col(Consent.purpose),
        col(newer.version) > col(Consent.version),
    )
    return exists().where(
        col(Consent.person_id) == person_id,
        col(Consent.recipient) == recipient,
        col(Consent.purpose) == rules.PURPOSE,
        col(Consent.state) == GIVEN,
        or_(col(Consent.expires_on).is_(None), col(Consent.expires_on) >= today()),
        ~changed_since,
    )


def who_consented(partners: Sequence[str]) -> SelectOfScalar[UUID]:
    """Select whoever once said yes to one of these organisations; they may have changed it."""
    return select(Consent.person_id).where(
        col(Consent.recipient).in_([f"{PARTNER}{each}" for each in partners]),
        col(Consent.purpose) == rules.PURPOSE,
        col(Consent.state) == GIVEN,
    )


def _excepted(person_id: SQLColumnExpression[UUID], recipient: Text | str) -> Clause:
    return exists().where(
        col(SharingException.person_id) == person_id,
        col(SharingException.recipient) == recipient,
        col(SharingException.purpose) == rules.PURPOSE,
        col(SharingException.state) == "approved",
        col(SharingException.ends_on) >= today(),
    )
