"""A token as it is answered."""

from typing import Literal

from pydantic import BaseModel


class TokenOut(BaseModel):
    """An access token as RFC 6749 answers it; `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - It is the kind of token, not one.
    expires_in: int
