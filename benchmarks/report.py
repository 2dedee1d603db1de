"""How a measurement is told: what, how, a table, and what it says."""

import os
import platform
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEAD = """# Benchmarks

Written by `{command}`; do not edit. Each figure stands beside that of a peer from the same run,
because machines differ and are noisy: read the ratios. Medians, unless it says otherwise.
"""


@dataclass
class Report:
    title: str
    method: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    verdict: str

    def text(self) -> str:
        lines = [f"## {self.title}", "", self.method, "", _row(self.columns)]
        lines += [_row(["---"] * len(self.columns)), *map(_row, self.rows)]
        return "\n".join([*lines, "", self.verdict, ""])

    @staticmethod
    def page(reports: "Iterable[Report]", command: str) -> str:
        machine = (
            f"Last written on {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"{platform.system()} {platform.machine()}; ten million additions in a loop of Python "
            f"took {_ten_million():.2f} s, by which seconds here compare with those elsewhere.\n"
        )
        return "\n".join(
            [HEAD.format(command=command), machine, *(report.text() for report in reports)]
        )


def _ten_million() -> float:
    """Return the seconds of a fixed piece of work, the best of three: how fast this machine is."""
    taken = []
    for _ in range(3):
        started, total = time.perf_counter(), 0
        for number in range(10_000_000):
            total += number
        taken.append(time.perf_counter() - started)
    return min(taken)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
