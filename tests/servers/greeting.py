"""The first words of an AMQP conversation: they tell that a broker is ready, and its version."""

import socket

GREETING = b"AMQP\x00\x00\x09\x01"
START_FRAME = 1


def greet(host: str, port: int) -> str | None:
    """Open an AMQP conversation: the version of a broker that answers, None if none does."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(GREETING)
            answer = connection.recv(4096)
    except OSError:
        return None
    if not answer or answer[0] != START_FRAME:
        return None
    return _version(answer)


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def _version(start_frame: bytes) -> str:
    """Read the long string called version in the table of the server's properties."""
    _, _, found = start_frame.partition(b"\x07versionS")
    length = int.from_bytes(found[:4], "big")
    return found[4 : 4 + length].decode() or "unknown"
