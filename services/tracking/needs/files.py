"""The needs of a round as a file: its columns, and its rows."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from services.tracking.formats.columns import (
    OF_THE_WHOLE,
    About,
    Column,
    Table,
    individuals,
    of_places,
)
from services.tracking.needs.models import By, NeedOut


def table(about: About, population: str, level: int, by: By, *, hxl: bool) -> Table:
    columns = [
        *of_places(level),
        Column("need", "#sector"),
        Column("reason", "#cause"),
        Column("priority", "#severity+priority", "integer"),
        Column("places", "#adm+num+named", "integer"),
        Column("places_assessed", "#adm+num+assessed", "integer"),
        Column("individuals", individuals(population), "integer"),
        Column("vintage", "#meta+vintage", "integer"),
        *OF_THE_WHOLE,
    ]
    name = f"needs-round-{about.round_number}-{population}-level{level}-{by}"
    return Table(name, columns, about, hxl)


async def pages(found: Sequence[NeedOut], about: About) -> AsyncIterator[Sequence[dict[str, Any]]]:
    whole = about.model_dump()
    yield [whole | each.model_dump() for each in found]
