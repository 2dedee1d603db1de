"""What the libraries make of operations and statements is made once, and shared within a run."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from httpx import create_ssl_context
from httpx._transports import default
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

from chassis import db, sqlite
from chassis.audit.api import router as audit_of
from chassis.operations import Declared, Router
from chassis.policy import policy

MOST_STATEMENTS = 5000


@pytest.fixture(scope="session", autouse=True)
def operations_are_built_once() -> Iterator[None]:
    """
    Spare each new service the reading of the signatures that another one has read.

    An operation's dependencies are those of its service, and its path says which one that is.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chassis.app.audit_of", cache(audit_of))
        patched.setattr(Router, "made", _once(Router.made))
        yield


def _once(make: Any) -> Any:
    made: dict[tuple[Any, ...], APIRoute] = {}

    def once(router: Router, declared: Declared, common: APIRouter) -> APIRoute:
        path = router.prefix + declared.path
        # A function that was made a route of is kept by it: its id is no other's.
        of = (id(declared.endpoint), path, len(common.dependencies), id(policy()))
        if of not in made:
            made[of] = make(router, declared, common)
        return made[of]

    return once


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Spare each new client the reading of a hundred authorities, whom no test asks."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(default, "create_ssl_context", cache(create_ssl_context))
        yield


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
