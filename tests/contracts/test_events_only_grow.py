"""Published events only grow: a field that a reader may rely on never goes or changes."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.event import promised

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "contracts" / "published"
for publisher in ("registration", "assistance", "returns", "tracking"):
    importlib.import_module(f"contracts.{publisher}")
OURS = promised()


def test_every_event_is_published() -> None:
    assert sorted(OURS) == sorted(path.stem for path in PUBLISHED.glob("*.v*.json"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_an_event_still_has_every_field_it_was_published_with(name: str) -> None:
    frozen = json.loads((PUBLISHED / f"{name}.json").read_text())

    assert lost(frozen, OURS[name].model_json_schema()) == []


def test_a_renamed_field_is_found() -> None:
    frozen = OURS["registration.person_registered.v1"].model_json_schema()
    renamed = json.loads(json.dumps(frozen).replace('"location_pcode"', '"place"'))

    assert lost(frozen, renamed) == ["/properties/location_pcode", "/required"]


def lost(frozen: Any, now: Any, where: str = "") -> list[str]:
    """Return where `now` lacks something that `frozen` has; titles and words may change."""
    if isinstance(frozen, dict) and isinstance(now, dict):
        keys = [key for key in frozen if key not in {"title", "description"}]
        return [
            each
            for key in keys
            for each in (
                lost(frozen[key], now[key], f"{where}/{key}") if key in now else [f"{where}/{key}"]
            )
        ]
    if where.endswith("/required"):
        return [] if set(frozen) <= set(now) else [where]
    return [] if frozen == now else [where]


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_event_carries_what_names_a_person(name: str) -> None:
    text = json.dumps(OURS[name].model_json_schema()["properties"])

    for word in ("name", "phone", "document", "birth", "note", 'number": {"title": "Number'):
        assert word not in text.replace("round_number", "")
