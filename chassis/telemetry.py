"""Logs in JSON, one id that follows a request into its events, and metrics on an inner port."""

import logging
import re
import secrets
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.clock import new_id

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "masar_request_seconds",
    "Time to answer a request.",
    ["service", "method", "route", "status"],
    registry=REGISTRY,
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
OUTBOX_UNSENT = Gauge(
    "masar_outbox_unsent", "Events that wait to leave.", ["service"], registry=REGISTRY
)
EVENTS_SENT = Counter(
    "masar_events_sent", "Events that left.", ["service", "type"], registry=REGISTRY
)
EVENTS_RECEIVED = Counter(
    "masar_events_received",
    "Events that arrived, by what became of them.",
    ["service", "type", "outcome"],
    registry=REGISTRY,
)

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

log = structlog.get_logger()


def current_request_id() -> str | None:
    return _request_id.get()


def current_traceparent() -> str | None:
    return _traceparent.get()


def follow(traceparent: str | None) -> None:
    """Go on in the trace that an event brought with it."""
    _traceparent.set(traceparent)


def request_id_from(sent: str | None) -> str:
    return sent if sent and REQUEST_ID.fullmatch(sent) else str(new_id())


def traceparent_from(sent: str | None) -> str:
    """Return the W3C trace that was sent, if it is one, else begin one."""
    if sent and TRACEPARENT.fullmatch(sent):
        return sent
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def configure_logs(level: str) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )


def serve_metrics(host: str, port: int | None) -> Any:
    """Show /metrics on an inner port, which no gateway route leads to; None when not wanted."""
    if port is None:
        return None
    try:
        return start_http_server(port, host, REGISTRY)
    except OSError:
        # A taken port must not stop people from being registered.
        log.warning("metrics_port_taken", port=port)
        return None


class RequestContext:
    """Gives each request its id and trace, answers with the id, and measures."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_from(headers.get("x-request-id"))
        id_token = _request_id.set(request_id)
        trace_token = _traceparent.set(traceparent_from(headers.get("traceparent")))
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(raw=message.setdefault("headers", []))
                answer["X-Request-Id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            _observe(self.service, scope, status, time.perf_counter() - started, request_id)
            _request_id.reset(id_token)
            _traceparent.reset(trace_token)


def _observe(
    service: str, scope: MutableMapping[str, Any], status: int, seconds: float, request_id: str
) -> None:
    # The route's pattern, never the path: a path holds ids of people.
    route = str(getattr(scope.get("route"), "path", "unmatched"))
    REQUESTS.labels(service, scope["method"], route, str(status)).observe(seconds)
    if route.startswith("/health"):
        return
    log.info(
        "request",
        service=service,
        method=scope["method"],
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        request_id=request_id,
    )
