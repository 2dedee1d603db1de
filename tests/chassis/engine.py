"""Stands in for the transit engine of Vault or OpenBao: the same paths, forms and real AES-GCM."""

import base64
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

TOKEN = "hvs.token-of-the-test"


class EngineKey:
    """One key of the engine, in all its versions; it opens nothing older than `oldest`."""

    def __init__(self) -> None:
        self.versions = [AESGCM.generate_key(256)]
        self.oldest = 1

    def encrypt(self, content: bytes) -> str:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.versions[-1]).encrypt(nonce, content, None)
        return f"vault:v{len(self.versions)}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, ciphertext: str) -> bytes:
        said, version, content = ciphertext.split(":")
        number = int(version.removeprefix("v"))
        if said != "vault" or not self.oldest <= number <= len(self.versions):
            raise ValueError("not a version that is open")
        sealed = base64.b64decode(content)
        return AESGCM(self.versions[number - 1]).decrypt(sealed[:12], sealed[12:], None)


class StandIn:
    """The engine, as an app; `status` is what it answers to everything while it is set."""

    def __init__(self) -> None:
        self.keys: dict[str, EngineKey] = {}
        self.status: int | None = None
        self.token = TOKEN
        self.asked: list[str] = []
        self.app = FastAPI()
        self.app.add_api_route("/v1/transit/{what}/{key}", self._batch, methods=["POST"])
        self.app.add_api_route("/v1/transit/keys/{key}", self._key, methods=["GET"])
        self.app.add_api_route("/v1/transit/keys/{key}/{what}", self._change, methods=["POST"])

    def key(self, name: str) -> EngineKey:
        return self.keys.setdefault(name, EngineKey())

    def _refusal(self, request: Request) -> JSONResponse | None:
        self.asked.append(request.url.path)
        if self.status:
            return JSONResponse({"errors": ["Vault is sealed"]}, self.status)
        if request.headers.get("x-vault-token") != self.token:
            return JSONResponse({"errors": ["permission denied"]}, 403)
        return None

    async def _batch(self, request: Request, what: str, key: str) -> JSONResponse:
        if refusal := self._refusal(request):
            return refusal
        items = (await request.json())["batch_input"]
        results = [self._one(self.key(key), what, each) for each in items]
        status = 400 if any("error" in each for each in results) else 200
        return JSONResponse({"data": {"batch_results": results}}, status)

    def _one(self, key: EngineKey, what: str, item: dict[str, str]) -> dict[str, Any]:
        try:
            if what == "encrypt":
                return {"ciphertext": key.encrypt(base64.b64decode(item["plaintext"]))}
            content = key.decrypt(item["ciphertext"])
        except (ValueError, InvalidTag):
            return {"error": "cipher: message authentication failed"}
        if what == "rewrap":
            return {"ciphertext": key.encrypt(content)}
        return {"plaintext": base64.b64encode(content).decode()}

    async def _key(self, request: Request, key: str) -> JSONResponse:
        if refusal := self._refusal(request):
            return refusal
        known = self.key(key)
        told = {"latest_version": len(known.versions), "min_decryption_version": known.oldest}
        return JSONResponse({"data": told})

    async def _change(self, request: Request, key: str, what: str) -> JSONResponse:
        if refusal := self._refusal(request):
            return refusal
        if what == "rotate":
            self.key(key).versions.append(AESGCM.generate_key(256))
        else:
            self.key(key).oldest = (await request.json())["min_decryption_version"]
        return JSONResponse({"data": {}})
