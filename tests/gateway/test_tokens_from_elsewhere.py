"""A token proves something only by a key of an issuer that is trusted; another issuer can be."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.types import Receive, Scope, Send

from chassis.federation import federated
from chassis.settings import Settings
from gateway.settings import GatewaySettings
from tests.conftest import bearer
from tests.gateway.conftest import served
from tests.gateway.house import ADMIN, PASSWORD, SESSIONS, House, bearer_of, claims_of, opened

ANYWHERE = "/v1/tracking/x"
MAPPING = """
organisation: {claim: company, values: {IOM Libya: iom}}
grants:
  - {claim: groups, has: tripoli-case-workers, role: case_worker, places: [LY0208]}
  - {claim: groups, has: medics, role: medical_staff, places_claim: field_sites}
"""


class Elsewhere:
    """An issuer of OpenID Connect with keys of its own, which counts who asks for what."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "their-key", "use": "sig", "alg": "RS256"})
        self.url = ""
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        shown: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/certificates",
            },
            "/certificates": dict(KeySet([self.key]).as_dict(private=False)),
        }
        body = json.dumps(shown.get(scope["path"], {})).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url,
            "sub": ADMIN[0],
            "aud": "masar",
            "iat": now,
            "exp": now + 3600,
            "company": "IOM Libya",
            "groups": ["tripoli-case-workers", "choir"],
        } | changes

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        head = {"alg": "RS256", "kid": "their-key"} | (header or {})
        return jwt.encode(head, self.claims(**changes), self.key)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    issuer = Elsewhere()
    async with served(issuer) as port:
        issuer.url = f"http://127.0.0.1:{port}"
        yield issuer


@pytest.fixture
async def house(tmp_path: Path, elsewhere: Elsewhere) -> AsyncIterator[House]:
    mapping = tmp_path / "claims.yaml"
    mapping.write_text(MAPPING)
    async with opened(tmp_path, oidc_issuer=elsewhere.url, oidc_claims=mapping) as house:
        yield house


async def test_a_token_of_another_issuer_opens_what_its_claims_mean_here(
    house: House, elsewhere: Elsewhere
) -> None:
    answers = [
        await house.client.get(path, headers=bearer_of(elsewhere.token()))
        for path in (ANYWHERE, "/v1/registration/x", "/v1/identity/clients")
    ]

    # An administrator's name elsewhere is nobody's name here.
    assert [response.status_code for response in answers] == [204, 204, 403]


async def test_where_local_login_is_off_people_get_in_by_the_other_issuer_only(
    tmp_path: Path, elsewhere: Elsewhere
) -> None:
    mapping = tmp_path / "claims.yaml"
    mapping.write_text(MAPPING)
    trusted: dict[str, Any] = {"oidc_issuer": elsewhere.url, "oidc_claims": mapping}
    async with opened(tmp_path, **trusted) as house:
        amal = await house.person("amal", "case_worker")
        begun = await house.log_in(amal)
    headers = bearer_of(begun["access_token"])
    async with opened(tmp_path, **trusted, local_login=False) as house:
        await house.forget_codes()
        refused = [
            await house.client.post(path, json=form, headers=headers)
            for path, form in (
                (SESSIONS, amal.login()),
                (SESSIONS, amal.login(password="wrong")),
                (f"{SESSIONS}/renewal", {"refresh_token": begun["refresh_token"]}),
                (f"{SESSIONS}/current/confirmation", {"code": amal.code()}),
                ("/v1/staff/enrolment", {"invitation": "x"}),
                (
                    "/v1/staff/activation",
                    {"invitation": "x", "password": PASSWORD, "code": amal.code()},
                ),
            )
        ]
        ended = await house.client.delete(f"{SESSIONS}/current", headers=headers)
        token = bearer_of(elsewhere.token())
        let_in = [
            await house.client.get(ANYWHERE, headers=token),
            await house.as_admin("GET", "/v1/identity/staff"),
        ]

    problems = [response.json() for response in refused]
    assert {(each["status"], each["type"]) for each in problems} == {
        (403, "/problems/local-login-off")
    }
    assert all(elsewhere.url in each["detail"] for each in problems)
    assert ended.status_code == 204
    assert [response.status_code for response in let_in] == [204, 200]


@pytest.mark.parametrize("told", [{}, {"oidc_issuer": None}])
def test_nobody_is_locked_out_by_local_login_off_alone(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no person could log in"):
        GatewaySettings(local_login=False, **told)


def test_claims_become_roles_at_places(tmp_path: Path) -> None:
    mapping = tmp_path / "claims.yaml"
    mapping.write_text(MAPPING)
    (trusted,) = federated(Settings(oidc_issuer="https://id.test", oidc_claims=mapping))
    claims = Elsewhere().claims(
        groups=["medics", "tripoli-case-workers"], field_sites=["LY02", "", "../", "L"]
    )

    caller = trusted.read(claims)

    assert caller.organisation == "iom"
    assert caller.id.startswith("user-")
    assert caller.expires == claims["iat"] + 900
    assert {(grant.role, grant.places) for grant in caller.grants} == {
        ("case_worker", ("LY0208",)),
        ("medical_staff", ("LY02",)),
    }


def test_a_secret_is_never_an_algorithm(tmp_path: Path) -> None:
    mapping = tmp_path / "claims.yaml"
    mapping.write_text(MAPPING)

    with pytest.raises(ValueError, match="not known"):
        federated(
            Settings(oidc_issuer="https://id.test", oidc_claims=mapping, oidc_algorithms=("HS256",))
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-application"},
        {"iss": "https://elsewhere.test"},
        {"company": "Another Company"},
        {"company": None},
        {"exp": -6},
        {"iat": 120, "nbf": 120},
        {"iat": -1000},
        {"header": {"kid": "../../x"}},
        {"header": {"kid": "unknown"}},
    ],
    ids=[
        "audience",
        "issuer",
        "organisation",
        "no organisation",
        "expired beyond the leeway",
        "from the future",
        "too old to count",
        "kid is a path",
        "kid unknown",
    ],
)
async def test_case_22_a_token_of_the_other_issuer_that_proves_nothing(
    house: House, elsewhere: Elsewhere, changes: dict[str, Any]
) -> None:
    now = int(time.time())
    at = {name: now + off for name, off in changes.items() if isinstance(off, int)}

    token = elsewhere.token(**{**changes, **at})
    response = await house.client.get(ANYWHERE, headers=bearer_of(token))

    assert response.status_code == 401


async def test_a_skew_within_the_leeway_is_borne(house: House, elsewhere: Elsewhere) -> None:
    ahead = int(time.time()) + 3
    token = elsewhere.token(iat=ahead, nbf=ahead)

    assert (await house.client.get(ANYWHERE, headers=bearer_of(token))).status_code == 204


async def test_its_new_key_is_found_and_its_keys_are_not_fetched_for_each_made_up_kid(
    house: House, elsewhere: Elsewhere
) -> None:
    await house.client.get(ANYWHERE, headers=bearer_of(elsewhere.token()))

    for number in range(20):
        forged = elsewhere.token({"kid": f"made-up-{number}"})
        await house.client.get(ANYWHERE, headers=bearer_of(forged))

    assert elsewhere.asked.count("/certificates") == 1


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def without_signature(own: str) -> str:
    return f"{encoded({'alg': 'none'})}.{own.split('.')[1]}."


def without_signature_but_a_kid(own: str) -> str:
    head = json.loads(base64.urlsafe_b64decode(own.split(".", maxsplit=1)[0] + "=="))
    return f"{encoded(head | {'alg': 'none'})}.{own.split('.')[1]}."


def by_the_public_key_as_a_secret(own: str, shown: dict[str, Any]) -> str:
    public = ECKey.import_key(shown["keys"][0])
    pem = public.get_op_key("verify").public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "kid": shown["keys"][0]["kid"]}
    content = f"{encoded(head)}.{own.split('.')[1]}"
    # By hand: the library refuses to take a public key for a secret.
    signature = hmac.digest(pem, content.encode(), "sha256")
    return f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def by_a_key_of_ones_own(url: str, **header: Any) -> Callable[[str, dict[str, Any]], str]:
    def forge(own: str, shown: dict[str, Any]) -> str:
        key = ECKey.generate_key("P-256", {"kid": shown["keys"][0]["kid"]})
        named: dict[str, dict[str, Any]] = {
            "jku": {"jku": url},
            "jwk": {"jwk": key.as_dict(private=False)},
        }
        head: dict[str, Any] = {"alg": "ES256", "kid": key.kid} | named.get(
            str(header.get("say")), {}
        )
        return jwt.encode(head, claims_of(own), key)

    return forge


async def test_case_22_forged_tokens_get_one_answer_and_no_key_is_fetched_for_them(
    house: House, elsewhere: Elsewhere
) -> None:
    own = (await house.client_token(*ADMIN)).json()["access_token"]
    shown = (await house.client.get("/.well-known/jwks.json")).json()
    away = f"{elsewhere.url}/certificates"
    tampered = own[:-4] + ("AAAA" if own[-4:] != "AAAA" else "BBBB")
    forged = {
        "none": None,
        "not a token": "x",
        "two points": "..",
        "alg none": without_signature(own),
        "alg none with a kid": without_signature_but_a_kid(own),
        "public key as secret": by_the_public_key_as_a_secret(own, shown),
        "own key": by_a_key_of_ones_own(away)(own, shown),
        "own key by jku": by_a_key_of_ones_own(away, say="jku")(own, shown),
        "own key by jwk": by_a_key_of_ones_own(away, say="jwk")(own, shown),
        "tampered": tampered,
        "too long": own + "A" * 20_000,
        "unknown issuer's": bearer()["Authorization"].split()[1],
    }

    answers = {}
    for name, token in forged.items():
        headers = bearer_of(token) if token else {}
        answers[name] = await house.client.get(ANYWHERE, headers=headers)

    statuses = {name: response.status_code for name, response in answers.items()}
    too_long = statuses.pop("too long")
    bodies = {
        str(response.json() | {"instance": ""})
        for name, response in answers.items()
        if name != "too long"
    }
    assert set(statuses.values()) == {401}
    assert too_long in {401, 431}
    assert len(bodies) == 1
    assert elsewhere.asked == []
    assert (await house.client.get(ANYWHERE, headers=bearer_of(own))).status_code == 204


async def test_case_22_two_authorizations_are_none(house: House) -> None:
    own = (await house.client_token(*ADMIN)).json()["access_token"]
    twice = httpx.Headers([("authorization", f"Bearer {own}")] * 2)

    assert (await house.client.get(ANYWHERE, headers=twice)).status_code == 401
