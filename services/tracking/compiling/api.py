"""HTTP in and out for rounds that are made of chosen values; no decisions."""

from chassis.auth import CallerDep
from chassis.db import WriteSession
from chassis.idempotency import Once
from chassis.operations import Router
from services.tracking.compiling import service
from services.tracking.compiling.models import CompilationIn, CompilationOut
from services.tracking.rounds.api import Number

router = Router(prefix="/v1/tracking/rounds", tags=["rounds"], route_class=Once)


@router.post("/{number}/compilations", status_code=201)
async def compile_round(
    number: Number, form: CompilationIn, caller: CallerDep, session: WriteSession
) -> CompilationOut:
    """Take the values that were chosen from estimates as figures of the round."""
    return await service.compile_round(session, number, form, caller)
