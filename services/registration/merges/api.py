"""HTTP in and out for merges; no decisions."""

from uuid import UUID

from chassis.authz import AccessDep
from chassis.db import WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from services.registration.merges import service
from services.registration.merges.models import MergeIn, MergeOut

router = Router(prefix="/v1/registration/duplicates", tags=["duplicates"], route_class=Once)


@router.post("/{pair_id}/merge", status_code=201)
async def merge_duplicate(
    pair_id: UUID, form: MergeIn, access: AccessDep, session: WriteSession
) -> MergeOut:
    """
    Put one registration of a pair under the other; every service hears of it.

    The registration that is merged stays as it is and can still be read: it says `merged_into`
    whom, is no more in the list of persons, and is corrected no more. The pairs of what was merged
    into either before are decided with this one; 409 where a reviewer called one `different`.
    """
    return await service.merge(session, pair_id, form, access)


@router.delete("/{pair_id}/merge")
async def undo_merge(pair_id: UUID, access: AccessDep, session: WriteSession) -> MergeOut:
    """
    Take a merge back within 90 days.

    The pair is then to be decided anew, and so are those that were decided with it.
    """
    return await service.undo(session, pair_id, access)
