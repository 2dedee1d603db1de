"""Who holds a token: for which organisation, with which roles, where, until when."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Grant:
    """
    A role held through an assignment.

    It counts at `places` (p-codes, each with everything below it), in `programmes` (ids; none
    named: in all of them), and before `until` (seconds since 1970; none: as long as the token).
    """

    role: str
    places: tuple[str, ...] = ("LY",)
    programmes: tuple[str, ...] = ()
    until: float | None = None


@dataclass(frozen=True)
class Agreement:
    """A sharing agreement in force: whose people the caller's organisation may see, and where."""

    id: str
    organisation: str
    places: tuple[str, ...] = ("LY",)
    until: float | None = None


@dataclass(frozen=True)
class Caller:
    """
    A client or a person, as their token says.

    `session` is what can be revoked; `methods` are how they proved who they are (RFC 8176:
    `pwd`, `otp`; a client's secret is `secret`), the last time at `authenticated_at`. What was
    revoked refuses the tokens that were `issued_at` an earlier instant.
    """

    id: str
    organisation: str
    grants: tuple[Grant, ...]
    expires: float
    agreements: tuple[Agreement, ...] = ()
    session: str = ""
    methods: frozenset[str] = frozenset()
    authenticated_at: float = 0.0
    issued_at: float = 0.0

    def told(self) -> dict[str, Any]:
        """Return what `claimed` reads, for work that goes on without a token."""
        return {
            "sub": self.id,
            "organisation": self.organisation,
            "grants": [asdict(each) for each in self.grants],
            "iat": self.issued_at,
            "exp": self.expires,
        }

    @property
    def roles(self) -> frozenset[str]:
        """The roles that count now."""
        return frozenset(grant.role for grant in self.in_force())

    def in_force(self) -> list[Grant]:
        now = time.time()
        return [grant for grant in self.grants if grant.until is None or grant.until > now]


def claimed(claims: Mapping[str, Any]) -> Caller:
    """Return the caller of verified claims; ValueError, TypeError or KeyError if they are none."""
    return Caller(
        id=str(claims["sub"]),
        organisation=str(claims["organisation"]),
        grants=tuple(
            Grant(
                role=str(each["role"]),
                places=tuple(map(str, each["places"])),
                programmes=tuple(map(str, each.get("programmes", ()))),
                until=_seconds(each.get("until")),
            )
            for each in claims["grants"]
        ),
        agreements=tuple(
            Agreement(
                id=str(each["id"]),
                organisation=str(each["organisation"]),
                places=tuple(map(str, each["places"])),
                until=_seconds(each.get("until")),
            )
            for each in claims.get("agreements", ())
        ),
        session=str(claims.get("sid", "")),
        methods=frozenset(map(str, claims.get("amr", ()))),
        authenticated_at=float(claims.get("auth_time", 0)),
        issued_at=float(claims["iat"]),
        expires=float(claims["exp"]),
    )


def grants_claim(roles: Sequence[str], places: Sequence[str]) -> list[dict[str, Any]]:
    """Return the `grants` claim of somebody who has all roles at the same places, for good."""
    return [{"role": role, "places": list(places)} for role in roles]


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)
