"""The settings every service has, read from the environment as MASAR_ and its name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from chassis.issuer import FOLLOW_SECONDS, STALE_SECONDS

PREFIX = "MASAR_"
Port = Annotated[int, Field(ge=1, le=65535)]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)
]


class Settings(BaseSettings):
    """
    What a service must be told.

    `database_url` is a SQLAlchemy URL (postgresql+asyncpg://… or sqlite+aiosqlite:///…),
    `amqp_url` the broker of the distributed system (none: the caller brings a bus),
    `jwks_url` where the issuer shows its public keys, and `revocations_url` what it has ended
    (none: beside the keys). `oidc_…` trust one more issuer, as chassis/federation.py says.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=None, extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr = SecretStr("sqlite+aiosqlite:///masar.sqlite")
    amqp_url: SecretStr | None = None
    issuer: str = "masar"
    jwks_url: str = "http://127.0.0.1:8000/.well-known/jwks.json"
    revocations_url: str | None = None
    revocations_seconds: float = Field(default=FOLLOW_SECONDS, ge=0.1, le=STALE_SECONDS / 2)
    """How often it is looked what was ended: an end bites after so long at most."""
    oidc_issuer: str | None = None
    oidc_jwks_url: str | None = None
    oidc_audience: str = "masar"
    oidc_algorithms: tuple[str, ...] = ("RS256", "ES256")
    oidc_claims: Path | None = None
    home: Path = Path("var")
    port: Port = 8000
    anchors: Path | None = None
    """The folder of the audit's anchors, which is not where the database is; none: in `home`."""
    kms_url: str | None = None
    """The key service that wraps the keys in the database; none: a key file in `home` does."""
    kms_mount: str = "transit"
    kms_key: str | None = None
    kms_token_file: Path | None = None
    kms_ca: Path | None = None
    kms_seconds: float = Field(default=3.0, gt=0, le=30)
    metrics_host: str = "127.0.0.1"
    metrics_port: Port | None = None
    log_level: LogLevel = "INFO"
    database_pool: int = Field(default=8, ge=1)
    inject_failure: str | None = None
    """Name of the point where tests let the process die; never set in operation."""


@contextmanager
def refusing() -> Iterator[None]:
    """End the process with a line for each setting that cannot be; none says what it was."""
    try:
        yield
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        sys.exit("\n".join(_told(each["loc"], each["msg"]) for each in faults))
    except SettingsError as error:
        sys.exit(str(error))


def _told(where: tuple[int | str, ...], what: str) -> str:
    name = f"{PREFIX}{str(where[0]).upper()}: " if where else ""
    return name + what.removeprefix("Value error, ")
