"""How a name that is told by its sounds is spelt: in Arabic, and in Latin letters by six habits."""

import random
import re
from collections.abc import Iterable, Mapping
from typing import Literal

Habit = Literal["english", "french", "maghrebi", "egyptian", "sudanese", "gulf"]

ARABIC = dict(
    zip("'btvjHxd*rzs$SDTZEgGfqklmnhwyAIUY", "ءبتثجحخدذرزسشصضطظعغغفقكلمنهويايوى", strict=True)
)
"""Short vowels are not written."""
LATIN = {
    "'": "",
    "v": "th",
    "*": "dh",
    "H": "h",
    "x": "kh",
    "$": "sh",
    "S": "s",
    "D": "d",
    "T": "t",
    "Z": "z",
    "E": "",
    "g": "gh",
    "G": "g",
    "Y": "a",
    "A": "a",
    "I": "i",
    "U": "u",
}
"""The other sounds are written as they are told."""
SOUNDS = re.compile(r"['btvjHxd*rzs$SDTZEgGfqklmnhwyaiuAIUpY ]+")
ARTICLE = re.compile(r"a(?:l|([trdzsSDTZ$n])(?=\1))")
"""Before a sun letter its l is not heard, and the letter is heard twice."""
SHORTEST_WITH_ARTICLE = 6
ARTICLES: Mapping[Habit, list[str]] = {
    "english": ["al-", "Al ", "Al", "el-"],
    "french": ["El ", "El", "Al "],
    "maghrebi": ["El ", "El", "L"],
    "egyptian": ["El-", "El", "El "],
    "sudanese": ["El", "Al", "El "],
    "gulf": ["Al", "Al ", "Al-"],
}
SUN_LETTERS = {"$": "sh", "S": "s", "D": "d", "T": "t", "Z": "z"}
FRANCOPHONE = frozenset({"french", "maghrebi"})
VOWELS, SHORT = "aiuAIU", "aiu"
Letters = dict[str, str]


def in_arabic(name: str) -> str:
    """Return a name in Arabic letters as a desk writes it: ta marbuta is a ha."""
    return " ".join(_arabic_word(word) for word in name.split())


def _arabic_word(word: str) -> str:
    found = ARTICLE.match(word)
    article = ""
    if found and len(word) >= SHORTEST_WITH_ARTICLE:
        article, word = "ال", word[2:]
    is_feminine, word = word.endswith("p"), word.removesuffix("p")
    word = re.sub(r"(.)\1", r"\1", word)
    spelt = "ا" if word[0] in SHORT else ""
    spelt += "".join(ARABIC.get(sound, "") for sound in word)
    if word.endswith("a") and not is_feminine:
        spelt += "ا"
    return article + spelt + ("ه" if is_feminine else "")


def in_latin(name: str, habit: Habit, chance: random.Random) -> str:
    """Return one of the spellings of a name that somebody of this habit may write."""
    return " ".join(_latin_word(word, habit, chance) for word in name.split())


def _latin_word(word: str, habit: Habit, chance: random.Random) -> str:
    found = ARTICLE.match(word)
    article = ""
    if found and len(word) >= SHORTEST_WITH_ARTICLE:
        article, word = _article(found[1], habit, chance), word[2:]
    is_feminine, word = word.endswith("p"), word.removesuffix("p")
    letters = LATIN | _of_habit(habit, chance)
    vowels = {
        "a": "a" if chance.random() < 0.75 else "e",
        "i": "i" if chance.random() < 0.6 else "e",
        "u": chance.choice(["ou", "o"] if habit in FRANCOPHONE else ["u", "o"]),
    }
    spelt = _sounds(word, letters, vowels, habit, chance)
    if is_feminine:
        spelt += chance.choice(["a", "a", "ah", "eh" if habit in ("gulf", "english") else "a"])
    is_joined = article and not article.endswith((" ", "-"))
    return article + (spelt if is_joined else spelt[:1].upper() + spelt[1:])


def _article(sun: str | None, habit: Habit, chance: random.Random) -> str:
    article = chance.choice(ARTICLES[habit])
    if sun and chance.random() < 0.25:
        article = article.lower().replace("l", SUN_LETTERS.get(sun, sun)).capitalize()
    return "" if chance.random() < 0.3 else article


def _of_habit(habit: Habit, chance: random.Random) -> Letters:
    """Return the letters that who has this habit writes otherwise, this time."""
    if habit in FRANCOPHONE:
        return {
            "v": "t",
            "*": "d",
            "j": "dj" if chance.random() < 0.4 else "j",
            "$": "ch",
            "w": "ou" if chance.random() < 0.6 else "w",
            "U": "ou",
            "q": chance.choice(["k", "q"] if habit == "french" else ["g", "k"]),
        }
    if habit == "egyptian":
        return {
            "j": "g",
            "q": chance.choice(["k", "q"]),
            "U": chance.choice(["ou", "o", "u"]),
            "I": chance.choice(["i", "ee"]),
            "v": chance.choice(["s", "th"]),
            "*": chance.choice(["z", "d"]),
        }
    if habit == "sudanese":
        return {"q": "g", "*": "z", "v": "s"}
    if habit == "gulf":
        return {
            "U": chance.choice(["oo", "ou"]),
            "I": chance.choice(["ee", "i"]),
            "Z": "dh",
            "D": "dh" if chance.random() < 0.4 else "d",
        }
    return {
        "U": chance.choice(["u", "ou", "oo"]),
        "I": chance.choice(["i", "i", "ee"]),
        "q": chance.choice(["q", "q", "k"]),
    }


def _sounds(
    word: str, letters: Letters, vowels: Letters, habit: Habit, chance: random.Random
) -> str:
    spelt, at = "", 0
    while at < len(word):
        sound, after, then = word[at], word[at + 1 : at + 2], word[at + 2 : at + 3]
        is_diphthong = sound == "a" and (not then or then not in VOWELS)
        at += 1
        if after == sound and sound not in VOWELS:
            letter = letters.get(sound, sound)
            spelt += letter + letter if len(letter) == 1 and chance.random() < 0.6 else letter
            at += 1
        elif is_diphthong and after == "y":
            spelt += chance.choice(["ai", "ay", "ei"])
            at += 1
        elif is_diphthong and after == "w":
            spelt += chance.choice(["aou", "ao"] if habit in FRANCOPHONE else ["aw", "ao", "au"])
            at += 1
        elif sound in SHORT:
            # In the Maghreb short vowels within a word are often swallowed.
            is_within = 1 < at < len(word) - 1
            if not (habit == "maghrebi" and is_within and chance.random() < 0.3):
                spelt += vowels[sound]
        elif sound == "I" and at == len(word):
            spelt += chance.choice(["i", "i", "y"])
        elif sound == "s" and habit == "french" and _between_vowels(spelt, after):
            spelt += "ss" if chance.random() < 0.7 else "s"
        else:
            spelt += letters.get(sound, sound)
    return spelt


def _between_vowels(before: str, after: str) -> bool:
    return before[-1:] in set("aeiou") and bool(after) and after in VOWELS


def clusters(
    names: Iterable[str], habits: list[Habit], most: int, chance: random.Random
) -> dict[str, list[str]]:
    """Return the spellings of each name in Latin letters by its Arabic one, the likeliest first."""
    found: dict[str, list[str]] = {}
    for name in names:
        arabic = in_arabic(name) if SOUNDS.fullmatch(name) and len(name) > 2 else ""
        if arabic in found or not 2 < len(arabic) < 18:
            continue
        counts: dict[str, int] = {}
        for _ in range(14):
            spelling = in_latin(name, chance.choice(habits), chance)
            counts[spelling] = counts.get(spelling, 0) + 1
        likeliest = sorted(counts, key=lambda each: (-counts[each], each))
        spellings = [each for each in likeliest if 2 < len(each) < 20]
        if len(spellings) > 1:
            found[arabic] = spellings[:most]
    return found
