"""What may be shown of a record, as contracts/fields.yaml says it: classes, shapes, purposes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, Union

import yaml
from pydantic import BaseModel, ConfigDict

from chassis.policy import CLASSES, policy

FIELDS_FILE = Path(__file__).parent.parent / "contracts" / "fields.yaml"
PERSONAL, SPECIAL = "S2", "S3"
SHOWN_OF_MASKED = 3


class Rule(NamedTuple):
    """How a field is guarded: its class, the row of the matrix that opens it, whether in part."""

    level: str
    resource: str
    last: bool = False


Tree = Mapping[str, Union[Rule, "Tree"]]


class Shape(NamedTuple):
    fields: Tree
    resources: tuple[str, ...]


class Purpose(NamedTuple):
    """What a caller wants special fields for: who may, of which resources, or of which fields."""

    name: str
    roles: frozenset[str]
    resources: frozenset[str]
    only: frozenset[str] | None


class Masked(BaseModel):
    """In the place of a value that is there or not, and not for the caller to see."""

    model_config = ConfigDict(extra="forbid")

    masked: Literal[True] = True


class MaskedButLast(Masked):
    """The same, with the last three characters, by which a paper in the hand is compared."""

    last: str


MaskedNumber = str | MaskedButLast | Masked
Value = TypeVar("Value")
Maskable = Union[Value, Masked]  # noqa: UP007 - Only this form takes a type as its parameter.


@dataclass(frozen=True)
class Fields:
    purposes: Mapping[str, Purpose]
    shapes: Mapping[str, Shape]

    def special(self) -> frozenset[str]:
        """Return the names of all fields of class S2 and above, wherever they are."""
        return frozenset(
            name
            for shape in self.shapes.values()
            for name, rule in leaves(shape.fields)
            if rule.level >= PERSONAL
        )


@cache
def fields() -> Fields:
    # The loader in C, with the same bounds: every start reads this.
    return read(yaml.load(FIELDS_FILE.read_text(), yaml.CSafeLoader))


def read(told: Mapping[str, Any]) -> Fields:
    """Compile the file; ValueError at the first class, resource or role that is not known."""
    shapes: dict[str, Shape] = {}
    for name, shape in told["shapes"].items():
        tree = _tree(shape["fields"], shape["resource"], shapes)
        resources = dict.fromkeys(rule.resource for _, rule in leaves(tree))
        shapes[name] = Shape(tree, tuple(resources))
    purposes = {
        name: Purpose(
            name,
            frozenset(_known(role, policy().roles) for role in row["roles"]),
            frozenset(_known(resource, policy().classes) for resource in row["resources"]),
            frozenset(row["only"]) if "only" in row else None,
        )
        for name, row in told["purposes"].items()
    }
    return Fields(purposes, shapes)


def _tree(told: Mapping[str, Any], resource: str, shapes: Mapping[str, Shape]) -> Tree:
    return {name: _rule(each, resource, shapes) for name, each in told.items()}


def _rule(told: Any, resource: str, shapes: Mapping[str, Shape]) -> "Rule | Tree":
    if isinstance(told, dict):
        if "like" in told:
            return shapes[told["like"]].fields
        return _tree(told, resource, shapes)
    level, of, *last = (told, resource) if isinstance(told, str) else told
    return Rule(_known(level, CLASSES), _known(of, policy().classes), last == ["last3"])


def _known(word: Any, words: Any) -> str:
    if word not in words:
        raise ValueError(f"{word} is not known in contracts/authz.yaml")
    return str(word)


def leaves(tree: Tree) -> Iterator[tuple[str, Rule]]:
    """Return the fields of a shape that hold a value, those of records within it too."""
    for name, each in tree.items():
        if isinstance(each, Rule):
            yield name, each
        else:
            yield from leaves(each)


def rule_of(shape: str, name: str) -> Rule:
    """Return the rule of a field at the top of a shape; of a record within it, its strictest."""
    found = fields().shapes[shape].fields[name]
    if isinstance(found, Rule):
        return found
    return max((rule for _, rule in leaves(found)), key=lambda rule: rule.level)


class Shown(BaseModel):
    """
    What leaves a service in an answer and is personal: `class PersonOut(Shown, shape="person")`.

    Every field of it has a class in contracts/fields.yaml, and a test compares the two. A field
    that may be masked is `Maskable[...]`. It is made by `View.shown` (chassis/views.py) only.
    """

    shape: ClassVar[str] = ""

    def __init_subclass__(cls, shape: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.shape = shape or cls.shape
