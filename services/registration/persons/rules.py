"""Decisions about persons without I/O: case numbers, phones, countries, sameness."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from functools import cache

import phonenumbers

from chassis import countries
from chassis.strict import in_our_digits

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which are misread on paper."""
CASE_DIGITS = 9
LETTERS = (ALPHABET * (256 // len(ALPHABET))).encode()
"""The letter that stands for each value of a byte: every one for as many."""
VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
TWICE = {letter: sum(divmod(2 * value, len(ALPHABET))) for letter, value in VALUES.items()}
"""What a letter counts for in every other place: the sum of its doubled value's digits."""
HOUSEHOLD = "H"
"""By this first letter a household's number is told from a person's."""
MISREAD = str.maketrans("OIL", "011", "-–")
"""What is read for a letter that is in no number, and what is only there to be read by."""
NO_STATE = "XXA"
"""ICAO Doc 9303's code for a stateless person, as article 1 of the convention of 1954 has it."""
STATELESS = {NO_STATE, "XXB", "XXC", "XXX"}
"""Its codes for people without a state's: who is a refugee (B, C) or of unspecified nationality
(X) may well have one, so of these only the first says that somebody is stateless."""
UNTOLD = "unknown"
"""The sex and the category of somebody who has only enquired, until they are told."""
LIBYA = "LY"
LIBYAN_MOBILE = re.compile("(?:\\+218|0)(9[1-6][0-9]{7})")
"""How most numbers are written here, of which nothing has to be found out."""


def new_case_number() -> str:
    """Return a random number with a check character: it says nothing of order or place."""
    digits = secrets.token_bytes(CASE_DIGITS).translate(LETTERS).decode()
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}-{check_character(digits)}"


def check_character(digits: str) -> str:
    """Luhn's algorithm modulo 32: finds any one wrong character and most swaps of two."""
    doubled = sum(map(TWICE.__getitem__, digits[::-2]))
    total = doubled + sum(map(VALUES.__getitem__, digits[-2::-2]))
    return ALPHABET[-total % len(ALPHABET)]


def case_number(text: str) -> str:
    """
    Return a person's case number as it is kept, however it was read out or typed.

    ValueError where it has a slip: whoever mistypes one is told so, instead of that nobody has it.
    """
    digits = "".join(in_our_digits(text).upper().translate(MISREAD).split())
    if len(digits) != CASE_DIGITS + 1 or not set(digits) <= set(ALPHABET):
        raise ValueError("is not a case number, which has ten letters or digits")
    if check_character(digits[:-1]) != digits[-1]:
        raise ValueError("is mistyped: its check character does not fit")
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:-1]}-{digits[-1]}"


def household_number(text: str) -> str:
    """Return a household's case number as `case_number` does a person's; ValueError as there."""
    first, rest = text.strip()[:1].upper(), text.strip()[1:]
    if first != HOUSEHOLD:
        raise ValueError(f"is not a household's case number, which begins with {HOUSEHOLD}")
    return f"{HOUSEHOLD}-{case_number(rest)}"


@cache
def nationalities() -> frozenset[str]:
    """Return the alpha-3 codes of countries, and ICAO's for people without a state."""
    return countries.codes() | STATELESS


def stateless(nationality: str | None, told: bool | None) -> bool | None:
    """Return whether somebody is stateless, by what is told or by a nationality that says so."""
    if nationality != NO_STATE:
        return told
    if told is False:
        raise ValueError(f"is told as no, and the nationality {NO_STATE} says yes")
    return True


def e164(phone: str) -> str:
    """
    Return a phone number in E.164; a number without a country's prefix is Libyan.

    ValueError when no such number can exist, or it has an extension, which E.164 cannot say.
    Arabic-Indic digits are read as digits.
    """
    if usual := LIBYAN_MOBILE.fullmatch(phone):
        return f"+218{usual[1]}"
    try:
        number = phonenumbers.parse(phone, LIBYA)
    except phonenumbers.NumberParseException:
        raise ValueError("is not a phone number") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("is not a possible phone number")
    if number.extension:
        raise ValueError("has an extension, which is not kept; tell the number alone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def besides(first: str | None, numbers: Iterable[str]) -> list[str]:
    """Return the numbers that somebody has besides the first one, each once."""
    return [each for each in dict.fromkeys(numbers) if each != first]


def document_key(number: str) -> str:
    """Return a document's number as it is looked for: letter case, spaces and signs say nothing."""
    return "".join(each for each in number.casefold() if each.isalnum()) or number


def fingerprint(canonical: str) -> str:
    """Return what tells whether two registrations say the same."""
    return hashlib.sha256(canonical.encode()).hexdigest()
