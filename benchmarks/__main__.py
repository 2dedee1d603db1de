"""
Measures what docs/benchmarks.md claims, each against its peer in the same run: `make bench`.

Without names all of them are run and the page is written; with names (`start`, `door`,
`entitlement`, `protection`, `audit`, `oracle`, `publication`, `figures`) only those, and nothing is
written.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import audit, door, entitlement, figures, oracle, protection, publication, start
from benchmarks.report import Report

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BENCHMARKS: dict[str, Callable[[], Awaitable[Report]]] = {
    "door": door.measure,
    "start": start.measure,
    "entitlement": entitlement.measure,
    "protection": protection.measure,
    "audit": audit.measure,
    "oracle": oracle.measure,
    "publication": publication.measure,
    "figures": figures.measure,
}


async def main(names: list[str]) -> None:
    reports = []
    for name in names or BENCHMARKS:
        report = await BENCHMARKS[name]()
        print(report.text())
        reports.append(report)
    if not names:
        PAGE.write_text(Report.page(reports))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
