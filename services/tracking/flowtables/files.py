"""The public table of a month as a file: its columns, and its cells page by page."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from chassis.db import Database
from services.tracking.flowtables import reading
from services.tracking.flowtables.models import FlowCellOut, FlowPublication
from services.tracking.formats.columns import OF_THE_WHOLE, About, Column, Table, individuals

COMPONENT = "flow_monitoring"
ROWS_A_PAGE = 5000
COLUMNS = (
    Column("component", "#meta+component"),
    Column("month", "#date+reported"),
    Column("level", "#adm+level", "integer"),
    Column("origin", "#adm1+code+origin"),
    Column("origin_name", "#adm1+name+origin+i_en"),
    Column("origin_name_ar", "#adm1+name+origin+i_ar"),
    Column("destination", "#adm1+code+destination"),
    Column("destination_name", "#adm1+name+destination+i_en"),
    Column("destination_name_ar", "#adm1+name+destination+i_ar"),
    Column("value", individuals(None), "integer"),
    Column("suppressed", "#meta+suppressed"),
    Column("observed_hours", "#meta+hours+observed", "integer"),
    Column("hours", "#meta+hours", "integer"),
    Column("vintage", "#meta+vintage", "integer"),
    *OF_THE_WHOLE,
)


def table(found: FlowPublication, *, hxl: bool) -> Table:
    name = f"flows-{found.month}-level1-vintage{found.vintage}"
    about = About(component=COMPONENT, period=found.month, vintage=found.vintage)
    return Table(name, COLUMNS, about, hxl)


async def pages(
    database: Database, found: FlowPublication
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Yield the cells in order, a page at a time; a hidden one has no value."""
    whole = About(component=COMPONENT, vintage=found.vintage).model_dump() | {
        "month": found.month,
        "level": 1,
        "observed_hours": found.observed_hours,
        "hours": found.hours,
    }
    after = None
    while True:
        async with database.read() as session:
            cells = await reading.cells(session, found, after, ROWS_A_PAGE)
        yield [whole | _row(each) for each in cells]
        if len(cells) < ROWS_A_PAGE:
            return
        after = (cells[-1].origin or "", cells[-1].destination or "")


def _row(cell: FlowCellOut) -> dict[str, Any]:
    # A map puts a flow where it begins.
    told = {"pcode": cell.origin, "suppressed": "yes" if cell.suppressed else "no"}
    return cell.model_dump() | told
