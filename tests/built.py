"""What the libraries make of operations and statements is made once, and shared within a run."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from fastapi import routing
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

from chassis import db, sqlite
from chassis.audit.api import router as audit_of
from chassis.policy import policy

MOST_STATEMENTS = 5000


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


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    """
    Spare each new database the compiling of what is asked of it, half of a small test.

    Compiled statements belong to a dialect: engines of one kind share that and the statements.
    """
    with pytest.MonkeyPatch.context() as patched:
        for module in (db, sqlite):
            patched.setattr(module, "create_async_engine", _sharing(create_async_engine))
        yield


def _sharing(create: Callable[..., AsyncEngine]) -> Callable[..., AsyncEngine]:
    shared: dict[str, tuple[Dialect, Any]] = {}

    def created(url: Any, **options: Any) -> AsyncEngine:
        engine = create(url, **options)
        own: Any = engine.sync_engine
        of = (
            type(own.dialect),
            *(options.get(each) for each in ("isolation_level", "connect_args")),
        )
        dialect, compiled = shared.setdefault(repr(of), (own.dialect, LRUCache(MOST_STATEMENTS)))
        # One that has met no server yet does not know what it talks to.
        if dialect is own.dialect or dialect.server_version_info:
            own.dialect = own.pool._dialect = dialect
            own._compiled_cache = compiled
        return engine

    return created
