"""What takes long to load, and what few need, is loaded by whoever needs it first."""

import subprocess
import sys

LATER = {"numpy", "shapely", "xlsxwriter"}


def test_no_start_loads_what_only_some_work_needs() -> None:
    script = f"import sys, standalone; print(*sorted({LATER!r} & sys.modules.keys()))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == []
