"""The real files that some tests run on; they are not part of the project."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def real(name: str) -> Path:
    """Return a real file, or leave the test out and say so: such a file may not be shipped."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"left out: the real file {name} is not beside the project")
    return path
