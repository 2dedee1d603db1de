"""
A service's routers, each asked only for paths that begin as all of its own do.

FastAPI completes all operations of a router when a request first asks it for one, a millisecond
each, and then tries their paths one by one. The first request need not wait for the operations of
routers that cannot have its path, nor any request be compared with them.
"""

from os.path import commonpath

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Scope


def include(app: FastAPI, router: APIRouter) -> None:
    app.include_router(router)
    _ask_only_for(app.router.routes[-1], _beginning(router))


def _beginning(router: APIRouter) -> str:
    """Return what the paths of a router have in common, as far as it stands fast."""
    paths = [getattr(route, "path", "/") for route in router.routes]
    return commonpath(paths).partition("{")[0]


def _ask_only_for(included: BaseRoute, beginning: str) -> None:
    ask = included.matches

    def matches(scope: Scope) -> tuple[Match, Scope]:
        if not scope["path"].startswith(beginning):
            return Match.NONE, {}
        return ask(scope)

    included.matches = matches  # type: ignore[method-assign]  # Of this one alone.
