"""What the gateway costs: the same small answer directly, by nginx, and by the gateway."""

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.report import Report, median
from cli.api import Api
from tests.fleet import Fleet, free_port, private_fleet

CONNECTIONS = 32
SECONDS = 5
ROUNDS = 5
KILOBYTE = 1024
# Ten mantikas with their names in two scripts are a kilobyte of JSON.
PATH = "/v1/tracking/places?level=2&limit=10"

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000;
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://service; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
  }}
  server {{
    listen 127.0.0.1:{empty};
    location / {{ default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""


async def measure() -> Report:
    for program in ("wrk", "nginx"):
        if not shutil.which(program):
            raise SystemExit(f"{program} is missing: apt-get install wrk nginx-light")
    async with private_fleet() as fleet:
        return await asyncio.to_thread(_measure, fleet)


def _measure(fleet: Fleet) -> Report:
    api = fleet.operations()
    service = fleet.ports["tracking"]
    with nginx(service) as (proxy, _):
        ways = {"direct": service, "nginx": proxy, "gateway": fleet.ports["gateway"]}
        size, real = _compare(api, ways)
    empty = free_port()
    with nginx(empty, empty) as (proxy, _):
        fleet.kill("gateway")
        fleet.start("gateway", MASAR_TRACKING_URL=f"http://127.0.0.1:{empty}")
        fleet.wait_for_life("gateway")
        ways = {"direct": empty, "nginx": proxy, "gateway": fleet.ports["gateway"]}
        _, nothing = _compare(api, ways)
    api.close()
    rows = [*_rows("tracking", real), *_rows("one that does nothing", nothing)]
    return Report(
        "The gateway",
        f"`python -m benchmarks door`: GET `{PATH}` with a token, {size} bytes of JSON from "
        "PostgreSQL; then the same from a service that does nothing (nginx, a fixed kilobyte), "
        "where only the proxy's own work is left. The gateway verifies the token, and so does "
        f"tracking. `wrk` with {CONNECTIONS} connections, {SECONDS} s, {ROUNDS} rounds of each in "
        "turn; one process each.",
        ("service", "way", "requests a second", "of nginx"),
        rows,
        f"By the gateway: {_ratio(real):.2f} of nginx's throughput before a real service (median "
        f"of the rounds' ratios; target: at least 0.5), {_ratio(nothing):.2f} before one that does "
        "nothing. What the gateway does and nginx does not: verify the token, check the headers, "
        "trace, log and count.",
    )


def _rows(service: str, rates: Mapping[str, list[float]]) -> Iterator[tuple[str, ...]]:
    base = median(rates["nginx"])
    for way, values in rates.items():
        yield service, way, f"{median(values):,.0f}", f"{median(values) / base:.2f}"


def _ratio(rates: Mapping[str, list[float]]) -> float:
    pairs = zip(rates["gateway"], rates["nginx"], strict=True)
    return median(ours / theirs for ours, theirs in pairs)


def _compare(api: Api, ways: Mapping[str, int]) -> tuple[int, dict[str, list[float]]]:
    found: dict[str, list[float]] = {name: [] for name in ways}
    size = 0
    for _ in range(ROUNDS):
        for name, port in ways.items():
            url, token = f"http://127.0.0.1:{port}{PATH}", api.token()
            size = _size(url, token)
            found[name].append(_requests_a_second(url, token))
    return size, found


def _size(url: str, token: str) -> int:
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    return len(answer.raise_for_status().content)


def _requests_a_second(url: str, token: str) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    command += ["-H", f"Authorization: Bearer {token}", url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(f"The measurement is void:\n{told}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    assert rate
    return float(rate[1])


@contextmanager
def nginx(upstream: int, empty: int | None = None) -> Iterator[tuple[int, int]]:
    """Run nginx in front of a port, and as a service that does nothing; yield both ports."""
    port, empty = free_port(), empty or free_port()
    answer = json.dumps({"items": "x" * (KILOBYTE - len('{"items": ""}'))})
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(
            NGINX.format(folder=folder, upstream=upstream, port=port, empty=empty, answer=answer)
        )
        process = subprocess.Popen(["nginx", "-c", str(config), "-p", folder])
        try:
            time.sleep(1)
            yield port, empty
        finally:
            process.terminate()
            process.wait(timeout=10)
