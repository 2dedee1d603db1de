"""contracts/fields.yaml and the shapes that answers have say the same, in both directions."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import standalone
from chassis.fields import Masked, Rule, Shown, Tree, fields, leaves

assert standalone.SERVICES, "Importing it has imported the shapes of every service."


def all_shown() -> list[type[Shown]]:
    return sorted(set(_below(Shown)), key=lambda each: each.__qualname__)


def _below(kind: type[Shown]) -> Iterator[type[Shown]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("services."):
            yield each
        yield from _below(each)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Return the shapes that an annotation names, whatever they are wrapped in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in typing.get_args(annotation):
        yield from models_in(each)


def faults(kind: type[BaseModel], tree: Tree) -> Iterator[str]:
    if set(kind.model_fields) != set(tree):
        yield f"{kind.__name__} {sorted(set(kind.model_fields) ^ set(tree))}"
        return
    for name, told in kind.model_fields.items():
        rule = tree[name]
        inner = [each for each in models_in(told.annotation) if not issubclass(each, Masked)]
        if not isinstance(rule, Rule):
            for each in inner:
                yield from faults(each, rule)
        maskable = Masked in list(models_in(told.annotation))
        if any(each.level >= "S2" for _, each in leaves({name: rule})) is not maskable:
            yield f"{kind.__name__}.{name} is {'' if maskable else 'not '}maskable"


@pytest.mark.parametrize("kind", all_shown(), ids=lambda kind: kind.__name__)
def test_every_field_of_an_answer_has_a_class_and_can_be_masked(kind: type[Shown]) -> None:
    assert list(faults(kind, fields().shapes[kind.shape].fields)) == []


def test_every_shape_is_an_answers() -> None:
    assert set(fields().shapes) == {kind.shape for kind in all_shown()}
