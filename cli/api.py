"""Masar's API as its own commands use it: patient with a system that is being restarted."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import typer

PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.5
NOT_NOW = {502, 503, 504}
UNAUTHENTICATED = 401
MOST_FAULTS = 20
NOTHING_RUNS = "No system is running here: start one with `make run` or `make up`."
NOBODY = (
    "Set MASAR_CLIENT_ID and MASAR_CLIENT_SECRET: those of a client that `masar client create` "
    "made."
)
HERE = "http://127.0.0.1:8000"
OPERATIONS = {
    "name": "Operations client of the demo",
    "organisation": "iom",
    "roles": [
        "enumerator",
        "case_worker",
        "medical_staff",
        "protection_officer",
        "data_analyst",
        "integrator",
    ],
}


class RefusedError(Exception):
    """The system refused; the problem says why."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        try:
            self.problem: dict[str, Any] = response.json()
        except ValueError:
            self.problem = {"type": "/problems/unreadable", "detail": response.text[:200]}
        where = f"{response.request.method} {response.request.url.path}"
        told = f"{where}: {self.status} {self.problem.get('detail')}"
        faults = self.problem.get("errors", [])[:MOST_FAULTS]
        super().__init__(
            "\n".join([told, *(f"  {each['pointer']}: {each['detail']}" for each in faults)])
        )

    @property
    def slug(self) -> str:
        return str(self.problem.get("type", "")).rpartition("/")[2]


@dataclass(frozen=True)
class Credentials:
    base_url: str
    client_id: str
    client_secret: str


class Api:
    """
    A client with a token of its own, which it renews.

    Every request is tried again while the system is away, and takes effect once.
    """

    def __init__(self, credentials: Credentials, patience: float = PATIENCE_SECONDS) -> None:
        self._credentials = credentials
        self._patience = patience
        self._client = httpx.Client(
            base_url=credentials.base_url, timeout=60, trust_env=False, follow_redirects=False
        )
        self._token = ""
        self._has_said = False

    @property
    def base_url(self) -> str:
        return self._credentials.base_url

    def token(self) -> str:
        """Return a fresh token, for a client of another kind."""
        self._renew()
        return self._token

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, json=body)

    def upload(self, path: str, **files: tuple[str, bytes]) -> Any:
        return self.send("POST", path, files=files)

    def delete(self, path: str) -> None:
        self.send("DELETE", path)

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield all items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def file(self, path: str) -> bytes:
        """Return a file that the system gives."""
        return self._sent("GET", path).content

    def send(self, method: str, path: str, **content: Any) -> Any:
        """Return the answer's JSON; RefusedError when it is a problem that waiting won't solve."""
        response = self._sent(method, path, **content)
        return response.json() if response.content else None

    def _sent(self, method: str, path: str, **content: Any) -> httpx.Response:
        deadline = time.monotonic() + self._patience
        # What is sent again under the same key takes effect once, and is answered as at first.
        key = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        while True:
            try:
                response = self._once(method, path, key, content)
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    unanswered = f"Nothing answers at {self.base_url} ({error})."
                    raise httpx.ConnectError(unanswered) from error
                self._say_that_it_waits()
            else:
                if response.is_success:
                    return response
                refused = RefusedError(response)
                passing = refused.status in NOT_NOW or refused.slug == "idempotency-in-progress"
                if not passing or time.monotonic() > deadline:
                    raise refused
            time.sleep(PAUSE_SECONDS)

    def _say_that_it_waits(self) -> None:
        """Say once, beside what the command prints, whom it asks and that it tries again."""
        if not self._has_said:
            waits = (
                f"Nothing answers at {self.base_url} yet; trying again for {self._patience:.0f} s."
            )
            typer.echo(waits, err=True)
            self._has_said = True

    def _once(
        self, method: str, path: str, key: dict[str, str], content: dict[str, Any]
    ) -> httpx.Response:
        if not self._token:
            self._renew()
        headers = key | {"Authorization": f"Bearer {self._token}"}
        response = self._client.request(method, path, headers=headers, **content)
        if response.status_code == UNAUTHENTICATED:
            self._renew()
            headers = key | {"Authorization": f"Bearer {self._token}"}
            response = self._client.request(method, path, headers=headers, **content)
        return response

    def _renew(self) -> None:
        response = self._client.post(
            "/v1/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
            },
        )
        if response.status_code in NOT_NOW:
            raise httpx.ConnectError("not ready to give a token")
        if not response.is_success:
            raise RefusedError(response)
        self._token = response.json()["access_token"]

    def close(self) -> None:
        self._client.close()


def operations(home: Path, environment: Path, base_url: str | None = None) -> Api:
    """
    Return a client for trying the system that is running.

    In one process it is the one that the first start made; on Compose the administrator, whose
    secret is in .env, makes one now. LookupError when neither is there.
    """
    told = _one_process(home, base_url)
    if told and _runs(home, told["base_url"]):
        return Api(_credentials(told))
    if environment.exists():
        keeper = Api(_keeper(environment, base_url))
        made = keeper.post("/v1/identity/clients", OPERATIONS)
        keeper.close()
        return Api(Credentials(keeper.base_url, made["client_id"], made["client_secret"]))
    raise LookupError(NOTHING_RUNS)


def own(home: Path, base_url: str | None = None) -> Api:
    """
    Return the client that the environment names, or the one of the one process here.

    LookupError when there is neither: who does real work does it under a name of their own.
    """
    secret = os.environ.get("MASAR_CLIENT_SECRET")
    if secret and (name := os.environ.get("MASAR_CLIENT_ID")):
        return Api(Credentials(base_url or HERE, name, secret))
    if told := _one_process(home, base_url):
        return Api(_credentials(told))
    raise LookupError(NOBODY)


def administrator(home: Path, environment: Path, base_url: str | None = None) -> Api:
    """Return the administrator of the installation here; LookupError when there is none."""
    told = _one_process(home, base_url)
    # Both ways may have been tried here, most likely on one port. To try which secret is let in
    # would leave a failed log-in on record each time.
    if told and (not environment.exists() or _runs(home, told["base_url"])):
        return Api(_credentials(told, "admin_"), patience=5)
    if environment.exists():
        return Api(_keeper(environment, base_url), patience=5)
    raise LookupError(NOTHING_RUNS)


def _one_process(home: Path, base_url: str | None) -> dict[str, str] | None:
    """Return what the first start of the one process wrote here, if there was one."""
    bootstrap = home / "bootstrap.json"
    if not bootstrap.exists():
        return None
    told: dict[str, str] = json.loads(bootstrap.read_text())
    return told | {"base_url": base_url or told["base_url"]}


def _credentials(told: dict[str, str], prefix: str = "") -> Credentials:
    secret = told[f"{prefix}client_secret"]
    return Credentials(told["base_url"], told[f"{prefix}client_id"], secret)


def _runs(home: Path, url: str) -> bool:
    """Say whether what answers there is the one process of this home: it signs with its keys."""
    try:
        answer = httpx.get(f"{url}/.well-known/jwks.json", timeout=5, trust_env=False)
        shown = {key["kid"] for key in answer.raise_for_status().json()["keys"]}
        kept = (home / "keys" / "signing.json").read_text()
    except (httpx.HTTPError, OSError, ValueError, LookupError, TypeError):
        return False
    return any(kid in kept for kid in shown)


def _keeper(environment: Path, base_url: str | None) -> Credentials:
    variables = _read(environment)
    url = base_url or f"http://127.0.0.1:{variables.get('MASAR_PORT') or 8000}"
    return Credentials(
        url, variables["MASAR_ADMIN_CLIENT_ID"], variables["MASAR_ADMIN_CLIENT_SECRET"]
    )


def _read(environment: Path) -> dict[str, str]:
    lines = environment.read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    told = {name: value for name, value in os.environ.items() if name.startswith("MASAR_ADMIN")}
    return dict(pairs) | told
