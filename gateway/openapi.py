"""One description of the whole: each service's own OpenAPI, side by side; and AsyncAPI."""

import asyncio
import importlib
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI

from chassis.policy import PUBLIC, UNLISTED, policy
from chassis.problems import Problem
from chassis.topology import EVENTS as EXCHANGE
from chassis.topology import published_subscriptions
from contracts.event import Envelope, promised
from gateway.routes import DISPLACEMENT, SERVICES

CACHE_SECONDS = 60.0
DEADLINE_SECONDS = 20.0
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
Document = dict[str, Any]
REFERENCE = '"#/components/schemas/'


class Description:
    """The merged document, kept for a minute when every service has told its part."""

    def __init__(self, clients: Mapping[str, httpx.AsyncClient]) -> None:
        self._clients = clients
        self._kept: Document | None = None
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def get(self, app: FastAPI) -> Document:
        async with self._turn:
            if self._kept and time.monotonic() < self._until:
                return self._kept
            return await self._put_together(app)

    async def _put_together(self, app: FastAPI) -> Document:
        parts = await asyncio.gather(*(self._part(service) for service in SERVICES))
        told = dict(zip(SERVICES, parts, strict=True))
        known = {name: part for name, part in told.items() if part}
        # It takes a while, in which other requests are answered.
        merged = await asyncio.to_thread(lambda: merge(app.openapi(), known))
        missing = [name for name, part in told.items() if part is None]
        if missing:
            merged["x-missing"] = missing
        else:
            self._kept, self._until = merged, time.monotonic() + CACHE_SECONDS
        return merged

    async def _part(self, service: str) -> Document | None:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                answer = await self._clients[service].get("/openapi.json")
                part: Document = answer.raise_for_status().json()
                return part if "paths" in part else None
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, Problem):
            return None


def merge(own: Document, parts: Mapping[str, Document]) -> Document:
    """Return one OpenAPI 3.1 document; names of schemas and operations get their service's name."""
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Masar",
            "version": "1",
            "summary": "Registration, assistance, returns and tracking of a migration mission.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {
                "token": {
                    "type": "oauth2",
                    "flows": {"clientCredentials": {"tokenUrl": "/v1/token", "scopes": {}}},
                },
                "subscription": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Ocp-Apim-Subscription-Key",
                },
            },
        },
        "security": [{"token": []}],
    }
    for service, part in {"gateway": own, **parts}.items():
        named = _named(part, service)
        for path, item in named["paths"].items():
            _secure(item, path, service)
            merged["paths"][path] = item
        merged["components"]["schemas"] |= named.get("components", {}).get("schemas", {})
    return merged


def _named(part: Document, service: str) -> Document:
    prefix = service.capitalize()
    text = json.dumps(part).replace(REFERENCE, REFERENCE + prefix)
    named: Document = json.loads(text)
    renamed = {
        f"{prefix}{name}": body
        for name, body in named.get("components", {}).get("schemas", {}).items()
    }
    named["components"] = {"schemas": renamed}
    for item in named["paths"].values():
        for method, operation in item.items():
            if method in METHODS:
                operation["operationId"] = f"{service}_{operation['operationId']}"
                operation["tags"] = [
                    f"{service}: {tag}" for tag in operation.get("tags", ["other"])
                ]
    return named


def _secure(item: Document, path: str, service: str) -> None:
    for method, operation in item.items():
        needed = policy().operations[service].get(f"{method.upper()} {path}", UNLISTED)
        if method in METHODS and needed.open_to == PUBLIC:
            operation["security"] = []
        elif method in METHODS and path.startswith(DISPLACEMENT):
            operation["security"] = [{"subscription": []}, {"token": []}]


def asyncapi() -> Document:
    """Return AsyncAPI 3.0 of every event: who sends it, who reads it, and its shape."""
    for service in SERVICES:
        importlib.import_module(f"contracts.{service}")
    channels: Document = {}
    operations: Document = {}
    messages: Document = {}
    readers = published_subscriptions()
    for name, event in promised().items():
        key = name.replace(".", "_")
        publisher = name.partition(".")[0]
        messages[key] = {
            "name": name,
            "title": event.__name__,
            "summary": " ".join((event.__doc__ or "").split()),
            "contentType": "application/cloudevents+json",
            "payload": _payload(event.model_json_schema(), name),
        }
        channels[key] = {
            "address": name,
            "messages": {key: {"$ref": f"#/components/messages/{key}"}},
            "bindings": {
                "amqp": {"is": "routingKey", "exchange": {"name": EXCHANGE, "type": "topic"}}
            },
        }
        operations[f"{publisher}_sends_{key}"] = _operation("send", key)
        for service, types in readers.items():
            if name in types:
                operations[f"{service}_receives_{key}"] = _operation("receive", key)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Masar events", "version": "1"},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _operation(action: str, key: str) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{key}"},
        "messages": [{"$ref": f"#/channels/{key}/messages/{key}"}],
    }


def _payload(fact: Document, name: str) -> Document:
    envelope = Envelope.model_json_schema()
    shared = fact.pop("$defs", {})
    envelope["properties"] |= {"type": {"const": name}, "data": fact}
    return envelope | ({"$defs": shared} if shared else {})
