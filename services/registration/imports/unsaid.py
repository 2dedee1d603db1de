"""
Cells that hold something and say nothing: what people and programs write where nothing is known.

Taken as it stands, such a cell would be everybody's: one household `N/A` of a whole register.
"""

from services.registration.persons.disability import QUESTIONS

STROKES = "-–—_./\\*?؟ "
AS_PROGRAMS_WRITE = frozenset({"NA", "NaN", "NULL", "N/A", "n/a", "#N/A", "N.A.", "n.a."})
"""Some of them may be names in other letters: Na, Null."""
WORDS = frozenset(
    {
        *("none", "unknown", "not known", "not available", "not applicable", "لا يوجد", "لايوجد"),
        *("لا توجد", "غير معروف", "غير معروفة", "غير متوفر", "غير متوفرة", "néant", "neant"),
        *("inconnu", "inconnue", "non disponible", "sans objet"),
    }
)
WHERE_UNKNOWN_IS_SAID = frozenset(
    {
        "sex",
        "no_name_because",
        "birth_date_precision",
        *(f"disability_{question}" for question in QUESTIONS),
    }
)
"""Fields of which one of the codes says that something is not known."""


def says_nothing(field: str, cell: str) -> bool:
    """Say whether a cell, without blanks around it, tells nothing of a field."""
    if cell in AS_PROGRAMS_WRITE or not cell.strip(STROKES):
        return True
    return cell.casefold() in WORDS and field not in WHERE_UNKNOWN_IS_SAID
