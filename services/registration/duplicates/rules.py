"""When a reviewer may decide on a pair; no I/O."""


def may_decide(status: str, seen: str | None) -> bool:
    """
    Return whether a decision may be noted on a pair of this status.

    What is open or unsure anybody decides. What is settled is changed by those only who have seen
    how, so that of two reviewers at once neither undoes the other's word unawares.
    """
    if status in {"open", "unsure"}:
        return seen is None
    return status == seen
