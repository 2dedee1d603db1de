"""What the gateway costs: the same small answer directly, by nginx, and by the gateway."""

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.report import Report, median
from tests.fleet import Fleet, free_port, private_fleet

CONNECTIONS = 32
SECONDS = 6
ROUNDS = 5
# Seven mantikas with their names in two scripts are a kilobyte of JSON.
PATH = "/v1/tracking/places?parent=LY02&level=2&limit=7"

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream tracking {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://tracking; proxy_http_version 1.1;
                  proxy_set_header Connection ""; }}
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
    api.get("/v1/tracking/places")
    direct = f"http://127.0.0.1:{fleet.ports['tracking']}"
    with nginx(fleet.ports["tracking"]) as proxied:
        ways = {"direct": direct, "nginx": proxied, "gateway": fleet.base_url}
        found: dict[str, list[float]] = {name: [] for name in ways}
        size = 0
        for _ in range(ROUNDS):
            for name, base in ways.items():
                token = api.token()
                size = len(_once(base, token))
                found[name].append(_requests_a_second(base, token))
    api.close()
    rates = {name: median(values) for name, values in found.items()}
    against_nginx = median(
        ours / theirs for ours, theirs in zip(found["gateway"], found["nginx"], strict=True)
    )
    return Report(
        "The gateway",
        f"`python -m benchmarks door`: GET `{PATH}`, {size} bytes of JSON from PostgreSQL, with a "
        f"token that the service verifies, and the gateway too; `wrk` with {CONNECTIONS} "
        f"connections, {SECONDS} s, {ROUNDS} rounds of each in turn. One process each.",
        ("way", "requests a second", "of nginx"),
        [(name, f"{rate:,.0f}", f"{rate / rates['nginx']:.2f}") for name, rate in rates.items()],
        f"By the gateway: {against_nginx:.2f} of nginx's throughput (median of the rounds' ratios; "
        "target: at least 0.5).",
    )


def _once(base: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(base + PATH, headers=headers, trust_env=False)
    answer.raise_for_status()
    return answer.content


def _requests_a_second(base: str, token: str) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    command += ["-H", f"Authorization: Bearer {token}", base + PATH]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(f"The measurement is void:\n{told}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    assert rate
    return float(rate[1])


@contextmanager
def nginx(upstream: int) -> Iterator[str]:
    """Run nginx in front of a port, as a private process."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, upstream=upstream, port=port))
        process = subprocess.Popen(["nginx", "-c", str(config), "-p", folder])
        try:
            time.sleep(1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)
