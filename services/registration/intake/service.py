"""What can be done with forms that send by themselves. Callers own the transaction."""

import hashlib
import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.authz import Access
from chassis.clock import now
from chassis.jobs import Remark
from chassis.problems import not_found
from chassis.scoping import Clause
from services.registration.imports.senders import places_of
from services.registration.intake.models import (
    FORM_SCOPING,
    SUBMISSION_SCOPING,
    FormIn,
    FormMade,
    FormOut,
    IntakeForm,
    Submission,
    SubmissionOut,
    SubmittedPerson,
)
from services.registration.mappings import service as mappings

RESOURCE = "intake_form"
ADDRESS = "/v1/registration/intake"


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


async def let_in(session: AsyncSession, told: FormIn, access: Access) -> FormMade:
    """Let a form send from now on; its secret is returned and not kept."""
    # Whose mapping it is may change it, and with it what the form registers.
    await mappings.current(session, told.mapping_id, access, to="U")
    # 256 random bits, which need no slow hash.
    secret = secrets.token_urlsafe(32)
    form = IntakeForm(
        **told.model_dump(),
        organisation=access.caller.organisation,
        places=places_of(access),
        secret_hash=hash_of(secret),
        created_by=access.caller.id,
    )
    session.add(form)
    audit.note(session, access.caller, "create", RESOURCE, form.id)
    return FormMade(**_form(form).model_dump(), secret=secret)


async def renew_secret(session: AsyncSession, form_id: UUID, access: Access) -> FormMade:
    """Give a form another secret; the one before counts no more."""
    form = await _to_change(session, form_id, access)
    secret = secrets.token_urlsafe(32)
    form.secret_hash = hash_of(secret)
    session.add(form)
    audit.note(session, access.caller, "update", RESOURCE, form.id)
    return FormMade(**_form(form).model_dump(), secret=secret)


async def end(session: AsyncSession, form_id: UUID, access: Access) -> None:
    form = await _to_change(session, form_id, access)
    if form.ended_at is None:
        form.ended_at = now()
        session.add(form)
        audit.note(session, access.caller, "end", RESOURCE, form.id)


async def _to_change(session: AsyncSession, form_id: UUID, access: Access) -> IntakeForm:
    wanted = select(IntakeForm).where(col(IntakeForm.id) == form_id, access.rows(FORM_SCOPING))
    form = (await session.exec(wanted.with_for_update())).one_or_none()
    if form is None:
        raise not_found("form")
    return form


async def forms(
    session: AsyncSession, access: Access, *, after: UUID | None, limit: int
) -> Sequence[FormOut]:
    later = [col(IntakeForm.id) > after] if after else []
    statement = select(IntakeForm).where(access.rows(FORM_SCOPING), *later)
    found = (await session.exec(statement.order_by(col(IntakeForm.id)).limit(limit))).all()
    audit.read(RESOURCE, [each.id for each in found])
    return [_form(each) for each in found]


def _form(form: IntakeForm) -> FormOut:
    values = form.model_dump(include=set(FormOut.model_fields))
    return FormOut(**values, address=f"{ADDRESS}/{form.source}/{form.id}")


async def submissions(
    session: AsyncSession, access: Access, *conditions: Clause, limit: int
) -> Sequence[SubmissionOut]:
    """Return what became of submissions, oldest first, with whom each registered."""
    statement = select(Submission).where(access.rows(SUBMISSION_SCOPING), *conditions)
    found = (await session.exec(statement.order_by(col(Submission.id)).limit(limit))).all()
    of_these = col(SubmittedPerson.submission_id).in_([each.id for each in found])
    people: dict[UUID, list[UUID]] = {}
    for each in (await session.exec(select(SubmittedPerson).where(of_these))).all():
        people.setdefault(each.submission_id, []).append(each.person_id)
    audit.read("submission", [each.id for each in found])
    return [
        SubmissionOut(
            **each.model_dump(include=set(SubmissionOut.model_fields) - {"reasons", "warnings"}),
            person_ids=sorted(people.get(each.id, [])),
            reasons=[Remark.model_validate(reason) for reason in each.reasons],
            warnings=[Remark.model_validate(warning) for warning in each.warnings],
        )
        for each in found
    ]
