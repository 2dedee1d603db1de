"""In which order rounds and their states follow each other, decided without I/O."""

from collections.abc import Iterable
from datetime import date

from chassis.problems import Fault, Problem
from services.tracking.collecting.models import RoundCollection, Step

NEXT: dict[str, set[Step]] = {
    "planned": {"collecting"},
    "collecting": {"validating"},
    "validating": {"collecting"},
}


def refuse_disorder(
    number: int, starts_on: date, ends_on: date, others: Iterable[RoundCollection]
) -> None:
    """Raise 409 unless the rounds of a population follow each other in order of their numbers."""
    for other in others:
        if other.round_number == number:
            continue
        earlier = other.round_number < number
        apart = other.ends_on < starts_on if earlier else other.starts_on > ends_on
        if not apart:
            wanted = "end before this one starts" if earlier else "start after this one has ended"
            days = f"{other.starts_on} to {other.ends_on}"
            detail = f"Round {other.round_number}, {days}, would have to {wanted}."
            fault = Fault(pointer="/starts_on", code="rounds_overlap", detail=detail)
            detail = "The rounds of a population follow each other in order of their numbers."
            raise Problem(409, "conflict", detail, errors=[fault])


def refuse_step(before: str, after: Step, starts_on: date, today: date) -> None:
    """Raise 409 for a state that does not follow, or a collection before its first day."""
    if after not in NEXT[before]:
        raise Problem(409, "out-of-order", f"From {before} a round does not go to {after}.")
    if after == "collecting" and today < starts_on:
        raise Problem(409, "out-of-order", f"The collection starts on {starts_on}.")
