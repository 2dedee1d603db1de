"""Which form of an answer is wanted: what the query says, else what the client accepts."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request

Format = Literal["json", "csv", "xlsx", "geojson", "parquet"]

MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
OFFERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The page as JSON, or all of it as a file.",
        "content": {each: {} for form, each in MEDIA_TYPES.items() if form != "json"},
    }
}
"""What an operation with files says of its answers in OpenAPI."""


async def _choice(
    request: Request, wanted: Annotated[Format | None, Query(alias="format")] = None
) -> Format:
    return wanted or accepted(request.headers.get("accept", ""))


Choice = Annotated[Format, Depends(_choice)]
Tags = Annotated[bool, Query(alias="hxl", description="A second row with HXL tags.")]


def accepted(header: str) -> Format:
    """Return the first form that an Accept header names, by its order; JSON if it names none."""
    forms: dict[str, Format] = {
        MEDIA_TYPES[form]: form for form in ("json", "csv", "xlsx", "geojson", "parquet")
    }
    for each in header.split(","):
        if form := forms.get(each.partition(";")[0].strip().lower()):
            return form
    return "json"
