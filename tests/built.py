"""What FastAPI makes of a service's operations is made once, and shared by the apps of a run."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fastapi import routing

from chassis.audit.api import router as audit_of
from chassis.policy import policy


@pytest.fixture(scope="session", autouse=True)
def operations_are_built_once() -> Iterator[None]:
    """
    Spare each start of a service the reading of a hundred signatures, a tenth of a second.

    An operation's dependencies are those of its service, and its path says which one that is.
    """
    # FastAPI has no public name for it. Where it is gone, starts are only slower.
    included = getattr(routing, "_EffectiveRouteContext", None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chassis.app.audit_of", cache(audit_of))
        if included:
            patched.setattr(included, "from_api_route", _once(included.from_api_route))
        yield


def _once(build: Any) -> Any:
    built: dict[tuple[Any, ...], Any] = {}

    def once(*, original_route: routing.APIRoute, include_context: Any) -> Any:
        path = include_context.path_for(original_route)
        # A route that was built for is kept by what was built: its id is no other's.
        of = (id(original_route), path, len(include_context.dependencies), id(policy()))
        if of not in built:
            built[of] = build(original_route=original_route, include_context=include_context)
        return built[of]

    return once
