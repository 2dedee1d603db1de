"""How a process that serves lets go of what stands in circles: seldom, and not what is loaded."""

import gc

MANY = 50_000
"""
So many lists, dictionaries and objects come before the new ones are looked through. A step of an
import makes about as many, and all are gone when it ends; by Python's 700 each was looked at again
and again while it was needed, which took a quarter of the import's time.
"""


def begin() -> None:
    """Start collecting: what is there now is never let go, and not looked through again."""
    gc.freeze()
    gc.set_threshold(MANY)
    gc.enable()
