"""Decisions about a device's batch without I/O: what an item says, and how its refusal is told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from chassis.problems import Problem, faults_of
from services.registration.devices.models import ItemIn, OutcomeOut, ReasonOut


def read(told: Mapping[str, Any]) -> ItemIn | Problem:
    """
    Return an item, or the problem with it.

    A registration without an external id has the device's own id for one.
    """
    item, registration = dict(told), told.get("registration")
    if isinstance(registration, dict) and (id_ := id_of(told)):
        item["registration"] = {"external_id": str(id_)} | registration
    try:
        return ItemIn.model_validate(item)
    except ValidationError as error:
        faults = faults_of(error, within=("body",))
        return Problem(422, "validation", "Some values cannot be accepted.", errors=faults)


def id_of(told: Mapping[str, Any]) -> UUID | None:
    """Return by what the device knows an item, even one that cannot be read otherwise."""
    try:
        return UUID(str(told.get("id")))
    except ValueError:
        return None


def rejected(position: int, id_: UUID | None, problem: Problem) -> OutcomeOut:
    reason = ReasonOut(
        type=f"/problems/{problem.slug}",
        status=problem.status,
        detail=problem.detail,
        errors=problem.errors,
    )
    return OutcomeOut(position=position, id=id_, outcome="rejected", reason=reason)
