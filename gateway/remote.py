"""A service in another process, reached by HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send
from yarl import URL

from chassis.problems import unavailable
from gateway.headers import outward
from gateway.upstreams import ClientLeft

# Below a service's own keep-alive, so that a request never goes onto a closing connection.
KEEP_ALIVE_SECONDS = 60
CONNECT_SECONDS = 2.0
SAFE = {"GET", "HEAD"}


class HttpUpstream:
    """A service in another process; requests and answers stream through, neither is kept."""

    def __init__(self, base: str, limit: int) -> None:
        self._base = base.rstrip("/")
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._limit, keepalive_timeout=KEEP_ALIVE_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            )
        return self._session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._ask(scope, receive)
        except (aiohttp.ClientConnectionError, TimeoutError) as error:
            raise unavailable("The service behind this path does not answer.") from error
        except aiohttp.ClientError as error:
            raise unavailable("The service behind this path answers nonsense.") from error
        try:
            await self._answer(answer, send, bodiless=scope["method"] == "HEAD")
        finally:
            answer.release()

    async def _ask(self, scope: Scope, receive: Receive) -> aiohttp.ClientResponse:
        query = scope["query_string"]
        path = scope["raw_path"].decode("latin-1") + (
            f"?{query.decode('latin-1')}" if query else ""
        )
        url = URL(self._base + path, encoded=True)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        body = None if _has_no_body(scope) else _body(receive)
        options: dict[str, Any] = {"headers": headers, "data": body, "allow_redirects": False}
        try:
            return await self._client().request(scope["method"], url, **options)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # An idle connection may close in the moment it is chosen; what only reads may be
            # asked again, what writes may not.
            if body is not None or scope["method"] not in SAFE:
                raise
            return await self._client().request(scope["method"], url, **options)

    async def _answer(self, answer: aiohttp.ClientResponse, send: Send, *, bodiless: bool) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": outward(answer.raw_headers),
            }
        )
        if not bodiless:
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def close(self) -> None:
        if self._session:
            await self._session.close()


def _has_no_body(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return bool(value == b"0")
    return not scope.get("streams_body", False)


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body", False):
            return
