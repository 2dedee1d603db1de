"""What a shape says of a value that it refuses, in words, and never the value itself."""

from collections.abc import Mapping
from typing import Any

from contracts import sharing

MOST = 1200
"""Characters of a message: enough for the names of all columns that somebody may choose from."""
WRITTEN = {
    r"^[A-Z]{2}([0-9]{2}){1,4}$": "is not written as a p-code: LY0211, say",
    r"^[A-Z]{3}$": "is not written as a code of ISO 3166-1 alpha-3: SDN, say",
    r"^[a-z]{2,3}$": "is not written as a language's code: ar, say",
    sharing.RECIPIENT: (
        "is none of mission, unhcr, icrc, embassy: with a country's code (embassy:SDN, say), "
        "and partner: with an organisation's (partner:ngo-1, say)"
    ),
    sharing.PURPOSE: "is not written in small letters and hyphens: referral, say",
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,9}$": (
        "is not a cursor that was given here"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$": (
        "is not written in at most 64 letters from A to Z, digits, and . _ : / - between them"
    ),
}
"""How what has a pattern is written, for who reads no pattern."""


BY_TYPE = {
    "uuid_parsing": "is not a UUID",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "is not a JSON object"),
}
"""What is said instead of words that are about Python."""


def in_words(each: Mapping[str, Any]) -> str:
    """Return what a shape says of a value that it refuses, without the value."""
    # Pydantic's own messages name the rule and its bounds; only value errors quote free text,
    # and those are ours, which never contain the value. One of its own quotes a character.
    if found := BY_TYPE.get(each["type"]):
        return found
    if each["type"] == "string_pattern_mismatch":
        return WRITTEN.get(each.get("ctx", {}).get("pattern"), str(each["msg"]))[:MOST]
    return str(each["msg"]).removeprefix("Value error, ")[:MOST]
