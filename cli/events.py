"""Writes what is derived from the contracts and the services' tables: `make events`."""

import importlib
import json
from pathlib import Path

from chassis.app import Service
from contracts.event import Event, promised

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "contracts" / "published"
MODULES = {
    name: f"services.{name}.main" for name in ("registration", "assistance", "returns", "tracking")
} | {"gateway": "gateway.main"}


def subscriptions() -> dict[str, list[str]]:
    """Return which events each part reads, from the tables in their main modules."""
    listing = {}
    for name, module in MODULES.items():
        service: Service = importlib.import_module(module).SERVICE
        listing[name] = sorted(event.type for event in service.subscriptions)
    return listing


def page(listing: dict[str, list[str]]) -> str:
    """Return docs/events.md: who tells what, and who listens."""
    lines = [
        "# Events",
        "",
        "Made by `make events` from `contracts/` and the services' `SUBSCRIPTIONS`; do not edit.",
        "The envelope is CloudEvents 1.0 in JSON, the routing key is the type, and the frozen",
        "schema of each event is `contracts/published/<type>.json`. Programs outside may read any,",
        "[in this way](integrating.md#events); what no service reads is told for them alone.",
        "",
        "| event | what happened | fields | read by |",
        "|---|---|---|---|",
    ]
    for name, event in promised().items():
        readers = [service for service, types in listing.items() if name in types]
        said = " ".join((event.__doc__ or "").split())
        fields = ", ".join(f"`{field}`" for field in event.model_fields)
        lines.append(f"| `{name}` | {said} | {fields} | {', '.join(readers) or 'integrators'} |")
    return "\n".join(lines) + "\n"


def freeze(event: type[Event]) -> str:
    return json.dumps(event.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    listing = subscriptions()
    for name, event in promised().items():
        (PUBLISHED / f"{name}.json").write_text(freeze(event))
    (PUBLISHED / "subscriptions.json").write_text(json.dumps(listing, indent=2) + "\n")
    (ROOT / "docs" / "events.md").write_text(page(listing))


if __name__ == "__main__":
    main()
