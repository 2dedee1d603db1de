"""The roles that somebody may hold, where, and which of them two people must want."""

from typing import Annotated, Literal

from pydantic import StringConstraints

Role = Literal[
    "enumerator",
    "case_worker",
    "medical_staff",
    "protection_officer",
    "data_analyst",
    "integrator",
    "dpo",
]
"""What may be given to a client; `admin` is given to one only at the installation."""

OPERATIONAL_ROLES: tuple[Role, ...] = (
    "enumerator",
    "case_worker",
    "medical_staff",
    "protection_officer",
    "data_analyst",
    "integrator",
)
NEED_APPROVAL = frozenset({"medical_staff", "protection_officer", "dpo", "admin"})
"""Roles that open special categories (S3, S4), or that give roles: a second person agrees."""

Place = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}([0-9]{2}){0,4}$")]
