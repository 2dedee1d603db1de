"""Refusing what names a place that nobody knows."""

from chassis.db import Database
from chassis.gazetteer import PATIENCE_SECONDS
from chassis.problems import Fault, Problem
from services.registration.places.models import GAZETTEER


async def refuse_nowhere(
    database: Database, pcode: str | None, pointer: str = "/location_pcode"
) -> None:
    """422 for a p-code that no place has, which `pointer` names in the request; None is none."""
    if pcode and await GAZETTEER.unknown(database, [pcode], PATIENCE_SECONDS):
        raise nowhere(pointer)


def nowhere(pointer: str) -> Problem:
    fault = Fault(pointer=pointer, code="unknown_place", detail="No place has this p-code.")
    return Problem(422, "unknown-place", "The place is not known.", errors=[fault])
