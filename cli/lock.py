"""Writes requirements.lock, and one for each image, from uv's resolution: `make lock`."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXPORT = (
    "export",
    "--quiet",
    "--frozen",
    "--no-emit-workspace",
    "--no-annotate",
    "--no-header",
    "--format=requirements.txt",
    "--output-file",
)
MEMBERS = {
    "gateway": "gateway",
    "registration": "services/registration",
    "assistance": "services/assistance",
    "returns": "services/returns",
    "tracking": "services/tracking",
}


def main() -> None:
    """Export versions and hashes, without addresses; uv.lock itself names download hosts."""
    _export(ROOT / "requirements.lock", "--all-packages", "--all-groups")
    for name, folder in MEMBERS.items():
        _export(ROOT / folder / "requirements.lock", "--no-dev", "--package", f"masar-{name}")


def _export(target: Path, *which: str) -> None:
    uv = ROOT / ".venv" / "bin" / "uv"
    command = [str(uv), *EXPORT, str(target), *which]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - The arguments are ours.


if __name__ == "__main__":
    main()
