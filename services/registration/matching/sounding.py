"""
How a name sounds: the keys by which its respellings are found.

A key is made of the classes that a name's consonants belong to. No rule brings some forms of one
name together (Fatou and فاطمة): these have the key of the form they are listed under (variants.py).
"""

import re
from functools import lru_cache

from chassis.orthography import ARABIC_SCRIPT, plain, without_doubles
from services.registration.matching.spelling import SERVANT, VOWELS, folded, words
from services.registration.matching.variants import FEMININE, usual

PART = "+"
"""Begins a reading that is a part of a name."""
MOST_PARTS = 3
ABDOU = re.compile("abd[ouUi]")
"""As folded: Abdou Aziz may be somebody's Abd al-Aziz."""
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
DI = re.compile(r"d[iy](?=[aeouUw])")
"""Jallow is Diallo where French is written."""
ENDING = re.compile(r"(?<=..a)t[aoUuw]?$|(?<=...)(?<=[^aeiouwyUIlh])[Uuw]$")
"""The Sahel's Karimatou and Moufidou, and the Azeezat of Lagos, are كريمة, مفيد and عزيزة."""
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
        if (other := classes(heard)) and other != key:
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


@lru_cache(maxsize=1 << 17)
def readings(name: str) -> tuple[str, ...]:
    """
    Return how a name sounds, and as a PART each name in it that its bearer may be called by alone.

    Mohamed Amine is Mohamed to some and Amine to others, and so is بن علي to علي. Of such a name
    each one may be written as it is listed: Mahamat Saleh is محمد صالح.
    """
    whole = folded(name)
    if not whole:
        return ()
    parts = [folded(word) for word in words(name)]
    as_listed = "".join(map(usual, parts)) if len(parts) > 1 else whole
    if len(parts) == 2 and ABDOU.fullmatch(parts[0]):  # noqa: PLR2004 - Abdou, and another name.
        parts.append(SERVANT + parts[1])
    alone = [PART + part for part in parts if part != whole]
    return tuple(dict.fromkeys([whole, as_listed, *alone[:MOST_PARTS]]))


@lru_cache(maxsize=1 << 17)
def spoken(letters: str) -> str:
    """Return how a folded name is compared too: as it is listed, and as it is said elsewhere."""
    return ENDING.sub("", DI.sub("j", usual(letters)))


def key_of(letters: str) -> str:
    """Return the key of a folded name."""
    return classes(FEMININE.sub("", usual(letters)))


# What a name is heard as is mostly what it is listed and read as.
@lru_cache(maxsize=1 << 8)
def classes(letters: str) -> str:
    """Return the classes of a folded name's consonants, as it is and not as it is listed."""
    key = "".join(c for c in letters if c not in VOWELS).translate(CLASSES)
    return without_doubles(key) or letters[:1]
