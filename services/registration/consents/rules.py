"""Decisions about consents without I/O: the texts, who is a child, when nothing changes."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml

State = Literal["given", "refused", "withdrawn"]
Form = Literal["written", "recorded", "verbal"]
Minor = Literal["yes", "no", "unknown"]

TEXTS_FILE = Path(__file__).parent / "texts.yaml"


@cache
def texts() -> dict[str, dict[str, dict[str, str]]]:
    """Return {version: {purpose: {language: text}}}, the newest version last."""
    loaded: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(TEXTS_FILE.read_text("utf-8"))
    return loaded


def current_version() -> str:
    return list(texts())[-1]


def read_in(version: str, purpose: str) -> frozenset[str]:
    """Return the languages in which a version says something about a purpose."""
    return frozenset(texts().get(version, {}).get(purpose, {}))


def in_a_word(minor: bool | None) -> Minor:
    """Return whether somebody is a child as an answer keeps it."""
    return "unknown" if minor is None else "yes" if minor else "no"


def needs_guardian(given: bool, minor: Minor) -> bool:
    """Nobody needs another to say no; a yes of somebody who may be a child needs one."""
    return given and minor != "no"


def withdrawn_from(state: str | None) -> State | None:
    """Return what a withdrawal makes of an answer; None when it is a no already."""
    if state == "given":
        return "withdrawn"
    return "refused" if state is None else None
