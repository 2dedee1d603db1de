"""How fast one process is there, and what it holds, against an empty FastAPI application."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.report import Report, median
from cli.story import Input, tell_story
from tests.fleet import PLAIN, OneProcess, free_port

ROUNDS = 5
MEBIBYTE = 1024 * 1024
EMPTY = "import fastapi, uvicorn; uvicorn.run(fastapi.FastAPI(), port={port}, log_level='warning')"


async def measure() -> Report:
    return await asyncio.to_thread(_measure)


def _measure() -> Report:
    empty: list[float] = []
    first: list[float] = []
    again: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            empty.append(_empty())
            home = Path(folder) / str(number)
            home.mkdir()
            for times in (first, again):
                system = OneProcess(home)
                times.append(system.start())
                system.stop()
        system = OneProcess(home)
        system.start()
        before = system.resident_bytes()
        api = system.api()
        told = tell_story(api, Input(run="benchmark", gazetteers=[]), lambda *_: None)
        api.close()
        after = system.resident_bytes()
        system.stop()
    seconds = {"an empty FastAPI": empty, "Masar, first start": first, "Masar, later": again}
    return Report(
        "One process",
        "`python -m benchmarks start`: from the start of Python to the first 200 of "
        f"`/health/ready`, {ROUNDS} times each in turn; resident memory as Linux counts it, before "
        f"and after `make demo`'s story ({told.registered} people).",
        ("what", "seconds", "of an empty FastAPI"),
        [
            (name, f"{median(times):.2f}", f"{median(times) / median(empty):.1f}")
            for name, times in seconds.items()
        ],
        f"Ready after {median(first):.2f} s (target: under 3 s). Memory: "
        f"{before / MEBIBYTE:.0f} MiB before the demo, {after / MEBIBYTE:.0f} MiB after it "
        "(target: under 250 MB).",
    )


def _empty() -> float:
    port = free_port()
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", EMPTY.format(port=port)])
    try:
        while time.monotonic() - started < 30:
            try:
                PLAIN.get(f"http://127.0.0.1:{port}/openapi.json")
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return time.monotonic() - started
        raise TimeoutError
    finally:
        process.terminate()
        process.wait(timeout=10)
