"""Who may do what, as contracts/authz.yaml says it: read once, into tables of what is allowed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

AUTHZ_FILE = Path(__file__).parent.parent / "contracts" / "authz.yaml"
PUBLIC, ANYONE = "public", "any"
CLASSES = ("S0", "S1", "S2", "S3", "S4")
ACTIONS = frozenset("CRUXA")
LIST = "L"
QUALIFIER = re.compile(r"(?P<scope>[a-z_]+)(?:-(?P<limit>masked|last3|byid|sum|agg))?")


class Qualifier(NamedTuple):
    """For which records a cell counts (`scope`), and what is held back of them (`limit`)."""

    scope: str
    limit: str = ""


Cell = tuple[Qualifier, ...]


class Operation(NamedTuple):
    """What an operation needs: a cell of the matrix, or nothing but a token, or not even that."""

    resource: str = ""
    action: str = ""
    open_to: str = ""


UNLISTED = Operation()
"""What an operation needs that the file does not know: a cell that nobody has."""


@dataclass(frozen=True)
class Policy:
    """
    The file, compiled.

    `cells` has (resource, action, role); `classes` the class of each resource; `operations` what
    each "METHOD /path" of a service needs.
    """

    roles: frozenset[str]
    classes: Mapping[str, str]
    cells: Mapping[tuple[str, str, str], Cell]
    operations: Mapping[str, Mapping[str, Operation]]
    _granted: dict[Operation, frozenset[str]] = field(default_factory=dict)

    def cell(self, resource: str, action: str, role: str) -> Cell:
        """Return when a role may do something with a resource; nothing: never."""
        if action != LIST:
            return self.cells.get((resource, action, role), ())
        return tuple(each for each in self.cells.get((resource, "R", role), ()) if _listed(each))

    def personal(self, resource: str) -> bool:
        """Say whether a resource is of class S2 or above."""
        return self.classes.get(resource, "S0") >= "S2"

    def granted(self, operation: Operation) -> frozenset[str]:
        """Return the roles that have the cell an operation needs."""
        if operation not in self._granted:
            self._granted[operation] = frozenset(
                role for role in self.roles if self.cell(operation.resource, operation.action, role)
            )
        return self._granted[operation]


def _listed(qualifier: Qualifier) -> bool:
    return qualifier.limit != "byid"


@cache
def policy() -> Policy:
    # The loader in C, with the same bounds: every start reads this.
    return read(yaml.load(AUTHZ_FILE.read_text(), yaml.CSafeLoader))


def read(told: Mapping[str, Any]) -> Policy:
    """Compile a policy; ValueError at the first word of it that nothing is known of."""
    roles = frozenset(told["roles"])
    classes: dict[str, str] = {}
    cells: dict[tuple[str, str, str], Cell] = {}
    for resource, row in told["matrix"].items():
        classes[resource] = _known(row["class"], CLASSES)
        for role in row.keys() - {"class"}:
            for action, qualifiers in row[role].items():
                key = (resource, _known(action, ACTIONS), _known(role, roles))
                cells[key] = tuple(map(_qualifier, _many(qualifiers)))
    operations = {
        service: {name: _operation(needed, classes) for name, needed in (rows or {}).items()}
        for service, rows in told["operations"].items()
    }
    return Policy(roles, classes, cells, operations)


def _operation(needed: Any, resources: Mapping[str, str]) -> Operation:
    if isinstance(needed, str):
        return Operation(open_to=_known(needed, (PUBLIC, ANYONE)))
    [(resource, action)] = needed.items()
    return Operation(_known(resource, resources), _known(action, {*ACTIONS, LIST}))


def _qualifier(text: str) -> Qualifier:
    found = QUALIFIER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no qualifier")
    return Qualifier(found["scope"], found["limit"] or "")


def _many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _known(word: Any, words: Any) -> str:
    if word not in words:
        raise ValueError(f"{word} is not one of {', '.join(sorted(words))}")
    return str(word)
