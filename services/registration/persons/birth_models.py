"""What is told of somebody's birth (BirthIn), and what is shown beside it (BornBetween)."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationInfo, field_validator
from pydantic import Field as Shape
from pydantic_core import PydanticCustomError

from chassis.clock import newest_day, today
from chassis.fields import Maskable
from chassis.strict import PastDay, Strict
from services.registration.persons import births
from services.registration.persons.births import Birth, Calendar, Precision

MOST_YEARS = 120
BirthDate = Annotated[
    str,
    # What is too long is told as what it is not, a date, instead of by its length.
    StringConstraints(strict=True),
    AfterValidator(births.well_formed),
    Shape(examples=["1990-05-12", "1990-05", "1990"], json_schema_extra={"maxLength": 10}),
]
"""A date, or as much of it as is known: YYYY-MM-DD, YYYY-MM or YYYY."""
Age = Annotated[int, Shape(strict=True, ge=0, le=MOST_YEARS)]


TOLD_WITH_IT = {*births.FIELDS, "registered_on"} - {"birth_date"}


class BirthIn(Strict):
    """
    When somebody was born, as well as it is known: a date, an age, or `unknown`.

    `birth_date` is `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, and is as exact as it is written unless
    `birth_date_precision` says that it is less so. `birth_date_calendar` is `gregorian`, or
    `hijri` (Umm al-Qura). An `age`, or one from `age` to `age_to`, was estimated on `age_as_of`,
    the day of the registration unless another is told. Of an age beside a date the date is kept, if
    they agree. Arabic-Indic digits are read as digits.
    """

    # The date is looked at last, because all the others say how to read it.
    birth_date_calendar: Calendar = "gregorian"
    birth_date_precision: Precision | None = None
    age: Age | None = None
    age_to: Age | None = None
    age_as_of: PastDay | None = None
    registered_on: PastDay = Shape(default_factory=today)
    birth_date: Annotated[BirthDate | None, Shape(validate_default=True)] = None

    @field_validator("birth_date")
    @classmethod
    def _agrees(cls, birth_date: str | None, told: ValidationInfo) -> str | None:
        if not told.data.keys() >= TOLD_WITH_IT:
            return birth_date
        nothing = (birth_date, told.data["age"], told.data["birth_date_precision"])
        if nothing == (None, None, None):
            raise PydanticCustomError("missing", births.MISSING)
        birth = _birth(told.data | {"birth_date": birth_date})
        births.check(births.agreed(birth, told.data["registered_on"]), newest_day())
        return birth_date

    def birth(self) -> Birth:
        """Return what counts of what was told, with the precision that it has by itself."""
        told = _birth({name: getattr(self, name) for name in births.FIELDS})
        return births.agreed(told, self.registered_on)


def _birth(told: dict[str, Any]) -> Birth:
    named = {name: told[name] for name in births.FIELDS}
    if named["birth_date_precision"] is None:
        text = named["birth_date"]
        named["birth_date_precision"] = births.fineness(text) if text else "estimated"
    return Birth(**named)


class BornBetween(BaseModel):
    """The first and the last day, in the Gregorian calendar, that a date of another may mean."""

    earliest: Maskable[date]
    latest: Maskable[date]
