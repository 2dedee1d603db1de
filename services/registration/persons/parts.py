"""What the parts of a registration may say: codes, phones, papers, languages, places, consent."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationInfo,
    model_serializer,
)
from pydantic import Field as Shape

from chassis.strict import Code, Day, Strict, Text
from services.registration.persons import rules

MOST_DOCUMENTS = 10
MOST_OTHER_PHONES = 5
MOST_LANGUAGES = 10
PCODE = re.compile(r"[A-Z]{2}([0-9]{2}){1,4}")


def _nationality(code: str) -> str:
    if code not in rules.nationalities():
        raise ValueError(
            "is no country's alpha-3 code of ISO 3166-1, nor XKX (Kosovo), XXA (stateless),"
            " XXB or XXC (refugee) or XXX (unspecified)"
        )
    return code


def _place_or_country(code: str) -> str:
    if not PCODE.fullmatch(code) and code not in rules.nationalities() - rules.STATELESS:
        raise ValueError("is neither a p-code nor a country's alpha-3 code of ISO 3166-1 or XKX")
    return code


def _besides_the_first(numbers: list[str], told: ValidationInfo) -> list[str]:
    return rules.besides(told.data.get("phone"), numbers)


Sex = Literal["male", "female", "other", "unknown"]
Category = Literal["migrant", "idp", "returnee", "host_community"]
Untold = Literal["unknown"]
"""The category of somebody who has only rung the hotline."""
Status = Literal["enquiry", "registered", "departed", "merged"]
Nationality = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$"), AfterValidator(_nationality)
]
Phone = Annotated[
    str, StringConstraints(strict=True, min_length=3, max_length=32), AfterValidator(rules.e164)
]
OtherPhones = Annotated[
    list[Phone], Shape(max_length=MOST_OTHER_PHONES), AfterValidator(_besides_the_first)
]
"""Further numbers, each once; one that is the `phone` told before it is none of them."""
CaseNumber = Annotated[
    str, StringConstraints(strict=True, max_length=32), AfterValidator(rules.case_number)
]
"""A person's case number as somebody has it in hand: its check character finds a slip."""
HouseholdNumber = Annotated[
    str, StringConstraints(strict=True, max_length=32), AfterValidator(rules.household_number)
]
PlaceOrCountry = Annotated[
    str, StringConstraints(strict=True, max_length=16), AfterValidator(_place_or_country)
]
"""A p-code of any country, which nobody looks up here, or a country as a whole."""
Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]
"""ISO 639: two letters, or three."""
Flag = Annotated[bool, Shape(strict=True)]


class Document(Strict):
    """A paper that says who somebody is; kept as shown, never verified by us."""

    type: Code
    number: Text
    issuer: Text | None = None
    expires_on: Day | None = None

    @model_serializer(mode="wrap")
    def _as_kept(self, keep: SerializerFunctionWrapHandler) -> dict[str, str]:
        # What is not told is left out: papers from before it could be told stay the same.
        return {name: str(value) for name, value in keep(self).items() if value is not None}


class ConsentIn(Strict):
    """Whether the person agreed that their record is kept and used, and in which language."""

    given: Flag
    language: Language | None = None
    interpreter: Flag = False


def _in_full(consent: Any) -> Any:
    if isinstance(consent, bool):
        return {"given": consent}
    if not isinstance(consent, dict | ConsentIn):
        raise ValueError("is neither true nor false, nor an object that tells `given`")  # noqa: TRY004 - Of a value.
    return consent


ConsentTold = Annotated[
    ConsentIn, BeforeValidator(_in_full, json_schema_input_type=ConsentIn | bool)
]
"""Consent told in full, or as its answer alone."""
