"""Nationalities as workbooks label them, and the codes that they are kept by."""

import hashlib

from services.tracking.flows import countries

LONGEST = 40
UNKNOWN = countries.UNKNOWN


def nationality(label: str, region: str) -> tuple[str, str | None]:
    """
    Return the code of a nationality label and what is odd about it.

    ISO 3166-1 alpha-3 where it is a country, in English, French or Arabic; `unknown`; `other` or
    `other_<region>` where the workbook only says so; an unlisted label becomes a code of its own,
    so that it is neither lost nor taken for another.
    """
    key = countries.key(label)
    if key in {"other", "autre", "اخري", "اخرى"}:
        where = "_".join(region.lower().replace("-", " ").split())
        return ("other" if where in {"", "other"} else f"other_{where}"), None
    if found := countries.nationality(label):
        code, odd = found
        if code == "SDN" and region.strip().lower() == "north africa":
            odd = "Sudan is counted as North Africa; regions follow the workbook."
        return code, odd
    if not key:
        return UNKNOWN, "Read as 'unknown': there is no label."
    own = key if key.isascii() else hashlib.sha256(key.encode()).hexdigest()[:12]
    return f"label_{own}"[:LONGEST], "No country has this name; it is kept under its own label."
