"""A public table as a file: its columns, and its cells page by page, as they were frozen."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from chassis.db import Database
from services.tracking.formats.columns import About, Column, Table
from services.tracking.publications import reading
from services.tracking.publications.models import CellOut, Publication
from services.tracking.publications.reading import Page
from services.tracking.rounds import files

ROWS_A_PAGE = 5000


def table(publication: Publication, page: Page, *, hxl: bool) -> Table:
    columns = files.columns(publication.population, page.level, page.by)
    at = next(i for i, column in enumerate(columns) if column.name == "value")
    columns.insert(at + 1, Column("suppressed", "#meta+suppressed"))
    by = [page.by] if page.by else []
    parts = ["round", publication.round_number, publication.population, f"level{page.level}", *by]
    name = "-".join([*map(str, parts), f"vintage{publication.vintage}"])
    return Table(name, columns, about(publication), hxl)


def about(publication: Publication) -> About:
    return About(
        round_number=publication.round_number,
        period=publication.period,
        vintage=publication.vintage,
        confidence="high",
    )


async def pages(
    database: Database, publication: Publication, page: Page
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Yield the cells in order, a page at a time; a hidden one has no value."""
    whole = about(publication).model_dump() | {"population": publication.population}
    page = replace(page, limit=ROWS_A_PAGE)
    while True:
        async with database.read() as session:
            cells = await reading.cells(session, publication, page)
        yield [whole | _row(each) for each in cells]
        if len(cells) < ROWS_A_PAGE:
            return
        page = replace(page, after=(cells[-1].pcode, cells[-1].category or ""))


def _row(cell: CellOut) -> dict[str, Any]:
    told = cell.model_dump(exclude={"by", "category", "suppressed"})
    told["suppressed"] = "yes" if cell.suppressed else "no"
    return told | ({cell.by: cell.category} if cell.by else {})
