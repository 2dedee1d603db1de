"""Serves one service in a process of its own: MASAR_SERVICE names its folder."""

import gc
import os
from importlib import import_module

import uvicorn

from chassis import collector

# The gateway keeps idle connections for less, so it never sends on one that is closing.
KEEP_ALIVE_SECONDS = 75
# Longer than any handler takes; the container is given longer still before it is killed.
GRACE_SECONDS = 20


def main() -> None:
    folder = os.environ["MASAR_SERVICE"]
    # What is loaded now is never let go: the collector need not look at it, now or on any later
    # round, which would stand in the way of whatever request is in hand.
    gc.disable()
    from chassis.settings import Settings, refusing  # noqa: PLC0415 - It is among what is loaded.

    service = import_module(f"{folder.replace('/', '.')}.main")
    collector.begin()
    with refusing():
        port, app = Settings().port, service.create_app()
    uvicorn.run(
        app,
        host=os.environ.get("MASAR_HOST", "127.0.0.1"),
        port=port,
        access_log=False,
        server_header=False,
        # Who is calling is in the token; headers that claim an address are not believed.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
