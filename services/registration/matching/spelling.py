"""
One alphabet for the ways in which a name is written: Arabic, French, English, with vowels or not.

A name is folded to letters that sound (`folded`), and these to its consonants (`skeleton`). The
letters are ASCII; capitals stand for one sound that Latin writes with two letters.
"""

import re
from functools import lru_cache

from chassis.orthography import (
    ARABIC_SCRIPT,
    arabic_letters,
    latin_letters,
    plain,
    without_doubles,
)

SERVANT = "X"
"""Stands for the Abd of Abd al-Rahman, however it is joined: عبد الرحمن, Abdurrahman."""

ARTICLE = re.compile(r"^(?:al|el|ul|il|as|es|ar|er|an|en|at|et|ad|ed|az|ez|ash|esh|ach|ech)$")
ABD = re.compile(
    r"^c?[aei]?b[aeiou]?d(?:[aeiou]{0,2}l|[aeiou]{1,2}(.)(?=\1)|)(?=[b-df-hj-np-tv-z])"
    r"|^[aei]?bd[aeiou]{1,2}(?=[tdrzsn][aeiouhl])"
    r"|^[aei]?bd[aeiou]{1,2}l(?=[aeo])(?!a(?:h|y|t[aei]+f))"
    r"|^c?abdi(?=.{4})"
)
"""
The article's l is heard as the t, d, r, z, s or n after it (Abdessalam, Abdourahmane, Abdinasir),
and before a vowel it is the article's (Abdelaziz) unless the name is Allah or Latif. Somalis write
Abdikarim or Cabdikariim.
"""
ABDOUL = re.compile(r"^[aei]?b[aeiou]?d[aeiou]{1,2}(?=l[aeiou])")
JOINED_ARTICLE = re.compile(r"^[ae]l(?=[b-df-hjkmnp-tv-z].{3})")
"""Alhadi and Elmahdi, but not Ali, Elias, Almaz and Alassane, which begin so without an article."""
ABD_ALONE = re.compile(r"^[aei]?b[aeiou]?d(?:[aeiou]{0,2}[lrsntd])?$")
"""Abdi and Abdou are names of their own."""
BEGINNINGS = frozenset({"عبد", "ابو", "abu"})
LINKS = frozenset({"ben", "bin", "ibn", "bint", "ould", "wuld", "weld", "wled", "walad", "mint"})
LINKS |= {"بن", "ابن", "بنت", "ولد"}
LEAST_JOINED, LEAST_WITH_ARTICLE = 6, 4
"""Shorter words are names of their own: Abdi, الله."""
VOWELS = "aeiouwyUI"
SOFT_C = re.compile(r"c(?=[eiy])")
"""The s of Cissé and Houcine."""
HARD_X = re.compile(r"(?<![ei])x")
"""The h of Axmed and Xasan where Somali is written; Alex and Felix have a ks."""


@lru_cache(maxsize=1 << 17)
def folded(name: str) -> str:
    """Return the sounding letters of a name; empty when it has none that this alphabet knows."""
    words = re.findall(r"[^\W\d_]+", plain(name))
    return "".join(_word(word, words, at) for at, word in enumerate(words))


def _word(word: str, words: list[str], at: int) -> str:
    if ARABIC_SCRIPT.search(word):
        return _arabic_word(word)
    if at + 1 < len(words) and ARTICLE.match(word):
        return ""
    if ABD_ALONE.match(word) and at + 1 < len(words):
        return SERVANT
    joined = (ABD.match(word) or ABDOUL.match(word)) if len(word) > LEAST_JOINED else None
    if joined:
        return SERVANT + _latin_letters(word[joined.end() :])
    return _latin_letters(JOINED_ARTICLE.sub("", word))


def _latin_letters(word: str) -> str:
    return latin_letters(HARD_X.sub("h", SOFT_C.sub("s", word)))


@lru_cache(maxsize=1 << 17)
def words(name: str) -> tuple[str, ...]:
    """Return the names that are written in a row, each with its article, or the Abd it begins by.

    What only links a name to the next one, as ben and ولد do, is left out unless nothing else is.
    """
    found: list[str] = []
    begun = ""
    for word in re.split(r"[\s\u200c-]+", name.strip()):
        bare = plain(word)
        begun = f"{begun} {word}".strip()
        if not (ARTICLE.match(bare) or ABD_ALONE.match(bare) or bare in BEGINNINGS):
            found.append(begun)
            begun = ""
    if begun:
        found.append(begun)
    found = [word for word in found if folded(word)]
    return tuple(word for word in found if plain(word) not in LINKS) or tuple(found)


def _arabic_word(word: str) -> str:
    if word == "عبد":
        return SERVANT
    joined = word.removeprefix("عبدال")
    if joined != word and len(word) > LEAST_JOINED:
        return SERVANT + arabic_letters(joined)
    bare = word.removeprefix("ال")
    return arabic_letters(bare if len(word) > LEAST_WITH_ARTICLE else word)


@lru_cache(maxsize=1 << 17)
def skeleton(name: str) -> str:
    """Return the consonants of a name, and its first letter whatever it is."""
    letters = folded(name)
    kept = "".join(c for c in letters[1:] if c not in VOWELS)
    first = letters[:1]
    return without_doubles(("a" if first and first in VOWELS else first) + kept)
