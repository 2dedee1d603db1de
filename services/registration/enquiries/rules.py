"""Decisions about enquiries without I/O: what of one counts on when it becomes a registration."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.registration.persons import births
from services.registration.persons.models import PersonIn
from services.registration.persons.names import LATIN, NAMES
from services.registration.persons.rules import NO_STATE, UNTOLD

NAMED = (*NAMES, *LATIN.values(), "no_name_because")
TOGETHER: Sequence[Sequence[str]] = (NAMED, births.FIELDS)
"""Fields that are told together, or not at all."""
NEVER_KEPT = ("location_pcode", "registered_on", "consent")
"""What is told anew: an enquiry's place may be the office's, and consent has its own history."""


def registration(known: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an enquiry and its completion tell together."""
    told = {
        name: value
        for name, value in known.items()
        if name in PersonIn.model_fields and name not in NEVER_KEPT and value != UNTOLD
    }
    for fields in TOGETHER:
        if not sent.keys().isdisjoint(fields):
            told = {name: value for name, value in told.items() if name not in fields}
    if told["nationality"] == NO_STATE and "nationality" in sent:
        # Nothing else has said that they are stateless.
        told.pop("stateless", None)
    return {**told, **sent}
