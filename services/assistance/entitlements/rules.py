"""Which of a person's entitlements counts when they are registered more than once; no I/O."""

from collections.abc import Iterator, Sequence

from services.assistance.entitlements.models import Entitlement

MERGED = "merged"
DEPARTED = "departed"


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
