"""The names that somebody bears (NamesIn), or why there are none."""

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator
from pydantic import Field as Shape
from pydantic_core import PydanticCustomError

from chassis.strict import Strict, Text

MOST_OTHER_NAMES = 10
NAMES = ("given_name", "father_name", "grandfather_name", "family_name")
LATIN = {name: f"{name}_latin" for name in NAMES}
"""By each name the field of its Latin spelling."""
NAMELESS = "is missing: tell it, or in `no_name_because` why nobody can"

NoName = Literal["unknown", "found_body", "infant"]


def latin(name: str) -> str:
    """Return a name in Latin letters, whatever stands between them; ValueError for another."""
    letters = [each for each in name if each.isalpha()]
    if not letters or not all(unicodedata.name(each, "").startswith("LATIN") for each in letters):
        raise ValueError("is not in Latin letters")
    return name


Latin = Annotated[Text, AfterValidator(latin)]
OtherNames = Annotated[list[Text], Shape(max_length=MOST_OTHER_NAMES)]


class NamesIn(Strict):
    """
    Names as the person bears them, in any script; of the four only the given name is needed.

    Each may have a Latin spelling beside it. Who has no name that anybody can tell is registered
    with the reason in `no_name_because`; an infant without one may have its father's and family's.
    """

    no_name_because: NoName | None = None
    given_name: Annotated[Text | None, Shape(validate_default=True)] = None
    father_name: Text | None = None
    grandfather_name: Text | None = None
    family_name: Text | None = None
    given_name_latin: Latin | None = None
    father_name_latin: Latin | None = None
    grandfather_name_latin: Latin | None = None
    family_name_latin: Latin | None = None
    other_names: OtherNames = Shape(default=[])

    @field_validator("given_name")
    @classmethod
    def _named_or_why_not(cls, name: str | None, told: ValidationInfo) -> str | None:
        if "no_name_because" not in told.data:
            return name
        if name is None and told.data["no_name_because"] is None:
            raise PydanticCustomError("missing", NAMELESS)
        if name is not None and told.data["no_name_because"] is not None:
            raise ValueError("is told, and a reason why there is none as well")
        return name

    @field_validator(*LATIN.values())
    @classmethod
    def _beside_a_name(cls, spelling: str | None, told: ValidationInfo) -> str | None:
        name = (told.field_name or "").removesuffix("_latin")
        if spelling is not None and told.data.get(name, "") is None:
            raise ValueError("is another spelling of a name that is not told")
        return spelling
