"""Decisions about referrals without I/O: whose post is a facility, and how long a link lingers."""

from datetime import timedelta
from typing import Literal

from chassis.scoping import Who

Service = Literal["medical", "protection"]

LINGERS = timedelta(days=14)
"""So long what a closed link opened can still be read; nothing can be written any more."""
ROLES: dict[Service, str] = {"medical": "medical_staff", "protection": "protection_officer"}


def posts(caller: Who, service: Service) -> list[str]:
    """
    Return the facilities where the caller holds the role that a referral of this kind needs.

    A role held for a whole region is no post at each of its facilities.
    """
    role = ROLES[service]
    return sorted({place for each in caller.grants if each.role == role for place in each.places})
