"""Whether people may log in here, or only at the other issuer that this installation trusts."""

from fastapi import Depends, Request

from chassis.problems import Problem


async def _refuse_when_off(request: Request) -> None:
    elsewhere = request.app.state.log_in_only_at
    if elsewhere:
        raise Problem(
            403, "local-login-off", f"People log in at {elsewhere}; send a token from there."
        )


LOCAL_LOGIN = Depends(_refuse_when_off)
"""For each operation by which somebody gets in, or stays in, by an account of our own."""
