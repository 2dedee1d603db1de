"""contracts/fields.yaml and the shapes that answers have say the same, in both directions."""

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from chassis.fields import Masked, Rule, Shown, Tree, fields, leaves
from chassis.policy import policy
from standalone import SERVICES as MAINS

WHOLE = {
    "alert",
    "breaking",
    "consent",
    "detention_centre",
    "detention_health",
    "detention_visit",
    "duplicate",
    "honey_record",
    "key_informant",
    "merge_proposal",
    "note_flag",
    "own_file",
    "received_referral",
    "received_share",
    "referral",
    "service_referral",
    "share",
    "share_list",
    "sharing_exception",
}
"""Read whole or not at all: none of their fields is less than another."""


def all_shown() -> list[type[Shown]]:
    return sorted(set(_below(Shown)), key=lambda each: each.__qualname__)


def _below(kind: type[Shown]) -> Iterator[type[Shown]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith(("services.", "chassis.")):
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
        if all(each.level >= "S2" for _, each in leaves({name: rule})) is not maskable:
            yield f"{kind.__name__}.{name} is {'' if maskable else 'not '}maskable"


@pytest.mark.parametrize("kind", all_shown(), ids=lambda kind: kind.__name__)
def test_every_field_of_an_answer_has_a_class_and_can_be_masked(kind: type[Shown]) -> None:
    assert list(faults(kind, fields().shapes[kind.shape].fields)) == []


def test_every_shape_is_an_answers() -> None:
    assert set(fields().shapes) == {kind.shape for kind in all_shown()}


def personal_answers() -> Iterator[tuple[str, type[BaseModel]]]:
    """Return the answers of operations on resources of class S2 and above."""
    for name, main in MAINS.items():
        for router in main.SERVICE.routers:
            for declared in router.declared:
                route = router.made(declared, APIRouter())
                for method in route.methods or ():
                    needed = policy().operations[name][f"{method} {route.path}"]
                    masked = policy().personal(needed.resource) and needed.resource not in WHOLE
                    if masked and route.response_model:
                        yield f"{method} {route.path}", route.response_model


def test_nothing_personal_is_answered_but_by_a_shape_that_is_masked() -> None:
    answers = list(personal_answers())

    unmasked = [
        name for name, model in answers if not any(_is_shown(each) for each in models_in(model))
    ]

    assert len(answers) > 3
    assert unmasked == []


def _is_shown(kind: type[BaseModel]) -> bool:
    """Say whether an answer is masked, or what it has within, however deep."""
    inner = [each for told in kind.model_fields.values() for each in models_in(told.annotation)]
    return issubclass(kind, Shown) or any(map(_is_shown, inner))
