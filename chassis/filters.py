"""Queries are read whole: what nobody declared, or no column can hold, is refused, not ignored."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from chassis.problems import Fault, Problem

_known: dict[int, frozenset[str]] = {}


async def refuse_unknown(request: Request) -> None:
    if not request.query_params:
        return
    route = request.scope["route"]
    if not isinstance(route, APIRoute):
        return
    names = _known.get(id(route))
    if names is None:
        names = _known[id(route)] = frozenset(_declared(route.dependant))
    unknown = [name for name in request.query_params if name not in names]
    twice = [name for name in names if len(request.query_params.getlist(name)) > 1]
    if unknown or twice:
        offered = ", ".join(sorted(names)) or "none"
        faults = [Fault(pointer="query", code="unknown_filter", detail=f"Filters here: {offered}.")]
        raise Problem(
            400, "unknown-filter", "The query has a filter that is not known.", errors=faults
        )
    # SQLite finds nothing by such a text and PostgreSQL refuses it: here both answer alike.
    faults = [
        Fault(pointer=f"query/{name}", code="unstorable_text", detail="contains NUL")
        for name, value in request.query_params.items()
        if "\0" in value
    ]
    if faults:
        raise Problem(422, "validation", "Some text cannot be stored.", errors=faults)


def _declared(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        yield parameter.alias
    for each in dependant.dependencies:
        yield from _declared(each)
