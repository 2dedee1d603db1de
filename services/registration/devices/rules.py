"""Decisions about a device's batch without I/O: what an item says, what is taken at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from chassis.problems import Problem, faults_of, unacceptable
from chassis.strict import Strict
from services.registration.devices.models import ItemIn, OutcomeOut, ReasonOut

NUMBERED = ("registration", "enquiry")
NAMES_SOMEBODY = ("person_id", "collector_person_id", "alternate_person_id")

Form = TypeVar("Form", bound=Strict)
Placed = tuple[int, ItemIn]
"""An item, with its position in the batch."""


def read(told: Mapping[str, Any]) -> ItemIn | Problem:
    """
    Return an item, or the problem with it.

    A registration without an external id has the device's own id for one.
    """
    item = dict(told)
    for name in NUMBERED:
        if isinstance(form := told.get(name), dict) and (id_ := id_of(told)):
            item[name] = {"external_id": str(id_)} | form
    try:
        return ItemIn.model_validate(item)
    except ValidationError as error:
        return _not_accepted(error)


def _not_accepted(error: ValidationError, *within: str) -> Problem:
    faults = faults_of(error, within=("body", *within))
    return unacceptable(*faults)


def id_of(told: Mapping[str, Any]) -> UUID | None:
    """Return by what the device knows an item, even one that cannot be read otherwise."""
    try:
        return UUID(str(told.get("id")))
    except ValueError:
        return None


def runs(items: Sequence[Placed]) -> list[list[Placed]]:
    """
    Return the items in their order, those together that can be taken together.

    That is registrations which follow each other, each of somebody else; whatever else there is
    may be of somebody who came just before it.
    """
    found: list[list[Placed]] = []
    met: set[UUID] = set()
    for position, item in items:
        if not met or not item.registration or item.id in met:
            found.append([])
            met = set()
        found[-1].append((position, item))
        if item.registration:
            met.add(item.id)
    return found


def ids_named(form: Strict) -> set[UUID]:
    """Return whom a household names, by whichever id."""
    return set(_ids(form.model_dump(exclude_unset=True)))


def _ids(told: Any) -> Iterable[UUID]:
    if isinstance(told, list):
        for each in told:
            yield from _ids(each)
    elif isinstance(told, dict):
        for name, value in told.items():
            if name in NAMES_SOMEBODY and value:
                yield value
            else:
                yield from _ids(value)


def by_our_ids(form: Form, ours: Mapping[UUID, UUID], within: str) -> Form:
    """Return what is told of a household with the register's ids of those whom it names."""
    try:
        return type(form).model_validate(_renamed(form.model_dump(exclude_unset=True), ours))
    except ValidationError as error:
        # One person was named twice, by two ids.
        raise _not_accepted(error, within) from None


def _renamed(told: Any, ours: Mapping[UUID, UUID]) -> Any:
    if isinstance(told, list):
        return [_renamed(each, ours) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        name: ours.get(value, value) if name in NAMES_SOMEBODY else _renamed(value, ours)
        for name, value in told.items()
    }


def rejected(position: int, id_: UUID | None, problem: Problem) -> OutcomeOut:
    reason = ReasonOut(
        type=f"/problems/{problem.slug}",
        status=problem.status,
        detail=problem.detail,
        errors=problem.errors,
    )
    return OutcomeOut(position=position, id=id_, outcome="rejected", reason=reason)
