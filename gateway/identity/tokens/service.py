"""What a token says of its holder: the assignments and agreements in force at this moment."""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.identity.assignments import rules
from gateway.identity.assignments import service as assignments
from gateway.identity.freezes import service as freezes
from gateway.identity.organisations import service as organisations


async def rights(session: AsyncSession, holder: str, organisation: str) -> dict[str, Any]:
    """
    Return the claims of whoever acts for the organisation; nobody changes them meanwhile.

    403 for an account that is frozen.
    """
    await freezes.refuse_frozen(session, holder)
    await assignments.hold(session, holder, alone=False)
    held = await assignments.in_force(session, holder, organisation)
    return {
        "sub": holder,
        "organisation": organisation,
        "grants": [rules.grant_claim(each) for each in held],
        "agreements": await organisations.claims(session, organisation),
    }
