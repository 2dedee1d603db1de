"""Which headers pass the door, in either direction, and which requests are refused by them."""

from collections.abc import Iterable

from chassis.problems import Problem
from chassis.telemetry import current_request_id, current_traceparent

RawHeaders = list[tuple[bytes, bytes]]

MOST_HEADER_BYTES = 16 * 1024
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Headers by which somebody outside could claim to be somebody, somewhere, or something else.
CLAIMS = frozenset({b"forwarded", b"x-real-ip", b"x-http-method-override", b"x-original-url"})
CLAIM_STARTS = (b"x-forwarded-", b"x-user", b"x-auth", b"x-remote", b"x-identity", b"x-client")
OURS = frozenset({b"x-request-id", b"traceparent", b"host", b"expect", b"content-length"})


def refuse_ambiguous(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise the problem of headers too large, or that two readers would frame differently."""
    size = 0
    lengths: list[bytes] = []
    chunked = False
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"content-length":
            lengths.append(value)
        elif name == b"transfer-encoding":
            chunked = True
    if size > MOST_HEADER_BYTES:
        detail = f"The headers are larger than {MOST_HEADER_BYTES} bytes."
        raise Problem(431, "headers-too-large", detail)
    if len(lengths) > 1 or (lengths and chunked) or any(not each.isdigit() for each in lengths):
        raise Problem(400, "malformed-request", "The length of the body is not told in one way.")


def inward(headers: RawHeaders, *, keep_length: bool = True) -> RawHeaders:
    """Return the headers a service gets: the sender's own, no claims, our id and trace."""
    named = _named_in_connection(headers)
    passed = [
        (name, value)
        for name, value in headers
        if name not in HOP_BY_HOP
        and name not in OURS
        and name not in CLAIMS
        and name not in named
        and b"_" not in name
        and not name.startswith(CLAIM_STARTS)
    ]
    if keep_length:
        passed += [(name, value) for name, value in headers if name == b"content-length"]
    passed.append((b"x-request-id", (current_request_id() or "").encode()))
    passed.append((b"traceparent", (current_traceparent() or "").encode()))
    return passed


def outward(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return the headers the client gets: the service's own, without those of our inner hop."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = _named_in_connection(lowered)
    return [
        (name, value)
        for name, value in lowered
        if name not in HOP_BY_HOP
        and name not in named
        and name not in {b"x-request-id", b"server", b"date"}
    ]


def _named_in_connection(headers: RawHeaders) -> set[bytes]:
    return {
        each.strip().lower()
        for name, value in headers
        if name == b"connection"
        for each in value.split(b",")
    }
