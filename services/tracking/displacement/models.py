"""Displacement as IOM's DTM API v3 answers it: its envelope and its columns, in its spelling."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Row = TypeVar("Row", bound=BaseModel)


class Theirs(BaseModel):
    """Whatever goes out under their names."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Envelope(Theirs, Generic[Row]):
    """What every answer is wrapped in."""

    result: list[Row]
    status_code: int = 200
    is_success: bool = True
    error_messages: list[Any] = []
    total_records_count: int


NOT_AVAILABLE = "Not available"


class Country(Theirs):
    admin0_name: str
    admin0_pcode: str


class Operation(Country):
    operation: str
    operation_status: str


class Displaced(Theirs):
    """
    Displaced individuals present in a place in a round.

    `admin1` and `admin2` are null where the row is of something larger; columns about which a
    round says nothing are null too, but for the origin, which their API spells out. Several
    reasons, or places of origin, stand in one row, the most frequent first.
    """

    id: int
    operation: str
    admin0_name: str
    admin0_pcode: str
    admin1_name: str | None = None
    admin1_pcode: str | None = None
    admin2_name: str | None = None
    admin2_pcode: str | None = None
    num_present_idp_ind: int
    reporting_date: str | None
    year_reporting_date: int | None
    month_reporting_date: int | None
    round_number: int
    displacement_reason: str | None = None
    number_males: int | None = None
    number_females: int | None = None
    idp_origin_admin1_name: str = NOT_AVAILABLE
    idp_origin_admin1_pcode: str = NOT_AVAILABLE
    assessment_type: str
