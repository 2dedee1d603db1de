"""
One alphabet for words as they are written in Arabic, French and English, with vowels or not.

The letters are ASCII; capitals stand for one sound that Latin writes with two letters.
"""

import re
import unicodedata

ARABIC = {
    "ا": "a",
    "أ": "a",
    "إ": "i",
    "آ": "a",
    "ٱ": "a",
    "ء": "",
    "ؤ": "w",
    "ئ": "y",
    "ب": "b",
    "پ": "b",
    "ت": "t",
    "ٹ": "t",
    "ة": "h",
    "ث": "T",
    "ج": "j",
    "چ": "j",
    "ح": "h",
    "خ": "K",
    "د": "d",
    "ڈ": "d",
    "ذ": "D",
    "ر": "r",
    "ڑ": "r",
    "ز": "z",
    "ژ": "j",
    "س": "s",
    "ش": "S",
    "ص": "s",
    "ض": "d",
    "ط": "t",
    "ظ": "z",
    "ع": "e",
    "غ": "G",
    "ف": "f",
    "ڤ": "f",
    "ق": "q",
    "ڨ": "q",
    "ك": "k",
    "ک": "k",
    "گ": "q",
    "ل": "l",
    "م": "m",
    "ن": "n",
    "ں": "n",
    "ه": "h",
    "ھ": "h",
    "ہ": "h",
    "و": "w",
    "ي": "y",
    "ی": "y",
    "ى": "y",
    "ے": "y",
}
DIGRAPHS = (
    ("tch", "j"),
    ("sch", "S"),
    ("dj", "j"),
    ("ch", "S"),
    ("sh", "S"),
    ("kh", "K"),
    ("gh", "G"),
    ("th", "T"),
    ("dh", "D"),
    ("ph", "f"),
    ("ck", "k"),
    ("ou", "U"),
    ("oo", "U"),
    ("ee", "I"),
    ("ei", "ay"),
    ("ai", "ay"),
    ("x", "ks"),
    ("v", "f"),
    ("p", "b"),
    ("c", "k"),
)
LATIN = str.maketrans(
    {"ə": "a", "ı": "i", "ø": "o", "ð": "D", "þ": "T", "ł": "l", "ß": "s", "æ": "a", "œ": "u"}
)
ARABIC_SCRIPT = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufeff]")


def plain(text: str) -> str:
    """Return text in small letters, without marks, lengthening and apostrophes."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).replace("\u0640", "")
        text = "".join(c for c in text.casefold() if not unicodedata.combining(c))
    return re.sub(r"['’ʼ‘`´]", "", text.casefold())


def arabic_letters(word: str) -> str:
    """Return the sounding letters of a word in Arabic script."""
    return without_doubles("".join(ARABIC.get(letter, "") for letter in word))


def latin_letters(word: str) -> str:
    """Return the sounding letters of a plain word in Latin script, English or French."""
    word = word.translate(LATIN)
    for written, sound in DIGRAPHS:
        word = word.replace(written, sound)
    return without_doubles(word if word.isascii() else "".join(filter(str.isascii, word)))


def without_doubles(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", text)
