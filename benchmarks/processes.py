"""What Linux says of a process that is measured from outside."""

import os
from pathlib import Path


def cpu_seconds(process: int) -> float:
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def peak_bytes(process: int) -> int:
    """Return the most memory that it held since it began, or since `forget_peak`."""
    told = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in told if line.startswith("VmHWM")).split()[1]) * 1024


def forget_peak(process: int) -> None:
    """Let the most that a process held be counted from now on."""
    Path(f"/proc/{process}/clear_refs").write_text("5")
