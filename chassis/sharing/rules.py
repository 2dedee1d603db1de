"""Whether a record may go to somebody, decided without I/O; a fault is named, None means it may."""

from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.sharing.tables import AgreementCopyColumns, ConsentCopyColumns, ExceptionCopyColumns
from contracts.sharing import GIVEN, LAW_ENFORCEMENT, MISSION, possible

STALE_AFTER = timedelta(minutes=5)
"""Who has heard nothing of consents for so long accepts no more requests to share."""
SURE_FOR = timedelta(seconds=60)
"""Nothing is sent on what was heard longer ago; so no withdrawal is overlooked for longer."""
CONFIRM_WITHIN = timedelta(hours=72)


def purpose_fault(recipient: str, purpose: str) -> str | None:
    """No list of purposes, no agreement and no exception can allow these."""
    if purpose == LAW_ENFORCEMENT:
        return "never_allowed"
    return None if recipient != MISSION and possible(recipient, purpose) else "unknown_purpose"


def agreement_fault(
    agreement: AgreementCopyColumns | None,
    *,
    organisation: str,
    recipient: str,
    purpose: str,
    today: date,
) -> str | None:
    if agreement is None or agreement.organisation != organisation:
        return "no_agreement"
    if agreement.recipient != recipient or purpose not in agreement.purposes:
        return "agreement_is_for_another_purpose"
    if not agreement.starts_on <= today <= agreement.ends_on:
        return "agreement_not_in_force"
    return None


def consent_fault(consent: ConsentCopyColumns | None, today: date) -> str | None:
    if consent is None:
        return "no_consent"
    if consent.state != GIVEN:
        return f"consent_{consent.state}"
    if consent.expires_on is not None and consent.expires_on < today:
        return "consent_expired"
    return None


def exception_fault(
    exception: ExceptionCopyColumns | None,
    *,
    person_id: UUID,
    recipient: str,
    purpose: str,
    today: date,
) -> str | None:
    """An exception is for one person, recipient and purpose, and stands in for the consent only."""
    if exception is None or exception.person_id != person_id:
        return "no_exception"
    if (exception.recipient, exception.purpose) != (recipient, purpose):
        return "no_exception"
    over = exception.state != "approved" or exception.ends_on < today
    return "exception_over" if over else None


def is_stale(told_until: datetime | None, now: datetime) -> bool:
    return told_until is None or told_until < now - STALE_AFTER


def is_sure(told_until: datetime | None, now: datetime, started: datetime) -> bool:
    """
    Say whether it is known who has withdrawn, well enough to send.

    What was heard before this process started does not count: it may have been away for as long
    as it took to withdraw.
    """
    return told_until is not None and told_until >= max(started, now - SURE_FOR)
