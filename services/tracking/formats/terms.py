"""Under which terms figures stand: what the mission says, repeated in each file and answer."""

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Terms(BaseSettings):
    """
    The licence and the name to be told with figures, of `MASAR_PUBLICATION_…`.

    A mission that says nothing publishes as DTM Libya did its round 59 on HDX: CC BY 4.0.
    """

    model_config = SettingsConfigDict(
        env_prefix="MASAR_PUBLICATION_", env_ignore_empty=True, extra="ignore"
    )

    licence: str = Field(default="CC BY 4.0", max_length=200)
    attribution: str = Field(default="Displacement Tracking Matrix (DTM), Libya", max_length=200)


@cache
def terms() -> Terms:
    """Return what was said when the process began; its tables tell all of one licence."""
    return Terms()


def licence() -> str:
    return terms().licence


def attribution() -> str:
    return terms().attribution
