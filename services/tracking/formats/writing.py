"""Writes figures as files, page by page; no cell of them is a formula to a spreadsheet."""

import asyncio
import csv
import io
import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.responses import StreamingResponse

from chassis.tabular import guarded
from chassis.uploads import BYTE_ORDER_MARK
from services.tracking.formats.choice import MEDIA_TYPES, Format
from services.tracking.formats.columns import Column, Table

CHUNK = 256 * 1024
NOTHING = "\\N"
"""What stands for no value where a file goes through text on its way; no cell says it."""
SQL_TYPES = {"text": "VARCHAR", "integer": "BIGINT"}

Row = Mapping[str, Any]
Pages = AsyncIterator[Sequence[Row]]
Points = Mapping[str, tuple[float, float]]
"""Latitude and longitude by p-code."""


def file_of(form: Format, table: Table, pages: Pages, points: Points) -> StreamingResponse:
    """Return the whole table as a file that is sent while it is read."""
    parts: AsyncIterator[bytes]
    if form == "csv":
        parts = _csv(table, pages)
    elif form == "geojson":
        parts = _geojson(table, pages, points)
    else:
        parts = _xlsx(table, pages) if form == "xlsx" else _parquet(table, pages)
    charset = "; charset=utf-8" if form == "csv" else ""
    return StreamingResponse(
        parts,
        media_type=f"{MEDIA_TYPES[form]}{charset}",
        headers={"Content-Disposition": f'attachment; filename="{table.name}.{form}"'},
    )


def _cells(columns: Sequence[Column], row: Row) -> list[Any]:
    return [row.get(column.name) for column in columns]


def _safe(cell: Any) -> Any:
    # Numbers stay numbers: a change of -5 is no formula.
    return guarded(cell) if isinstance(cell, str) else cell


async def _csv(table: Table, pages: Pages) -> AsyncIterator[bytes]:
    head = [[column.name for column in table.columns]]
    if table.hxl:
        head.append([column.tag for column in table.columns])
    yield BYTE_ORDER_MARK.encode() + _lines(head)
    async for page in pages:
        yield _lines([[_safe(cell) for cell in _cells(table.columns, row)] for row in page])


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target).writerows(rows)
    return target.getvalue().encode()


async def _geojson(table: Table, pages: Pages, points: Points) -> AsyncIterator[bytes]:
    about = json.dumps(table.about.model_dump(mode="json"), ensure_ascii=False)
    yield f'{{"type":"FeatureCollection","metadata":{about},"features":['.encode()
    comma = ""
    async for page in pages:
        for row in page:
            told = {column.name: row.get(column.name) for column in table.columns}
            feature = {
                "type": "Feature",
                "geometry": _point(points.get(str(row.get("pcode")))),
                "properties": told,
            }
            yield (comma + json.dumps(feature, ensure_ascii=False)).encode()
            comma = ","
    yield b"]}"


def _point(at: tuple[float, float] | None) -> dict[str, Any] | None:
    if at is None:
        return None
    latitude, longitude = at
    return {"type": "Point", "coordinates": [round(longitude, 6), round(latitude, 6)]}


async def _xlsx(table: Table, pages: Pages) -> AsyncIterator[bytes]:
    import xlsxwriter  # noqa: PLC0415 - It takes a while, and no start needs it.

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "table.xlsx"
        book = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "tmpdir": folder,
            },
        )
        book.set_properties({"comments": f"{table.about.attribution}. {table.about.licence}"})
        sheet = book.add_worksheet("Figures")
        _write_rows(sheet, 0, [[column.name for column in table.columns]])
        at = 1
        if table.hxl:
            _write_rows(sheet, at, [[column.tag for column in table.columns]])
            at += 1
        async for page in pages:
            rows = [[_safe(cell) for cell in _cells(table.columns, row)] for row in page]
            # A long table takes seconds, which other requests must not wait for.
            await asyncio.to_thread(_write_rows, sheet, at, rows)
            at += len(rows)
        about = [[name, value] for name, value in table.about.model_dump(mode="json").items()]
        _write_rows(book.add_worksheet("About"), 0, about)
        await asyncio.to_thread(book.close)
        async for part in _sent(target):
            yield part


def _write_rows(sheet: Any, at: int, rows: Sequence[Sequence[Any]]) -> None:
    for number, cells in enumerate(rows, at):
        for column, cell in enumerate(cells):
            if cell is not None:
                sheet.write(number, column, cell)


async def _parquet(table: Table, pages: Pages) -> AsyncIterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "table.csv", Path(folder) / "table.parquet"
        with source.open("wb") as file:
            async for page in pages:
                rows = [_cells(table.columns, row) for row in page]
                file.write(_lines([[NOTHING if c is None else c for c in row] for row in rows]))
        await asyncio.to_thread(_convert, table, source, target)
        async for part in _sent(target):
            yield part


def _convert(table: Table, source: Path, target: Path) -> None:
    # Loading it takes a tenth of a second of each start, and few ask for Parquet.
    import duckdb  # noqa: PLC0415 - The line above.

    types = {column.name: SQL_TYPES[column.kind] for column in table.columns}
    about = {
        name: str(value)
        for name, value in table.about.model_dump(mode="json").items()
        if value is not None
    }
    settings: dict[str, str | int] = {"threads": 1, "autoinstall_known_extensions": "false"}
    with duckdb.connect(":memory:", config=dict(settings)) as connection:
        connection.read_csv(
            str(source),
            header=False,
            columns=types,
            na_values=NOTHING,
            quotechar='"',
            escapechar='"',
            allow_quoted_nulls=False,
            auto_detect=False,
        ).create("figures")
        told = ", ".join(f"{name}: '{_quoted(value)}'" for name, value in about.items())
        connection.execute(
            f"COPY figures TO '{_quoted(str(target))}' (FORMAT parquet, KV_METADATA {{{told}}})"
        )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


async def _sent(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            yield part
