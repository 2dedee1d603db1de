"""
How a name sounds: the keys by which its respellings are found.

A key is made of the classes that a name's consonants belong to. No rule brings some forms of one
name together (Fatou and فاطمة): these have the key of the form they are listed under (variants.py).
"""

import re
from functools import lru_cache

from chassis.orthography import ARABIC_SCRIPT, without_doubles
from services.registration.matching.spelling import VOWELS, folded
from services.registration.matching.variants import FEMININE, usual

CLASSES = str.maketrans(
    {
        "T": "t",
        "d": "t",
        "D": "t",
        "K": "k",
        "G": "k",
        "q": "k",
        "g": "k",
        "S": "s",
        "z": "s",
        "j": "s",
        "f": "b",
        "h": "",
        "e": "",
    }
)
DI = re.compile(r"d[iy](?=[aeou])")
"""Jallow is Diallo where French is written."""
OF_LATIN = str.maketrans({"T": "s", "g": "j", "z": "d"})
"""Gamal is Jamal in Cairo; Ousmane is Othman, and Zia is Diya: Arabic has one letter for both."""
OF_ARABIC = str.maketrans({"T": "s"})
OF_ZA = str.maketrans({"T": "s", "z": "d"})


@lru_cache(maxsize=1 << 17)
def coarse(name: str) -> str:
    """Return the classes of a name's consonants: the key by which its respellings are found."""
    return key_of(folded(name))


@lru_cache(maxsize=1 << 17)
def sounds(name: str) -> frozenset[str]:
    """Return the one or two keys of how a name may be said: as it is listed or read, and else."""
    letters = folded(name)
    key, as_read = key_of(letters), _classes(letters)
    if as_read == key:
        as_read = _classes(_heard_otherwise(name, letters))
    return frozenset({key, as_read} - {""})


def _heard_otherwise(name: str, letters: str) -> str:
    if not ARABIC_SCRIPT.search(name):
        return DI.sub("j", letters).translate(OF_LATIN)
    return letters.translate(OF_ZA if "ظ" in name else OF_ARABIC)


def key_of(letters: str) -> str:
    """Return the key of a folded name."""
    return _classes(usual(letters))


def _classes(letters: str) -> str:
    letters = FEMININE.sub("", letters)
    key = "".join(c for c in letters if c not in VOWELS).translate(CLASSES)
    return without_doubles(key) or letters[:1]
