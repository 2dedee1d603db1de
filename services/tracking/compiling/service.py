"""Making a round's figures of the values chosen for them. Callers own the transaction."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import audit
from chassis.caller import Caller
from chassis.problems import Problem
from chassis.turns import take_turns
from services.tracking.collecting import service as collecting
from services.tracking.compiling import rules
from services.tracking.compiling.models import CompilationIn, CompilationOut
from services.tracking.consistency import service as consistency
from services.tracking.detections import service as detections
from services.tracking.rounds import order, service, versions
from services.tracking.rounds.counts import RoundCounts
from services.tracking.rounds.models import Round
from services.tracking.rounds.versions import Why
from services.tracking.triangulation import service as triangulation


async def compile_round(
    session: AsyncSession, number: int, form: CompilationIn, caller: Caller
) -> CompilationOut:
    """
    Let the values that were chosen last be the figures of a round; the others of it stay.

    409 while the round is still collected, or when nothing was chosen. What does not sum is
    listed with the round's disagreements, and keeps it unpublished until it is explained.
    """
    await take_turns(session, f"round {number} {form.population}")
    await collecting.refuse_unfinished(session, number, form.population)
    choices = await triangulation.chosen_values(session, number, form.population)
    if not choices:
        raise Problem(409, "out-of-order", "No value of a figure of this round is chosen yet.")
    chosen = {key: each.value for key, each in choices.items()}
    before = await session.get(Round, (number, form.population))
    kept = await consistency.figures(session, number, form.population)
    told = RoundCounts(
        number=number,
        population=form.population,
        period=before.period if before and before.period else form.period,
        figures=rules.figures(kept, chosen),
    )
    await order.refuse(session, number, form.population, told.period)
    await versions.refuse_unexplained(session, told, form.reason, "/reason")
    changed = await service.restate(session, told, Why(caller.id, form.reason))
    if changed:
        await detections.look(session, form.population, number)
    audit.note(session, caller, "create", "compilation", f"{form.population}-{number}")
    found = await service.get(session, number, form.population)
    return CompilationOut(
        round_number=number,
        population=form.population,
        version=found.version,
        individuals=found.individuals,
        places=found.places,
        chosen=len(chosen),
        changed=len(changed),
        left_out=sum(dimension not in rules.COUNTED for _, dimension, _ in chosen),
    )
