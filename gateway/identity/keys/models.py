"""The keys that sign tokens, as shown to whoever keeps the installation."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel
from pydantic import Field as Shape

from chassis.strict import Strict


class Rotation(Strict):
    """For how long the new key is shown before it signs; verifiers look each ten seconds."""

    after_seconds: Annotated[int, Shape(strict=True, ge=15, le=86_400)] = 60


class SigningKeyOut(BaseModel):
    kid: str
    signs_from: datetime


class SigningKeysOut(BaseModel):
    items: list[SigningKeyOut]
