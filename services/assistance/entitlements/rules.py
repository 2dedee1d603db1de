"""Which entitlements count: of who is registered more than once, and of households; no I/O."""

from collections.abc import Iterator, Sequence

from services.assistance.entitlements.models import Entitlement

MERGED = "merged"
DEPARTED = "departed"
ENDED = "household_ended"
SERVED = "household_served"
WHY = {
    MERGED: "it goes on by another registration of the person",
    DEPARTED: "the person, or everybody of the household, has departed",
    ENDED: "the household has ended, or is part of another",
    SERVED: "somebody of this household has received it with another household",
}
"""Why an entitlement is closed, in words."""
OTHERWISE = "the person has left the register"


def settled(
    several: Sequence[Entitlement], *, departed: bool
) -> Iterator[tuple[Entitlement, str, str | None]]:
    """
    Yield those of a person's entitlements in one programme that change, to what, and why.

    `several` are open, delivered or set aside because of a merge, the oldest first. Whoever has
    received the item, or departed, has none that is open.
    """
    is_over = departed or any(each.status == "delivered" for each in several)
    for number, each in enumerate(several):
        goes_on = number == 0 and not is_over
        if goes_on and each.status == "closed":
            yield each, "open", None
        elif not goes_on and each.status == "open":
            yield each, "closed", DEPARTED if departed else MERGED


def closed_because(*, ended: bool, departed: bool, served: bool) -> str | None:
    """
    Return why a household does not receive a programme's item; None when it does.

    `departed` is that nobody is left of it, `served` that somebody in it has had their part with
    another household: who splits off, moves or is merged brings no second item anywhere.
    """
    if ended:
        return ENDED
    if departed:
        return DEPARTED
    return SERVED if served else None
