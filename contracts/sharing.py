"""To whom and for what a person's record may go, as closed lists; nothing else can be asked for."""

import re
from collections.abc import Mapping

MISSION = "mission"
"""The organisation that keeps the record, for its own work."""
ASSISTANCE = "assistance"
RETURN = "return"
LAW_ENFORCEMENT = "law-enforcement"

PURPOSES: Mapping[str, frozenset[str]] = {
    MISSION: frozenset({ASSISTANCE, RETURN}),
    "unhcr": frozenset({"referral", "resettlement", "family-tracing"}),
    "icrc": frozenset({"family-tracing"}),
    "embassy": frozenset({"travel-document"}),
    "partner": frozenset({ASSISTANCE, "referral"}),
}
"""
Each kind of recipient with the purposes that a person can be asked about.

An embassy gives papers and is told nothing else: it belongs to the state that somebody may have
fled. Nobody's list has law enforcement, and no approval adds it.
"""

RECIPIENT = r"^(mission|unhcr|icrc|embassy:[A-Z]{3}|partner:[a-z0-9][a-z0-9_-]{0,62})$"
"""An embassy is named by its state (ISO 3166-1 alpha-3), a partner by its organisation."""
PURPOSE = r"^[a-z][a-z-]{1,31}$"

GIVEN, REFUSED, WITHDRAWN = "given", "refused", "withdrawn"


def possible(recipient: str, purpose: str) -> bool:
    """Say whether a person can be asked to agree that this recipient has their record for this."""
    kind = recipient.partition(":")[0]
    named = re.fullmatch(RECIPIENT, recipient) is not None
    return named and purpose in PURPOSES.get(kind, frozenset())
