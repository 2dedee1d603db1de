"""Work that goes on for somebody after their token: what it said, and whether they still may."""

from typing import Any

from chassis.authz import Access
from chassis.caller import Caller, claimed
from chassis.worker import Work

BEHALF = "behalf"


def on_behalf_of(caller: Caller) -> dict[str, Any]:
    """Return what a job must know of who asked for it: what their token said."""
    return {BEHALF: caller.told()}


async def still_may(work: Work, resource: str, action: str = "C") -> Access | None:
    """
    Return what who asked for a job may do now; None once they may do nothing of it.

    So it is when their account is frozen, or their roles have ended or run out, and where a job
    was accepted by a version that kept nothing of them.
    """
    if BEHALF not in work.job.options:
        return None
    caller = claimed(work.job.options[BEHALF])
    ended = caller.id in work.database.frozen
    ended |= await work.database.rights_ended(caller.id, caller.issued_at)
    access = Access(caller, resource, action)
    return access if access.allowances() and not ended else None
