"""What passes the door unchanged, what is dropped, and what is refused."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.gateway.conftest import Door, OpenDoor

PATH = "/v1/tracking/anything"
GET = b"GET /v1/tracking/x HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /v1/tracking/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"


async def body_of(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    start = {"type": "http.response.start", "status": status, "headers": list(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell what arrived."""
    body = await body_of(receive)
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "length": len(body),
    }
    await answer(
        send,
        200,
        json.dumps(told).encode(),
        (b"content-type", b"application/json"),
        (b"connection", b"x-inner"),
        (b"x-inner", b"secret"),
        (b"x-outer", b"kept"),
        (b"x-request-id", b"another"),
    )


async def test_path_and_query_pass_unchanged(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    async with door.client() as client:
        told = (await client.get("/v1/tracking/a%2Fb%20c?x=%2F&y=1&y=2")).json()

    assert (told["path"], told["query"]) == ("/v1/tracking/a%2Fb%20c", "x=%2F&y=1&y=2")


async def test_headers_that_claim_or_belong_to_one_hop_do_not_pass(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    sent = {
        "X-User-Id": "admin",
        "X_User_Id": "admin",
        "X-Forwarded-For": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "X-HTTP-Method-Override": "DELETE",
        "TE": "trailers",
        "Connection": "x-private, keep-alive",
        "X-Private": "1",
        "X-Kept": "yes",
    }

    async with door.client() as client:
        response = await client.get(PATH, headers=sent)

    names = [name for name, _ in response.json()["headers"]]
    assert "x-kept" in names
    for dropped in ("x-user-id", "x_user_id", "x-forwarded-for", "forwarded", "te", "x-private"):
        assert dropped not in names
    assert "x-http-method-override" not in names
    assert response.json()["method"] == "GET"


async def test_the_token_and_the_request_id_reach_the_service(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async with door.client() as client:
        response = await client.get(PATH, headers={"X-Request-Id": "boat-7", "traceparent": trace})

    arrived = dict(response.json()["headers"])
    assert arrived["authorization"].startswith("Bearer ")
    assert (arrived["x-request-id"], arrived["traceparent"]) == ("boat-7", trace)
    assert response.headers.get_list("x-request-id") == ["boat-7"]


async def test_a_strange_request_id_is_replaced(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    async with door.client() as client:
        response = await client.get(PATH, headers={"X-Request-Id": "a b" * 50})

    assert len(response.headers["x-request-id"]) == 36


async def test_answers_lose_the_headers_of_the_inner_hop_only(open_door: OpenDoor) -> None:
    door = await open_door(mirror)

    async with door.client() as client:
        response = await client.get(PATH)

    assert response.headers["x-outer"] == "kept"
    assert "x-inner" not in response.headers


async def test_a_large_file_streams_through_in_both_directions(open_door: OpenDoor) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, await body_of(receive), (b"content-type", b"text/csv"))

    door = await open_door(echo)
    content = bytes(range(256)) * 40_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    async with door.client() as client:
        response = await client.post(PATH, content=pieces(), headers={"Content-Type": "text/csv"})

    assert response.content == content


async def test_compressed_answers_pass_as_they_are(open_door: OpenDoor) -> None:
    packed = gzip.compress(b"people" * 1000)

    async def compressed(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, packed, (b"content-encoding", b"gzip"))

    door = await open_door(compressed)

    async with door.client() as client, client.stream("GET", PATH) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert raw == packed


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_have_none(open_door: OpenDoor, status: int) -> None:
    async def empty(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, status, b"")

    door = await open_door(empty)

    async with door.client() as client:
        response = await client.get(PATH)

    assert (response.status_code, response.content) == (status, b"")


async def test_a_head_request_keeps_the_length(open_door: OpenDoor) -> None:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"", (b"content-length", b"12"))

    door = await open_door(told)

    async with door.client() as client:
        response = await client.head(PATH)

    assert (response.headers["content-length"], response.content) == ("12", b"")


async def test_a_body_too_large_is_refused_with_and_without_its_length(open_door: OpenDoor) -> None:
    door = await open_door(mirror)
    kind = {"Content-Type": "application/json"}

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 50_000

    async with door.client() as client:
        announced = await client.post(PATH, content=b" " * 2_000_000, headers=kind)
        chunked = await client.post(PATH, content=pieces(), headers=kind)

    for response in (announced, chunked):
        assert (response.status_code, response.json()["type"]) == (413, "/problems/body-too-large")


POST = b"POST /v1/tracking/x HTTP/1.1\r\nHost: x\r\n"


async def raw(door: Door, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(request)
    first = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return first


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (
            b"GET /v1/tracking/x HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
            b"431",
        ),
        (
            POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
        ),
        (
            POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"400",
        ),
        (b"GET @elsewhere/x HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    ],
)
async def test_requests_that_can_be_read_in_two_ways_are_refused(
    open_door: OpenDoor, request_bytes: bytes, status: bytes
) -> None:
    door = await open_door(mirror)

    line = await raw(door, request_bytes)

    assert line.split()[1] == status


async def test_a_dead_service_is_a_503(open_door: OpenDoor) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    door = await open_door(nobody)

    async with door.client() as client:
        response = await client.get(PATH)
        ready = await client.get("/health/ready")

    assert (response.status_code, response.json()["type"]) == (503, "/problems/unavailable")
    assert "retry-after" in response.headers
    assert ready.status_code == 503
    assert set(ready.json()["missing"]) == {"registration", "assistance", "returns", "tracking"}


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (200, {"status": "ready", "missing": {}}, "ready"),
        (200, {"status": "degraded", "missing": {"keys": "KeysAwayError"}}, "degraded"),
        (503, {"status": "not ready", "missing": {"database": "TimeoutError"}}, "not ready"),
    ],
)
async def test_the_gateway_tells_how_the_services_behind_it_are(
    open_door: OpenDoor, status: int, told: dict[str, object], expected: str
) -> None:
    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, status, json.dumps(told).encode())

    door = await open_door(service)

    async with door.client() as client:
        ready = await client.get("/health/ready")

    assert (ready.status_code, ready.json()["status"]) == (status, expected)
    why = {"ready": {}, "degraded": {"works without keys"}, "not ready": {"is not ready"}}
    assert set(ready.json()["missing"].values()) == set(why[expected])


async def test_a_slow_service_is_a_504(open_door: OpenDoor) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(5)

    door = await open_door(slow, upstream_seconds=0.3)

    async with door.client() as client:
        response = await client.get(PATH)

    assert (response.status_code, response.json()["type"]) == (504, "/problems/upstream-timeout")


async def test_more_requests_than_a_service_may_hold_are_refused_at_once(
    open_door: OpenDoor,
) -> None:
    release = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await answer(send, 200, b"{}")

    door = await open_door(waiting, upstream_requests=3)

    async with door.client() as client:
        held = [asyncio.create_task(client.get(PATH)) for _ in range(3)]
        await asyncio.sleep(0.5)
        refused = await client.get(PATH)
        release.set()
        statuses = [(await task).status_code for task in held]

    assert (refused.status_code, statuses) == (503, [200, 200, 200])


async def test_an_answer_that_breaks_off_is_not_passed_on_as_whole(open_door: OpenDoor) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half of ", "more_body": True})
        raise ConnectionResetError

    door = await open_door(broken)

    async with door.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(PATH)


async def test_clients_that_go_away_harm_nobody(open_door: OpenDoor) -> None:
    async def unhurried(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await answer(send, 200, b"{}")

    door = await open_door(unhurried)
    token = (await door.token()).json()["access_token"]
    request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    for _ in range(4):
        writers = []
        for _ in range(50):
            _, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(request)
            writers.append(writer)
        await asyncio.sleep(0.05)
        for writer in writers:
            writer.transport.abort()
    await asyncio.sleep(1)

    async with door.client() as client:
        answers = await asyncio.gather(*(client.get(PATH) for _ in range(30)))

    assert [response.status_code for response in answers] == [200] * 30


async def test_only_what_reads_is_asked_again_on_a_connection_that_closed(
    open_door: OpenDoor,
) -> None:
    asked: list[str] = []

    async def forgetful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the first request of a connection and hang up on the second."""
        while line := await reader.readline():
            length = 0
            while (header := await reader.readline()) not in {b"\r\n", b""}:
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            await reader.readexactly(length)
            asked.append(line.split()[0].decode())
            if writer in answered:
                break
            answered.append(writer)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
        writer.close()

    answered: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(forgetful, "127.0.0.1", 0)
    door = await open_door(server.sockets[0].getsockname()[1])

    async with door.client() as client:
        await client.get(PATH)
        again = await client.get(PATH)
        posted = await client.post(PATH, json={})

    server.close()
    assert (again.status_code, posted.status_code) == (200, 503)
    assert asked == ["GET", "GET", "GET", "POST"]
