"""
Measures what docs/benchmarks.md claims, each against its peer in the same run: `make bench`.

Without names all but the large ones are run and docs/benchmarks.md is written; with the names of
all large ones (`make bench-large`) docs/benchmarks-large.md; with other names (`start`, `door`,
`entitlement`, `protection`, `audit`, `oracle`, `publication`, `figures`, `flows`, `doubles`,
`registers`, `scan`, `arrivals`) only those, and nothing is written; `doubles-large`,
`registers-large` and `limits` are run by their names alone. `registers`, `scan`, `arrivals`, the
large ones and `limits` take a size: `limits:10000`.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import (
    arrivals,
    audit,
    door,
    doubles,
    entitlement,
    figures,
    flows,
    limits,
    oracle,
    protection,
    publication,
    registers,
    scan,
    start,
)
from benchmarks.report import Report
from chassis import collector

DOCS = Path(__file__).parent.parent / "docs"
PAGE, LARGE_PAGE = DOCS / "benchmarks.md", DOCS / "benchmarks-large.md"
BENCHMARKS: dict[str, Callable[..., Awaitable[Report]]] = {
    "door": door.measure,
    "start": start.measure,
    "entitlement": entitlement.measure,
    "protection": protection.measure,
    "audit": audit.measure,
    "oracle": oracle.measure,
    "publication": publication.measure,
    "figures": figures.measure,
    "flows": flows.measure,
    "doubles": doubles.measure,
    "registers": registers.measure,
    "scan": scan.measure,
    "arrivals": arrivals.measure,
}
LARGE: dict[str, Callable[..., Awaitable[Report]]] = {
    "doubles-large": doubles.measure_large,
    "limits": limits.measure,
    "registers-large": registers.measure_large,
}
"""What takes an hour, and so is run by `make bench-large` and not with the others."""


async def main(names: list[str]) -> None:
    # As a service does that is served (chassis/serve.py): what is loaded by now is never let go.
    gc.collect()
    collector.begin()
    reports = []
    for named in names or BENCHMARKS:
        name, _, size = named.partition(":")
        report = await (BENCHMARKS | LARGE)[name](*[int(size)] if size else ())
        print(report.text())
        reports.append(report)
    if not names:
        PAGE.write_text(Report.page(reports, "make bench"))
    elif set(names) == set(LARGE):
        LARGE_PAGE.write_text(Report.page(reports, "make bench-large"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
