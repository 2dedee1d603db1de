"""
What RabbitMQ must hold before the services start, as definitions it can load.

    publisher -> masar.events (topic) -> masar.<service> (quorum) -> inbox
                                      -> masar.log (stream, for replay)
    failed    -> masar.retry (direct)  -> masar.<service>.retry.<n> (waits) -> masar.<service>
    crashed   -> masar.dead (direct)   -> masar.<service>.dead

Services hold no right to configure anything; `python -m chassis.topology` loads this once.
"""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

EVENTS, RETRY, DEAD, LOG = "masar.events", "masar.retry", "masar.dead", "masar.log"
RETRY_SECONDS = (10, 60, 600)
UNAUTHORISED = 401
DELIVERY_LIMIT = 20
"""Set because RabbitMQ 3 has no limit of its own and 4 has 20; both then behave alike."""

SUBSCRIPTIONS_FILE = Path(__file__).parent.parent / "contracts" / "published" / "subscriptions.json"


def queue(service: str) -> str:
    return f"masar.{service}"


def retry_queue(service: str, step: int) -> str:
    return f"masar.{service}.retry.{step}"


def definitions(
    subscriptions: Mapping[str, Sequence[str]],
    passwords: Mapping[str, str],
    retry_seconds: Sequence[float] = RETRY_SECONDS,
    vhost: str = "/",
) -> dict[str, Any]:
    """
    Return RabbitMQ definitions: exchanges, queues, bindings, and a user a service.

    `subscriptions` maps each service to the event types it reads, `passwords` each service to
    its own; the password itself does not appear, only RabbitMQ's salted hash of it.
    """
    quorum = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
    queues = [_queue(LOG, {"x-queue-type": "stream", "x-max-age": "30D"}, vhost)]
    bindings = [_binding(EVENTS, LOG, "#", vhost)]
    for service, types in subscriptions.items():
        main = queue(service)
        dead = {
            "x-dead-letter-exchange": DEAD,
            "x-dead-letter-routing-key": service,
            "x-dead-letter-strategy": "at-least-once",
            "x-delivery-limit": DELIVERY_LIMIT,
        }
        queues += [_queue(main, quorum | dead, vhost), _queue(f"{main}.dead", quorum, vhost)]
        bindings += [_binding(EVENTS, main, type_, vhost) for type_ in types]
        bindings.append(_binding(DEAD, f"{main}.dead", service, vhost))
        bindings.append(_binding(RETRY, main, service, vhost))
        for step, seconds in enumerate(retry_seconds):
            back = {
                "x-message-ttl": int(seconds * 1000),
                "x-dead-letter-exchange": RETRY,
                "x-dead-letter-routing-key": service,
                "x-dead-letter-strategy": "at-least-once",
            }
            name = retry_queue(service, step)
            queues.append(_queue(name, quorum | back, vhost))
            bindings.append(_binding(RETRY, name, f"{service}.{step}", vhost))
    return {
        "users": [
            {
                "name": service,
                "password_hash": password_hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "",
            }
            for service, password in passwords.items()
        ],
        "permissions": [
            {
                "user": service,
                "vhost": vhost,
                "configure": "^$",
                "write": r"^masar\.(events|retry)$",
                "read": rf"^masar\.{service}$",
            }
            for service in passwords
        ],
        "topic_permissions": [
            {
                "user": service,
                "vhost": vhost,
                "exchange": EVENTS,
                "write": rf"^{service}\.",
                "read": "^$",
            }
            for service in passwords
        ],
        "exchanges": [
            {
                "name": name,
                "vhost": vhost,
                "type": kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for name, kind in ((EVENTS, "topic"), (RETRY, "direct"), (DEAD, "direct"))
        ],
        "queues": queues,
        "bindings": bindings,
    }


def _queue(name: str, arguments: dict[str, Any], vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "durable": True,
        "auto_delete": False,
        "arguments": arguments,
    }


def _binding(source: str, destination: str, key: str, vhost: str) -> dict[str, Any]:
    return {
        "source": source,
        "vhost": vhost,
        "destination": destination,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }


def password_hash(password: str) -> str:
    """RabbitMQ's own form: base64 of a 4-byte salt and SHA-256 over salt and password."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


async def load(management_url: str, user: str, password: str, wanted: dict[str, Any]) -> None:
    """Import definitions through the broker's management interface, which merges them."""
    async with httpx.AsyncClient(auth=(user, password), timeout=30, trust_env=False) as client:
        answer = await client.post(f"{management_url}/api/definitions", json=wanted)
        if answer.status_code == UNAUTHORISED:
            raise SystemExit(
                f"RabbitMQ refuses the password of {user}: its volume was made with another one. "
                "Bring back the .env that belongs to the volumes."
            )
        answer.raise_for_status()


def published_subscriptions() -> dict[str, list[str]]:
    listing: dict[str, list[str]] = json.loads(SUBSCRIPTIONS_FILE.read_text())
    return listing


def main() -> None:
    """Read who may log in from the environment and load everything, waiting for the broker."""
    listing = published_subscriptions()
    passwords = {name: os.environ[f"MASAR_{name.upper()}_AMQP_PASSWORD"] for name in listing}
    url = os.environ["MASAR_AMQP_MANAGEMENT_URL"]
    user, password = os.environ["MASAR_AMQP_ADMIN_USER"], os.environ["MASAR_AMQP_ADMIN_PASSWORD"]
    asyncio.run(load(url, user, password, definitions(listing, passwords)))
    sys.stdout.write(f"RabbitMQ holds the queues of {', '.join(listing)}.\n")


if __name__ == "__main__":
    main()
