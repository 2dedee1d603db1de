"""
How a name sounds: the keys by which its respellings are found.

A key is made of the classes that a name's consonants belong to. No rule brings some forms of one
name together (Fatou and فاطمة): these have the key of the form they are listed under (variants.py).
"""

import re
from functools import lru_cache

from chassis.orthography import ARABIC_SCRIPT, plain, without_doubles
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
OF_LATIN = str.maketrans({"T": "s", "z": "d"})
"""Ousmane is Othman, and Zia is Diya: Arabic has one letter for both."""
OF_CAIRO = str.maketrans({"T": "s", "g": "j"})
"""Gamal is Jamal, and Hegazy حجازي."""
OF_ARABIC = str.maketrans({"T": "s"})
OF_ZA = str.maketrans({"T": "s", "z": "d"})
WRITTEN_OTHERWISE = str.maketrans({"x": "ks", "v": "w"})
"""Maxime has no Somali x, and Naveed is نويد."""
ARTICLE_THAT_IS_HEARD = re.compile(
    r"^(?:ال(?!دين)(?=[اعويحه]..|...$)|[ae]l[\s-]+(?=[aeiouwh]|[^\W\d_]{3,4}$))"
)
"""Before a vowel and in a short name it may be of the name: العربي is Elaraby and Larbi."""
OF_SOMETHING = re.compile(r"(?<=...)u[lr]$")
"""Azizul Islam and Azizur Rahman, of Bengal, are Aziz."""
TA = re.compile("ا[ةه]$")
"""The t of حياة, Hayat."""


@lru_cache(maxsize=1 << 17)
def coarse(name: str) -> str:
    """Return the classes of a name's consonants: the key by which its respellings are found."""
    return key_of(folded(name))


@lru_cache(maxsize=1 << 17)
def sounds(name: str) -> frozenset[str]:
    """Return the one or two keys of how a name may be said: as it is listed or read, and else."""
    letters = folded(name)
    key = key_of(letters)
    for heard in (letters, OF_SOMETHING.sub("", letters), _heard_otherwise(name, letters)):
        if (other := _classes(heard)) and other != key:
            return frozenset({key, other})
    return frozenset({key} - {""})


def _heard_otherwise(name: str, letters: str) -> str:
    name = plain(name)
    if ARTICLE_THAT_IS_HEARD.match(name):
        letters = f"l{letters}"
    if ARABIC_SCRIPT.search(name):
        ending = "t" if TA.search(name) else ""
        return letters.translate(OF_ZA if "ظ" in name else OF_ARABIC) + ending
    if "x" in name or "v" in name:
        return folded(name.translate(WRITTEN_OTHERWISE))
    return DI.sub("j", letters).translate(OF_CAIRO if "g" in letters else OF_LATIN)


def key_of(letters: str) -> str:
    """Return the key of a folded name."""
    return _classes(FEMININE.sub("", usual(letters)))


# What a name is heard as is mostly what it is listed and read as.
@lru_cache(maxsize=1 << 8)
def _classes(letters: str) -> str:
    key = "".join(c for c in letters if c not in VOWELS).translate(CLASSES)
    return without_doubles(key) or letters[:1]
