"""What the gateway must be told beside what every service is told."""

from pydantic import SecretStr

from chassis.settings import Settings


class GatewaySettings(Settings):
    """
    Where the services are, how long one may take, and how many requests it may hold.

    The administrator's client is made at the start when both of its settings are there.
    """

    registration_url: str = "http://127.0.0.1:8001"
    assistance_url: str = "http://127.0.0.1:8002"
    returns_url: str = "http://127.0.0.1:8003"
    tracking_url: str = "http://127.0.0.1:8004"
    upstream_seconds: float = 30.0
    upstream_requests: int = 256
    admin_client_id: str | None = None
    admin_client_secret: SecretStr | None = None
