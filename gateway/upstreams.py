"""The services as the gateway sees them: each an ASGI app, whether it is near or far."""

from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import unavailable


class ClientLeft(Exception):  # noqa: N818 - It is a state of the other side, no fault of ours.
    """The client went away in the middle of its own body."""


class Upstream(Protocol):
    """A service, wherever it runs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    async def close(self) -> None:
        """Let go of what leads there."""


class LocalUpstream:
    """A service in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        complete = False

        async def pass_on(message: Message) -> None:
            nonlocal complete
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await self._app(scope, receive, pass_on)
        except Exception as error:
            # Starlette raises again what it has already answered and logged.
            if not complete:
                raise unavailable("The service behind this path broke off.") from error

    async def close(self) -> None:
        """Leave the service to whoever started it."""
