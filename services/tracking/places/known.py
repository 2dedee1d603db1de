"""Whether the places that a record names are in the gazetteer."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.problems import Fault, Problem
from services.tracking.places.models import Place

COUNTRY = "LY"
Area = Annotated[str, StringConstraints(strict=True, pattern=r"^LY([0-9]{2}){0,4}$")]
"""A place of the gazetteer, or the whole country."""


async def refuse_unknown(session: AsyncSession, named: Mapping[str, str | None]) -> None:
    """Raise 422 `unknown-place` with the pointer of each place that nobody knows."""
    wanted = {pcode for pcode in named.values() if pcode and pcode != COUNTRY}
    if not wanted:
        return
    statement = select(Place.pcode).where(col(Place.pcode).in_(wanted))
    unknown = wanted - set((await session.exec(statement)).all())
    faults = [
        Fault(pointer=pointer, code="unknown_place", detail="No place has this p-code.")
        for pointer, pcode in named.items()
        if pcode in unknown
    ]
    if faults:
        raise Problem(422, "unknown-place", "A place is not known.", errors=faults)
