"""Whether a record may go, by what a service has heard of consents, agreements and exceptions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.clock import now, today
from chassis.db import tables_of
from chassis.problems import Fault, Problem
from chassis.sharing import rules
from chassis.sharing.models import ShareIn
from chassis.sharing.tables import (
    AgreementCopyColumns,
    ConsentCopyColumns,
    ShareColumns,
    SharingTables,
)
from contracts.registration import (
    ConsentChanged,
    SharingAgreementChanged,
    SharingExceptionChanged,
)

POINTERS = {
    "never_allowed": "/purpose",
    "unknown_purpose": "/purpose",
    "no_agreement": "/agreement_id",
    "agreement_is_for_another_purpose": "/agreement_id",
    "agreement_not_in_force": "/agreement_id",
    "no_exception": "/exception_id",
    "exception_over": "/exception_id",
}
DECISIVE = (ConsentChanged.type, SharingAgreementChanged.type, SharingExceptionChanged.type)
MOST_DEAD_LETTERS = 1000


@dataclass(frozen=True)
class Verdict:
    """Why a record may not go, or nothing; and the version of the consent that was asked."""

    fault: str | None
    consent_version: int | None = None


@dataclass(frozen=True)
class Judging:
    """What a service is told of them, kept as copies and asked at the moment of use."""

    tables: SharingTables

    async def answer(
        self, session: AsyncSession, person_id: UUID, recipient: str, purpose: str
    ) -> ConsentCopyColumns | None:
        """Return what a person has answered last, as far as it is known here."""
        return await session.get(self.tables.consent, (person_id, recipient, purpose))

    async def told_until(self, session: AsyncSession) -> datetime | None:
        """Return up to when every change of a consent is known here; None when it is not known."""
        stream = await session.get(self.tables.stream, 1, populate_existing=True)
        if stream is None or await self._was_buried(session):
            return None
        return stream.told_until

    async def _was_buried(self, session: AsyncSession) -> bool:
        # A change that could not take effect is kept as a dead letter: until somebody has seen to
        # it, nobody knows whose it is. There are hardly ever any, so they are looked through.
        dead_letter = tables_of(session).dead_letter
        found = (await session.exec(select(dead_letter.body).limit(MOST_DEAD_LETTERS))).all()
        named = any(type_.encode() in body for body in found for type_ in DECISIVE)
        return named or len(found) == MOST_DEAD_LETTERS

    async def refuse_stale(self, session: AsyncSession) -> None:
        if rules.is_stale(await self.told_until(session), now()):
            raise Problem(
                503,
                "consents-stale",
                "It is not known here who has withdrawn since; nothing is shared until it is.",
                headers={"Retry-After": "30"},
            )

    async def check_terms(
        self, session: AsyncSession, form: ShareIn, organisation: str
    ) -> str | None:
        """Return what is wrong with purpose or agreement, whoever the person is."""
        agreement = await session.get(self.tables.agreement, form.agreement_id)
        return _terms_fault(agreement, form, organisation)

    async def judge(self, session: AsyncSession, share: ShareColumns) -> Verdict:
        """
        Say whether a share is allowed in this moment.

        The answer is locked until the transaction ends: a withdrawal that comes meanwhile waits,
        and then finds the share sent, and ends it.
        """
        agreement = await session.get(
            self.tables.agreement, share.agreement_id, populate_existing=True
        )
        if fault := _terms_fault(agreement, share, share.organisation):
            return Verdict(fault)
        if share.exception_id:
            exception = await session.get(
                self.tables.exception, share.exception_id, with_for_update=True
            )
            wanted = share.model_dump(include={"person_id", "recipient", "purpose"})
            return Verdict(rules.exception_fault(exception, **wanted, today=today()))
        key = (share.person_id, share.recipient, share.purpose)
        consent = await session.get(self.tables.consent, key, with_for_update=True)
        version = consent.version if consent else None
        return Verdict(rules.consent_fault(consent, today()), version)


def refused(fault: str) -> Problem:
    detail = f"This record may not be shared: {fault.replace('_', ' ')}."
    error = Fault(pointer=POINTERS.get(fault, "/recipient"), code=fault, detail=detail)
    return Problem(403, "purpose-not-allowed", detail, errors=[error])


def _terms_fault(
    agreement: AgreementCopyColumns | None, asked: ShareIn | ShareColumns, organisation: str
) -> str | None:
    return rules.purpose_fault(asked.recipient, asked.purpose) or rules.agreement_fault(
        agreement,
        organisation=organisation,
        recipient=asked.recipient,
        purpose=asked.purpose,
        today=today(),
    )
