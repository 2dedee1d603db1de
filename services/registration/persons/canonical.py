"""The one form of a registration by which it is known again when somebody sends it again."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from services.registration.persons.names import LATIN

AT_FIRST = (
    "external_id",
    "given_name",
    "father_name",
    "grandfather_name",
    "family_name",
    "sex",
    "birth_date",
    "birth_date_precision",
    "nationality",
    "population_category",
    "phone",
    "documents",
    "location_pcode",
    "household_ref",
    "relationship_to_head",
    "consent",
)
LATER = (
    "birth_date_calendar",
    "age",
    "age_to",
    "age_as_of",
    "no_name_because",
    *LATIN.values(),
    "other_names",
    "stateless",
    "languages",
    "other_phones",
    "place_before",
    "place_of_origin",
    "disability",
    "registration_event_id",
)


def form_of(values: Mapping[str, Any]) -> str:
    """
    Return what a registration says, in one form.

    What goes without saying is left out, so that a registration from before says the same when it
    is sent again, and one that comes from an export what it said at first.
    """
    told = _said({name: values[name] for name in LATER})
    return to_json({name: values[name] for name in AT_FIRST} | told).decode()


def told_of(values: Mapping[str, Any]) -> str:
    """Return what an enquiry says, in one form; no registration says the same."""
    return to_json({"enquiry": _said(values)}).decode()


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if value is not None and value not in ("gregorian", [])
    }
