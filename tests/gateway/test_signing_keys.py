"""The key that signs is replaced without anybody being locked out."""

import json
import time
from pathlib import Path

import httpx
from joserfc.jwk import ECKey

from chassis.auth import Trusted, Verifier
from chassis.issuer import REFETCH_SECONDS, issuer_at
from gateway.identity.keys import signer as keys
from gateway.identity.keys.signer import Signer, SigningKey
from tests.gateway.house import ADMIN, House, bearer_of

SIGNING_KEYS = "/v1/identity/signing-keys"
CLAIMS = {"sub": "a", "organisation": "iom", "aud": ["tracking"], "grants": []}


def kid_of(token: str) -> str:
    from joserfc.jws import extract_compact  # noqa: PLC0415 - Only here.

    return str(extract_compact(token.encode()).headers()["kid"])


def shown(signer: Signer) -> list[str]:
    return [key["kid"] for key in signer.jwks()["keys"]]


def test_a_new_key_is_shown_before_it_signs(tmp_path: Path) -> None:
    signer = Signer(tmp_path, "masar")
    old = kid_of(signer.sign(CLAIMS))

    new = signer.rotate(0.3).key.kid

    assert shown(signer) == [old, new]
    assert kid_of(signer.sign(CLAIMS)) == old
    time.sleep(0.3)
    assert kid_of(signer.sign(CLAIMS)) == new
    assert shown(signer) == [old, new]


def test_an_old_key_is_shown_until_its_last_token_has_ended() -> None:
    key = ECKey.generate_key("P-256")
    now = 100_000.0
    ring = [SigningKey(key, moment) for moment in (0.0, now - 700, now - 620, now - 10, now + 50)]

    in_use = [each.signs_from for each in keys._in_use(ring, now)]

    # The third signed until ten seconds ago, the second until longer ago than a token lasts.
    assert in_use == [now - 620, now - 10, now + 50]


def test_every_process_and_the_next_start_see_the_new_key(tmp_path: Path) -> None:
    one, other = Signer(tmp_path, "masar"), Signer(tmp_path, "masar")
    first, second = one.rotate(0).key.kid, other.rotate(0).key.kid

    time.sleep(keys.LOOK_SECONDS + 0.1)

    assert kid_of(one.sign(CLAIMS)) == kid_of(other.sign(CLAIMS)) == second
    assert shown(Signer(tmp_path, "masar")) == shown(one)
    assert {first, second} < set(shown(one))
    assert (tmp_path / "keys" / "signing.json").stat().st_mode & 0o777 == 0o600


async def test_a_service_takes_up_the_new_key_and_still_knows_the_old(tmp_path: Path) -> None:
    signer = Signer(tmp_path, "masar")

    def answer(request: httpx.Request) -> httpx.Response:
        content = signer.jwks() if request.url.path.endswith("jwks") else {"ended": []}
        return httpx.Response(200, json=content)

    far = issuer_at("http://issuer.test/jwks", transport=httpx.MockTransport(answer))
    verifier = Verifier(Trusted(far, "masar", "tracking"))
    before = signer.sign(CLAIMS)
    await verifier.verify(before)
    signer.rotate(0)
    after = signer.sign(CLAIMS)
    # As if the key had been shown for a while before it signed, which is what rotation does.
    far._tried -= REFETCH_SECONDS + 1

    callers = [await verifier.verify(token) for token in (after, before, signer.sign(CLAIMS))]

    assert kid_of(before) != kid_of(after)
    assert [caller.id for caller in callers] == ["a", "a", "a"]


async def test_the_administrator_replaces_the_key(house: House, tmp_path: Path) -> None:
    old = (await house.client_token(*ADMIN)).json()["access_token"]

    made = await house.as_admin("POST", SIGNING_KEYS, json={"after_seconds": 60})

    shown = (await house.client.get("/.well-known/jwks.json")).json()["keys"]
    listed = await house.client.get(SIGNING_KEYS, headers=bearer_of(old))
    assert [key["kid"] for key in shown] == [kid_of(old), made.json()["kid"]]
    assert not any("d" in key for key in shown)
    assert [each["kid"] for each in listed.json()["items"]] == [key["kid"] for key in shown]
    assert len(json.loads((tmp_path / "keys" / "signing.json").read_text())["ring"]) == 2


async def test_a_key_must_be_shown_before_it_signs(house: House) -> None:
    response = await house.as_admin("POST", SIGNING_KEYS, json={"after_seconds": 0})

    assert response.status_code == 422
