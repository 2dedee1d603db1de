"""The figures of a round made of the values that were chosen for them: asked for, and done."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from chassis.strict import Strict, Text
from services.tracking.rounds.models import Population

Period = Annotated[str, StringConstraints(strict=True, max_length=40, pattern=r"^[0-9A-Za-z /-]+$")]


class CompilationIn(Strict):
    """
    Of whom, and when that was; the period of a round that is there already stays.

    Other figures of a round that is public need a `reason`.
    """

    population: Population
    period: Period | None = None
    reason: Text | None = None


class CompilationOut(BaseModel):
    """What of a round's figures is new or other now; `left_out` are no figures of a round."""

    round_number: int
    population: Population
    version: int
    individuals: int
    places: int
    chosen: int
    changed: int
    left_out: int
