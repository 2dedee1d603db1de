"""Decisions about what was true of somebody when, without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

HAS_CHANGED = "has_changed"
DATED = ("population_category", "location_pcode", "place_before", "place_of_origin")
"""What of a person is true for a time."""


class Step(NamedTuple):
    """A correction: what the record had said before it, why it was made, and since when."""

    before: Mapping[str, Any]
    reason: str
    on: date


@dataclass
class Period:
    """What was so from a day until another, or still is."""

    value: Any
    since: date
    until: date | None = None


def periods(name: str, now: Any, registered_on: date, steps: Sequence[Step]) -> list[Period]:
    """
    Return what a field was from when until when, the first time first.

    `steps` are the corrections in their order. What has changed ends one time and begins another.
    What was recorded wrongly never was: the right value takes its place from the beginning of it.
    """
    told = [step for step in steps if name in step.before]
    after = [*(step.before[name] for step in told[1:]), now]
    found = [Period(told[0].before[name] if told else now, registered_on)]
    for step, value in zip(told, after, strict=True) if told else ():
        if step.reason != HAS_CHANGED:
            found[-1].value = value
            continue
        # What was said to have begun later has not: since that day it is as is told last.
        while len(found) > 1 and found[-1].since > step.on:
            found.pop()
        last = found[-1]
        # Who was registered late has changed before that already.
        last.since = min(last.since, step.on)
        last.until = step.on
        found.append(Period(value, step.on))
    return found
