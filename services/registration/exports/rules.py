"""
Decisions about exports without I/O: what may be a column, who decides, how long a file is kept.

    making -> ready -> gone
    waiting -> making, refused, gone
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, get_args

Status = Literal["waiting", "making", "ready", "refused", "failed", "gone"]
Ending = Literal["expired", "person_erased", "person_withdrew", "right_lost"]
Format = Literal["csv", "xlsx", "jsonl"]
Column = Literal[
    "id",
    "case_number",
    "external_id",
    "given_name",
    "father_name",
    "grandfather_name",
    "family_name",
    "given_name_latin",
    "father_name_latin",
    "grandfather_name_latin",
    "family_name_latin",
    "other_names",
    "no_name_because",
    "sex",
    "birth_date",
    "birth_date_precision",
    "birth_date_calendar",
    "age",
    "age_to",
    "age_as_of",
    "nationality",
    "stateless",
    "languages",
    "population_category",
    "phone",
    "other_phones",
    "documents",
    "location_pcode",
    "place_before",
    "place_of_origin",
    "disability",
    "with_disability",
    "household_ref",
    "relationship_to_head",
    "registration_event_id",
    "registered_on",
    "consent_given",
    "departed_on",
    "status",
]
"""What an export may hold. Its class is that of the field (contracts/fields.yaml); S4 has none."""
COLUMNS: tuple[Column, ...] = get_args(Column)
SHARED_NAME = {"consent_given": "consent"}
"""Columns that are called as imports call them, and not as the field."""

MOST_ALONE = 100
"""So many people somebody takes out alone; for one more a second person decides."""
ALONE_WITHIN = timedelta(hours=24)
"""Within so long the files that somebody takes out alone are counted together."""
NOT_TAKEN = frozenset({"waiting", "refused", "failed"})
MOST_ROWS_OF_A_SHEET = 1_048_575
KEPT_FOR = timedelta(days=7)
OVER = frozenset({"refused", "failed", "gone"})
CONSENT = {True: "yes", False: "no"}


def field_of(column: str) -> str:
    """Return the field of a person that a column holds."""
    return SHARED_NAME.get(column, column)


def consent_given(consent: Mapping[str, Any] | None) -> str | None:
    return None if consent is None else CONSENT[consent["given"]]


def mark(export_id: object, asked_by: str, asked_at: str) -> str:
    """Return what stands in every row, so that a copy that is found names who asked for it."""
    return f"{export_id} {asked_by} {asked_at}"
