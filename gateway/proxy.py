"""Passes one request to one service, unchanged but for what a proxy must drop."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.bodies import MOST_JSON, MOST_UPLOAD, BodyTooLarge
from chassis.problems import Problem, unavailable
from gateway.headers import inward, refuse_ambiguous
from gateway.routes import service_for
from gateway.upstreams import ClientLeft, Upstream

log = structlog.get_logger()


class Guard:
    """Refuses, before anything else looks at them, requests that two readers read differently."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                refuse_ambiguous(scope["headers"])
                if not scope["raw_path"].startswith(b"/"):
                    raise Problem(400, "malformed-request", "The path does not begin with /.")
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Proxy:
    """
    Sends what the route table names to its service, within a deadline; the rest goes further in.

    Each request runs in a task of its own: a client that leaves does not cut it off half-way,
    and the number of them a service may hold is bounded.
    """

    def __init__(
        self, app: ASGIApp, upstreams: Mapping[str, Upstream], seconds: float, most: int
    ) -> None:
        self.app = app
        self.upstreams = upstreams
        self.seconds = seconds
        self.most = most
        self.in_hand: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = service_for(scope["path"]) if scope["type"] == "http" else None
        if service is None:
            await self.app(scope, receive, send)
            return
        try:
            await self._pass(service, scope, receive, send)
        except Problem as problem:
            await problem.response()(scope, receive, send)

    async def _pass(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self.in_hand[service] >= self.most:
            raise unavailable(f"The {service} service has too many requests in hand; try again.")
        exchange = Exchange(_inner(scope), receive, send)
        self.in_hand[service] += 1
        task = asyncio.create_task(exchange.run(self.upstreams[service]))
        task.add_done_callback(lambda _: self.in_hand.subtract([service]))
        done, _ = await asyncio.wait({task}, timeout=self.seconds)
        if done:
            await task
        elif exchange.started:
            # A long answer may take longer than the deadline as long as it goes on.
            await task
        else:
            exchange.abandoned = True
            task.cancel()
            task.add_done_callback(_forget)
            log.warning("upstream_too_slow", upstream=service)
            raise Problem(
                504,
                "upstream-timeout",
                f"The {service} service took longer than {self.seconds:g} s; what you sent may "
                "have taken effect.",
            )


def _forget(task: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError, Exception):
        task.result()


class Exchange:
    """One request and its answer on their way through."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.started = False
        self.abandoned = False
        self._receive = receive
        self._send = send
        self._most = MOST_JSON if _says_json(scope) else MOST_UPLOAD
        self._size = 0
        self._refusal: Problem | None = None
        self._refuse_announced()

    def _refuse_announced(self) -> None:
        for name, value in self.scope["headers"]:
            if name == b"content-length" and int(value[:20]) > self._most:
                raise BodyTooLarge(self._most)

    async def run(self, upstream: Upstream) -> None:
        try:
            await upstream(self.scope, self._count, self._pass_on)
        except ClientLeft:
            return
        except Problem as problem:
            if self.started:
                raise ConnectionError("the answer broke off") from None
            # A body cut off for its size looks to the HTTP client like a failed connection.
            raise self._refusal or problem from None

    async def _count(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            self._refusal = BodyTooLarge(self._most)
            raise self._refusal
        return message

    async def _pass_on(self, message: Message) -> None:
        if self.abandoned:
            return
        self.started = True
        await self._send(message)


def _says_json(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return b"json" in value.lower()
    return True


def _inner(scope: Scope) -> Scope:
    """Return a new request with what may pass; nothing of the outer one is kept by accident."""
    headers = scope["headers"]
    return {
        "type": "http",
        "asgi": scope["asgi"],
        "http_version": "1.1",
        "method": scope["method"],
        "scheme": "http",
        "path": scope["path"],
        "raw_path": scope["raw_path"].partition(b"?")[0],
        "query_string": scope["query_string"],
        "root_path": "",
        "headers": inward(headers),
        "client": scope.get("client"),
        "server": scope.get("server"),
        "streams_body": any(name == b"transfer-encoding" for name, _ in headers),
    }
