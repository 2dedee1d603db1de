"""Which operations leave an entry, as contracts/authz.yaml says what they do."""

from typing import NamedTuple

from chassis.policy import UNLISTED, policy

WORDS = {"C": "create", "R": "read", "L": "read", "U": "update", "X": "export", "A": "approve"}
READING = {"read"}


class Operation(NamedTuple):
    """What an operation does to which resource; `must_be_recorded` each time that it is used."""

    action: str
    resource: str
    personal: bool
    must_be_recorded: bool


def operation_of(service: str, method: str, route: str) -> Operation | None:
    """Return what an operation does; None when anybody may do it."""
    needed = policy().operations.get(service, {}).get(f"{method} {route}", UNLISTED)
    if not needed.resource:
        return None
    action = WORDS[needed.action]
    personal = policy().personal(needed.resource)
    return Operation(action, needed.resource, personal, personal or action not in READING)
