"""
Another issuer of tokens beside or instead of our own: any that speaks OpenID Connect.

`MASAR_OIDC_ISSUER` names it, `MASAR_OIDC_AUDIENCE` what its tokens must be meant for, and
`MASAR_OIDC_CLAIMS` a file that says what its claims mean here:

    organisation: {claim: company, values: {IOM Libya: iom}}
    grants:
      - {claim: groups, has: tripoli-case-workers, role: case_worker, places: [LY0208]}
      - {claim: groups, has: medics, role: medical_staff, places_claim: field_sites}

Its keys are where its discovery document says, or at `MASAR_OIDC_JWKS_URL`; what a token itself
says of keys (`jku`, `x5u`, `jwk`) is never looked at.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import Field

from chassis.auth import Trusted
from chassis.caller import Caller, Grant
from chassis.issuer import KeySource, fetched
from chassis.policy import policy
from chassis.settings import Settings
from chassis.strict import Strict

ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
MOST_SECONDS = 900
"""A token counts no longer than this, whatever it says: ends are forgotten after it."""
MOST_PLACES = 100
PLACE = re.compile("[A-Z]{2}([0-9]{2}){0,4}")


class OrganisationClaim(Strict):
    claim: str
    values: dict[str, str]


class GrantRow(Strict):
    """Whoever's `claim` is or contains `has` holds the role, at places named here or claimed."""

    claim: str
    has: str
    role: str
    places: list[str] = Field(default=[])
    places_claim: str | None = None
    programmes: list[str] = Field(default=[])


class ClaimMapping(Strict):
    """What the claims of an issuer mean here; what is not in it means nothing."""

    organisation: OrganisationClaim
    grants: list[GrantRow] = Field(min_length=1)

    def caller(self, claims: Mapping[str, Any]) -> Caller:
        """Return who the claims say it is; KeyError for somebody of no organisation here."""
        issued_at = float(claims["iat"])
        own = f"{claims['iss']} {claims['sub']}".encode()
        return Caller(
            # A name of our own, so that nobody elsewhere can be called like somebody here.
            id=f"user-{hashlib.sha256(own).hexdigest()[:32]}",
            organisation=self.organisation.values[str(claims[self.organisation.claim])],
            grants=tuple(self._grants(claims)),
            session=str(claims.get("sid", "")),
            methods=frozenset(map(str, _values(claims.get("amr")))),
            authenticated_at=float(claims.get("auth_time", 0)),
            issued_at=issued_at,
            expires=min(float(claims["exp"]), issued_at + MOST_SECONDS),
        )

    def _grants(self, claims: Mapping[str, Any]) -> list[Grant]:
        grants = []
        for row in self.grants:
            claimed = _values(claims.get(row.places_claim)) if row.places_claim else []
            areas = [each for each in claimed[:MOST_PLACES] if PLACE.fullmatch(each)]
            places = [*row.places, *areas]
            if row.has in _values(claims.get(row.claim)) and places:
                grants.append(Grant(row.role, tuple(places), tuple(row.programmes)))
        return grants


def _values(claim: Any) -> list[str]:
    values = claim if isinstance(claim, list) else [claim]
    return [each for each in values if isinstance(each, str) and each]


def federated(settings: Settings) -> list[Trusted]:
    """Return the issuers that are trusted beside our own; ValueError when half of one is told."""
    if settings.oidc_issuer is None:
        return []
    if settings.oidc_claims is None:
        raise ValueError("Set MASAR_OIDC_CLAIMS: without it no claim means anything here.")
    mapping = ClaimMapping.model_validate(yaml.safe_load(settings.oidc_claims.read_text()))
    unknown = {row.role for row in mapping.grants} - policy().roles
    if unknown or not set(settings.oidc_algorithms) <= ASYMMETRIC:
        raise ValueError("MASAR_OIDC_CLAIMS or _ALGORITHMS names what is not known here.")
    issuer, jwks_url = settings.oidc_issuer, settings.oidc_jwks_url

    async def keys() -> dict[str, Any]:
        return await fetched(jwks_url or await _discovered(issuer))

    return [
        Trusted(
            KeySource(keys),
            issuer,
            settings.oidc_audience,
            settings.oidc_algorithms,
            mapping.caller,
        )
    ]


async def _discovered(issuer: str) -> str:
    told = await fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if told["issuer"] != issuer:
        raise ValueError("the discovery document is another issuer's")
    return str(told["jwks_uri"])
