"""
What a service offers: declared where its features are, made when somebody first asks for it.

FastAPI reads the signature of an operation and builds what validates each of its values, which
takes milliseconds. A system has hundreds of operations, and a start waits for none of them.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class Declared(NamedTuple):
    """An operation as its feature declares it; `options` are those of FastAPI's decorators."""

    path: str
    endpoint: Callable[..., Any]
    options: dict[str, Any]


class Plain(Route):
    """What is asked without authorisation; the log and the metrics know it by its path."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self
        await super().handle(scope, receive, send)


class Router(APIRouter):
    """The operations of a feature, by FastAPI's decorators."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.declared: list[Declared] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.declared.append(Declared(path, endpoint, options))

    def made(self, declared: Declared, common: APIRouter) -> APIRoute:
        """Return FastAPI's own route, with what its application has in common for all."""
        maker = APIRouter(
            prefix=self.prefix,
            tags=self.tags,
            dependencies=[*common.dependencies, *self.dependencies],
            responses=common.responses,
            route_class=self.route_class,
            include_in_schema=self.include_in_schema,
            generate_unique_id_function=common.generate_unique_id_function,
        )
        maker.add_api_route(declared.path, declared.endpoint, **declared.options)
        (route,) = maker.routes
        assert isinstance(route, APIRoute)  # noqa: S101 - It was added a line ago.
        return route


class Operation(BaseRoute):
    """Knows whether a request is for it, and hands that to the route, which the first one makes."""

    def __init__(self, app: FastAPI, router: Router, declared: Declared) -> None:
        self.path = router.prefix + declared.path
        self._beginning = self.path.partition("{")[0]
        self._app, self._router, self._declared = app, router, declared

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # Most are not meant, and are known by less than their whole pattern.
        if not scope.get("path", "").startswith(self._beginning):
            return Match.NONE, {}
        return self._pattern.matches(scope)

    @cached_property
    def _pattern(self) -> Route:
        pattern = Route(self.path, self._declared.endpoint)
        # Starlette adds HEAD to GET, and FastAPI does not.
        pattern.methods = self.methods
        return pattern

    @property
    def methods(self) -> set[str]:
        return set(self._declared.options["methods"])

    @cached_property
    def made(self) -> APIRoute:
        return self._router.made(self._declared, self._app.router)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self.made
        await self.made.handle(scope, receive, send)


def offer(app: FastAPI, routers: Sequence[Router], described_at: str | None) -> None:
    """Let an application answer requests for the operations of these routers, and tell of them."""
    app.router.routes.extend(
        Operation(app, router, each) for router in routers for each in router.declared
    )
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        app.router.routes = [
            each.made if isinstance(each, Operation) else each for each in app.router.routes
        ]
        return generated()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document.
    if described_at:
        app.router.routes.append(Plain(described_at, _describe))


def methods_at(request: Request) -> str:
    """Return the methods that are offered at the path of a request which has another, for Allow."""
    found = {
        method
        for each in request.app.router.routes
        if each.matches(request.scope)[0] == Match.PARTIAL
        for method in each.methods
    }
    return ", ".join(sorted(found))


async def _describe(request: Request) -> Response:
    """Tell of all operations; it takes seconds the first time, in which others are answered."""
    return JSONResponse(await asyncio.to_thread(request.app.openapi))
