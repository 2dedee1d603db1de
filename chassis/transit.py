"""
Keys that are wrapped by a key service: the transit engine of HashiCorp Vault or OpenBao.

The wrapping key never leaves the service. What is left here is a file beside no database, which
holds the key of searches and hashes, wrapped by the service too. Its token is read from a file
that somebody else renews (Vault's agent, say).

What is wrapped begins with a hash of its context, so that a key which was copied to another row
does not unwrap: associated data would not survive the engine's own rewrapping.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from chassis.sealing import new_secret
from chassis.settings import Settings
from chassis.vault import KeysAwayError, VaultError, Wrapped, write_once, write_over

log = structlog.get_logger()

BATCH = 200
ASK_SECONDS = 10.0
"""How long what was found of the key service's health is taken to hold."""
PATIENCE_SECONDS = 2.0
HASHING = "hashing key"
CONTEXT_BYTES = 32
BAD_REQUEST, SERVER_ERRORS = 400, 500


@dataclass(frozen=True)
class Engine:
    """Where the transit engine is, and which of its keys is this service's."""

    url: str
    mount: str
    key: str
    token_file: Path
    seconds: float
    authority: Path | None

    @property
    def name(self) -> str:
        return f"{self.mount}/{self.key}"


def engine_of(settings: Settings, service: str) -> Engine:
    """Return what the settings say; VaultError when they cannot be meant."""
    url, token_file = settings.kms_url or "", settings.kms_token_file
    if token_file is None:
        raise VaultError("MASAR_KMS_URL is set; MASAR_KMS_TOKEN_FILE has to say who asks there.")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise VaultError("MASAR_KMS_URL has to begin with https://: keys pass there in the clear.")
    return Engine(
        url.rstrip("/"),
        settings.kms_mount,
        settings.kms_key or f"masar-{service}",
        token_file,
        settings.kms_seconds,
        settings.kms_ca,
    )


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class Transit:
    """Asks the engine; KeysAwayError when it cannot be asked, VaultError when it refuses."""

    def __init__(self, engine: Engine, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.engine = engine
        try:
            self._client = httpx.AsyncClient(
                base_url=f"{engine.url}/v1/{engine.mount}/",
                timeout=engine.seconds,
                trust_env=False,
                transport=transport,
                verify=str(engine.authority) if engine.authority else True,
            )
        except OSError as error:
            raise VaultError(f"MASAR_KMS_CA, {engine.authority}, cannot be read.") from error

    async def ask(
        self, method: str, path: str, form: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the `data` of the answer; nothing of what is asked or answered is logged."""
        try:
            token = self.engine.token_file.read_text().strip()
            answer = await self._client.request(
                method, path, json=form, headers={"X-Vault-Token": token}
            )
        except OSError as error:
            raise self._away("its token file cannot be read", error) from error
        except httpx.HTTPError as error:
            raise self._away("it does not answer", error) from error
        if answer.status_code == BAD_REQUEST:
            raise VaultError(
                f"The key service refuses: it has no key {self.engine.name}, or that is not what "
                "was used to wrap."
            )
        if not answer.is_success:
            raise self._away(f"it answers {answer.status_code}")
        told: dict[str, Any] = (answer.json() if answer.content else {}).get("data") or {}
        return told

    def _away(self, why: str, error: Exception | None = None) -> KeysAwayError:
        log.warning("key_service_away", why=why, error=type(error).__name__ if error else None)
        return KeysAwayError(
            f"The key service at {self.engine.url} cannot be asked for {self.engine.name}: {why}."
        )

    async def close(self) -> None:
        await self._client.aclose()


class TransitKeys:
    """The keys of one service, wrapped by the engine under the newest version of its key."""

    def __init__(self, transit: Transit, path: Path) -> None:
        self._transit = transit
        self.path = path
        self.hashing_key = b""
        self.version = 0
        self._asked_at = -ASK_SECONDS
        self._missing: str | None = None
        self._asking = asyncio.Lock()

    async def open(self, *, may_make: bool) -> None:
        """
        Unwrap the key of searches and hashes, which is made if it may be.

        VaultError when it is missing and may not be made, or is not the engine's.
        """
        if not self.path.exists():
            if not may_make:
                raise VaultError(
                    f"{self.path} is missing, and the database holds records sealed with it: put "
                    "it back from its backup. To bring the keys of a key file to the key service, "
                    "stop the service and run `python -m chassis.keys move`."
                )
            await self.keep_hashing_key(new_secret())
        try:
            told = json.loads(self.path.read_text())
            name, wrapped = told["key"], told["hashing"].encode()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise VaultError(f"{self.path} cannot be read.") from error
        if name != self._transit.engine.name:
            raise VaultError(f"{self.path} is of {name}, and MASAR_KMS_KEY says another key.")
        self.hashing_key = await self.unwrap(wrapped, 0, HASHING)

    async def keep_hashing_key(self, key: bytes) -> None:
        """Put the key into the file, wrapped; of several processes that start, one's stays."""
        _, wrapped = await self.wrap(key, HASHING)
        write_once(self.path, self._content(wrapped))

    def _content(self, wrapped: bytes) -> dict[str, str]:
        return {"key": self._transit.engine.name, "hashing": wrapped.decode()}

    async def wrap(self, key: bytes, context: str) -> tuple[int, bytes]:
        return (await self.wrap_all([(key, context)]))[0]

    async def unwrap(self, wrapped: bytes, version: int, context: str) -> bytes:
        return (await self.unwrap_all([(wrapped, version, context)]))[0]

    async def wrap_all(self, keys: Sequence[tuple[bytes, str]]) -> list[tuple[int, bytes]]:
        items = [{"plaintext": _base64(_bound(context) + key)} for key, context in keys]
        return [_versioned(each["ciphertext"]) for each in await self._batch("encrypt", items)]

    async def unwrap_all(self, wrapped: Sequence[Wrapped]) -> list[bytes]:
        items = [{"ciphertext": each.decode("ascii", "replace")} for each, _, _ in wrapped]
        opened = [
            base64.b64decode(each["plaintext"]) for each in await self._batch("decrypt", items)
        ]
        for content, (_, _, context) in zip(opened, wrapped, strict=True):
            if not hmac.compare_digest(content[:CONTEXT_BYTES], _bound(context)):
                raise VaultError("A wrapped key is not this row's: it was copied from another.")
        return [content[CONTEXT_BYTES:] for content in opened]

    async def rewrap(self, wrapped: Sequence[Wrapped]) -> list[tuple[int, bytes]]:
        """Wrap under the newest version what is wrapped under an older one; nothing is opened."""
        items = [{"ciphertext": each.decode()} for each, _, _ in wrapped]
        return [_versioned(each["ciphertext"]) for each in await self._batch("rewrap", items)]

    async def _batch(self, what: str, items: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        results: list[dict[str, str]] = []
        path = f"{what}/{self._transit.engine.key}"
        for start in range(0, len(items), BATCH):
            form = {"batch_input": items[start : start + BATCH]}
            told = (await self._transit.ask("POST", path, form))["batch_results"]
            if any(each.get("error") for each in told):
                raise VaultError("The key service refuses a key: it was not wrapped there.")
            results += told
        return results

    async def begin_rotation(self) -> None:
        """Make the next version, unless a rotation that was cut off has made one already."""
        path = f"keys/{self._transit.engine.key}"
        told = await self._transit.ask("GET", path)
        if told["latest_version"] == told["min_decryption_version"]:
            await self._transit.ask("POST", f"{path}/rotate")
            told = await self._transit.ask("GET", path)
        self.version = int(told["latest_version"])
        wrapped = json.loads(self.path.read_text())["hashing"].encode()
        [(_, anew)] = await self.rewrap([(wrapped, 0, HASHING)])
        write_over(self.path, self._content(anew))

    async def retire(self) -> None:
        """Let the engine open nothing any more that is wrapped under an older version."""
        form = {"min_decryption_version": self.version}
        await self._transit.ask("POST", f"keys/{self._transit.engine.key}/config", form)

    async def missing(self) -> str | None:
        """Ask it to unwrap the one key that is always there, once in ASK_SECONDS at most."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= ASK_SECONDS:
                self._missing = await self._why_not()
                self._asked_at = time.monotonic()
        return self._missing

    async def _why_not(self) -> str | None:
        try:
            wrapped = json.loads(self.path.read_text())["hashing"].encode()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.unwrap(wrapped, 0, HASHING)
        except Exception as error:  # noqa: BLE001 - Whatever it is, keys cannot be had.
            return type(error).__name__
        return None

    async def close(self) -> None:
        await self._transit.close()


def _bound(context: str) -> bytes:
    return hashlib.sha256(context.encode()).digest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _versioned(ciphertext: str) -> tuple[int, bytes]:
    """Return the version that a ciphertext says it is of: `vault:v3:…`."""
    return int(ciphertext.split(":")[1].removeprefix("v")), ciphertext.encode()
