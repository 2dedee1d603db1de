"""Private server processes: who runs them, where they live, and that none outlives its test run."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
PORTS = range(20000, 32000)
PATIENCE = 90.0

GUARD = """
read -r _
if cat "$1"/*.pid >/dev/null 2>&1; then
  kill -QUIT $(cat "$1"/*.pid); sleep 2; kill -KILL $(cat "$1"/*.pid)
fi
rm -rf "$1"
"""


class ServerUnavailableError(RuntimeError):
    """A server cannot be had or cannot do this; the message is one line that says what to do."""


class Workplace:
    """
    The temporary folder of one private server, and the processes that live in it.

    A server that refuses to run as root gets an account of its own. A guard waits at the other
    end of a pipe: when this process closes it, or dies of whatever cause, the guard ends the
    processes that are still there and removes the folder.
    """

    def __init__(self, name: str, account: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"masar-{name}-"))
        self._account = account if os.geteuid() == 0 and _exists(account) else None
        if self._account:
            shutil.chown(self.path, self._account)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(text)
        if self._account:
            shutil.chown(path, self._account)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        """A bare one: a PGPORT or RABBITMQ_NODENAME of the caller would lead the server astray."""
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": path, "HOME": str(self.path), "LANG": "C.UTF-8", **more}

    def run(self, *command: str | Path, environment: dict[str, str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environment,
            user=self._account,
            group=self._group,
            extra_groups=None if self._account is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerUnavailableError(
                f"{Path(command[0]).name} failed: {last_line(done.stderr or done.stdout)}"
            )
        return done.stdout

    def spawn(self, name: str, *command: str | Path, environment: dict[str, str]) -> None:
        with (self.path / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.path,
                env=environment,
                user=self._account,
                group=self._group,
                extra_groups=None if self._account is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.path / f"{name}.pid").write_text(f"{process.pid}\n")
        self._processes[name] = process

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def pids(self) -> list[int]:
        """Every process of this server, those that its processes started included."""
        own = [process.pid for process in self._processes.values()]
        return [*own, *(pid for parent in own for pid in descendants(parent))]

    def runs(self, name: str) -> bool:
        return name in self._processes and self._processes[name].poll() is None

    def send(self, name: str, number: signal.Signals) -> None:
        self._processes[name].send_signal(number)

    def stop(self, name: str, number: signal.Signals) -> None:
        """Ask the process to end, and end it if it does not."""
        if self.runs(name):
            self.send(name, number)
            with suppress(subprocess.TimeoutExpired):
                self._processes[name].wait(PATIENCE)
        self.kill(name)

    def kill(self, name: str) -> None:
        """SIGKILL the process and all it started, as a power cut would."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        children = descendants(process.pid)
        process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.wait()
        wait_until_gone(children)
        (self.path / f"{name}.pid").unlink(missing_ok=True)

    def explain(self, name: str) -> str:
        """The last line that the process wrote, for the one line that says why it is not there."""
        return last_line((self.path / f"{name}.log").read_text(errors="replace"))

    def close(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        self._guard.communicate()

    @property
    def _group(self) -> int | None:
        return pwd.getpwnam(self._account).pw_gid if self._account else None


def free_ports(count: int) -> list[int]:
    """
    Ports nobody listens on, below those that the kernel gives to clients.

    A client that keeps calling a stopped server could otherwise be given that very port, be
    connected to itself, and keep the server from coming back.
    """
    held: list[socket.socket] = []
    while len(held) < count:
        candidate = socket.socket()
        try:
            candidate.bind((LOOPBACK, secrets.choice(PORTS)))
        except OSError:
            candidate.close()
        else:
            held.append(candidate)
    ports = [candidate.getsockname()[1] for candidate in held]
    for candidate in held:
        candidate.close()
    return ports


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _stat(int(stat.parent.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = list(children.get(pid, []))
    for child in found:
        found.extend(children.get(child, []))
    return found


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits for its parent to notice does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise ServerUnavailableError(f"processes {pids} do not end")
        time.sleep(0.02)


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it wrote nothing"


def _stat(pid: int) -> list[str]:
    """State, parent and the rest of what the kernel says of a process; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _exists(account: str) -> bool:
    return any(entry.pw_name == account for entry in pwd.getpwall())
