"""How like two names of places are, in whatever letters and by whatever rule they are written."""

import re
from functools import lru_cache

from rapidfuzz.distance import JaroWinkler
from rapidfuzz.fuzz import ratio

from chassis.orthography import ARABIC_SCRIPT, arabic_letters, latin_letters, plain

WORDS = re.compile(r"[^\W_]+")
ARTICLES = frozenset(
    {"al", "el", "ul", "as", "es", "ar", "er", "an", "at", "et", "ad", "az", "ez", "ash", "esh"}
)
JOINED = re.compile(r"^[ae](?:l(?=[^aeiou])|(?:sh(?=sh)|([^aeiou])(?=\1)))")
"""The article where it is one word with the name: Aljfara, Azzawya, Ashshati."""
LEAST_JOINED, LEAST_WITH_ARTICLE = 5, 4
VOWELS = str.maketrans({"o": "w", "u": "w", "U": "w", "e": "y", "i": "y", "I": "y", "a": None})
LIKE_SOUNDS = str.maketrans(
    {"T": "t", "D": "d", "K": "k", "G": "g", "q": "g", "S": "s", "E": None, "h": None}
)
CONSONANTS = str.maketrans(dict.fromkeys("wy", None))


@lru_cache(maxsize=1 << 14)
def folded(name: str) -> str:
    """Return a name as it sounds, without articles: the same for most of its spellings."""
    words = WORDS.findall(plain(name))
    kept = [word for word in words if word not in ARTICLES] or words
    return "".join(map(_word, kept)).translate(LIKE_SOUNDS)


def likeness(one: str, other: str) -> float:
    """Return how like two names are, from 0 to 1; 1 only for the same letters."""
    if plain(one) == plain(other):
        return 1.0
    left, right = folded(one), folded(other)
    if not (left and right):
        return 0.0
    if left == right:
        return 0.99
    # Arabic leaves short vowels out, and Latin writes them in several ways.
    bones = JaroWinkler.similarity(left.translate(CONSONANTS), right.translate(CONSONANTS))
    return min(0.98, 0.6 * ratio(left, right) / 100 + 0.4 * bones)


def _word(word: str) -> str:
    if ARABIC_SCRIPT.search(word):
        bare = word.removeprefix("ال") if len(word) > LEAST_WITH_ARTICLE else word
        return arabic_letters(bare).replace("e", "E").translate(VOWELS)
    bare = JOINED.sub("", word) if len(word) > LEAST_JOINED else word
    return latin_letters(bare).translate(VOWELS)
