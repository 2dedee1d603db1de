"""HTTP in and out for consents; no decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from chassis.authz import AccessDep
from chassis.db import ReadSession, WriteSession, database_of
from chassis.idempotency import Once
from chassis.operations import Router
from services.registration.consents import rules, service
from services.registration.consents.models import (
    AnswerIn,
    ConsentOut,
    ConsentsOut,
    TextOut,
    TextsOut,
    WithdrawalIn,
    WithdrawnOut,
)
from services.registration.persons import service as persons
from services.registration.places import service as places

router = Router(prefix="/v1/registration", tags=["consents"], route_class=Once)


@router.post("/persons/{person_id}/consents", status_code=201)
async def record_consent(
    person_id: UUID, form: AnswerIn, request: Request, access: AccessDep, session: WriteSession
) -> ConsentOut:
    """
    Keep what a person answered about one recipient and purpose; the older answers stay.

    A no counts for every registration of the person, as when a consent is taken back.
    """
    await places.refuse_nowhere(database_of(request), form.place_pcode, "/place_pcode")
    person = await persons.get_to_add_to(session, person_id, access)
    consent = await service.record(session, person, form, access.caller.id)
    if not form.given:
        about = WithdrawalIn(recipient=form.recipient, purpose=form.purpose)
        others = [
            each for each in await persons.registrations_of(session, person) if each.id != person.id
        ]
        await service.withdraw_from_all(session, others, about, access.caller.id)
    return service.shown(consent)


@router.get("/persons/{person_id}/consents")
async def list_consents(person_id: UUID, access: AccessDep, session: ReadSession) -> ConsentsOut:
    person = await persons.get(session, person_id, access)
    return await service.of_person(session, person.id)


@router.post("/persons/{person_id}/consents/withdrawals", status_code=202)
async def withdraw_consent(
    person_id: UUID, form: WithdrawalIn, access: AccessDep, session: WriteSession
) -> WithdrawnOut:
    """
    Take a consent back, without a reason.

    From the answer on nothing more is sent by who has heard of it, and whoever has not heard of
    anything for a minute sends nothing at all; who was sent something is told to delete it.
    """
    person = await persons.get(session, person_id, access)
    # A no counts for every registration of the person, whichever of them it is told for.
    people = await persons.registrations_of(session, person)
    changed = await service.withdraw_from_all(session, people, form, access.caller.id)
    # Who may note a no need not be one who may read what else the person has answered.
    return WithdrawnOut(changed=[service.shown(each) for each in changed])


@router.get("/consent-texts")
async def list_consent_texts(
    purpose: Annotated[str | None, Query(max_length=32)] = None,
    language: Annotated[str | None, Query(max_length=3)] = None,
    version: Annotated[str | None, Query(max_length=20)] = None,
) -> TextsOut:
    """Return what is read to people before they answer, of the current version if none is named."""
    wanted = version or rules.current_version()
    return TextsOut(
        current_version=rules.current_version(),
        items=[
            TextOut(version=wanted, purpose=each, language=code, text=text)
            for each, by_language in rules.texts().get(wanted, {}).items()
            for code, text in by_language.items()
            if purpose in {None, each} and language in {None, code}
        ],
    )
