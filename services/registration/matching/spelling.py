"""
One alphabet for the ways in which a name is written: Arabic, French, English, with vowels or not.

A name is folded to letters that sound (`folded`), and these to its consonants (`skeleton`). The
letters are ASCII; capitals stand for one sound that Latin writes with two letters.
"""

import re
from collections.abc import Iterator
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

ARTICLE = re.compile(
    r"^(?:al|el|il|u[lrstdnz]|as|es|ar|er|an|en|at|et|ad|ed|az|ez|ash|esh|ach|ech)$"
)
ABD = re.compile(
    r"^(?:c?[aei]b[aeiou]?|b)d(?:[aeiou]{0,2}l|[aeiou]{1,2}(.)(?=\1)|)(?=[b-df-hj-np-tv-z])"
    r"|^[aei]?bd[aeiou]{1,2}(?=[tdrzsn][aeiouhl])"
    r"|^[aei]?bd[aeiou]{1,2}l(?=[aeo])(?!a(?:h|y|t[aei]+f))"
    r"|^c?abd(?:ou|[aeiou])(?=.{4})"
)
"""
The article's l is heard as the t, d, r, z, s or n after it (Abdessalam, Abdourahmane, Abdinasir),
and before a vowel it is the article's (Abdelaziz) unless the name is Allah or Latif. Somalis write
Abdikarim or Cabdikariim.
"""
TWICE_IN_ABD = re.compile("^(c?[aei])b+d+")
ABDOUL = re.compile(r"^(?:[aei]b[aeiou]?|b)d[aeiou]{1,2}(?=l[aeiou])")
JOINED_ARTICLE = re.compile(r"^[ae]l(?=[b-df-hjkmnp-tv-z].{3})")
"""Alhadi and Elmahdi, but not Ali, Elias, Almaz and Alassane, which begin so without an article."""
JOINED_ABU = re.compile(r"^(ab(?:o|u|ou))e?l(?=[b-df-hj-np-tv-z]|$)")
"""Abouelnaga and Aboul Naga are ابو النجا."""
ABD_ALONE = re.compile(r"^(?:[aei]b[aeiou]?|b)d(?:[aeiou]{0,2}[lrsntd])?$")
"""Abdi and Abdou are names of their own."""
OF_MOTHER = re.compile(r"(?:(?:o|u|ou)mm?(?:ou|u)?|[اإ]م)$")
"""Oumou Habiba and Umm Habiba are أم حبيبة."""
BEFORE_ANOTHER = ((OF_MOTHER, "um"), (ARTICLE, ""), (ABD_ALONE, SERVANT))
"""What a word is that only begins a name, when another word follows."""
BEGINNINGS = frozenset({"عبد", "ابو", "abu", "abul", "aboul", "abol"})
OF_THE_NAME = frozenset({"الياس", "الهام", "الطاف", "الماس", "البير", "البرت"})
OF_THE_NAME |= {"الفريد", "اليزابيث", "الكسندر", "الينا"}
"""Their ال is no article."""
WITH_AN_A = frozenset({"مصطفى", "موسى", "عيسى", "يحيى", "مرتضى", "مجتبى", "مثنى", "ليلى", "هدى"})
WITH_AN_A |= {"منى", "لبنى", "نجوى", "سلوى", "ذكرى", "رضوى", "ضحى", "نهى", "سهى", "شذى", "رؤى"}
WITH_AN_A |= {f"{name[:-1]}ي" for name in WITH_AN_A} | {"سلمى", "بشرى", "ندى", "يسرى", "جنى"}
"""Ending in an a, whichever ya it is written by; of the last ones a ي makes other names."""
LINKS = frozenset({"ben", "bin", "ibn", "bint", "ould", "wuld", "weld", "wled", "walad", "mint"})
LINKS |= {"بن", "ابن", "بنت", "ولد"}
LEAST_JOINED, LEAST_WITH_ARTICLE = 6, 4
"""Shorter words are names of their own: Abdi, الفت."""
VOWELS = "aeiouwyUI"
SOFT_C = re.compile(r"c(?=[eiy])")
"""The s of Cissé and Houcine."""
CEDILLA = re.compile("c\u0327|ç", re.IGNORECASE)
"""The s of Fayçal."""
RH = re.compile("^rh")
"""The غ of Rhissa and Rhali, where French is written."""
SOMALI_C = re.compile("c(?=aa|oo|uu)|(?<=aa|oo|uu)c(?!h)")
"""The ع of Nuucmaan, beside a long vowel, which Somali alone writes by two letters."""
HARD_X = re.compile(r"(?<![ei])x")
"""The h of Axmed and Xasan where Somali is written; Alex and Felix have a ks."""

H_BY_ITSELF = re.compile(
    r"f[aeu]?t(?=h(?![aeiou]{0,2}m))|^[ei]ss?(?=haa?[qkc])|^m[eiu]d(?=hat)|^ad(?=ham)"
)
"""Where an h is heard by itself: Fathi and Fathallah, but not Fathima, Ishaq, Medhat, Adham."""
FIRST_TS = re.compile("^t[sz]")
"""Tsegay is Segay and Tzegay."""
OF_RELIGION = re.compile(r"^[aeiou]?[ld]?d(?:ee|i|y)ne?$")
ARABIC_OF_RELIGION = re.compile("(?<=..)الدين$")
JOINED_OF_RELIGION = re.compile(r"(?<=..)(?:[aeiou]?l|ou|u)d(?:ee|i|y)ne?$")
TWO_IN_ONE = re.compile(
    r"^(.{3,}?)(?<!em)((?:[aeiou]?[ld]|[aeou])d(?:ee|i|y)ne?|الدين)$", re.IGNORECASE
)
"""Noureddine is نور الدين, in two words, and Nuruddin and Nouradine; Gebremedin is one name."""


@lru_cache(maxsize=1 << 17)
def folded(name: str) -> str:
    """Return the sounding letters of a name; empty when it has none that this alphabet knows."""
    words = re.findall(r"[^\W\d_]+", plain(CEDILLA.sub("s", name)))
    return "".join(_word(word, words, at) for at, word in enumerate(words))


def _word(word: str, words: list[str], at: int) -> str:
    if at + 1 < len(words):
        for beginning, sound in BEFORE_ANOTHER:
            if beginning.match(word):
                return sound
    if ARABIC_SCRIPT.search(word):
        return _arabic_word(word, is_after_abd=at > 0 and words[at - 1] == "عبد")
    if OF_RELIGION.match(word):
        return "din"
    word = TWICE_IN_ABD.sub(r"\1bd", word)
    joined = (ABD.match(word) or ABDOUL.match(word)) if len(word) > LEAST_JOINED else None
    if joined:
        return SERVANT + _latin_letters(word[joined.end() :])
    word = JOINED_OF_RELIGION.sub("din", JOINED_ARTICLE.sub("", word))
    return _latin_letters(JOINED_ABU.sub(r"\1", word))


def _latin_letters(word: str) -> str:
    for written, sound in (
        (SOMALI_C, ""),
        (SOFT_C, "s"),
        (HARD_X, "h"),
        (FIRST_TS, "s"),
        (RH, "gh"),
    ):
        word = written.sub(sound, word)
    alone = H_BY_ITSELF.search(word)
    at = alone.end() if alone else len(word)
    return latin_letters(word[:at]) + latin_letters(word[at:])


@lru_cache(maxsize=1 << 17)
def words(name: str) -> tuple[str, ...]:
    """Return the names that are written in a row, each with its article, or the Abd it begins by.

    What only links a name to the next one, as ben and ولد do, is left out unless nothing else is.
    """
    written = list(_written(name))
    if len(written) == 1:
        return tuple(filter(folded, written))
    found: list[str] = []
    begun = ""
    for word in written:
        bare = plain(word)
        begun = f"{begun} {word}".strip()
        if not (ARTICLE.match(bare) or ABD_ALONE.match(bare) or bare in BEGINNINGS):
            found.append(begun)
            begun = ""
    if begun:
        found.append(begun)
    found = [word for word in found if folded(word)]
    return tuple(word for word in found if plain(word) not in LINKS) or tuple(found)


def _written(name: str) -> Iterator[str]:
    for word in re.split(r"[\s\u200c-]+", name.strip()):
        two = TWO_IN_ONE.match(word)
        yield from two.groups() if two else (word,)


def _arabic_word(word: str, *, is_after_abd: bool) -> str:
    if word == "عبد":
        return SERVANT
    joined = word.removeprefix("عبدال")
    if joined != word and len(word) > LEAST_JOINED:
        return SERVANT + arabic_letters(joined)
    word = ARABIC_OF_RELIGION.sub("دين", word).replace("تش", "چ")
    if word in WITH_AN_A:
        word = f"{word[:-1]}ا"
    bare = word if word in OF_THE_NAME else word.removeprefix("ال")
    has_article = is_after_abd or len(word) > LEAST_WITH_ARTICLE
    return arabic_letters(bare if has_article else word)


@lru_cache(maxsize=1 << 17)
def skeleton(name: str) -> str:
    """Return the consonants of a name, and its first letter whatever it is."""
    letters = folded(name)
    kept = "".join(c for c in letters[1:] if c not in VOWELS)
    first = letters[:1]
    return without_doubles(("a" if first and first in VOWELS else first) + kept)
