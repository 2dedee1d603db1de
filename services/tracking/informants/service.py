"""What can be done with key informants. Callers own the transaction."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit, crypto, versions
from chassis.authz import Access
from chassis.problems import Fault, Problem, not_found
from services.tracking.informants.models import (
    SCOPING,
    InformantChange,
    InformantIn,
    InformantOut,
    KeyInformant,
    Reliability,
    Role,
)
from services.tracking.places.known import refuse_unknown

RESOURCE, TABLE = "key_informant", "key_informant"
CONTACT = {"name", "phone"}


async def add(session: AsyncSession, form: InformantIn, access: Access) -> InformantOut:
    access.refuse_elsewhere(form.place_pcode)
    await refuse_unknown(session, {"/place_pcode": form.place_pcode})
    informant = KeyInformant(
        **form.model_dump(exclude=CONTACT),
        contact=b"",
        organisation=access.caller.organisation,
        created_by=access.caller.id,
    )
    informant.contact = await _sealed(session, informant.id, form.name, form.phone)
    session.add(informant)
    audit.note(session, access.caller, "create", RESOURCE, informant.id)
    return _shown(informant, {"name": form.name, "phone": form.phone})


async def get(session: AsyncSession, informant_id: UUID, access: Access) -> InformantOut:
    [shown] = await _opened(session, [await _reached(session, informant_id, access)])
    return shown


async def reliability_of(session: AsyncSession, informant_id: UUID, organisation: str) -> str:
    """Return how far an organisation relies on an informant; 422 when it has none such."""
    wanted = select(KeyInformant.reliability).where(
        col(KeyInformant.id) == informant_id, col(KeyInformant.organisation) == organisation
    )
    found = (await session.exec(wanted)).one_or_none()
    if found is None:
        detail = "Your organisation has no informant of this id."
        fault = Fault(pointer="/informant_id", code="unknown_informant", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault])
    return found


async def find(
    session: AsyncSession,
    access: Access,
    *,
    place: str | None,
    role: Role | None,
    reliability: Reliability | None,
    after: UUID | None,
    limit: int,
) -> Sequence[InformantOut]:
    audit.looking()
    statement = select(KeyInformant).where(access.rows(SCOPING))
    if place:
        below = col(KeyInformant.place_pcode).startswith(place, autoescape=True)
        statement = statement.where(below)
    if role:
        statement = statement.where(col(KeyInformant.role) == role)
    if reliability:
        statement = statement.where(col(KeyInformant.reliability) == reliability)
    if after:
        statement = statement.where(col(KeyInformant.id) > after)
    found = (await session.exec(statement.order_by(col(KeyInformant.id)).limit(limit))).all()
    return await _opened(session, found)


async def change(
    session: AsyncSession,
    informant_id: UUID,
    form: InformantChange,
    access: Access,
    *,
    expected: int,
) -> InformantOut:
    """Change what is known of an informant; who takes consent back has no telephone any more."""
    informant = await _reached(session, informant_id, access)
    if informant.version != expected:
        raise versions.changed("informant")
    [before] = await _opened(session, [informant])
    told = before.model_dump(include=set(InformantIn.model_fields))
    told |= form.model_dump(exclude_unset=True)
    if form.may_be_called is False:
        told |= {"phone": None, "consented_on": None}
    after = _checked(told)
    values = after.model_dump(exclude=CONTACT | {"place_pcode", "sex"})
    values["contact"] = await _sealed(session, informant_id, after.name, after.phone)
    done = await session.exec(
        update(KeyInformant)
        .where(col(KeyInformant.id) == informant_id, col(KeyInformant.version) == expected)
        .values(**values, version=expected + 1)
    )
    if not done.rowcount:
        raise versions.changed("informant")
    await session.refresh(informant)
    changed = form.model_fields_set
    audit.note(session, access.caller, "update", RESOURCE, informant_id, fields=changed)
    return _shown(informant, {"name": after.name, "phone": after.phone})


def _checked(told: dict[str, Any]) -> InformantIn:
    try:
        return InformantIn.model_validate(told)
    except ValueError:
        detail = "Consent has its day, and a telephone is kept only of who may be called."
        fault = Fault(pointer="/may_be_called", code="consent", detail=detail)
        raise Problem(422, "validation", detail, errors=[fault]) from None


async def forget(session: AsyncSession, informant_id: UUID, access: Access) -> None:
    """Forget an informant and destroy their key; what they estimated stays, and is nobody's."""
    informant = await _reached(session, informant_id, access)
    audit.note(session, access.caller, "delete", RESOURCE, informant.id)
    await session.exec(delete(KeyInformant).where(col(KeyInformant.id) == informant.id))
    await crypto.destroy(session, informant_id)


async def _reached(session: AsyncSession, informant_id: UUID, access: Access) -> KeyInformant:
    audit.looking()
    wanted = select(KeyInformant).where(col(KeyInformant.id) == informant_id, access.rows(SCOPING))
    found = (await session.exec(wanted)).one_or_none()
    if found is None:
        raise not_found("informant")
    return found


async def _sealed(session: AsyncSession, informant_id: UUID, name: str, phone: str | None) -> bytes:
    key = (await crypto.subject_keys(session, [informant_id], create=True))[informant_id]
    contact = json.dumps({"name": name, "phone": phone}, ensure_ascii=False)
    return key.seal(TABLE, "contact", contact, row=informant_id)


async def _opened(session: AsyncSession, informants: Sequence[KeyInformant]) -> list[InformantOut]:
    keys = await crypto.subject_keys(session, [each.id for each in informants])
    audit.read(RESOURCE, [each.id for each in informants])
    return [
        _shown(each, json.loads(keys[each.id].open(TABLE, "contact", each.contact, row=each.id)))
        for each in informants
    ]


def _shown(informant: KeyInformant, contact: dict[str, Any]) -> InformantOut:
    return InformantOut(**informant.model_dump(exclude={"contact"}), **contact)
