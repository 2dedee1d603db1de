"""Trends as a file: its columns, and its rows."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from pydantic_core import to_jsonable_python

from services.tracking.formats.columns import OF_THE_WHOLE, About, Column, Table, individuals
from services.tracking.series.counting import Question
from services.tracking.series.models import TrendPoint


def table(question: Question, *, hxl: bool) -> Table:
    columns = [
        Column("component", "#meta+component"),
        Column("population", "#population+type"),
        Column("pcode", "#adm+code"),
        Column("by", "#meta+by"),
        Column("category", "#indicator+category"),
        Column("round_number", "#round+code", "integer"),
        Column("period_start", "#date+start"),
        Column("period_end", "#date+end"),
        Column("value", individuals(question.population), "integer"),
        Column("basis", "#meta+basis"),
        Column("source", "#meta+source"),
        Column("source_count", "#meta+sources+num", "integer"),
        Column("confidence", "#meta+confidence"),
        Column("vintage", "#meta+vintage", "integer"),
        Column("known_since", "#date+published"),
        Column("places", "#adm4+num", "integer"),
        Column("previous_round", "#round+previous", "integer"),
        Column("change", "#affected+change", "integer"),
        Column("change_same_places", "#affected+change+same", "integer"),
        Column("change_coverage", "#affected+change+coverage", "integer"),
        *OF_THE_WHOLE,
    ]
    name = "-".join(["trend", question.population or "all", question.place])
    return Table(name, columns, about(question), hxl)


def about(question: Question) -> About:
    return About(component=question.component)


async def pages(
    points: Sequence[TrendPoint], of_whole: About
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    whole = of_whole.model_dump(include={"licence", "attribution"})
    yield [whole | to_jsonable_python(each) for each in points]
