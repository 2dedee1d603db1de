"""Debian's packages: found if they are installed, installed if we may, asked for otherwise."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.servers.processes import ServerUnavailableError, last_line

Found = TypeVar("Found")
Tell = Callable[[str], None]

LOCK = Path("/run/masar-tests-apt.lock")
POLICY = Path("/usr/sbin/policy-rc.d")
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/masar-tests.conf")


def find_or_install(
    find: Callable[[], Found | None],
    *,
    package: str,
    variable: str | None,
    tell: Tell,
    units: tuple[str, ...] = (),
) -> Found:
    """Find the program, or install the package without the services that it brings (its units)."""
    found = find()
    if found is None and not _may_install():
        other = f", or name a running server in {variable}" if variable else ""
        raise ServerUnavailableError(
            f"{package} is not installed: run 'apt-get install {package}' as root{other}"
        )
    if found is None:
        # One at a time: apt refuses a second run while the first reads its lists.
        with LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = find()
            if found is None:
                tell(f"{package} is missing: installing Debian's for the tests")
                found = _install(package, find)
                _keep_from_starting_at_boot(units)
    return found


def _install(package: str, find: Callable[[], Found | None]) -> Found:
    with ExitStack() as stack:
        stack.enter_context(_for_now(POLICY, "#!/bin/sh\nexit 101\n", 0o755))
        stack.enter_context(_for_now(NO_CLUSTER, "create_main_cluster = false\n", 0o644))
        # A failed update is no reason to stop: the lists of the last one may do.
        _apt("update")
        done = _apt("install", "-y", "--no-install-recommends", package)
    found = find()
    if found is None:
        raise ServerUnavailableError(
            f"'apt-get install {package}' failed (see /var/log/apt/term.log):"
            f" {last_line(done.stderr or done.stdout)}"
        )
    return found


def _apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _keep_from_starting_at_boot(units: tuple[str, ...]) -> None:
    """The tests start their own servers; a system one would only listen where nobody asked."""
    if units and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", *units], capture_output=True, check=False)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


@contextmanager
def _for_now(path: Path, text: str, mode: int) -> Iterator[None]:
    """Keep a file for the time of the block, unless somebody has put one there already."""
    if path.exists():
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    try:
        yield
    finally:
        path.unlink()
