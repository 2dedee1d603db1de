"""What registration does when another service tells what an account asked for in vain."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.audit.following import met_by
from contracts.assistance import ReadsDenied as AssistanceDenied
from contracts.returns import ReadsDenied as ReturnsDenied
from services.registration.honey import rules, watch


async def count_denied_elsewhere(
    session: AsyncSession, event: AssistanceDenied | ReturnsDenied
) -> None:
    """
    Count the records that the account asked for in vain there, and has not asked for here.

    Whoever looks at a person asks every service: whom registration has shown them they may see,
    and what it has denied them is counted already.
    """
    since = event.denied_at - rules.WITHIN
    known = await met_by(session, event.account, event.records, since)
    reads = len(set(event.records) - known)
    if reads:
        await watch.count(session, event.account, rules.hour_of(event.denied_at), reads)
        await watch.freeze_if_due(session, event.account)
