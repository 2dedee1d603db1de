"""What the gateway must be told beside what every service is told."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import Settings


class GatewaySettings(Settings):
    """
    Where the services are, how long one may take, and how many requests it may hold.

    The administrator's client is made at the start when both of its settings are there.
    `local_login` can be false only beside another issuer; else nobody could log in anywhere.
    """

    registration_url: str = "http://127.0.0.1:8001"
    assistance_url: str = "http://127.0.0.1:8002"
    returns_url: str = "http://127.0.0.1:8003"
    tracking_url: str = "http://127.0.0.1:8004"
    upstream_seconds: float = Field(default=30.0, gt=0)
    upstream_requests: int = Field(default=256, ge=1)
    admin_client_id: str | None = None
    admin_client_secret: SecretStr | None = None
    local_login: bool = True

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if not self.local_login and self.oidc_issuer is None:
            raise ValueError(
                "MASAR_LOCAL_LOGIN is false and MASAR_OIDC_ISSUER names nobody: no person could "
                "log in. Name the issuer and its MASAR_OIDC_CLAIMS, or leave local login on."
            )
        return self
